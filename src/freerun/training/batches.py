"""An epoch's batches, the next of which may be gathered while the weights are changed."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from freerun._measure import plan_batch
from freerun.data import Sequences
from freerun.kernels import WORD, Aside, RowCopy
from freerun.network import RecurrentNetwork
from freerun.plan import PlanBatch

__all__ = ["Batches", "Runs"]

WORTH_A_THREAD = 2**16
"""Bytes of a batch from which on another thread gathers it: handing it over takes time, too."""

TYPES = (torch.float32, torch.float64, torch.int64)
"""What NumPy has, and is whole words."""


class _Source:
    """What rows are copied from: each one a run of memory."""

    def __init__(self, flat: Tensor) -> None:
        self.numbers, self.place = flat.numpy(), flat.data_ptr()
        self.words = flat[0].nbytes // WORD
        self._make, self._shape = flat.new_empty, flat.shape[1:]

    def room(self, rows: int) -> Tensor:
        """Memory to copy so many rows to; PyTorch reads numbers faster than a tuple of them."""
        return self._make(rows, *self._shape)


class Runs:
    """Scaled data as runs of memory, and copies of them: the same in every epoch.

    Args:
        net: The network.
        data: As :func:`freerun._measure.scaled_data` gives it.

    Attributes:
        x: where x is copied from; None without one.
        y: where y is; None where the data are no runs.
        index: which run each sequence is.
        copying: copies of so many of them.
    """

    def __init__(self, net: RecurrentNetwork, data: Sequences) -> None:
        self.x = self.y = self.index = None
        self.copying: dict[int, RowCopy] = {}
        whole = data.whole() if net.device.type == "cpu" else None
        if whole is not None and all(part is None or part.dtype in TYPES for part in whole[:2]):
            self.x = None if whole.x is None else _Source(whole.x)
            self.y, self.index = _Source(whole.y), whole.runs.numpy()


class Batches:
    """Go once through scaled data in batches, as what the network takes.

    Args:
        net: The network.
        data: As :func:`freerun._measure.scaled_data` gives it.
        size: Sequences in a batch.
        order: Which, one after the other.
        runs: Of ``data``, where they are known from another epoch.
    """

    def __init__(
        self, net: RecurrentNetwork, data: Sequences, size: int, order: Tensor,
        runs: Runs | None = None,
    ) -> None:  # fmt: skip
        self._net, self._order, self._done = net, order.split(size) if len(order) else (), 0
        self._rest: Iterator[PlanBatch] = iter(())
        self._ahead: tuple[Aside, PlanBatch] | None = None
        runs = Runs(net, data) if runs is None else runs
        self._x, self._y, self._copying = runs.x, runs.y, runs.copying
        if runs.index is not None:
            self._runs = [runs.index[index.numpy()] for index in self._order]
        elif len(order):
            drawn = data.batches(size, context=net.context, order=order)
            self._rest = (plan_batch(net, batch) for batch in drawn)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> PlanBatch:
        if self._y is None:
            return next(self._rest)
        if self._ahead is not None:
            copying, batch = self._ahead
            copying.finish()
            self._ahead = None
            return batch
        if self._done == len(self._order):
            raise StopIteration
        batch, runs = self._begun()
        for source, target in ((self._x, batch.x), (self._y, batch.y)):
            if source is not None and target is not None:
                np.take(source.numbers, runs, 0, target.numpy(), "clip")
        return batch

    def gather_ahead(self) -> None:
        """Have another thread begin to gather the next batch; only copies are gained by it."""
        is_over = self._done == len(self._order)
        if self._y is None or is_over or self._ahead is not None or torch.get_num_threads() == 1:
            return
        rows = len(self._runs[self._done])
        copying = self._copying.get(rows)
        if copying is None:
            sources = [(one.place, one.words) for one in (self._x, self._y) if one is not None]
            if sum(words for _, words in sources) * WORD * rows < WORTH_A_THREAD:
                return
            copying = self._copying[rows] = RowCopy(sources, rows)
        batch, runs = self._begun()
        targets = [one.data_ptr() for one in (batch.x, batch.y) if one is not None]
        held = batch, self._x, self._y
        # Whatever a signal breaks off, this is there to be finished.
        self._ahead = copying.prepare(targets, runs, held), batch
        self._ahead[0].begin()

    def _begun(self) -> tuple[PlanBatch, Any]:
        """The next batch, to be filled, and the runs that it is to be filled with."""
        x, y, net = self._x, self._y, self._net
        assert y is not None
        index, runs = self._order[self._done], self._runs[self._done]
        self._done += 1
        made = None if x is None else x.room(len(runs))
        batch = PlanBatch(made, y.room(len(runs)), index=index, head=net.head, lags=net.output_lags)
        return batch, runs

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ahead is not None:  # its memory is being written to
            self._ahead[0].finish()
