"""Requests read from what anybody may send."""

import pytest

from freerun import ArgumentError
from freerun.explore.answers import ForecastRequest, TextRequest
from freerun.explore.asking import read_request


def test_what_is_given_and_what_is_not() -> None:
    pairs = [("origin", "12"), ("share", "1"), ("spread", "2.5"), ("paths", "0")]
    wanted = ForecastRequest(origin=12, share=1.0, spread=2.5, paths=0)
    assert read_request(ForecastRequest, pairs) == wanted
    assert read_request(TextRequest, [("origin", "-3")]) == TextRequest(origin=-3)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "explore: origin must be given, got none. Pass origin=1."),
        (
            [("origin", "1"), ("origin", "2")],
            "explore: origin must be given once, got several. Leave one of them out.",
        ),
        (
            [("origin", "1.5")],
            "explore: origin must be a whole number, got '1.5'. Pass origin=1, say.",
        ),
        (
            [("origin", "1"), ("share", "half")],
            "explore: share must be a number, got 'half'. Pass share=1, say.",
        ),
        (
            [("origin", "1"), ("share", "")],
            "explore: share must be a number, got ''. Pass share=1, say.",
        ),
    ],
)
def test_what_cannot_be_read(pairs: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        read_request(ForecastRequest, pairs)
    assert str(refused.value) == message


@pytest.mark.parametrize("text", ["9" * 33, "1_0", "\u0661", "0x10", "1e400e"])
def test_no_other_numbers(text: str) -> None:
    with pytest.raises(ArgumentError, match="must be a whole number"):
        read_request(TextRequest, [("origin", text)])


def test_names_that_are_not_known_say_which_are() -> None:
    with pytest.raises(ArgumentError, match=r"^explore: a name must be one of 'origin', .*Did you"):
        read_request(TextRequest, [("orign", "1")])
    with pytest.raises(ArgumentError) as refused:
        read_request(TextRequest, [("x" * 10_000, "1")])
    assert len(str(refused.value)) < 300
