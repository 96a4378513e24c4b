"""Options read from what was typed."""

import re

import pytest

import freerun as fr
from freerun.cli.reading import choose, real, whole


def test_a_choice_is_read_in_any_case() -> None:
    assert choose("--cell", "GRU", ["tanh", "gru"]) == "gru"
    assert choose("--head", "student-t", ["Point", "StudentT"]) == "StudentT"
    with pytest.raises(fr.ArgumentError, match=re.escape("freerun: --cell must be one of 'tanh',")):
        choose("--cell", "x", ["tanh", "gru"])


@pytest.mark.parametrize(("text", "number"), [("3", 3), ("1", 1), ("9", 9), ("4.0", 4), (5, 5)])
def test_a_whole_number_is_read(text: str, number: int) -> None:
    found = whole("--epochs", 1, 9)(text)
    assert found == number
    assert type(found) is int


@pytest.mark.parametrize(
    ("text", "near"), [("0", 1), ("-3", 1), ("12", 9), ("2.4", 2), ("many", 1), ("inf", 9)]
)
def test_the_nearest_whole_number_is_named(text: str, near: int) -> None:
    said = f"freerun: --n must be a whole number from 1 to 9, got {text}. Use --n {near}, say."
    with pytest.raises(fr.FreerunError, match=f"^{re.escape(said)}$"):
        whole("--n", 1, 9)(text)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "x", ""])
def test_what_is_no_such_number_is_refused(text: str) -> None:
    said = f"freerun: --lr must be a number above 0, got {text}. Use --lr 0.003, say."
    with pytest.raises(fr.FreerunError, match=f"^{re.escape(said)}$"):
        real("--lr", "above 0", lambda rate: rate > 0, 0.003)(text)
    assert real("--lr", "above 0", lambda rate: rate > 0, 0.003)("1e-3") == 1e-3
