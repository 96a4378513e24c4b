"""Series to forecast, and inputs known ahead, in the forms that users have them in."""

import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from freerun._checks import DataError, check_integer, fail
from freerun.data import Schema, Sequences, Table
from freerun.recipes.ends import Ends

__all__ = ["Form", "Given", "ahead", "read_series"]


class Form(NamedTuple):
    """How series came, and answers go.

    Attributes:
        many: Whether as several.
        flat: Whether without an axis of outputs.
    """

    many: bool
    flat: bool


@dataclass(frozen=True, eq=False)
class Given:
    """Series that were read.

    Attributes:
        sequences: Their numbers.
        form: How they came.
        schema: What the columns mean, of a table.
        keys: What they are called.
        times: The time of every row, or None.
    """

    sequences: Sequences
    form: Form
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
        data, form = _in_season(where, data, season), Form(len(data) > 1, data.output_size == 1)
        if table is None:
            return Given(data, form)
        return Given(data, form, table.schema, table.keys, table.times)
    if isinstance(series, np.ndarray) and series.dtype.kind == "O" and series.ndim == 1:
        series = list(series)
    many = isinstance(series, list | tuple) and len(series) > 0 and np.ndim(series[0]) > 0
    parts = [_numbers(where, "a series", one) for one in (series if many else [series])]
    if getattr(series, "ndim", 0) == 3:
        many, parts = True, list(parts[0])
    flat = all(one.ndim == 1 for one in parts)
    if any(one.ndim > 2 for one in parts):
        fix = "Pass a list of arrays for several series."
        got = next(one.shape for one in parts if one.ndim > 2)
        fail(where, "a series must be (time,) or (time, outputs)", got, fix)
    for number, one in enumerate(parts):
        if not np.isfinite(one).all():
            step = int(np.argwhere(~np.isfinite(one))[0, 0])
            got = f"NaN or infinity in series {number}, step {step + 1}"
            fix = "Fill the gaps, or pass freerun.Sequences(None, y, missing='mask')."
            fail(where, "a series must be finite", got, fix, DataError)
    x = None
    if inputs is not None:
        x = _beside(where, "inputs", inputs, len(parts), many)
    data = Sequences(x, parts, season=season, dtype=torch.float64)
    return Given(data, Form(many, flat))


def _in_season(where: str, data: Sequences, season: int | None) -> Sequences:
    """``data`` with the season that was asked for; with its own where none was."""
    if season is None:
        return data
    found = copy.copy(data)
    found.season = check_integer(where, "season", season, 1)
    return found


def ahead(
    where: str, size: int, inputs: Any, steps: int, ends: Ends, many: bool, schema: Schema | None
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
    parts = _beside(where, "inputs", inputs, len(ends), many)
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
