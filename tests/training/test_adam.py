"""Adam in one call, against PyTorch's: weights, state, and gradients that are missing."""

from typing import Any

import pytest
import torch

import freerun as fr
from freerun.training import adam
from freerun.training.adam import Adam, suits

SHAPES = [(5, 3), (7,), (1, 1), (4, 2, 3)]
Parameters = list[torch.nn.Parameter]


def parameters(dtype: torch.dtype = torch.float64, seed: int = 0) -> Parameters:
    draw = torch.Generator().manual_seed(seed)
    return [torch.nn.Parameter(torch.randn(shape, generator=draw, dtype=dtype)) for shape in SHAPES]


def groups(params: Parameters, decay: float = 0.1) -> list[dict[str, Any]]:
    return [
        {"params": params[:2], "weight_decay": decay},
        {"params": params[2:], "weight_decay": 0.0},
    ]


def give_gradients(*copies: Parameters, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    for several in zip(*copies, strict=True):
        gradient = torch.randn(several[0].shape, generator=draw, dtype=several[0].dtype)
        for p in several:
            p.grad = gradient.clone()


@pytest.mark.parametrize("decoupled", [True, False])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)], ids=str
)
def test_steps_are_those_of_pytorch(decoupled: bool, dtype: torch.dtype, tolerance: float) -> None:
    """To rounding, with a gradient that is missing now and then, or lies the other way round."""
    mine, theirs = parameters(dtype), parameters(dtype)
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    one = Adam(groups(mine), 0.01, decoupled)
    other: torch.optim.Optimizer = kind(groups(theirs), lr=0.01, fused=False)
    for step in range(8):
        give_gradients(mine, theirs, seed=step)
        if step % 3 == 1:
            mine[1].grad = theirs[1].grad = None
        first = mine[0].grad
        assert first is not None
        mine[0].grad = first.t().contiguous().t()
        for method in (one, other):
            for group in method.param_groups:
                group["lr"] = 0.01 / (1 + step)
            method.step()
    for p, q in zip(mine, theirs, strict=True):
        torch.testing.assert_close(p, q, rtol=tolerance, atol=tolerance)
    for number, held in other.state_dict()["state"].items():
        for name, value in held.items():
            there = one.state_dict()["state"][number][name]
            torch.testing.assert_close(there, value, rtol=tolerance, atol=tolerance)


def test_it_goes_on_from_its_own_state_to_the_bit_and_from_pytorchs() -> None:
    first, second, third = parameters(), parameters(), parameters()
    whole, torchs = Adam(groups(first), 0.01, True), torch.optim.AdamW(groups(third), lr=0.01)
    give_gradients(first, third, seed=0)
    whole.step()
    torchs.step()
    with torch.no_grad():
        for p, q, r in zip(first, second, third, strict=True):
            q.copy_(p)
            r.copy_(p)
    one, other = Adam(groups(second), 0.5, True), Adam(groups(third), 0.5, True)
    one.load_state_dict(whole.state_dict())
    other.load_state_dict(torchs.state_dict())
    give_gradients(first, second, third, seed=1)
    for method in (whole, one, other):
        method.step()
    for p, q, r in zip(first, second, third, strict=True):
        assert torch.equal(p, q)
        torch.testing.assert_close(p, r, rtol=1e-12, atol=1e-12)


def test_a_state_of_other_parameters_is_refused() -> None:
    saved = Adam(groups(parameters()), 0.01, True).state_dict()
    with pytest.raises(ValueError, match="grouped otherwise"):
        Adam([{"params": parameters(), "weight_decay": 0.0}], 0.01, True).load_state_dict(saved)
    saved["state"][1]["exp_avg"] = torch.zeros(6)
    with pytest.raises(ValueError, match=r"\(6,\) in place of \(7,\)"):
        Adam(groups(parameters()), 0.01, True).load_state_dict(saved)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("limit", [0.5, 1e30])
def test_gradients_are_clipped_as_pytorch_clips_them(limit: float, dtype: torch.dtype) -> None:
    mine, theirs = parameters(dtype), parameters(dtype)
    give_gradients(mine, theirs, seed=0)
    mine[2].grad = theirs[2].grad = None
    norm = Adam(groups(mine), 0.01, True).clip(limit)
    assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs, limit)), rel=1e-6)
    for p, q in zip(mine, theirs, strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-5, atol=1e-6)


def test_the_norm_of_large_numbers_is_finite_and_that_of_nan_is_not() -> None:
    mine = parameters(torch.float32)
    for p in mine:
        p.grad = torch.full_like(p, 1e30)
    method = Adam(groups(mine), 0.01, True)
    count = sum(p.numel() for p in mine)
    assert method.clip(1.0) == pytest.approx(1e30 * count**0.5, rel=1e-6)
    assert method.clip(2.0) == pytest.approx(1.0, rel=1e-6)
    mine[0].grad = torch.full_like(mine[0], torch.nan)
    assert not method.clip(1.0) < torch.inf


def test_pytorch_learns_that_weights_changed() -> None:
    mine = parameters()
    give_gradients(mine, seed=0)
    before = [p._version for p in mine]
    Adam(groups(mine), 0.01, True).step()
    assert all(p._version > version for p, version in zip(mine, before, strict=True))


def test_what_suits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert suits(parameters())
    assert not suits(parameters(torch.float16))
    assert not suits([*parameters(), *parameters(torch.float32)])
    assert not suits([torch.nn.Parameter(torch.zeros(3, 2).t())])
    net = fr.RecurrentNetwork(1, 4, fr.heads.Point(1))
    assert isinstance(fr.Optimizer("adam").build(net), Adam)
    monkeypatch.setattr(adam, "FEW", 10)
    assert type(fr.Optimizer("adam").build(net)) is torch.optim.Adam
    assert type(fr.Optimizer().build(net)) is torch.optim.AdamW
