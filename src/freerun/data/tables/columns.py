"""Columns as NumPy has them, whatever library they came from.

numbers      float64, NaN where missing
times        datetime64[us], NaT where missing
truths       bool; where some are missing, numbers 0 and 1
words        Words: a number for each different word, -1 where missing
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from freerun._checks import DataError, fail

__all__ = ["Columns", "Words", "from_frame", "is_missing"]

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
    array = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
    if array.ndim != 1:
        fail(where, f"column {name!r} must be (rows,)", array.shape, FIX, DataError)
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
        names = words.drop_nulls().unique().sort().to_list()
        codes = words.cast(polars.Enum(names)).to_physical().cast(polars.Int32).fill_null(-1)
        return Words(codes.to_numpy(), tuple(names))
    if kind.startswith("Datetime") and getattr(values.dtype, "time_zone", None):
        return values.dt.replace_time_zone(None)  # the clock on the wall
    if kind == "Boolean" and values.null_count():
        return values.cast(int)
    if kind.startswith("Decimal"):
        return values.cast(float)
    return values


def _from_pandas(values: Any, kind: str) -> Any:
    if kind.startswith("period"):
        return values.dt.to_timestamp()
    if getattr(values.dtype, "tz", None) is not None:
        return values.dt.tz_localize(None)
    if kind in ("category", "str") or kind.startswith("string"):
        coded = values.astype("category").cat
        return Words.of(np.asarray(coded.codes, np.int64), [str(one) for one in coded.categories])
    if kind[:1].isupper() and kind != "Sparse":  # Int64, Float64, boolean with pandas.NA
        return values.astype("float64")
    return values


def _from_objects(where: str, name: str, array: "np.ndarray[Any, Any]") -> Any:
    """Python's own objects: words, times, or numbers among which some are missing."""
    listed = array.tolist()
    missing = np.array([one is None or one != one for one in listed], bool)
    kinds = {type(one) for one, gone in zip(listed, missing, strict=True) if not gone}
    if kinds <= {str}:
        words, codes = np.unique([str(one) for one in array[~missing]], return_inverse=True)
        spread = np.full(len(array), -1, np.int64)
        spread[~missing] = codes
        return Words.of(spread, words.tolist())
    if kinds <= {bool, int, float}:
        found = np.full(len(array), np.nan)
        found[~missing] = array[~missing].astype(np.float64)
        return found.astype(bool) if kinds == {bool} and not missing.any() else found
    try:
        return np.array([None if gone else one for one, gone in zip(listed, missing, strict=True)],
                        "datetime64[us]")  # fmt: skip
    except (TypeError, ValueError):
        got = " and ".join(sorted(kind.__name__ for kind in kinds))
        return fail(where, f"column {name!r} must be of one kind", got, FIX, DataError)
