"""Forcing policies as they are written on the command line: ``FreeRunning:warmup=20``."""

import ast
import dataclasses
import re
from collections.abc import Iterable
from typing import Any

from freerun._checks import check_choice, fail
from freerun.forcing import FORCINGS, Forcing

__all__ = ["choose", "read_forcing"]

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
            fail(WHERE, "an argument must be ARG=VALUE", repr(part), fix)
        key = key.replace("-", "_")
        if not settings:
            fail(WHERE, f"{known} has no arguments", repr(part), f"Write {WHERE} {known}.")
        arguments[check_choice("freerun", f"the argument of {known}", key, settings)] = _value(
            value
        )
    made: Forcing = policy(**arguments)
    return made


def choose(option: str, value: str, choices: Iterable[str]) -> str:
    """Which of ``choices`` is meant, in whatever case, and with hyphens or without.

    Raises:
        ArgumentError: None is; the nearest one is named.

    Example:
        >>> choose("--cell", "GRU", ["tanh", "gru"])
        'gru'
    """
    known = {_plain(choice): choice for choice in choices}
    return known.get(_plain(value)) or check_choice("freerun", option, value, known.values())


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def _value(text: str) -> Any:
    """Numbers, True, False and None as such; anything else is a word."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
