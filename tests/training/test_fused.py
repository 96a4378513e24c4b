"""A step without what PyTorch's class does around it: the same bits, and nobody is passed over."""

import copy
import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

import freerun as fr
from freerun.training.fused import FusedAdam
from freerun.training.trained import Trained

Method = torch.optim.Optimizer

WITHIN = "_init_group"
"""What PyTorch's own step calls, and nobody else."""


class Derived(torch.optim.AdamW):
    """Somebody's own method."""


def weights() -> nn.Module:
    """A module with matrices, vectors, and a weight of which there is none."""
    generator = torch.Generator().manual_seed(0)
    shapes = (40, 3), (40,), (2, 40), (2,), (2, 0)
    return nn.ParameterList([torch.randn(shape, generator=generator) for shape in shapes])


def give_gradients(module: nn.Module, seed: int, all_of_them: bool = False) -> None:
    """A gradient for every parameter but one, another one each time."""
    generator = torch.Generator().manual_seed(seed)
    parameters = list(module.parameters())
    for one in parameters:
        one.grad = torch.randn(one.shape, generator=generator)
    if not all_of_them:
        parameters[seed % len(parameters)].grad = None


def refuse(*_: object) -> None:
    """In place of PyTorch's own step, or of a part of it."""
    raise AssertionError("the class's step was called")


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd", "rmsprop"])
def test_a_step_is_pytorchs_to_the_bit(name: str) -> None:
    ours, theirs = weights(), weights()
    optimizer = fr.Optimizer(name, lr=0.1, weight_decay=0.3)
    one, other = optimizer.build(ours), optimizer.build(theirs)
    stepper = FusedAdam(one)
    for seed in range(12):
        for module in (ours, theirs):
            # A fused step of SGD wants all of them.
            give_gradients(module, seed, all_of_them=name == "sgd" or seed % 3 > 0)
        for group in (*one.param_groups, *other.param_groups):
            group["lr"] = 0.1 / (1 + seed)
        stepper.step()
        other.step()
        if seed == 8:  # as resuming does
            one.load_state_dict(copy.deepcopy(one.state_dict()))
    for found, wanted in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(found, wanted)
    found_state, wanted_state = one.state_dict(), other.state_dict()
    assert found_state["param_groups"] == wanted_state["param_groups"]
    assert found_state["state"].keys() == wanted_state["state"].keys()
    for number, wanted_parts in wanted_state["state"].items():
        for key, part in wanted_parts.items():
            assert (part is None) or torch.equal(found_state["state"][number][key], part), key


@pytest.mark.parametrize("name", ["adamw", "adam"])
def test_the_class_is_asked_for_the_first_step_alone(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    module = weights()
    method = fr.Optimizer(name).build(module)
    stepper = FusedAdam(method)
    for one in module.parameters():
        one.grad = torch.ones_like(one)
    stepper.step()
    monkeypatch.setattr(type(method), WITHIN, refuse)
    stepper.step()


def _none(method: Method) -> None:
    pass


def _schedule(method: Method) -> None:
    torch.optim.lr_scheduler.ConstantLR(method)


def _scaler(method: Any) -> None:
    method.grad_scale = None


def _option(method: Method) -> None:
    method.param_groups[1]["maximize"] = True


def _coupled(method: Method) -> None:
    method.param_groups[0]["decoupled_weight_decay"] = False


def _unfused(method: Method) -> None:
    method.param_groups[0]["fused"] = False


CHANGES = (_schedule, _scaler, _option, _coupled, _unfused)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (Derived, _none),
        *((torch.optim.AdamW, change) for change in CHANGES),
    ],
)
def test_whatever_is_not_plain_is_left_to_the_class(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[torch.optim.AdamW],
    change: Callable[[Method], None],
) -> None:
    module = weights()
    groups = [{"params": [one]} for one in module.parameters()]
    method = kind(groups, fused=True)
    stepper = FusedAdam(method)
    give_gradients(module, 0, all_of_them=True)
    stepper.step()
    change(method)
    monkeypatch.setattr(kind, WITHIN, refuse)
    with pytest.raises(AssertionError, match="was called"):
        stepper.step()


@pytest.mark.parametrize(
    "put",
    [functools.wraps(torch.optim.AdamW.step)(refuse), functools.partial(refuse)],
    ids=["a function", "no function"],
)
def test_a_step_that_was_put_into_the_class_is_called(
    put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = weights()
    method = fr.Optimizer().build(module)
    stepper = FusedAdam(method)
    give_gradients(module, 0, all_of_them=True)
    stepper.step()
    monkeypatch.setattr(torch.optim.AdamW, "step", put)
    with pytest.raises(AssertionError, match="was called"):
        stepper.step()


@pytest.mark.parametrize("where", ["before", "after", "after any"])
def test_hooks_are_called(where: str) -> None:
    module = weights()
    method = fr.Optimizer().build(module)
    stepper = FusedAdam(method)
    give_gradients(module, 0, all_of_them=True)
    stepper.step()
    calls: list[object] = []

    def hook(*arguments: Any) -> None:
        calls.append(arguments[0])

    register: dict[str, Callable[[Any], Any]] = {
        "before": method.register_step_pre_hook,
        "after": method.register_step_post_hook,
        "after any": register_optimizer_step_post_hook,
    }
    handle = register[where](hook)
    try:
        stepper.step()
    finally:
        handle.remove()
    stepper.step()
    assert calls == [method]


def test_a_profiler_sees_the_step() -> None:
    module = weights()
    method = fr.Optimizer().build(module)
    stepper = FusedAdam(method)
    give_gradients(module, 0, all_of_them=True)
    stepper.step()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        stepper.step()
    assert "Optimizer.step#AdamW.step" in {event.key for event in profile.key_averages()}


def test_weights_of_two_types_are_left_to_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3).double())
    method = torch.optim.AdamW([one, other], fused=True)
    trained = Trained(method)
    for _ in range(3):
        one.grad, other.grad = torch.ones(3), torch.ones(3).double()
        trained.step()
    torch.testing.assert_close(one.double(), other, rtol=1e-5, atol=0.0)
    monkeypatch.setattr(torch.optim.AdamW, WITHIN, refuse)
    with pytest.raises(AssertionError, match="was called"):
        trained.step()
