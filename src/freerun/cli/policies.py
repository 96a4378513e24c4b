"""Forcing policies as they are written on the command line: ``FreeRunning:warmup=20``."""

import ast
import dataclasses
from typing import Any

from freerun._checks import ArgumentError, check_choice, fail
from freerun.cli.reading import choose
from freerun.forcing import FORCINGS, Forcing

__all__ = ["read_forcing"]

WHERE = "--forcing"


def read_forcing(text: str) -> Forcing:
    """Read ``NAME[:ARG=VALUE[,ARG=VALUE...]]``; the name as in Python, or as free-running.

    Raises:
        ArgumentError: No policy has this name, or it has no such argument, or not such a value.

    Example:
        >>> read_forcing("free-running:warmup=20")
        FreeRunning(warmup=20)
    """
    name, _, rest = text.partition(":")
    known = choose(WHERE, name, FORCINGS)
    policy: Any = FORCINGS[known]
    settings = [field.name for field in dataclasses.fields(policy)]
    arguments = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            fix = f"Write {WHERE} {known}:{settings[0] if settings else 'ARG'}=VALUE."
            fail("freerun", f"{WHERE} {known}: an argument must be ARG=VALUE", repr(part), fix)
        key = key.replace("-", "_")
        if not settings:
            fix = f"Write {WHERE} {known}."
            fail("freerun", f"{WHERE} {known} has no arguments", repr(part), fix)
        key = check_choice("freerun", f"the argument of {WHERE} {known}", key, settings)
        if key in arguments:
            fail("freerun", f"{WHERE} must give {key} once", repr(rest), "Choose one.")
        arguments[key] = _value(value)
    try:
        made: Forcing = policy(**arguments)
    except ArgumentError as error:
        raise ArgumentError(f"freerun: {WHERE} {error}") from None
    except TypeError:
        needed = ", ".join(settings)
        fix = f"Write {WHERE} {known}:{settings[0]}=VALUE."
        fail("freerun", f"{WHERE} {known} needs {needed}", repr(text), fix)
    return made


def _value(text: str) -> Any:
    """Numbers, True, False and None as such; anything else is a word."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
