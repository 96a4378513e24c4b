"""Rows put in order: series after series, each in time, every step there."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from freerun._checks import DataError, fail

from .clock import NUMBER, Clock
from .columns import Columns, Words, is_missing

__all__ = ["Order", "put_in_order"]


ISO = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?)?)?")

MOST_GAPS = 20
"""Steps for each row that is there, from which on a time is rather a mistake than a gap."""


@dataclass(frozen=True, eq=False)
class Order:
    """Which row of a table stands at which place.

    Attributes:
        keys: What the series are called, in order of the alphabet.
        begins: Place where each series begins, and the end of the last, (series + 1,).
        rows: The row at each place, counted from 0, (places,); -1 where the table has none.
        times: The time at each place, or None without a time column.
        clock: The distance from step to step, or None.
    """

    keys: tuple[str, ...]
    begins: "np.ndarray[Any, Any]"
    rows: "np.ndarray[Any, Any]"
    times: "np.ndarray[Any, Any] | None"
    clock: Clock | None

    def name(self, place: int) -> str:
        """A place as the user knows it: its row, counted from 1 below the header."""
        series = int(np.searchsorted(self.begins, place, side="right")) - 1
        of = f" of series {self.keys[series]!r}" if len(self.keys) > 1 else ""
        row = int(self.rows[place])
        if row >= 0:
            return f"row {row + 1}{of}"
        assert self.times is not None
        return f"the time {show_time(self.times[place])}, which has no row,{of}"

    def pick(self, column: Any) -> Any:
        """A column's values at all places; nothing where the table has no row."""
        if (self.rows >= 0).all():
            return column[self.rows]
        gone = self.rows < 0
        if isinstance(column, Words):
            codes = column.codes[self.rows]
            codes[gone] = -1
            return Words(codes, column.names)
        picked = column[self.rows]
        picked = picked.astype(np.float64) if picked.dtype.kind == "b" else picked
        picked[gone] = np.datetime64("NaT") if picked.dtype.kind == "M" else np.nan
        return picked


def show_time(time: Any) -> str:
    """A time without what it does not need to be told apart."""
    if not isinstance(time, np.datetime64):
        number = float(time)
        return str(int(number)) if number.is_integer() else repr(number)
    text = str(time.astype("datetime64[us]"))
    text = text.removesuffix(".000000")
    return text.removesuffix("T00:00:00")


def put_in_order(
    where: str, columns: Columns, time: str | None, series: str | None, fills_gaps: bool,
    clock: Clock | None = None,
) -> Order:  # fmt: skip
    """Sort rows by series; check that each is in time, without gaps.

    Args:
        where: Whose table it is.
        columns: The table.
        time: Name of the time column, or None: rows are in order.
        series: Name of the column that tells series apart, or None: there is one.
        fills_gaps: Whether steps without a row get a place, with nothing at it.
        clock: The distance from step to step, where it is known.

    Raises:
        DataError: Times are missing, double, out of order or irregular; the first row is named.
    """
    count = len(next(iter(columns.values())))
    keys, codes = _series(where, columns, series, count)
    rows = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[rows], np.arange(len(keys) + 1))
    order = Order(keys, starts, rows, None, None)
    if time is None:
        return order
    times = _times(where, time, columns[time])[rows]
    begins = np.zeros(count, bool)
    begins[starts[:-1]] = True
    _check_sorted(where, time, times, begins, order)
    if clock is not None and (times.dtype.kind == "M") == (clock.unit == NUMBER):
        got = "dates" if times.dtype.kind == "M" else "numbers"
        fix = "Give it times as the run was trained on."
        fail(where, f"column {time!r} must go on by {clock}", got, fix, DataError)
    clock = clock or Clock.of(times, begins)
    if clock is None:
        return Order(keys, starts, rows, times, None)
    firsts = starts[codes[rows]]
    places = clock.places(times, firsts)
    whole = np.round(places)
    step = np.diff(whole)
    odd = ((np.abs(places - whole) > 1e-3)[1:] | (step <= 0)) & ~begins[1:]
    odd |= clock.strays(times, begins)
    gaps = ~odd & ~begins[1:] & (step != 1)
    if odd.any() or (gaps.any() and not fills_gaps):
        place = int((odd | gaps).argmax()) + 1
        got = (
            f"{show_time(times[place])} after {show_time(times[place - 1])} at {order.name(place)}"
        )
        more = int((odd | gaps).sum()) - 1
        got += f" and {more} more" if more else ""
        fix = "Add the rows, or pass missing='interpolate' or 'mask' to fill them in."
        fix = "Bring the table to equal steps first." if odd.any() else fix
        fail(where, f"column {time!r} must go on by {clock}", got, fix, DataError)
    if not gaps.any():
        return Order(keys, starts, rows, times, clock)
    return _with_gaps(where, order, whole.astype(np.int64), times, clock)


