"""Copy the rows of many samples into one padded block, without a loop over samples."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from freerun._checks import fail

from ._ranges import Ranges
from ._storage import Storage
from .batch import Batch

__all__ = ["check_index", "gather_batch"]

Numbers = NDArray[Any]


def check_index(where: str, index: Sequence[int] | Tensor, count: int) -> Tensor:
    """Return numbers of samples as (batch,) int64, all within [0, count)."""
    numbers = torch.as_tensor(index)
    whole = not (numbers.is_floating_point() or numbers.dtype == torch.bool)
    if numbers.ndim != 1 or not len(numbers) or not whole:
        got = f"{numbers.dtype} of shape {tuple(numbers.shape)}"
        fail(where, "an index must hold whole numbers along one axis", got, "Pass [0, 1], say.")
    numbers = numbers.long().cpu()
    low, high = int(numbers.min()), int(numbers.max())
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
    there, time = None, ranges.steps
    if time is not None:
        lengths = np.full(len(number), time, np.int64)
    else:
        lengths = ranges.stop.numpy()[number] - start
        time = int(lengths.max())
        if lengths.min() < time:
            there = np.arange(time) < lengths[:, None]
    x = None if storage.x is None else _padded(storage.x, start, time, there)
    before = start[:, None] + np.arange(-context, 0)
    before_exists = before_real = before >= ranges.origin.numpy()[number][:, None]
    if storage.complete is not None:
        before_real = before_exists & storage.complete.numpy()[before.clip(min=0)]
    if storage.y is None:
        assert labels is not None
        y, observed, before_y = labels[index], None, None
    else:
        y, observed = _padded(storage.y, start, time, there), None
        before_y = _rows(storage.y, before, before_real)
        if storage.observed is not None:
            observed = _padded(storage.observed, start, time, there)
            y.masked_fill_(~observed, 0)
    before_x = None if storage.x is None else _rows(storage.x, before, before_exists)
    return Batch(
        x, y, torch.from_numpy(lengths), observed, index, before_x, before_y,
        torch.from_numpy(before_real), torch.from_numpy(before_exists),
    )  # fmt: skip


def _padded(flat: Tensor, start: Numbers, time: int, there: Numbers | None) -> Tensor:
    """Gather ``time`` rows from ``start`` on per sample, zeros where they are not ``there``."""
    if there is not None:
        return _rows(flat, start[:, None] + np.arange(time), there)
    # A window is one run of memory: as rows of an overlapping view, whole windows are copied,
    # several times faster than row by row.
    rows = _bits(flat).numpy()
    one, width = rows.itemsize, prod(rows.shape[1:])
    size, steps = (len(rows) - time + 1, time * width), (width * one, one)
    runs = np.ndarray(size, rows.dtype, rows, 0, steps)[start]
    return _tensor(runs.reshape(len(start), time, *rows.shape[1:]), flat.dtype)


def _rows(flat: Tensor, rows: Numbers, real: Numbers) -> Tensor:
    """Gather ``flat[rows]``, (batch, time, ...), with zeros where ``real`` is False."""
    there = _bits(flat).numpy()
    if real.all():
        values = there.take(rows, 0)
    elif not real.any():
        values = np.zeros((*rows.shape, *there.shape[1:]), there.dtype)
    else:
        values = there.take(np.where(real, rows, 0), 0)
        values[~real] = 0
    return _tensor(values, flat.dtype)


def _tensor(values: Numbers, dtype: torch.dtype) -> Tensor:
    """What was gathered from :func:`_bits`, as what it is."""
    found = torch.from_numpy(values)
    return found if found.dtype == dtype else found.view(dtype)


def _bits(flat: Tensor) -> Tensor:
    """The same memory in a type that NumPy has; in those it lacks, too, a zero is all zeros."""
    if flat.dtype in (torch.float32, torch.float64, torch.int64, torch.bool):
        return flat
    return flat.view(torch.uint8 if flat.itemsize == 1 else torch.int16)
