"""Series to forecast, and inputs known ahead, in the forms that users have them in."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun._checks import DataError, fail
from freerun.data import Schema, Sequences, Table
from freerun.recipes.ends import Ends

__all__ = ["Given", "ahead", "read_series"]


@dataclass(frozen=True, eq=False)
class Given:
    """Series that were read.

    Attributes:
        sequences: Their numbers.
        many: Whether they came as several.
        flat: Whether they came without an axis of outputs.
        schema: What the columns mean, of a table.
        keys: What they are called.
        times: The time of every row, or None.
    """

    sequences: Sequences
    many: bool
    flat: bool
    schema: Schema | None = None
    keys: tuple[str, ...] = ()
    times: "np.ndarray[Any, Any] | None" = None


def read_series(where: str, series: Any, inputs: Any, season: int | None) -> Given:
    """Read series and the inputs beside them.

    Raises:
        ArgumentError: Shapes that mean nothing, or do not fit together.
        DataError: A value is missing or infinite.
    """
    if isinstance(series, Table | Sequences):
        if inputs is not None:
            fail(where, "Sequences and tables have their own inputs", "others", "Leave them out.")
        table = series if isinstance(series, Table) else None
        data = series.sequences if isinstance(series, Table) else series
        if data.num_classes is not None or data.target != "step":
            got = "classes" if data.num_classes is not None else "one per sequence"
            fix = "Read them with task='forecast'."
            fail(where, "series must have numbers at every step", got, fix)
        many, flat = len(data) > 1, data.output_size == 1
        if table is None:
            return Given(data, many, flat)
        return Given(data, many, flat, table.schema, table.keys, table.times)
    many = isinstance(series, list | tuple) and len(series) > 0 and np.ndim(series[0]) > 0
    parts = [_numbers(where, "a series", one) for one in (series if many else [series])]
    if getattr(series, "ndim", 0) == 3:
        many, parts = True, list(parts[0])
    flat = all(one.ndim == 1 for one in parts)
    if any(one.ndim > 2 for one in parts):
        fix = "Pass a list of arrays for several series."
        got = next(one.shape for one in parts if one.ndim > 2)
        fail(where, "a series must be (time,) or (time, outputs)", got, fix)
    x = None
    if inputs is not None:
        x = _beside(where, "inputs", inputs, len(parts), many)
    return Given(Sequences(x, parts, season=season, dtype=torch.float64), many, flat)


def ahead(
    where: str, size: int, inputs: Any, steps: int, ends: Ends, schema: Schema | None
) -> list[Tensor] | None:
    """The inputs of the steps to come, (steps, inputs) for each series.

    Raises:
        ArgumentError: They are missing, too short, or of other channels.
    """
    if size == 0:
        if inputs is not None:
            fix = "Leave them out, or train with inputs."
            fail(where, "there were no inputs in training", "some now", fix)
        return None
    if inputs is None:
        fix = f"Pass inputs=({steps}, {size}), those of the steps to come."
        fail(where, f"inputs must be given, {size} for each step", "None", fix)
    if schema is not None and not isinstance(inputs, list | tuple | np.ndarray | torch.Tensor):
        from freerun.data.tables.ahead import read_ahead

        return read_ahead(inputs, schema, ends.keys, ends.times, steps)
    parts = _beside(where, "inputs", inputs, len(ends), len(ends) > 1)
    for number, one in enumerate(parts):
        if one.shape[1] != size or len(one) < steps:
            fix = "Pass more of them, or forecast fewer steps."
            of = f" for series {number}" if len(parts) > 1 else ""
            fail(where, f"inputs must be ({steps}, {size}){of}", tuple(one.shape), fix)
    return [torch.from_numpy(one) for one in parts]


def _beside(where: str, name: str, inputs: Any, count: int, many: bool) -> list[Any]:
    """An array of inputs for each series."""
    if many and (not isinstance(inputs, list | tuple) and getattr(inputs, "ndim", 0) != 3):
        fix = f"Pass a list of {count} arrays."
        fail(where, f"{name} must be a list, as the series are", type(inputs).__name__, fix)
    parts = [_numbers(where, name, one) for one in (inputs if many else [inputs])]
    if len(parts) != count:
        fail(where, f"{name} must be given for {count} series", len(parts), "Match them.")
    parts = [one[:, None] if one.ndim == 1 else one for one in parts]
    if any(one.ndim != 2 for one in parts):
        got = next(one.shape for one in parts if one.ndim != 2)
        fail(where, f"{name} must be (time, inputs)", got, "Pass an array for each series.")
    return parts


def _numbers(where: str, name: str, values: Any) -> "np.ndarray[Any, Any]":
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "iufb" and array.dtype != object:
            raise ValueError(f"an array of {array.dtype}")
        array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        fail(where, f"{name} must be numbers", str(error), "Pass an array of floats.", DataError)
    if not array.size or not array.ndim:
        fail(where, f"{name} must have a step or more", f"{array.shape}", "Pass some.", DataError)
    return array
