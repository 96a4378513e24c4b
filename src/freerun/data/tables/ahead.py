"""Inputs of the steps to come: rows after the last that was observed."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun._checks import DataError, fail

from . import encoding
from .arrays import load_arrays
from .columns import Columns, from_frame
from .gaps import check_size
from .layouts import SERIES
from .ordering import Order, put_in_order, show_time
from .read import ARRAYS, columns_of, existing
from .schema import Schema

__all__ = ["read_ahead"]


def read_ahead(
    source: Any, schema: Schema, keys: tuple[str, ...], last: "np.ndarray[Any, Any] | None",
    steps: int, delimiter: str | None = None, encoding_name: str = "utf-8",
) -> list[Tensor]:  # fmt: skip
    """Read what is known ahead of each series.

    With a time column the rows after the series' last time are taken, and they have to go on from
    there step by step; without one, the first rows.

    Args:
        source: A path, or a frame, with the columns that ``schema`` knows ahead; no targets.
        schema: What they mean.
        keys: The series to go on with.
        last: The last time of each, (series,), or None.
        steps: How many steps are needed.
        delimiter: What sets fields of a text file apart.
        encoding_name: Of text files.

    Returns:
        (steps, inputs) float64 for each series.

    Raises:
        DataError: A column, a series or a step is missing, or a value cannot be used.
    """
    is_path = isinstance(source, (str, os.PathLike))
    where = str(source) if is_path else "inputs"
    if is_path:
        path = existing(source)
        if path.is_file() and path.suffix.lower() in ARRAYS:
            return _from_arrays(where, path, schema, len(keys), steps)
        columns, _ = columns_of(path, delimiter, encoding_name)
    else:
        columns = from_frame(where, source)
    _check_columns(where, columns, schema, len(keys))
    series = schema.series if schema.series in columns else None
    if series is None and SERIES in columns and len(keys) > 1:
        series = SERIES
    fills = schema.missing != "refuse"
    order = put_in_order(where, columns, schema.time, series, fills, schema.clock)
    x = encoding.inputs(where, columns, schema, order)
    assert x is not None
    check_size(where, schema.inputs, x, order, torch.float32)
    parts = []
    for number, key in enumerate(keys):
        place = _place(where, order, key, len(keys))
        begin, end = int(order.begins[place]), int(order.begins[place + 1])
        if order.times is not None and last is not None:
            begin = _after(where, order, schema, begin, end, last[number])
        if end - begin < steps:
            of = f" for series {key!r}" if len(keys) > 1 else ""
            fix = "Give it more rows, or fewer steps."
            expected = f"inputs must reach over {steps} steps{of}"
            fail(where, expected, f"{end - begin} of them", fix, DataError)
        parts.append(torch.from_numpy(x[begin : begin + steps].copy()))
    return parts


def _check_columns(where: str, columns: Columns, schema: Schema, series: int) -> None:
    wanted = [schema.time] if schema.time is not None else []
    if series > 1 and schema.series is not None and SERIES not in columns:
        wanted.append(schema.series)
    for name in [*wanted, *(one.name for one in schema.known)]:
        if name not in columns:
            shown = ", ".join(map(repr, list(columns)[:8]))
            fix = "Give it the columns that are known ahead."
            fail(where, f"inputs must have the column {name!r}", shown, fix, DataError)


def _place(where: str, order: Order, key: str, series: int) -> int:
    """Where a series stands in the table; one that is alone needs no name."""
    if key in order.keys:
        return order.keys.index(key)
    if series == 1 and len(order.keys) == 1:
        return 0
    shown = ", ".join(map(repr, order.keys[:6]))
    fix = "Give it the inputs of every series."
    fail(where, f"inputs must have the series {key!r}", shown, fix, DataError)


def _after(where: str, order: Order, schema: Schema, begin: int, end: int, last: Any) -> int:
    """The first place after ``last``, which has to be the next step."""
    assert order.times is not None
    times = order.times[begin:end]
    if (times.dtype.kind == "M") != (np.asarray(last).dtype.kind == "M"):
        fix = "Give it times as the run was trained on."
        fail(where, "inputs must go on in time", f"{show_time(times[0])}", fix, DataError)
    first = begin + int(np.searchsorted(times, last, side="right"))
    wanted = None if schema.clock is None else schema.clock.after(last, 1)[0]
    if first == end or (wanted is not None and order.times[first] != wanted):
        after = show_time(times[-1] if first == end else order.times[first])
        what = f"nothing after {after}" if first == end else after
        fix = "Give it the rows that follow the last one."
        next_one = "the next step" if wanted is None else show_time(wanted)
        fail(where, f"inputs must go on at {next_one}", what, fix, DataError)
    return first


def _from_arrays(where: str, path: Path, schema: Schema, series: int, steps: int) -> list[Tensor]:
    arrays = load_arrays(path)
    x = arrays.get("x", arrays.get("y"))
    channels = len(schema.inputs)
    if x is not None and x.dtype.kind not in "iufb":
        fix = "Save numbers."
        fail(where, "x must be numbers", f"an array of {x.dtype}", fix, DataError)
    if x is not None and x.ndim == 2 and series == 1:
        x = x[None]
    if x is None or x.ndim != 3 or len(x) != series or x.shape[2] != channels or x.shape[1] < steps:
        got = "nothing" if x is None else str(x.shape)
        fix = "Save x of the steps to come: numpy.savez(path, x=x)."
        fail(where, f"x must be ({series}, {steps}, {channels})", got, fix, DataError)
    found = x.astype(np.float64)
    if not np.isfinite(found).all():
        fix = "Fill the gaps."
        fail(where, "inputs must be finite", "NaN or infinity", fix, DataError)
    return [torch.from_numpy(one[:steps].copy()) for one in found]
