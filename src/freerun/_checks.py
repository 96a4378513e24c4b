"""What freerun raises, and the few checks that every module shares.

    FreerunError                     anything freerun refuses or cannot do
    +-- ArgumentError (ValueError)   an argument has a value or a shape that means nothing here
    +-- DataError (ValueError)       data that cannot be used as it is
    +-- RunError (RuntimeError)      a run directory that is not there, or not whole
    +-- NonFiniteError (ArithmeticError)   a loss, a gradient or a path that is not finite

A message has four parts, in this order: the object, what it expected, what it got, and the fix.
"""

import difflib
import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import NoReturn

__all__ = [
    "ArgumentError",
    "DataError",
    "FreerunError",
    "NonFiniteError",
    "RunError",
    "check_choice",
    "check_integer",
    "check_number",
    "fail",
]


class FreerunError(Exception):
    """Anything freerun refuses or cannot do."""


class ArgumentError(FreerunError, ValueError):
    """An argument has a value, a type or a shape that means nothing here."""


class DataError(FreerunError, ValueError):
    """Data that cannot be used as it is."""


class RunError(FreerunError, RuntimeError):
    """A run directory that is not there, not whole, or not to be overwritten."""


class NonFiniteError(FreerunError, ArithmeticError):
    """A loss, a gradient or a path of a network is not finite."""


def fail(
    where: str, expected: str, got: object, fix: str, kind: type[FreerunError] = ArgumentError
) -> NoReturn:
    """Raise ``kind`` with the four parts: ``where: expected, got got. fix``.

    Example:
        >>> fail("RecurrentNetwork", "hidden_size must be 1 or more", 0, "Pass hidden_size=32.")
        Traceback (most recent call last):
        freerun._checks.ArgumentError: RecurrentNetwork: hidden_size must be 1 or more, got 0. \
Pass hidden_size=32.
    """
    raise kind(f"{where}: {expected}, got {got}. {fix}")


def check_choice(where: str, name: str, value: object, choices: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``choices``; otherwise name them, and the nearest.

    Example:
        >>> check_choice("RecurrentNetwork", "cell", "gru", ["tanh", "gru"])
        'gru'
    """
    valid = list(choices)
    if isinstance(value, str) and value in valid:
        return value
    folded = {choice.casefold(): choice for choice in valid}
    asked = str(value).casefold()
    begun = [choice for choice in folded if asked and choice.startswith(asked)]
    near = begun or difflib.get_close_matches(asked, folded, n=1)
    hint = f"Pass {name}={valid[0]!r}, say." if name.isidentifier() else f"Use {valid[0]!r}, say."
    if near:
        hint = f"Did you mean {folded[near[0]]!r}?"
    fail(where, f"{name} must be one of {', '.join(map(repr, valid))}", repr(value), hint)


def check_integer(where: str, name: str, value: object, least: int, most: int | None = None) -> int:
    """Return ``value`` as an int if it is a whole number (no bool) within [least, most]."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        number = int(value)
        if number >= least and (most is None or number <= most):
            return number
    span = f"of {least} or more" if most is None else f"from {least} to {most}"
    fail(where, f"{name} must be a whole number {span}", repr(value), f"Pass {name}={least}, say.")


def check_number(
    where: str, name: str, value: object, least: float = -math.inf, most: float = math.inf
) -> float:
    """Return ``value`` as a float if it is a finite number (no bool) within [least, most]."""
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # a whole number of some hundred digits
            number = math.inf
        if math.isfinite(number) and least <= number <= most:
            return number
    span = f" from {least:g} to {most:g}"
    if most == math.inf:
        span = "" if least == -math.inf else f" of {least:g} or more"
    example = min(max(0.5, least), most)
    fail(
        where,
        f"{name} must be a finite number{span}",
        repr(value),
        f"Pass {name}={example:g}, say.",
    )
