"""A table that was read and understood: sequences, and what their numbers are called."""

from typing import Any

import numpy as np
import torch

from freerun._checks import DataError, fail
from freerun.data.sequences import Sequences

from . import encoding
from .clock import MONTH, SPAN, Clock
from .columns import Columns
from .gaps import check_size
from .ordering import Order
from .schema import Schema

__all__ = ["Table"]


class Table:
    """Sequences, with the names and times that they had where they were read.

    Attributes:
        schema: What the columns mean.
        sequences: The numbers, ready for `fit`; a sequence for each series.
        keys: What the series are called, in the order of the sequences.
        times: The time of every step, series after series, or None without a time column.
        guessed: What nobody had said, a sentence each.
    """

    def __init__(
        self,
        schema: Schema,
        sequences: Sequences,
        keys: tuple[str, ...],
        times: "np.ndarray[Any, Any] | None" = None,
        guessed: tuple[str, ...] = (),
    ) -> None:
        self.schema, self.sequences, self.keys = schema, sequences, keys
        self.times, self.guessed = times, guessed

    def __len__(self) -> int:
        return len(self.sequences)

    def times_of(self, number: int) -> "np.ndarray[Any, Any] | None":
        """The times of one series, (steps,)."""
        if self.times is None:
            return None
        return self.times[int(self.sequences.start[number]) : int(self.sequences.stop[number])]

    def times_after(self, number: int, steps: int) -> "np.ndarray[Any, Any]":
        """What comes after one series' last time, (steps,): without a time column, its steps."""
        past, clock = self.times_of(number), self.schema.clock
        if past is None or clock is None:
            length = int(self.sequences.lengths[number])
            return np.arange(length + 1, length + steps + 1)
        return clock.after(past[-1], steps)

    def describe(self) -> list[str]:
        """What it is, a line each."""
        return [str(self.sequences), *self.schema.describe()]

    def __repr__(self) -> str:
        return f"Table({self.sequences}; {'; '.join(self.schema.describe())})"


def encode(
    where: str, columns: Columns, schema: Schema, order: Order, guessed: tuple[str, ...],
    dtype: torch.dtype,
) -> Table:  # fmt: skip
    """Turn columns into a table's numbers.

    Raises:
        DataError: A value is missing, infinite, or of another kind than the schema says.
    """
    y = encoding.targets(where, columns, schema, order)
    x = encoding.inputs(where, columns, schema, order)
    if x is not None:
        check_size(where, schema.inputs, x, order, dtype)
    if not schema.is_of_classes:
        check_size(where, schema.outputs, y, order, dtype)
    cuts = order.begins[1:-1]
    series_x = None if x is None else np.split(x, cuts)
    classes = schema.targets[0].categories if schema.is_of_classes else None
    series_y: Any
    if schema.per == "sequence":
        series_y = _one_per_series(where, y, schema, order)
        if series_x is None:
            fix = "Name the columns to read as known."
            fail(where, f"to {schema.task}, a table must have inputs", "none", fix, DataError)
    else:
        series_y = np.split(y, cuts)
    sequences = Sequences(
        series_x,
        series_y,
        target=schema.per,
        missing="mask" if schema.missing == "mask" and schema.per == "step" else "refuse",
        classes=classes,
        season=season_of(schema.clock),
        names=None if classes else schema.outputs,
        dtype=dtype,
    )
    return Table(schema, sequences, order.keys, order.times, guessed)


def season_of(clock: Clock | None) -> int | None:
    """Steps in the season that is usual for a clock: a year of months, a week of days, a day."""
    if clock is None:
        return None
    if clock.unit == MONTH:
        return int(12 // clock.step) if clock.step < 12 and 12 % clock.step == 0 else None
    if clock.unit == SPAN:
        day = 86_400_000_000
        if clock.step == day:
            return 7
        if clock.step < day and day % clock.step == 0 and day // clock.step <= 96:
            return int(day // clock.step)
    return None


def _one_per_series(where: str, y: Any, schema: Schema, order: Order) -> Any:
    """The target of each series, which must be the same at all of its steps that have one."""
    there = y >= 0 if schema.is_of_classes else ~np.isnan(y).any(axis=1)
    places = np.where(there, np.arange(len(y)), len(y))
    firsts = np.minimum.reduceat(places, order.begins[:-1])
    if (firsts == len(y)).any():
        begin = int(order.begins[int((firsts == len(y)).argmax())])
        fix = "Give the series a target, or leave it out."
        got = f"nothing in all rows from {order.name(begin)} on"
        expected = f"column {schema.targets[0].name!r} must have a value to {schema.task}"
        fail(where, expected, got, fix, DataError)
    spread = np.repeat(y[firsts], np.diff(order.begins), axis=0)
    other = y != spread
    other = (other if other.ndim == 1 else other.any(axis=1)) & there
    if other.any():
        fix = "Pass task='label' or 'forecast' if every step has a target of its own."
        got = f"another one in {order.name(int(other.argmax()))}"
        name = schema.targets[0].name
        expected = f"column {name!r} must be the same in all rows of a series to {schema.task}"
        fail(where, expected, got, fix, DataError)
    return y[firsts]
