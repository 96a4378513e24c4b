"""Rates, decay and clipping, by themselves and as training applies them."""

import math
from typing import Any

import pytest
import torch

import freerun as fr
from tests.training.examples import driven, network, same, weights


def test_adamw_is_the_default_and_decays_matrices_alone() -> None:
    net = network(residual=True, cell="gru")
    method = fr.Optimizer().build(net)
    assert type(method) is torch.optim.AdamW
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    decays = {
        names[id(parameter)]: group["weight_decay"]
        for group in method.param_groups
        for parameter in group["params"]
    }
    assert decays == {
        name: 0.01 if parameter.ndim == 2 else 0.0 for name, parameter in net.named_parameters()
    }
    assert decays["skip"] == decays["layers.0.bias_ih"] == decays["output.bias"] == 0


def test_decay_shrinks_matrices_where_there_is_no_gradient() -> None:
    net = network(residual=True)
    before = weights(net)
    method = fr.Optimizer(lr=0.1, weight_decay=0.5).build(net)
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    method.step()
    for name, parameter in net.named_parameters():
        share = 1 - 0.1 * 0.5 if parameter.ndim == 2 else 1.0
        torch.testing.assert_close(parameter.detach(), before[name] * share)


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd"])
def test_fused_steps_are_those_of_the_plain_method(name: str) -> None:
    """To rounding: a few float32 operations in another order."""
    plain = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}[name]
    one, other = network(), network()
    options: dict[str, Any] = {"momentum": 0.9} if name == "sgd" else {}
    ours = fr.Optimizer(name, lr=0.01, weight_decay=0.0).build(one)
    theirs = plain(other.parameters(), lr=0.01, weight_decay=0.0, fused=False, **options)
    draw = torch.Generator().manual_seed(0)
    for _ in range(5):
        for p, q in zip(one.parameters(), other.parameters(), strict=True):
            p.grad = torch.randn(p.shape, generator=draw)
            q.grad = p.grad.clone()
        ours.step()
        theirs.step()
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6)


def test_rates() -> None:
    cosine = fr.Optimizer(lr=2.0)
    assert [cosine.rate(share) for share in (0.0, 0.5, 1.0)] == pytest.approx([2.0, 1.0, 0.02])
    assert cosine.rate(0.25) == pytest.approx(1 + math.cos(math.pi / 4))
    linear = fr.Optimizer(lr=2.0, schedule="linear")
    assert [linear.rate(share) for share in (0.0, 0.25, 1.0)] == pytest.approx([2.0, 1.5, 0.02])
    constant = fr.Optimizer(lr=2.0, schedule="constant", warmup=0.2)
    shares = (0.0, 0.1, 0.2, 0.9)
    assert [constant.rate(share) for share in shares] == pytest.approx([0.002, 1.0, 2.0, 2.0])
    warm = fr.Optimizer(lr=2.0, warmup=0.5)
    assert [warm.rate(share) for share in (0.25, 0.5, 0.75)] == pytest.approx([1.0, 2.0, 1.0])
    defaults = {"adamw": 3e-3, "adam": 3e-3, "rmsprop": 1e-3, "sgd": 1e-2, "lbfgs": 1.0}
    assert {name: fr.Optimizer(name).rate(0) for name in defaults} == defaults


def test_every_batch_is_learned_at_its_own_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[float]] = []
    step = torch.optim.AdamW.step

    def watched(self: torch.optim.AdamW, *arguments: Any) -> Any:
        seen.append([group["lr"] for group in self.param_groups])
        return step(self, *arguments)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    optimizer = fr.Optimizer(warmup=0.2)
    history = fr.fit(
        network(), driven(6), epochs=4, batch_size=2, optimizer=optimizer, progress=False
    )
    assert seen == [[optimizer.rate(n / 12)] * 2 for n in range(12)]
    assert history["lr"] == [optimizer.rate(epoch / 4) for epoch in range(4)]


def test_the_gradient_is_clipped_by_its_global_norm() -> None:
    net, data = network(), driven()
    before = weights(net)
    sgd = fr.Optimizer("sgd", lr=0.5, clip=1e-3, schedule="constant")
    history = fr.fit(net, data, epochs=1, optimizer=sgd, progress=False)
    moved = sum(
        float((after - before[name]).square().sum()) for name, after in weights(net).items()
    )
    assert history["gradient_norm"][0] > 0.1
    assert math.sqrt(moved) == pytest.approx(0.5 * 1e-3, rel=1e-3)


def test_without_clipping_the_step_is_the_gradient() -> None:
    net, data = network(), driven()
    before = weights(net)
    sgd = fr.Optimizer("sgd", lr=0.5, clip=None, schedule="constant")
    history = fr.fit(net, data, epochs=1, optimizer=sgd, progress=False)
    moved = sum(
        float((after - before[name]).square().sum()) for name, after in weights(net).items()
    )
    assert math.sqrt(moved) == pytest.approx(0.5 * history["gradient_norm"][0], rel=1e-4)


def test_gradients_from_before_are_not_learned() -> None:
    net, other = network(), network()
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    for one in (net, other):
        fr.fit(one, driven(), epochs=1, progress=False)
    assert same(weights(net), weights(other))
    assert all(parameter.grad is None for parameter in net.parameters())


def test_frozen_parameters_stay() -> None:
    net = network()
    net.layers[0].requires_grad_(False)
    before = weights(net)
    fr.fit(net, driven(), epochs=2, progress=False)
    changed = {name for name, after in weights(net).items() if not torch.equal(after, before[name])}
    assert changed == {"output.weight", "output.bias"}
    with pytest.raises(fr.ArgumentError, match=r"Use net\.requires_grad_\(\)\."):
        fr.fit(net.requires_grad_(False), driven(), epochs=1, progress=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "adamv"}, "Did you mean .adam."),
        ({"lr": 0}, "lr must be above 0"),
        ({"clip": 0.0}, "clip=None for no clipping"),
        ({"schedule": "step"}, "schedule must be one of"),
        ({"warmup": 1.5}, "warmup must be a finite number from 0 to 1"),
        ({"name": "lbfgs", "weight_decay": 0.1}, "lbfgs has no weight decay"),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(fr.ArgumentError, match=message):
        fr.Optimizer(**options)
