"""Copy the rows of many samples into one padded block, without a loop over samples."""

from collections.abc import Sequence

import torch
from torch import Tensor

from freerun._checks import fail

from ._ranges import Ranges
from ._storage import Storage
from .batch import Batch

__all__ = ["check_index", "gather_batch"]


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
    chosen = ranges.select(index)
    start, lengths = chosen.start, chosen.lengths
    x = None if storage.x is None else _padded(storage.x, start, lengths)
    before = start[:, None] + torch.arange(-context, 0)
    before_exists = before_real = before >= chosen.origin[:, None]
    if storage.complete is not None:
        before_real = before_exists & storage.complete[before.clamp(min=0)]
    if storage.y is None:
        assert labels is not None
        y, observed, before_y = labels[index], None, None
    else:
        y, observed = _padded(storage.y, start, lengths), None
        before_y = _rows(storage.y, before, before_real)
        if storage.observed is not None:
            observed = _padded(storage.observed, start, lengths)
            y.masked_fill_(~observed, 0)
    before_x = None
    if storage.x is not None:
        before_x = _rows(storage.x, before, before_exists)
    return Batch(x, y, lengths, observed, index, before_x, before_y, before_real, before_exists)


def _padded(flat: Tensor, start: Tensor, lengths: Tensor) -> Tensor:
    """Gather ``flat[start : start + length]`` per sample, (batch, time, ...), zeros behind it."""
    time = int(lengths.max())
    if bool((lengths == time).all()):
        # A window is one run of memory: as rows of an overlapping view, whole windows are copied,
        # several times faster than row by row.
        width = flat[0].numel()
        runs = flat.as_strided((len(flat) - time + 1, time * width), (width, 1))
        return runs.index_select(0, start).view(len(start), time, *flat.shape[1:])
    step = torch.arange(time)
    return _rows(flat, start[:, None] + step, step < lengths[:, None])


def _rows(flat: Tensor, rows: Tensor, real: Tensor) -> Tensor:
    """Gather ``flat[rows]``, (batch, time, ...), with zeros where ``real`` is False."""
    inside = torch.where(real, rows, 0)
    values = flat.index_select(0, inside.view(-1)).view(*rows.shape, *flat.shape[1:])
    return values.masked_fill_(~real.view(*real.shape, *[1] * (flat.ndim - 1)), 0)
