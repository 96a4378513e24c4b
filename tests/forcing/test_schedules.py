"""How likely the truth is fed back, as training goes on."""

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freerun._checks import ArgumentError
from freerun.forcing import (
    SCHEDULES,
    Constant,
    Exponential,
    InverseSigmoid,
    Linear,
    Progress,
    Schedule,
)
from freerun.forcing.schedules import as_schedule, share_at


@pytest.mark.parametrize(
    ("schedule", "share", "value"),
    [
        (Constant(0.3), 0.7, 0.3),
        (Linear(), 0.0, 1.0),
        (Linear(), 0.25, 0.75),
        (Linear(), 1.0, 0.0),
        (Linear(0.0, 1.0), 0.25, 0.25),
        (Linear(0.2, 0.8, over=0.5), 0.25, 0.5),
        (Linear(0.2, 0.8, over=0.5), 0.75, 0.8),
        # Of 40 epochs: a tenth is 4 epochs.
        (Exponential(0.5), 0.0, 1.0),
        (Exponential(0.5), 0.1, 0.5**4),
        (Exponential(0.5, 0.0, 1.0), 0.1, 1 - 0.5**4),
        (Exponential(0.5, 0.9, 0.1), 0.0125, 0.1 + 0.8 * 0.5**0.5),
        (Exponential(0.0), 0.0, 1.0),
        (Exponential(0.0), 0.1, 0.0),
        (InverseSigmoid(5), 0.0, 5 / 6),
        (InverseSigmoid(5), 0.1, 5 / (5 + math.exp(4 / 5))),
        (InverseSigmoid(5, 0.0, 1.0), 0.1, 1 - 5 / (5 + math.exp(4 / 5))),
        (InverseSigmoid(8, 0.9, 0.3), 0.1, 0.3 + 0.6 * 8 / (8 + math.exp(4 / 8))),
        (InverseSigmoid(10), 10 * math.log(10) / 40, 0.5),
    ],
    ids=repr,
)
def test_schedules_are_their_formulas(schedule: Schedule, share: float, value: float) -> None:
    assert schedule.at(Progress(share, epochs=40)) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("epochs", [10**4, 10**9])
def test_many_epochs_overflow_nothing(epochs: int) -> None:
    end = Progress(1.0, epochs=epochs)
    assert InverseSigmoid(1).at(end) < 1e-300
    assert InverseSigmoid(1, 0.0, 1.0).at(end) == 1.0
    assert Exponential(0.9).at(end) < 1e-300
    assert Exponential(1.0).at(end) == 1.0


def test_without_epochs_what_counts_them_stays_where_it_begins() -> None:
    for progress in (0.5, Progress(0.5)):
        assert Exponential(0.5).at(progress) == 1.0
        assert InverseSigmoid(4).at(progress) == pytest.approx(4 / 5)
        assert Linear().at(progress) == 0.5
        assert Constant().at(progress) == 0.5


SHARES = st.floats(0, 1)


@given(SHARES, SHARES, SHARES, st.floats(0.01, 1), st.floats(1, 50), st.integers(0, 500))
def test_schedules_stay_between_their_ends_and_go_one_way(
    start: float, end: float, k: float, over: float, large: float, epochs: int
) -> None:
    low, high = min(start, end), max(start, end)
    for schedule in (
        Linear(start, end, over),
        Exponential(k, start, end),
        InverseSigmoid(large, start, end),
    ):
        values = [share_at(schedule, Progress(p / 8, epochs)) for p in range(9)]
        assert all(low - 1e-12 <= value <= high + 1e-12 for value in values)
        rising = sorted(values, reverse=start > end)
        assert values == pytest.approx(rising, abs=1e-12)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda value: Constant(value), "value"),
        (lambda value: Linear(start=value), "start"),
        (lambda value: Linear(end=value), "end"),
        (lambda value: Linear(over=value), "over"),
        (lambda value: Exponential(k=value), "k"),
        (lambda value: Exponential(start=value), "start"),
        (lambda value: Exponential(end=value), "end"),
        (lambda value: InverseSigmoid(start=value), "start"),
        (lambda value: InverseSigmoid(end=value), "end"),
    ],
)
@pytest.mark.parametrize(
    "value", [-0.01, 1.01, float("nan"), float("inf"), "a half", True, 10**400]
)
def test_what_is_no_share_is_refused(make: Any, name: str, value: Any) -> None:
    message = f"{name} must be a finite number from 0 to 1, got {value!r}. Pass {name}=0.5, say."
    with pytest.raises(ArgumentError, match=re.escape(message)):
        make(value)


@pytest.mark.parametrize("k", [0.99, 0, -3, float("nan"), "5"])
def test_an_inverse_sigmoid_needs_k_of_1_or_more(k: Any) -> None:
    message = f"InverseSigmoid: k must be a finite number of 1 or more, got {k!r}. Pass k=1, say."
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        InverseSigmoid(k)


def test_a_line_over_no_time_is_refused() -> None:
    message = "Linear: over must be above 0, got 0.0. Pass over=0.5, say."
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        Linear(over=0.0)


def test_a_schedule_is_meant_by_its_name_or_by_a_number() -> None:
    assert {name: as_schedule("Own", name) for name in SCHEDULES} == {
        "constant": Constant(),
        "linear": Linear(),
        "exponential": Exponential(),
        "inverse_sigmoid": InverseSigmoid(),
    }
    assert as_schedule("Own", 0.25) == Constant(0.25)
    assert as_schedule("Own", 1) == Constant(1.0)
    own = Linear(over=0.3)
    assert as_schedule("Own", own) is own


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("linea", "Own: schedule must be one of 'constant', 'linear', 'exponential', "
            "'inverse_sigmoid', got 'linea'. Did you mean 'linear'?"),
        (1.5, "Own: schedule must be a finite number from 0 to 1, got 1.5. "
            "Pass schedule=0.5, say."),
        (None, "got None. Pass schedule='linear', say."),
        (True, "got True. Pass schedule='linear', say."),
        (Linear, "got <class 'freerun.forcing.schedules.Linear'>. Pass schedule='linear', say."),
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(message)):
        as_schedule("Own", given)


@pytest.mark.parametrize("value", [1.5, -1e-3, float("nan"), "high", None])
def test_a_schedule_of_ones_own_that_leaves_the_shares_is_refused(value: Any) -> None:
    class Steep:
        def at(self, progress: float) -> Any:
            return value

    message = (
        "Steep.at: a schedule's value must be a number from 0 to 1, at progress 0.4, "
        f"got {value!r}. Clamp it: min(1.0, max(0.0, value)), say."
    )
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        share_at(Steep(), 0.4)
