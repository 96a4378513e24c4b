"""Every kernel gives what the reference path gives: outputs, states and all gradients."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.heads import HEADS, Sampling
from freerun.kernels import choose, disabled
from freerun.plan import Plan
from tests.contracts.runs import Run, make_run, results
from tests.contracts.table import Case, cases, make_head, two_way_cases

AGREEMENT = 1e-10
"""Of float64, relative to the largest number: sums of some hundred terms in another order."""

NO_KERNEL = {"Poisson", "NegativeBinomial"}
"""Heads whose draws no kernel makes."""


def has_kernel(case: Case) -> bool:
    return not (case.forcing == "samples" and case.head in NO_KERNEL)


COMPILED = [case for case in [*cases(), *two_way_cases()] if has_kernel(case)]
REFERENCE = [case for case in cases() if not has_kernel(case) and case.recurrence != "hidden"]


def both_paths(run: Run) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What the kernels find, and what the reference does."""
    assert choose(run.net, run.x, run.plan).kernel is not None
    found = results(run, run.unroll())
    with disabled():
        assert choose(run.net, run.x, run.plan).kernel is None
        return found, results(run, run.unroll())


def assert_agree(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    assert found.keys() == wanted.keys()
    for name, part in wanted.items():
        largest = part.detach().abs().max() if part.numel() else 1.0
        torch.testing.assert_close(
            found[name], part, rtol=0, atol=AGREEMENT * max(1.0, float(largest)), msg=name
        )


@pytest.mark.parametrize("lengths", [None, [4, 0, 6]], ids=["full", "ragged"])
@pytest.mark.parametrize("case", COMPILED, ids=str)
def test_a_kernel_equals_the_reference(case: Case, lengths: list[int] | None) -> None:
    if lengths is not None and case.bidirectional:
        lengths = [4, 1, 6]  # a last step is asked for
    assert_agree(*both_paths(make_run(case, lengths)))


@pytest.mark.parametrize("case", REFERENCE, ids=str)
def test_what_has_no_kernel_says_so(case: Case) -> None:
    run = make_run(case)
    chosen = choose(run.net, run.x, run.plan)
    assert chosen.kernel is None
    assert case.head in chosen.reason


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=0.5),
        Sampling(temperature=1e-6),
        Sampling(3.0, top_k=2),
        Sampling(top_k=100),
        Sampling(top_p=0.6),
        Sampling(top_p=1e-9),
        Sampling(0.7, top_k=3, top_p=0.8),
    ],
    ids=str,
)
def test_sharpened_draws_are_those_of_the_reference(sampling: Sampling) -> None:
    run = make_run(Case(head="Categorical", forcing="samples"), steps=60)
    run = replace(run, plan=Plan(None, 0.0, sampling))
    assert run.plan is not None
    assert choose(run.net, run.x, run.plan).kernel is not None
    found, wanted = both_paths(run)
    assert torch.equal(found["f"].argmax(-1), wanted["f"].argmax(-1))
    torch.testing.assert_close(found["o"], wanted["o"], rtol=AGREEMENT, atol=AGREEMENT)


@pytest.mark.parametrize("draw", ["sample", Sampling(0.5, top_k=3), Sampling(top_p=0.5)], ids=str)
def test_a_session_draws_as_a_run_does(draw: str | Sampling) -> None:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(0, 6, fr.heads.Categorical(5), recurrence="both")
    path = fr.run(net, steps=50, draw=draw, generator=3)
    session = fr.Session(net, draw, generator=3)
    assert torch.equal(torch.stack([session.step() for _ in range(50)]), path.y)
    with disabled():
        assert torch.equal(fr.run(net, steps=50, draw=draw, generator=3).y, path.y)


@pytest.mark.parametrize("head", [name for name in HEADS if name not in NO_KERNEL])
def test_draws_are_those_of_the_reference(head: str) -> None:
    if not make_head(head).can_sample:
        return
    run = make_run(Case(head=head, forcing="samples"), steps=40)
    run = replace(run, plan=Plan(None, 0.0, "sample"))
    found, wanted = both_paths(run)
    torch.testing.assert_close(found["f"], wanted["f"], rtol=AGREEMENT, atol=AGREEMENT)


def in_float32(run: Run) -> Run:
    """The same case, rounded."""

    def narrow(tensor: Tensor) -> Tensor:
        return tensor.detach().float() if tensor.is_floating_point() else tensor

    plan, state = run.plan, run.state
    if plan is not None:
        values = None if plan.values is None else narrow(plan.values)
        weights = narrow(plan.weights) if isinstance(plan.weights, Tensor) else plan.weights
        plan = replace(plan, values=values, weights=weights)
    samples = None if run.noise.samples is None else narrow(run.noise.samples)
    return replace(
        run,
        net=run.net.float(),
        x=narrow(run.x).requires_grad_(),
        y=narrow(run.y),
        plan=plan,
        noise=run.noise._replace(samples=samples),
        state=None if state is None else state.map(lambda one: narrow(one).requires_grad_()),
    )


@pytest.mark.parametrize("forcing", ["TeacherForcing", "FreeRunning", "in-between"])
@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
@pytest.mark.parametrize("cell", ["tanh", "relu", "gru", "lstm"])
def test_float32_is_as_exact_as_pytorch(cell: str, recurrence: str, forcing: str) -> None:
    """By norm, at most twice PyTorch's own error, or four roundings of the largest number."""
    run = make_run(Case(cell, recurrence, forcing=forcing), None, 5, 30, 24)
    with torch.no_grad():
        for one in run.net.parameters():
            one.mul_(0.3)  # or errors would grow without bound, ours and theirs
    run = in_float32(run)
    found, theirs = both_paths(run)
    run.net.double()
    wide = in_float32(run)  # the rounded numbers ...
    wide.net.double()

    def widen(tensor: Tensor) -> Tensor:
        return tensor.detach().double() if tensor.is_floating_point() else tensor

    plan, state = wide.plan, wide.state
    if plan is not None:
        weights = widen(plan.weights) if isinstance(plan.weights, Tensor) else plan.weights
        plan = replace(plan, values=None if plan.values is None else widen(plan.values),
                       weights=weights)  # fmt: skip
    exact = replace(
        wide, x=widen(wide.x).requires_grad_(), y=widen(wide.y), plan=plan,
        state=None if state is None else state.map(lambda one: widen(one).requires_grad_()),
    )  # fmt: skip
    with disabled():  # ... in float64
        wanted = results(exact, exact.unroll())
    for name, part in wanted.items():
        ours, torchs = (float((one[name].double() - part).norm()) for one in (found, theirs))
        floor = 4 * torch.finfo(torch.float32).eps * float(part.norm())
        assert ours <= max(2 * torchs, floor), name
