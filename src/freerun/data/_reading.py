"""From what a user passes, arrays or lists of them, to one flat and checked storage."""

from numbers import Number
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun._checks import DataError, fail

from ._storage import Storage

__all__ = ["read_sequence_targets", "read_step_targets"]

WHERE = "Sequences"
LOST = 1e-2
"""Rounding, as a share of a channel's standard deviation, that loses what there is to learn."""

ONE_EACH = "Pass a list with one array per series."


def read_step_targets(x: Any, y: Any, missing: str, dtype: torch.dtype) -> tuple[Storage, Tensor]:
    """Read inputs and a target for every step: the storage and the series' lengths, (series,)."""
    inputs = None if x is None else _read_series(x, "x")
    targets = _read_series(y, "y", channels_last=np.ndim(x) != 3 if _is_array(x) else True)
    lengths = _lengths(targets, "y")
    if inputs is not None:
        _check_count(len(inputs), len(targets), "series")
        unequal = (lengths != _lengths(inputs, "x")).nonzero()
        if len(unequal):
            number = int(unequal[0])
            got = f"{len(inputs[number])} and {len(targets[number])}"
            expected = f"x and y of series {number} must have the same number of steps"
            fail(WHERE, expected, got, "Cut both to the same steps.")
    flat_x = None if inputs is None else _read_inputs(inputs, lengths, dtype)
    if all(_is_classes(one) for one in targets):
        flat_y = torch.cat([one.long() for one in targets])
        observed = complete = _check_classes(flat_y, lengths, missing)
    else:
        flat_y = _flatten(targets, "y", dtype)
        observed, complete = _check_values(flat_y, lengths, missing)
    return Storage(flat_x, flat_y, observed, complete), lengths


def read_sequence_targets(x: Any, y: Any, dtype: torch.dtype) -> tuple[Storage, Tensor, Tensor]:
    """Read inputs and one target per sequence: the storage, the lengths and the targets.

    Returns:
        The storage without ``y``, the lengths (series,), and the targets: (series,) int64 classes
        or (series, outputs) floats.
    """
    if x is None:
        fail(WHERE, "one target per sequence needs inputs to read", "x=None", "Pass x.")
    inputs = _read_series(x, "x")
    lengths = _lengths(inputs, "x")
    flat_x = _read_inputs(inputs, lengths, dtype)
    labels = _read_array(y, "y")
    if labels.ndim not in (1, 2):
        expected = "y must be (sequences,) or (sequences, outputs) with target='sequence'"
        fail(WHERE, expected, tuple(labels.shape), "Pass one target per sequence.")
    _check_count(len(inputs), len(labels), "targets")
    each = torch.ones_like(lengths)
    if _is_classes(labels):
        labels = labels.long().clone()
        _check_classes(labels, each, "refuse")
    else:
        labels = _flatten([labels], "y", dtype)
        _check_finite(labels, each, "y", "Leave out the sequences without a target.")
    return Storage(flat_x, None), lengths, labels


