"""Options read from what was typed: a mistake is said in the option's own name, and at once."""

import math
import re
from collections.abc import Callable, Iterable

from freerun._checks import ArgumentError, FreerunError, check_choice, fail

__all__ = ["choose", "fold", "one_of", "real", "whole"]

WHERE = "freerun"


def choose(option: str, value: str, choices: Iterable[str]) -> str:
    """Which of ``choices`` is meant, in whatever case, and with hyphens or without.

    Raises:
        ArgumentError: None is; the nearest one is named.

    Example:
        >>> choose("--cell", "GRU", ["tanh", "gru"])
        'gru'
    """
    known = {fold(str(choice)): str(choice) for choice in choices}
    found = known.get(fold(value))
    if found is None and len(known) == 1:
        (only,) = known.values()
        fail(WHERE, f"{option} must be {only}", repr(value), f"Use {only}.")
    return found or check_choice(WHERE, option, value, known.values())


def fold(name: str) -> str:
    """``name`` without what people spell differently."""
    return re.sub(r"[-_ ]", "", name).lower()


# Typer takes a ValueError for its own, and puts its own words around it: none is raised to it.


def one_of(option: str, choices: Iterable[str]) -> Callable[[str], str]:
    """A reader of one of a few words."""

    def read(text: str) -> str:
        try:
            return choose(option, str(text), choices)
        except ArgumentError as error:
            raise FreerunError(str(error)) from None

    return read


def whole(option: str, least: int = 1, most: float = math.inf) -> Callable[[str], int]:
    """A reader of whole numbers within [least, most]; what is outside is told the nearest."""
    span = f"of {least} or more" if most == math.inf else f"from {least} to {most}"

    def read(text: str) -> int:
        found = _number(text)
        if found.is_integer() and least <= found <= most:
            return int(text) if re.fullmatch(r"[-+]?\d+", str(text)) else int(found)
        near = least if math.isnan(found) else min(max(found, least), most)
        near = round(near) if math.isfinite(near) else least
        expected = f"{option} must be a whole number {span}"
        fail(WHERE, expected, text, f"Use {option} {near}, say.", FreerunError)

    return read


def real(
    option: str, span: str, fits: Callable[[float], bool], example: float
) -> Callable[[str], float]:
    """A reader of the numbers that ``fits`` takes, which ``span`` describes."""

    def read(text: str) -> float:
        found = _number(text)
        if math.isfinite(found) and fits(found):
            return found
        fix = f"Use {option} {example:g}, say."
        fail(WHERE, f"{option} must be a number {span}", text, fix, FreerunError)

    return read


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
