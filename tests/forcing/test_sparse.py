"""The truth every n steps, and all lags of it."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import freerun as fr
from freerun._checks import ArgumentError
from freerun.dynamics import Divergence
from freerun.forcing import PlanBatch, SparseTeacherForcing, sparse
from tests.contracts.runs import make_run
from tests.contracts.table import Case
from tests.forcing.examples import data, network, train


def diverging(exponent: float) -> Divergence:
    """What is found in data whose errors grow by this exponent."""
    verdict = "growth" if exponent > 0 else "no growth"
    return Divergence(exponent, verdict, torch.zeros(3), (0, 2), 1.0, 3, 1, 5.0)


@pytest.mark.parametrize(
    ("every", "lags", "wanted"),
    [
        (1, 1, [1, 1, 1, 1, 1, 1, 1]),
        (3, 1, [0, 0, 1, 0, 0, 1, 0]),
        (3, 2, [0, 1, 1, 0, 1, 1, 0]),
        (3, 3, [1, 1, 1, 1, 1, 1, 1]),
        (7, 1, [0, 0, 0, 0, 0, 0, 1]),
        (9, 4, [0, 0, 0, 0, 0, 1, 1]),
    ],
)
def test_the_last_emissions_of_every_interval_are_forced(
    every: int, lags: int, wanted: list[float]
) -> None:
    batch = PlanBatch(None, torch.zeros(2, 7, 1), lags=lags)
    plan = SparseTeacherForcing(every).plan(batch, 0.3, None)
    assert torch.as_tensor(plan.weights).tolist() == wanted
    assert plan.values is batch.y
    assert (plan.feed, plan.through) == ("mean", True)


@pytest.mark.parametrize("recurrence", ["output", "both"])
@pytest.mark.parametrize("lags", [1, 2])
def test_the_step_after_an_interval_is_fed_the_truth_in_all_its_lags(
    recurrence: str, lags: int
) -> None:
    run = make_run(Case(recurrence=recurrence, output_lags=lags), steps=9)
    plan = SparseTeacherForcing(4).plan(run.batch(), 0.0, None)
    unrolled = replace(run, plan=plan).unroll()
    assert unrolled.f is not None
    forced = [t for t in range(9) if t in (3, 7) or (lags == 2 and t in (2, 6))]
    free = [t for t in range(9) if t not in forced]
    assert torch.equal(unrolled.f[:, forced], run.y[:, forced])
    assert torch.equal(unrolled.f[:, free], unrolled.mean[:, free])
    if recurrence == "output":  # then step 5 knows nothing but the truth
        (fifth,) = torch.autograd.grad(unrolled.o[:, 4].sum(), run.x, retain_graph=True)
        assert not fifth[:, :4].any()
        assert fifth[:, 4].any()
        (fourth,) = torch.autograd.grad(unrolled.o[:, 3].sum(), run.x)
        if lags == 1:
            assert fourth[:, :3].abs().amax((0, 2)).all()
    else:
        (fifth,) = torch.autograd.grad(unrolled.o[:, 4].sum(), run.x)
        assert fifth[:, :4].abs().amax((0, 2)).all()


@pytest.mark.parametrize("every", [1, 2])
def test_an_interval_that_the_lags_do_not_fit_in_is_refused(every: int, tmp_path: Path) -> None:
    message = (
        "SparseTeacherForcing: every must be output_lags=3 or more, for all lags are forced, "
        f"got {every}. Pass every=3, or TeacherForcing()."
    )
    net, policy = network(output_lags=3), SparseTeacherForcing(every)
    for refused in (
        lambda: train(net, policy, out=tmp_path / "run"),
        lambda: net(None, torch.zeros(1, 5, 1).double(), policy),
    ):
        with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
            refused()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("exponent", "lags", "every"),
    [(math.log(2) / 12, 1, 12), (math.log(2) / 12.4, 1, 12), (0.05, 1, 14), (2.0, 1, 1),
     (float("inf"), 1, 1), (0.5, 3, 3)],
)  # fmt: skip
def test_the_interval_is_the_time_in_which_errors_double(
    exponent: float, lags: int, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = data()

    def largest_exponent(asked: fr.Sequences) -> Divergence:
        assert asked is given
        return diverging(exponent)

    monkeypatch.setattr(sparse, "largest_exponent", largest_exponent)
    prepared = SparseTeacherForcing("lyapunov").prepare(network(output_lags=lags), given)
    assert prepared == SparseTeacherForcing(every)


@pytest.mark.parametrize("exponent", [0.0, -0.3, float("nan")])
def test_errors_that_do_not_grow_have_no_such_time(
    exponent: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sparse, "largest_exponent", lambda train: diverging(exponent))
    net = network()
    message = (
        "SparseTeacherForcing: every='lyapunov' needs data in which errors are seen to grow, got a "
        f"Lyapunov exponent of {exponent:.3g} per step (no growth). Pass every=10, say."
    )
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        train(net, SparseTeacherForcing("lyapunov"))


def test_classes_have_no_exponent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "largest_exponent", lambda train: pytest.fail("was asked"))
    classes = fr.Sequences(None, [torch.arange(9) % 3] * 4)
    with pytest.raises(ArgumentError, match=r"needs real-valued data, got classes\. Pass every"):
        train(network(fr.heads.Categorical(3)), SparseTeacherForcing("lyapunov"), train=classes)


def test_training_follows_the_interval_that_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "largest_exponent", lambda train: diverging(math.log(2) / 3))
    found, given = network(), network()
    train(found, SparseTeacherForcing("lyapunov"))
    train(given, SparseTeacherForcing(3))
    for one, other in zip(found.parameters(), given.parameters(), strict=True):
        assert torch.equal(one, other)


def test_without_training_there_is_no_exponent() -> None:
    batch = PlanBatch(None, torch.zeros(1, 5, 1))
    with pytest.raises(ArgumentError, match=r"got an unroll without training\. Train with"):
        SparseTeacherForcing("lyapunov").plan(batch, 0.0, None)


@pytest.mark.parametrize("every", [0, -1, 2.5, True, "lyapunow", None])
def test_what_is_no_interval_is_refused(every: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^SparseTeacherForcing: every must be a whole number"):
        SparseTeacherForcing(every)


@pytest.mark.parametrize("stride", [100, 25], ids=["side by side", "overlapping"])
def test_the_time_in_which_errors_double_is_found_in_windows_of_chaotic_data(stride: int) -> None:
    """ln 2 / 0.905 of a unit of time: 38 steps of 0.02."""
    series = fr.datasets.lorenz63(6000, dt=0.02)
    windows = fr.Sequences(None, series).windows(100, stride=stride)
    net = fr.RecurrentNetwork(0, 4, fr.heads.Point(3), recurrence="output")
    every = SparseTeacherForcing("lyapunov").prepare(net, windows).every
    assert 30 <= int(every) <= 50


def test_a_sine_has_no_such_time() -> None:
    series = fr.Sequences(None, (torch.arange(1000.0) / 5).sin())
    net = fr.RecurrentNetwork(0, 4, fr.heads.Point(1), recurrence="output")
    with pytest.raises(ArgumentError, match="no growth"):
        SparseTeacherForcing("lyapunov").prepare(net, series)
