"""The shortlist, and which of it is taken."""

from typing import Any

import pytest

import freerun as fr
from freerun._checks import FreerunError, NonFiniteError
from freerun.forcing import read_forcing, spell_forcing
from freerun.recipes.policies import AUTO, MARGIN, Trial, best_of, is_open
from freerun.recipes.recipe import FORECAST

THREE = (fr.TeacherForcing(), fr.NoisyTeacherForcing(), fr.FreeRunning())


def trying(*outcomes: float | FreerunError) -> Any:
    """An attempt that has these outcomes, in turn."""
    left = list(outcomes)

    def attempt(policy: Any) -> Trial:
        outcome = left.pop(0)
        if isinstance(outcome, FreerunError):
            raise outcome
        return Trial(policy, None, 1, outcome)  # type: ignore[arg-type]

    return attempt


@pytest.mark.parametrize("spelled", AUTO)
def test_the_shortlist_is_of_policies_as_they_are_spelled(spelled: str) -> None:
    assert spell_forcing(read_forcing(spelled)) == spelled


def test_the_simplest_is_the_first_and_what_is_kept_where_there_is_no_choice() -> None:
    assert AUTO[0] == FORECAST.forcing == "TeacherForcing"


@pytest.mark.parametrize(
    ("text", "is_so"),
    [("auto", True), (" Auto", True), ("automatic", False), (None, False), (THREE[0], False)],
)
def test_a_policy_is_open_where_it_says_so(text: object, is_so: bool) -> None:
    assert is_open(text) is is_so


@pytest.mark.parametrize(
    ("errors", "number"),
    [
        ((1.0, 0.5, 0.7), 1),
        ((1.0, 0.99, 0.99), 0),  # by chance
        ((1.0, 0.97, 0.96), 1),
        ((1.0, 1.0, 0.1), 2),
        ((float("inf"), float("inf"), 5.0), 2),
        ((NonFiniteError("it grew"), 3.0, 3.0), 1),
        ((2.0, fr.ArgumentError("it does not fit"), 1.0), 2),
    ],
)
def test_a_later_policy_must_be_better_by_the_margin(errors: Any, number: int) -> None:
    assert MARGIN == 0.98
    best, tried = best_of(THREE, trying(*errors))
    assert best.forcing == THREE[number]
    assert list(tried) == ["TeacherForcing", "NoisyTeacherForcing", "FreeRunning"]
    for error, found in zip(errors, tried.values(), strict=True):
        is_number = isinstance(error, float) and error < float("inf")
        assert found == (error if is_number else None)


def test_where_all_fail_the_first_says_why() -> None:
    said = "freerun: forcing='auto' must find a policy that trains, got none of 3; TeacherForcing: "
    attempt = trying(NonFiniteError("fit: it grew"), fr.ArgumentError("no"), fr.DataError("no"))
    with pytest.raises(NonFiniteError, match=f"^{said}fit: it grew"):
        best_of(THREE, attempt)


def test_what_is_no_refusal_is_not_hidden() -> None:
    def attempt(policy: Any) -> Trial:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        best_of(THREE, attempt)
