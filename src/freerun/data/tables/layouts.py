"""Tables that have their series in other places than a column: side by side, or file by file."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from freerun._checks import DataError, fail

from .columns import Columns, Words
from .encoding import refuse_words

__all__ = ["SERIES", "VALUE", "from_files", "from_wide"]

SERIES, VALUE = "series", "value"
"""What the columns are called that a wide table does not have."""


def from_wide(where: str, columns: Columns, time: str | None) -> Columns:
    """A column for each series becomes rows: ``time``, ``series`` and ``value``.

    Rows where a series has nothing before its first value or after its last are left out, for
    series may begin and end at different times.

    Raises:
        DataError: No column is of numbers.
    """
    if time is not None and time not in columns:
        fix = "Give the table a time column of this name."
        shown = ", ".join(map(repr, list(columns)[:8]))
        fail(where, f"a wide table must have the column {time!r}", shown, fix, DataError)
    names = [name for name in columns if name != time]
    for name in names:
        if isinstance(columns[name], Words):
            refuse_words(where, name, columns[name])
        empty = _is_numbers(columns[name]) and bool(np.isnan(columns[name].astype(float)).all())
        if empty or not _is_numbers(columns[name]):
            got = "nothing in all rows" if empty else "times"
            fix = "Leave the column out."
            fail(where, f"series {name!r} must be of numbers", got, fix, DataError)
    if not names:
        fix = "Give every series a column of numbers."
        fail(where, "a wide table must have columns of numbers", "none", fix, DataError)
    count = len(columns[names[0]])
    values = np.stack([columns[name].astype(np.float64) for name in names])
    there = ~np.isnan(values)
    begun = np.logical_or.accumulate(there, axis=1)
    ended = np.logical_or.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    kept = (begun & ended).reshape(-1)
    codes = np.repeat(np.arange(len(names)), count)[kept]
    found: Columns = {SERIES: Words.of(codes, names), VALUE: values.reshape(-1)[kept]}
    if time is not None:
        rows = np.tile(np.arange(count), len(names))[kept]
        found = {time: columns[time][rows], **found}
    return found


def from_files(where: str, files: Mapping[str, Columns]) -> Columns:
    """Tables of one series each become one, with the files' names in a column ``series``.

    Raises:
        DataError: A file has other columns than the first, or columns of another kind.
    """
    first_name, first = next(iter(files.items()))
    if SERIES in first:
        fix = "Rename it, or read the files one by one."
        fail(where, f"files must have no column {SERIES!r}", "one", fix, DataError)
    for name, columns in files.items():
        if list(columns) != list(first):
            got = ", ".join(map(repr, columns))
            fix = "Give all files the same columns."
            expected = f"{name} must have the columns of {first_name}"
            fail(where, expected, got, fix, DataError)
    codes = np.repeat(np.arange(len(files)), [len(next(iter(c.values()))) for c in files.values()])
    found: Columns = {SERIES: Words.of(codes, list(files))}
    for column in first:
        found[column] = _joined(where, column, {name: one[column] for name, one in files.items()})
    return found


def _is_numbers(column: Any) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind in "fb"


def _joined(where: str, name: str, parts: Mapping[str, Any]) -> Any:
    """One column of all files."""
    kinds = {type(part) if isinstance(part, Words) else part.dtype.kind for part in parts.values()}
    if kinds == {Words}:
        names = sorted({word for part in parts.values() for word in part.names})
        return Words.of(np.concatenate([part.recoded(names) for part in parts.values()]), names)
    if kinds == {"b"}:
        return np.concatenate(list(parts.values()))
    if kinds <= {"f", "b"}:
        return np.concatenate([part.astype(np.float64) for part in parts.values()])
    if len(kinds) > 1:
        fix = "Write the column alike in all files."
        fail(where, f"column {name!r} must be of one kind in all files", "several", fix, DataError)
    return np.concatenate(list(parts.values()))
