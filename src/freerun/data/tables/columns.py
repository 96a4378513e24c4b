"""Columns as NumPy has them, whatever library they came from.

numbers      float64, NaN where missing
times        datetime64[us], NaT where missing
truths       bool; where some are missing, numbers 0 and 1
words        Words: a number for each different word, -1 where missing
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from freerun._checks import DataError, fail

__all__ = ["TRUTHS", "Columns", "Words", "from_frame", "is_missing"]

TRUTHS = ("false", "true")

MOST = 2**53
"""Whole numbers up to which float64 tells each from the next."""

FIX = "Pass a table of numbers, words, times, or true and false."


@dataclass(frozen=True, eq=False)
class Words:
    """A column of words, of which most come again and again.

    Attributes:
        codes: Which word each row has, (rows,) int32; -1 for none.
        names: The words, in the order of the alphabet.
    """

    codes: "np.ndarray[Any, Any]"
    names: tuple[str, ...]

    @classmethod
    def of(cls, codes: "np.ndarray[Any, Any]", names: Sequence[str]) -> "Words":
        """Put the names in order; those that no row has are left out."""
        there = np.bincount(codes[codes >= 0], minlength=len(names)) > 0
        order = sorted((name, number) for number, name in enumerate(names) if there[number])
        new = np.full(len(names) + 1, -1, np.int32)
        new[[number for _, number in order]] = np.arange(len(order), dtype=np.int32)
        return cls(new[codes], tuple(name for name, _ in order))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> "Words":
        return Words(self.codes[rows], self.names)

    def recoded(self, names: Sequence[str]) -> "np.ndarray[Any, Any]":
        """Codes of the rows among other names; -1 for words that are not among them."""
        place = {name: number for number, name in enumerate(names)}
        new = np.array([*(place.get(name, -1) for name in self.names), -1], np.int64)
        return new[self.codes]


Columns = dict[str, Any]
"""Columns by name, in their order, all of one length."""


def from_frame(where: str, frame: Any) -> Columns:
    """Read a frame of Polars or pandas, an Arrow table, or a mapping of names to arrays.

    Raises:
        DataError: There is no row or no column, two have one name, or one is of another kind.
    """
    if hasattr(frame, "collect_schema") and hasattr(frame, "collect"):
        frame = frame.collect()
    if not (isinstance(frame, Mapping) or hasattr(frame, "columns")):
        got = type(frame).__name__
        fix = "Pass a path, a frame, or a mapping of names to arrays; arrays go into fr.Sequences."
        fail(where, "a table", got, fix, DataError)
    keys = list(frame if isinstance(frame, Mapping) else _keys(frame))
    names = [str(key) for key in keys]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        fail(where, "columns must have names of their own", f"two {twice!r}", FIX, DataError)
    found = {name: _column(where, name, frame[key]) for name, key in zip(names, keys, strict=True)}
    if not found or not len(next(iter(found.values()))):
        got = "a header and no rows" if found else "no columns"
        fail(where, "a table must have rows", got, "Give it data.", DataError)
    if len({len(column) for column in found.values()}) > 1:
        got = ", ".join(f"{name} {len(column)}" for name, column in found.items())
        fail(where, "columns must have the same number of rows", got, "Cut them alike.", DataError)
    return found


def is_missing(column: Any) -> "np.ndarray[Any, Any]":
    """Where a column has nothing, (rows,) bool."""
    if isinstance(column, Words):
        return column.codes < 0
    if column.dtype.kind == "f":
        return np.isnan(column)
    if column.dtype.kind == "M":
        return np.isnat(column)
    return np.zeros(len(column), bool)


def _keys(frame: Any) -> Any:
    return frame.column_names if hasattr(frame, "column_names") else frame.columns


def _column(where: str, name: str, values: Any) -> Any:
    """One column, of whatever library."""
    kind = str(getattr(values, "dtype", ""))
    if hasattr(values, "to_physical"):
        values = _from_polars(values, kind)
    elif hasattr(values, "iloc"):
        values = _from_pandas(values, kind)
    if isinstance(values, Words):
        return values
    if isinstance(values, (list, tuple)):
        values = np.array([*values, None], object)[:-1]  # or words and numbers become all words
    array = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
    if array.ndim != 1:
        fail(where, f"column {name!r} must be (rows,)", array.shape, FIX, DataError)
    if array.dtype.kind in "iu" and len(array) and max(-int(array.min()), int(array.max())) > MOST:
        fix = "Write such numbers as words if they are names."
        fail(where, f"column {name!r} must be within 2^53", int(array.max()), fix, DataError)
    if array.dtype.kind in "iuf":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind == "M":
        return array.astype("datetime64[us]")
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind in "UTO":
        return _from_objects(where, name, array)
    return fail(where, f"column {name!r} must be of numbers or words", array.dtype, FIX, DataError)


def _from_polars(values: Any, kind: str) -> Any:
    if kind.startswith(("String", "Utf8", "Categorical", "Enum")):
        import polars

        words = values.cast(polars.String)
        if words.null_count() == len(words):
            return np.full(len(words), np.nan)
        names = words.drop_nulls().unique().sort().to_list()
        codes = words.cast(polars.Enum(names)).to_physical().cast(polars.Int32).fill_null(-1)
        return Words(codes.to_numpy(), tuple(names))
    if kind.startswith("Datetime") and getattr(values.dtype, "time_zone", None):
        return values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if kind == "Boolean" and values.null_count():
        return _truths(values.cast(int).to_numpy())
    if kind.startswith("Decimal"):
        return values.cast(float)
    return values


def _from_pandas(values: Any, kind: str) -> Any:
    if kind.startswith("period"):
        return values.dt.to_timestamp()
    if getattr(values.dtype, "tz", None) is not None:
        return values.dt.tz_convert("UTC").dt.tz_localize(None)
    if kind in ("category", "str") or kind.startswith("string"):
        coded = values.astype("category").cat
        return Words.of(np.asarray(coded.codes, np.int64), [str(one) for one in coded.categories])
    if kind.startswith(("boolean", "bool[")):
        return _truths(values.astype("float64").to_numpy())
    if kind[:1].isupper() or kind.endswith("[pyarrow]"):  # Int64, Float64, with pandas.NA
        return values.astype("float64")
    return values


def _truths(numbers: "np.ndarray[Any, Any]") -> Any:
    """Truths among which some are missing: words."""
    gone = np.isnan(numbers)
    if not gone.any():
        return numbers.astype(bool)
    return Words(np.where(gone, -1, numbers).astype(np.int32), TRUTHS)


def _from_objects(where: str, name: str, array: "np.ndarray[Any, Any]") -> Any:
    """Python's own objects: words, times, or numbers among which some are missing."""
    listed = [one.item() if isinstance(one, np.generic) else one for one in array.tolist()]
    missing = np.array([_is_nothing(one) for one in listed], bool)
    there = [one for one, gone in zip(listed, missing, strict=True) if not gone]
    kinds = {type(one) for one in there}
    if not kinds:
        return np.full(len(array), np.nan)
    if kinds == {str}:
        words, codes = np.unique(there, return_inverse=True)
        spread = np.full(len(array), -1, np.int64)
        spread[~missing] = codes
        return Words.of(spread, words.tolist())
    if kinds <= {bool, int, float}:
        found = np.full(len(array), np.nan)
        found[~missing] = np.array(there, np.float64)
        return _truths(found) if kinds == {bool} else found
    if all(issubclass(kind, date) for kind in kinds):
        naive = [_in_utc(one) for one in there]
        times = np.full(len(array), np.datetime64("NaT", "us"))
        times[~missing] = np.array(naive, "datetime64[us]")
        return times
    got = " and ".join(sorted(kind.__name__ for kind in kinds))
    return fail(where, f"column {name!r} must be of one kind", got, FIX, DataError)


def _is_nothing(value: Any) -> bool:
    """None, NaN, NaT or pandas.NA."""
    if value is None:
        return True
    same = value == value
    return same is not True if isinstance(same, bool) else type(value).__name__ == "NAType"


def _in_utc(value: Any) -> Any:
    aware = isinstance(value, datetime) and value.tzinfo is not None
    return value.astimezone(UTC).replace(tzinfo=None) if aware else value
