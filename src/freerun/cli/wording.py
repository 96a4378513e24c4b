"""Messages of the library in the command line's words."""

import re

__all__ = ["as_options"]

NAMES = (
    "batch_size|cell|delimiter|dropout|encoding|epochs|forcing|head|hidden_size|horizon|"
    "input_lags|inputs|known|layout|lr|missing|num_layers|observed|output_lags|overwrite|"
    "patience|recurrence|resume|scale|series|stride|target|task|time|unit|validate|window"
)

WITH_VALUE = re.compile(rf"""\b({NAMES})=(?:['"]([^'"]+)['"](?: or '(\w+)')?|([\w.]+))?""")

AS_SUBJECT = re.compile(
    r"\b(validate|window|output_lags|scale|horizon|batch_size|epochs|input_lags) must\b"
)

OTHERWISE = {"num_layers": "layers"}


def as_options(message: str) -> str:
    """``window=30`` is ``--window 30``, and "window must" is "--window must".

    Example:
        >>> as_options("freerun: window must be at most 30, got 60. Pass window=30, or less.")
        'freerun: --window must be at most 30, got 60. Pass --window 30, or less.'
    """

    def option(found: re.Match[str]) -> str:
        value = found[2] or (found[4] or "").rstrip(".")
        end = "." if (found[4] or "").endswith(".") else ""
        second = f" or {found[3]}" if found[3] else ""
        return f"{_option(found[1])}{f' {value}' if value else ''}{second}{end}"

    message = WITH_VALUE.sub(option, message)
    return AS_SUBJECT.sub(lambda found: f"{_option(found[1])} must", message)


def _option(name: str) -> str:
    return f"--{OTHERWISE.get(name, name).replace('_', '-')}"
