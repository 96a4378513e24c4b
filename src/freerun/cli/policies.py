"""Forcing policies as they are written on the command line: ``FreeRunning:warmup=20``."""

import ast
import dataclasses
import re
from typing import Any

from freerun._checks import check_choice, fail
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
    names = {_plain(known): known for known in FORCINGS}
    known = names.get(_plain(name)) or check_choice(WHERE, "NAME", name, FORCINGS)
    policy: Any = FORCINGS[known]
    settings = [field.name for field in dataclasses.fields(policy)]
    arguments = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            fix = f"Write {WHERE} {known}:{settings[0] if settings else 'ARG'}=VALUE."
            fail(WHERE, "an argument must be ARG=VALUE", repr(part), fix)
        key = key.replace("-", "_")
        if not settings:
            fail(WHERE, f"{known} has no arguments", repr(part), f"Write {WHERE} {known}.")
        arguments[check_choice(WHERE, "ARG", key, settings)] = _value(value)
    made: Forcing = policy(**arguments)
    return made


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def _value(text: str) -> Any:
    """Numbers, True, False and None as such; anything else is a word."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
