"""The truth is fed, blurred in the way that fits the head."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun._checks import ArgumentError
from freerun.forcing import NoisyTeacherForcing
from freerun.plan import PlanBatch
from tests.contracts.runs import draw_y, make_run
from tests.contracts.table import HEAD_ARGUMENTS, Case, make_head
from tests.forcing.examples import network, seeded, train

REAL = ("Gaussian", "Point", "StudentT", "Laplace", "GaussianMixture")
COUNTS = ("Poisson", "NegativeBinomial")


def blurred(head: str, scale: float, y: Tensor | None = None, seed: int = 0) -> tuple[Tensor, ...]:
    """Many values of y, and what is fed in their place."""
    made = make_head(head)
    y = draw_y(made, 100, 50) if y is None else y
    before = y.clone()
    plan = NoisyTeacherForcing(scale).plan(PlanBatch(None, y, head=made), 0.2, seeded(seed))
    assert torch.equal(y.nan_to_num(), before.nan_to_num()), "targets must stay as they are"
    assert plan.is_teacher()
    assert plan.values is not None
    assert plan.values.shape == y.shape
    assert plan.values.dtype == y.dtype
    return y, plan.values


@pytest.mark.parametrize("head", REAL)
def test_real_values_are_off_by_normal_noise(head: str) -> None:
    y, fed = blurred(head, 0.3)
    off = (fed - y) / 0.3
    assert abs(off.mean()) < 5 / off.numel() ** 0.5
    assert abs(off.std() - 1) < 5 / (2 * off.numel()) ** 0.5
    steps = (off[:, 1:] * off[:, :-1]).mean()
    assert abs(steps) < 5 / off.numel() ** 0.5


@pytest.mark.parametrize("head", COUNTS)
def test_counts_are_off_and_never_negative(head: str) -> None:
    y, fed = blurred(head, 2.0)
    assert (fed >= 0).all()
    assert (fed == 0).any()
    off = (fed - y)[y > 10]
    assert off.numel() == 0 or abs(off.std() - 2) < 0.5
    assert (fed != y).double().mean() > 0.5
    assert make_head(head).feed_truth(fed).isfinite().all()


def test_zeros_and_ones_are_flipped() -> None:
    y, fed = blurred("Bernoulli", 0.2)
    flipped = fed != y
    assert torch.equal(fed[flipped], 1 - y[flipped])
    assert abs(flipped.double().mean() - 0.2) < 5 * 0.4 / y.numel() ** 0.5
    assert torch.equal(blurred("Bernoulli", 1.0)[1], 1 - y)


def test_classes_are_replaced_by_any_class() -> None:
    y, fed = blurred("Categorical", 0.3)
    # A third of those that are replaced stay what they were.
    assert abs((fed != y).double().mean() - 0.2) < 5 * 0.4 / y.numel() ** 0.5
    _, fed = blurred("Categorical", 1.0)
    odds = torch.bincount(fed.flatten(), minlength=3) / fed.numel()
    assert len(odds) == 3
    assert (odds - 1 / 3).abs().max() < 5 * 0.47 / y.numel() ** 0.5


@pytest.mark.parametrize("head", HEAD_ARGUMENTS)
def test_without_noise_it_is_the_teacher_and_the_same_seed_gives_the_same_noise(head: str) -> None:
    y, fed = blurred(head, 0.0)
    assert torch.equal(fed, y)
    assert torch.equal(blurred(head, 0.5, seed=1)[1], blurred(head, 0.5, seed=1)[1])
    assert not torch.equal(blurred(head, 0.5, seed=1)[1], blurred(head, 0.5, seed=2)[1])


@pytest.mark.parametrize("head", HEAD_ARGUMENTS)
def test_what_is_missing_stays_harmless(head: str) -> None:
    """NaN, or -1 for classes: w = 0 there, whatever the noise made of it."""
    run = make_run(Case(recurrence="both", head=head))
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[0, 2] = mask[1, 0] = False
    classes = run.net.head.outputs is None
    y = torch.where(mask if classes else mask[..., None], run.y, -1 if classes else torch.nan)
    loss = run.net.loss(
        run.x, y, NoisyTeacherForcing(0.5), mask=mask, state=run.state, generator=seeded()
    )
    loss.backward()
    assert loss.isfinite()
    for parameter in run.net.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()
    plan = NoisyTeacherForcing(0.5).plan(run.batch(mask), 0.0, seeded())
    unrolled = run.net(run.x, y, plan, mask=mask, state=run.state)
    own = run.net.head.feed_mean(unrolled.o)
    torch.testing.assert_close(unrolled.f[~mask], own[~mask])
    assert not torch.allclose(unrolled.f[mask], own[mask])


@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_targets_are_the_truth(recurrence: str) -> None:
    run = make_run(Case(recurrence=recurrence))
    plan = NoisyTeacherForcing(0.5).plan(run.batch(), 0.0, seeded())
    unrolled = run.net(run.x, run.y, plan, state=run.state)
    loss = run.net.loss(run.x, run.y, plan, state=run.state, reduction="sum")
    assert plan.values is not None
    torch.testing.assert_close(loss, run.nll(unrolled.o))
    assert torch.equal(unrolled.f, plan.values)


@pytest.mark.parametrize("head", ["Categorical", "Bernoulli"])
def test_a_scale_that_is_no_probability_is_refused_before_anything_is_written(
    head: str, tmp_path: Path
) -> None:
    message = (
        f"NoisyTeacherForcing for a {head} head: scale must be a finite number from 0 to 1, "
        "got 1.5. Pass scale=0.5, say."
    )
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        blurred(head, 1.5)
    steps = torch.arange(9) % 2
    y: Any = [steps] * 4 if head == "Categorical" else [steps.double()[:, None]] * 4
    made = fr.heads.Categorical(2) if head == "Categorical" else fr.heads.Bernoulli(1)
    train_set = fr.Sequences(None, y, dtype=torch.float64)
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        train(network(made), NoisyTeacherForcing(1.5), train=train_set, out=tmp_path / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("scale", [-0.1, float("nan"), "much", True])
def test_what_is_no_scale_is_refused(scale: Any) -> None:
    message = f"NoisyTeacherForcing: scale must be a finite number of 0 or more, got {scale!r}."
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}"):
        NoisyTeacherForcing(scale)
