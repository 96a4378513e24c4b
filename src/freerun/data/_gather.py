"""Copy the rows of many samples into one padded block, without a loop over samples."""

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from freerun._checks import fail

from ._ranges import Ranges
from ._storage import Storage
from .batch import Batch, Whole

__all__ = ["check_index", "gather_batch", "whole_of"]

Numbers = NDArray[Any]


def check_index(where: str, index: Sequence[int] | Tensor, count: int) -> Tensor:
    """Return numbers of samples as (batch,) int64, all within [0, count)."""
    numbers = torch.as_tensor(index)
    whole = not (numbers.is_floating_point() or numbers.dtype == torch.bool)
    if numbers.ndim != 1 or not len(numbers) or not whole:
        got = f"{numbers.dtype} of shape {tuple(numbers.shape)}"
        fail(where, "an index must hold whole numbers along one axis", got, "Pass [0, 1], say.")
    numbers = numbers.long().cpu()
    low, high = int(numbers.numpy().min()), int(numbers.numpy().max())
    if low < 0 or high >= count:
        expected = f"numbers of samples must be from 0 to {count - 1}"
        fail(where, expected, low if low < 0 else high, f"There are {count} samples.")
    return numbers


def gather_batch(
    storage: Storage, ranges: Ranges, labels: Tensor | None, index: Tensor, context: int
) -> Batch:
    """Gather the samples of these numbers, and the ``context`` steps before each; see `Batch`."""
    # NumPy's operations on a few numbers cost a third of PyTorch's, and wake no threads.
    number = index.numpy()
    start = ranges.start.numpy()[number]
    lengths = ranges.stop.numpy()[number] - start
    there, time, runs = None, ranges.steps, ranges.runs
    if time is None:
        time = int(lengths.max())
        if lengths.min() < time:
            there = np.arange(time) < lengths[:, None]
    first = start if runs is None else runs.numpy()[number]
    copy = partial(_padded, first=first, time=time, there=there, are_runs=runs is not None)
    x = None if storage.x is None else copy(storage.x)
    observed = None if storage.observed is None else copy(storage.observed)
    if storage.y is None:
        assert labels is not None
        y = labels[index]
    else:
        y = copy(storage.y)
        if observed is not None:
            y.masked_fill_(~observed, 0)
    before = _before(storage, ranges, number, start, context)
    return Batch(x, y, torch.from_numpy(lengths), observed, index, *before)


def whole_of(storage: Storage, ranges: Ranges) -> Whole | None:
    """The samples as runs of memory, where nothing else is to be said of them; see `Whole`."""
    y, steps, runs = storage.y, ranges.steps, ranges.runs
    if y is None or storage.observed is not None or ranges.have_past:
        return None
    if steps is None or runs is None:
        return None
    return Whole(None if storage.x is None else _cut(storage.x, steps), _cut(y, steps), runs)


def _cut(flat: Tensor, time: int) -> Tensor:
    """The runs of ``time`` rows that a storage has, (runs, time, ...); what is left is left out."""
    return flat[: len(flat) // time * time].unflatten(0, (-1, time))


def _before(
    storage: Storage, ranges: Ranges, number: Numbers, start: Numbers, context: int
) -> tuple[Tensor | None, Tensor | None, Tensor, Tensor]:
    """The last four parts of a `Batch`: the ``context`` steps before each sample."""
    if not ranges.have_past:
        size = len(start), context
        x, y = (None if flat is None else _zeros(flat, size) for flat in (storage.x, storage.y))
        none, nothing = (torch.from_numpy(np.zeros(size, np.bool_)) for _ in range(2))
        return x, y, none, nothing
    rows = start[:, None] + np.arange(-context, 0)
    exists = real = rows >= ranges.origin.numpy()[number][:, None]
    if storage.complete is not None:
        real = exists & storage.complete.numpy()[rows.clip(min=0)]
    x = None if storage.x is None else _rows(storage.x, rows, exists)
    y = None if storage.y is None else _rows(storage.y, rows, real)
    return x, y, torch.from_numpy(real), torch.from_numpy(exists)


def _padded(
    flat: Tensor, first: Numbers, time: int, there: Numbers | None, are_runs: bool
) -> Tensor:
    """Gather ``time`` rows from ``first`` on per sample, zeros where they are not ``there``.

    Where all samples ``are_runs``, ``first`` counts runs of ``time`` rows.
    """
    if there is not None:
        return _rows(flat, first[:, None] + np.arange(time), there)
    # A window is one run of memory: copied whole, it takes a fraction of the time of its rows.
    rows = _bits(flat).numpy()
    one, width = rows.itemsize, prod(rows.shape[1:])
    if are_runs:
        runs = rows[: len(rows) // time * time].reshape(-1, time * width).take(first, 0)
    else:
        size, steps = (len(rows) - time + 1, time * width), (width * one, one)
        runs = np.ndarray(size, rows.dtype, rows, 0, steps)[first]
    return _tensor(runs.reshape(len(first), time, *rows.shape[1:]), flat.dtype)


def _rows(flat: Tensor, rows: Numbers, real: Numbers) -> Tensor:
    """Gather ``flat[rows]``, (batch, time, ...), with zeros where ``real`` is False."""
    there = _bits(flat).numpy()
    if real.all():
        values = there.take(rows, 0)
    elif not real.any():
        return _zeros(flat, rows.shape)
    else:
        values = there.take(np.where(real, rows, 0), 0)
        values[~real] = 0
    return _tensor(values, flat.dtype)


def _zeros(flat: Tensor, size: tuple[int, ...]) -> Tensor:
    """So many rows of zeros, without PyTorch's threads."""
    there = _bits(flat).numpy()
    return _tensor(np.zeros((*size, *there.shape[1:]), there.dtype), flat.dtype)


def _tensor(values: Numbers, dtype: torch.dtype) -> Tensor:
    """What was gathered from :func:`_bits`, as what it is."""
    found = torch.from_numpy(values)
    return found if found.dtype == dtype else found.view(dtype)


def _bits(flat: Tensor) -> Tensor:
    """The same memory in a type that NumPy has; in those it lacks, too, a zero is all zeros."""
    if flat.dtype in (torch.float32, torch.float64, torch.int64, torch.bool):
        return flat
    return flat.view(torch.uint8 if flat.itemsize == 1 else torch.int16)