def _series(where: str, columns: Columns, series: str | None, count: int) -> tuple[Any, Any]:
    """What the series are called, and which of them each row is of."""
    if series is None:
        return ("",), np.zeros(count, np.int64)
    column = columns[series]
    gone = is_missing(column)
    if gone.any():
        got = f"nothing in row {int(gone.argmax()) + 1}"
        fix = "Say which series the row is of, or leave it out."
        fail(where, f"column {series!r} must name a series in every row", got, fix, DataError)
    if isinstance(column, Words):
        return column.names, column.codes.astype(np.int64)
    values, codes = np.unique(column, return_inverse=True)
    names = [show_time(one) if values.dtype.kind in "fM" else str(one) for one in values]
    return tuple(names), codes.astype(np.int64)


def _times(where: str, name: str, column: Any) -> "np.ndarray[Any, Any]":
    gone = is_missing(column)
    if gone.any():
        got = f"nothing in row {int(gone.argmax()) + 1}"
        fix = "Give every row a time, or leave it out."
        fail(where, f"column {name!r} must have a time in every row", got, fix, DataError)
    if isinstance(column, Words):
        strange = np.array([not _is_time(word) for word in column.names])
        if strange.any():
            row = int(strange[column.codes].argmax())
            got = f"{column.names[column.codes[row]]!r} in row {row + 1}"
            fix = "Write 2024-12-31 or 2024-12-31 23:59, or pass another time column."
            fail(where, f"column {name!r} must have times", got, fix, DataError)
        return np.array(column.names, "datetime64[us]")[column.codes]
    if column.dtype.kind == "b":
        fix = "Pass another time column."
        fail(where, f"column {name!r} must have times", "true and false", fix, DataError)
    return np.asarray(column)


def _is_time(word: str) -> bool:
    """Whether a word is a time as ISO 8601 writes it; NumPy would also take "today"."""
    if not ISO.fullmatch(word):
        return False
    try:
        np.datetime64(word, "us")
    except ValueError:
        return False
    return True


def _check_sorted(where: str, name: str, times: Any, begins: Any, order: Order) -> None:
    within = ~begins[1:]
    double = (times[1:] == times[:-1]) & within
    back = (times[1:] < times[:-1]) & within
    if not (double | back).any():
        return
    place = int((double | back).argmax()) + 1
    got = f"{show_time(times[place])} after {show_time(times[place - 1])} at {order.name(place)}"
    more = int((double | back).sum()) - 1
    got += f" and {more} more" if more else ""
    what = "each time once" if double[place - 1] else "rows in order of time"
    fix = "Sort the rows." if back.any() else "Keep one row of each."
    if len(order.keys) == 1 and len(np.unique(times)) < len(times):
        one = "Keep one row of each" if double[place - 1] else "Sort the rows"
        fix = f"{one}; if there are several series, pass series= with their column."
    fail(where, f"column {name!r} must have {what}", got, fix, DataError)


def _with_gaps(where: str, order: Order, places: Any, times: Any, clock: Clock) -> Order:
    """The order with a place for every step of the clock."""
    lengths = places[order.begins[1:] - 1] + 1
    if lengths.sum() > MOST_GAPS * len(order.rows) + 1000:
        place = int(np.diff(places, prepend=0).argmax())
        got = (
            f"{show_time(times[place])} after {show_time(times[place - 1])} at {order.name(place)}"
        )
        fix = "Correct the time there."
        fail(where, f"gaps must be fewer than {MOST_GAPS} steps a row", got, fix, DataError)
    begins = np.concatenate([[0], np.cumsum(lengths)])
    rows = np.full(begins[-1], -1, np.int64)
    filled = np.empty(begins[-1], times.dtype)
    for number in range(len(order.keys)):
        old = slice(order.begins[number], order.begins[number + 1])
        new = slice(begins[number], begins[number + 1])
        rows[new][places[old]] = order.rows[old]
        filled[new.start] = times[old.start]
        filled[new][1:] = clock.after(times[old.start], int(lengths[number]) - 1)
        filled[new][places[old]] = times[old]
    return Order(order.keys, begins, rows, filled, clock)