def _read_array(value: Any, name: str) -> Tensor:
    """Read anything NumPy can read as numbers: bool, int64 or floating, on the CPU."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        if value.is_complex():
            fail(WHERE, f"{name} must be real numbers", value.dtype, "Pass two real channels.")
        whole = not value.is_floating_point() and value.dtype != torch.bool
        return value.long() if whole else value
    try:
        array = np.asarray(value)
    except ValueError as error:
        fail(WHERE, f"{name} must be rectangular within a series", f"({error})", ONE_EACH)
    # PyTorch lacks wide unsigned, long double and byte-swapped numbers; the copy is writable too.
    targets = {"b": np.bool_, "i": np.int64, "u": np.int64, "f": np.float64}
    if array.dtype.kind not in targets:
        fix = "Code text as whole numbers (numpy.unique with return_inverse) and pass classes=."
        fail(WHERE, f"{name} must be numbers", f"dtype {array.dtype}", fix)
    kept = array.dtype in (np.dtype(np.float32), np.dtype(np.float16))
    target = array.dtype if kept else targets[array.dtype.kind]
    return torch.from_numpy(np.array(array, dtype=target, order="C"))


def _is_array(value: Any) -> bool:
    return hasattr(value, "ndim")


def _read_series(value: Any, name: str, channels_last: bool = True) -> list[Tensor]:
    """Read a list with one entry per series, or one array, by the rule `Sequences` states.

    With ``channels_last=False`` an array of two axes is (series, time), not (time, channels).
    """
    if isinstance(value, (list, tuple)):
        if not value:
            fail(WHERE, f"{name} must hold a series", "an empty list", ONE_EACH, DataError)
        if not all(isinstance(entry, (Number, np.generic)) for entry in value):
            return [_read_array(entry, name) for entry in value]
    array = _read_array(value, name)
    if array.ndim == 3 or (array.ndim == 2 and not channels_last):
        if not len(array):
            fail(WHERE, f"{name} must hold a series", tuple(array.shape), ONE_EACH, DataError)
        return list(array.unbind(0))
    return [array]


def _lengths(series: list[Tensor], name: str) -> Tensor:
    for number, one in enumerate(series):
        if one.ndim not in (1, 2):
            expected = f"{name} of series {number} must be (time,) or (time, channels)"
            fail(WHERE, expected, tuple(one.shape), ONE_EACH)
        if not len(one):
            expected = f"{name} of series {number} must have a step or more"
            fail(WHERE, expected, tuple(one.shape), "Leave out empty series.", DataError)
    return torch.tensor([len(one) for one in series])


def _check_count(inputs: int, targets: int, noun: str) -> None:
    if inputs != targets:
        expected = "x and y must come from the same series"
        got = f"{inputs} series of x and {targets} {noun} of y"
        fail(WHERE, expected, got, "A list has one entry per series; one array is one series.")


def _read_inputs(series: list[Tensor], lengths: Tensor, dtype: torch.dtype) -> Tensor:
    flat = _flatten(series, "x", dtype)
    fix = "Fill the gap, and add a channel that says where; missing='mask' is for y alone."
    _check_finite(flat, lengths, "x", fix)
    return flat


def _flatten(series: list[Tensor], name: str, dtype: torch.dtype) -> Tensor:
    """Lay series of (time,) or (time, channels) end to end: (rows, channels) of ``dtype``."""
    columns = [one[:, None] if one.ndim == 1 else one for one in series]
    width = columns[0].shape[1]
    if width == 0:
        shape = tuple(columns[0].shape)
        fail(WHERE, f"{name} must have a channel or more", shape, "Pass x=None without inputs.")
    for number, one in enumerate(columns):
        if one.shape[1] != width:
            expected = f"{name} must have the same channels in every series, {width} as in series 0"
            fail(WHERE, expected, f"{one.shape[1]} in series {number}", "Give all the same ones.")
    flat = torch.cat([one.to(dtype) for one in columns])
    if any(one.dtype == torch.float64 for one in columns) and dtype != torch.float64:
        _check_digits(flat, torch.cat([one.double() for one in columns]), name)
    return flat


def _check_digits(flat: Tensor, exact: Tensor, name: str) -> None:
    """Refuse a channel whose variation is lost in rounding: a small one about a large offset."""
    real = torch.isfinite(exact) & torch.isfinite(flat)
    count = real.sum(0).clamp(min=1)
    mean = torch.where(real, exact, 0).sum(0) / count
    spread = (torch.where(real, exact - mean, 0).square().sum(0) / count).sqrt()
    rounding = torch.where(real, flat.double() - exact, 0).abs().amax(0)
    lost = ((rounding > LOST * spread) & (spread > 0)).nonzero()
    if len(lost):
        column = int(lost[0])
        expected = f"{name}, column {column}, must keep its digits in {flat.dtype}"
        got = f"rounding by {rounding[column]:.2g} where it varies by {spread[column]:.2g}"
        fix = "Pass dtype=torch.float64, or subtract an offset."
        fail(WHERE, expected, got, fix, DataError)


def _place(row: int, lengths: Tensor) -> str:
    """Name a row of the storage as the user knows it."""
    ends = lengths.cumsum(0)
    series = int(torch.searchsorted(ends, row, right=True))
    return f"series {series}, row {row - int(ends[series] - lengths[series])}"


def _check_finite(flat: Tensor, lengths: Tensor, name: str, fix: str) -> None:
    """Refuse NaN and infinities, naming the series, the row and the column of the first."""
    bad = (~torch.isfinite(flat)).nonzero()
    if len(bad):
        row, column = (int(number) for number in bad[0])
        got = f"{flat[row, column].item()} in {_place(row, lengths)}, column {column}"
        got += f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        fail(WHERE, f"{name} must be finite", got, fix, DataError)


def _check_values(
    flat: Tensor, lengths: Tensor, missing: str
) -> tuple[Tensor | None, Tensor | None]:
    """Refuse what is not finite, but for NaN with ``missing="mask"``: observed and complete."""
    observed = ~torch.isnan(flat)
    if missing == "refuse" or bool(observed.all()):
        fix = "Pass missing='mask' to leave NaN out of the loss."
        _check_finite(flat, lengths, "y", fix)
        return None, None
    _check_finite(flat.masked_fill(~observed, 0), lengths, "y", "Write NaN for a missing target.")
    return observed, observed.all(1)


def _is_classes(targets: Tensor) -> bool:
    return targets.ndim == 1 and not targets.is_floating_point()


def _check_classes(flat: Tensor, lengths: Tensor, missing: str) -> Tensor | None:
    """Refuse negative classes, but for -1 with ``missing="mask"``: observed."""
    least = -1 if missing == "mask" else 0
    refused = (flat < least).nonzero()
    if len(refused):
        row = int(refused[0])
        fix = "Number classes from 0; with missing='mask', -1 marks a missing one."
        got = f"{int(flat[row])} in {_place(row, lengths)}"
        fail(WHERE, "classes must be 0 or more", got, fix, DataError)
    observed = flat >= 0
    return None if bool(observed.all()) else observed
