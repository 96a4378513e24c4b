"""Which column is what: as said, and otherwise guessed, aloud."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from freerun._checks import DataError, check_choice, fail

from .columns import Columns, Words

__all__ = ["TASKS", "Roles", "find_roles"]

TASKS = ("forecast", "classify", "regress", "label")

TIMES = ("time", "date", "datetime", "timestamp", "ds", "month", "year", "period", "t", "step")
SERIES = ("series", "unique_id", "series_id", "item_id", "id", "key", "group", "case", "sequence")
TARGETS = ("target", "y", "value", "label", "class", "output")
"""Names that say what a column is, where nobody else does."""


@dataclass(frozen=True)
class Roles:
    """Names of columns by what they are for.

    Attributes:
        task: What is to be learned.
        targets: What is to be predicted.
        known: Inputs known ahead.
        observed: Predicted beside the targets.
        time: The time column, or None.
        series: The column that tells series apart, or None.
        guessed: What nobody said, a sentence each.
    """

    task: str
    targets: tuple[str, ...]
    known: tuple[str, ...]
    observed: tuple[str, ...]
    time: str | None
    series: str | None
    guessed: tuple[str, ...]


def find_roles(
    where: str,
    columns: Columns,
    task: str | None,
    target: str | Sequence[str] | None,
    time: str | None,
    series: str | None,
    known: str | Sequence[str] | None,
    observed: str | Sequence[str] | None,
) -> Roles:
    """Find out which column is what.

    Raises:
        ArgumentError: A name is of no column, or of two roles; the nearest one is named.
        DataError: It cannot be guessed what is to be predicted.
    """
    guessed: list[str] = []
    for role, one in (("time", time), ("series", series)):
        if one is not None and not isinstance(one, str):
            fail(where, f"{role} must be the name of one column", repr(one), f"Pass {role}='name'.")
    if target is not None and not isinstance(target, str) and not target:
        fail(where, "target must name a column", "none", "Leave it out, to have it guessed.")
    said = {
        "time": _named(where, "time", time, columns),
        "series": _named(where, "series", series, columns),
        "target": _named(where, "target", target, columns),
        "known": _named(where, "known", known, columns),
        "observed": _named(where, "observed", observed, columns),
    }
    taken: dict[str, str] = {}
    for role, names in said.items():
        for name in names:
            if name in taken:
                fix = "Give every column one role."
                fail(where, f"column {name!r} must have one role", f"{taken[name]} and {role}", fix)
            taken[name] = role
    free = [name for name in columns if name not in taken]
    if time is None:
        found = _guess_time(columns, free)
        if found is not None:
            said["time"] = (found,)
            free.remove(found)
            guessed.append(f"{found!r} is the time")
    if series is None:
        found = _guess_series(columns, free, said["time"])
        if found is not None:
            said["series"] = (found,)
            free.remove(found)
            guessed.append(f"{found!r} tells series apart")
    if target is None:
        found = _guess_target(where, columns, free)
        said["target"] = (found,)
        free.remove(found)
        guessed.append(f"{found!r} is to be predicted")
    if task is None:
        task = _guess_task(columns, said["target"][0], said["series"])
        guessed.append(f"the task is to {task}")
    check_choice(where, "task", task, TASKS)
    if known is None and task != "forecast":
        inputs = [name for name in free if not _is_times(columns[name])]
        said["known"] = tuple(inputs)
        free = [name for name in free if name not in inputs]
        guessed.append(f"inputs are {_listed(inputs)}" if inputs else "there are no inputs")
    if free:
        hint = "; name them as known or observed" if task == "forecast" else ""
        guessed.append(f"not used: {_listed(free)}{hint}")
    one_time = said["time"][0] if said["time"] else None
    one_series = said["series"][0] if said["series"] else None
    return Roles(
        task, said["target"], said["known"], said["observed"], one_time, one_series, tuple(guessed)
    )


def _named(
    where: str, role: str, asked: str | Sequence[str] | None, columns: Columns
) -> tuple[str, ...]:
    if asked is None:
        return ()
    names = list(asked) if isinstance(asked, (list, tuple)) else [asked]
    return tuple(check_choice(where, role, name, columns) for name in names)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _first(free: Sequence[str], names: Sequence[str], fits: Any) -> str | None:
    """The first of the ``names`` that is there, in any case, and fits."""
    folded = {name.casefold(): name for name in reversed(free)}
    return next((folded[one] for one in names if one in folded and fits(folded[one])), None)


def _guess_time(columns: Columns, free: Sequence[str]) -> str | None:
    times = [name for name in free if _is_times(columns[name])]
    if len(times) == 1:
        return times[0]
    return _first(times or free, TIMES, lambda name: _goes_on(name, columns[name]))


def _is_times(column: Any) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind == "M"


def _guess_series(columns: Columns, free: Sequence[str], time: Sequence[str]) -> str | None:
    """A column that is called so; or the only one of words in whose series times go on."""
    found = _first(free, SERIES, lambda name: _tells_apart(columns[name]))
    if found is not None or not time:
        return found
    times = _codes(columns[time[0]])
    if bool((np.diff(times) > 0).all()):
        return None
    words = [name for name in free if isinstance(columns[name], Words)]
    apart = [name for name in words if _go_on_within(times, columns[name].codes)]
    return apart[0] if len(apart) == 1 else None


def _go_on_within(times: "np.ndarray[Any, Any]", series: "np.ndarray[Any, Any]") -> bool:
    """Whether times grow from row to row of each series."""
    order = np.argsort(series, kind="stable")
    same = np.diff(series[order]) == 0
    return bool((np.diff(times[order])[same] > 0).all())


def _goes_on(name: str, column: Any) -> bool:
    """Whether a column that is called so can be the time: a month may be one of twelve."""
    if isinstance(column, Words) or column.dtype.kind == "M":
        return True
    may_repeat = name.casefold() not in ("month", "year", "period")
    return column.dtype.kind == "f" and (may_repeat or bool((np.diff(column) > 0).all()))


def _tells_apart(column: Any) -> bool:
    """Whether a column can name series: words or whole numbers, of which some come again."""
    if isinstance(column, Words):
        return len(column.names) < len(column)
    if column.dtype.kind != "f" or not bool((column == np.round(column)).all()):
        return False
    return len(np.unique(column)) < len(column)


def _guess_target(where: str, columns: Columns, free: Sequence[str]) -> str:
    found = _first(free, TARGETS, lambda name: not _is_times(columns[name]))
    if found is not None:
        return found
    left = [name for name in free if not _is_times(columns[name])]
    if len(left) == 1:
        return left[0]
    got = f"the columns {_listed(list(columns))}"
    fix = "Pass target= with the name of one." if left else "Give the table a column of values."
    fail(where, "a table must say what is to be predicted", got, fix, DataError)


def _guess_task(columns: Columns, target: str, series: Sequence[str]) -> str:
    """Words are classes: of a series if it has the same all along, else of a step."""
    column = columns[target]
    if not isinstance(column, Words) and column.dtype.kind != "b":
        return "forecast"
    if not series:
        return "label"
    groups = _codes(columns[series[0]])
    values = _codes(column)
    firsts = np.zeros(groups.max() + 1, values.dtype)
    firsts[groups[::-1]] = values[::-1]
    return "classify" if bool((firsts[groups] == values).all()) else "label"


def _codes(column: Any) -> "np.ndarray[Any, Any]":
    if isinstance(column, Words):
        return column.codes.astype(np.int64)
    return np.unique(column, return_inverse=True)[1].astype(np.int64)
