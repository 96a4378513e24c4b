"""Messages of the library in the command line's words."""

import re

__all__ = ["as_commands", "as_options", "without_options"]

NAMES = (
    "batch_size|cell|delimiter|dropout|encoding|epochs|forcing|head|hidden_size|horizon|"
    "input_lags|input_size|inputs|k1|k2|known|layout|lr|missing|num_layers|observed|output_lags|"
    "overwrite|patience|readout|recurrence|resume|scale|series|stride|target|task|time|unit|"
    "validate|window"
)

WITH_VALUE = re.compile(rf"""\b({NAMES})=(?:['"]([^'"]+)['"](?: or '(\w+)')?|([\w.]+))?""")

FLAG = re.compile(r"\b(bidirectional|residual)=(True|False)")

AS_WORD = re.compile(r"(?<![-\w])(output_lags|input_lags|input_size|k2)\b(?!=)")

AS_SUBJECT = re.compile(
    r"(?<![-\w])(validate|window|output_lags|scale|horizon|batch_size|epochs|input_lags) must\b"
)

AS_COLUMNS = re.compile(
    r"(?<=: )(delimiter|encoding|known|layout|missing|observed|series|target|time|unit)"
    r" must be one\b"
)

TASKS = re.compile(r"Pass --task (\w+) or (\w+)")

DECIDED = (
    (re.compile(r"Pass --missing [a-z ]+, or (\w)"), lambda found: found[1].upper()),
    (re.compile(r", or pass --missing [a-z ]+(?=\.)"), lambda _: ""),
    (re.compile(r"Pass --target with .*"), lambda _: "Leave only that and the time in it."),
)
"""What to pass for gaps and targets, which a run has decided already."""

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

    message = FLAG.sub(lambda found: f"--{'' if found[2] == 'True' else 'no-'}{found[1]}", message)
    message = WITH_VALUE.sub(option, message)
    message = AS_WORD.sub(lambda found: _option(found[1]), message)
    message = AS_COLUMNS.sub(lambda found: f"{_option(found[1])} must be one", message)
    return AS_SUBJECT.sub(lambda found: f"{_option(found[1])} must", message)


def as_commands(message: str) -> str:
    """Tasks are commands of `freerun train`, not an option of them.

    Example:
        >>> as_commands("a.csv: ..., got another. Pass --task label or forecast if there are more.")
        'a.csv: ..., got another. Use `freerun train label` or `forecast` if there are more.'
    """
    return TASKS.sub(r"Use `freerun train \1` or `\2`", message)


def without_options(message: str) -> str:
    """Leave out what cannot be passed where a file is read as those of training were.

    Example:
        >>> without_options("a.csv: ..., got nothing. Pass --missing mask, or fill the gaps.")
        'a.csv: ..., got nothing. Fill the gaps.'
    """
    for pattern, instead in DECIDED:
        message = pattern.sub(instead, message)
    return message


def _option(name: str) -> str:
    return f"--{OTHERWISE.get(name, name).replace('_', '-')}"
