"""A kernel's work over a whole batch, by as many threads as it is worth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from freerun.kernels.binding.layout import Layout
from freerun.kernels.binding.room import Room, borrow, give_back
from freerun.kernels.binding.script import Laid, Script
from freerun.kernels.loop import call as at
from freerun.kernels.loop.forward import forward
from freerun.kernels.loop.strip import strip
from freerun.kernels.threads.errand import ALONE, END, FILL, PACK, SUM, address_of
from freerun.kernels.threads.workers import call_up, run

__all__ = ["Launch"]

NO_LENGTHS, NO_LAYERS = np.empty(0, np.int64), np.empty((0, 1), np.int64)

PIECES = 8
"""Of each thread's part of a batch on the way forward, at most."""


class Launch:
    """How a batch is shared out between threads, and its kernels run.

    Args:
        layout: where everything is.
        lengths: int64, falling; None where every sequence fills the batch.
    """

    __slots__ = ("is_ragged", "layout", "lengths", "slices", "team")

    def __init__(self, layout: Layout, lengths: Tensor | None) -> None:
        self.layout, self.lengths = layout, NO_LENGTHS
        self.is_ragged, self.slices, self.team = False, layout.slices, layout.team
        if lengths is not None:
            self.is_ragged, self.team, self.lengths = True, 0, lengths.numpy()
            self.slices = layout.cut(int(self.lengths.sum()), self.lengths.tolist())

    def run(
        self, kernel: Any, script: Script, numbers: list[int], nll: int = 0, total: int = 0,
        seen: Sequence[int] = (0, 0), blank: int = 0,
    ) -> None:  # fmt: skip
        """Run a kernel over the whole batch.

        Args:
            kernel: ``forward`` or ``backward``.
            script: what is prepared of it.
            numbers: what is not.
            nll: where the loss of every step is, to be added up.
            total: where its sum is to be, or 0.
            seen: where h of every step is to be copied to, and f; or 0.
            blank: what the gradients of what was fed are added to; 0 for zeros that nobody sees.
        """
        layout, parts, laid = self.layout, len(self.slices), script.laid
        blank_count, is_double = 0 if blank else script.blank, layout.one == 8
        if self.is_ragged:
            laid = script.lay_out(parts, parts, layout.rooms(kernel is forward, self.slices))
        held = borrow(laid.size)
        try:
            place = held.place
            script.write(
                held.bytes, 0, address_of(kernel, is_double), address_of(strip, is_double),
                place + laid.rooms, place + laid.packed, nll, total,
                place + laid.blank if blank_count else blank, blank_count, place + script.work,
                parts, *seen, *numbers,
            )  # fmt: skip
            if parts == 1 and not (self.team or self.is_ragged):
                tables = place + script.tables
                layout.errand(script.place, place, tables, FILL | PACK | ALONE | SUM | END)
            else:
                self._share(kernel, script, held, laid)
        finally:
            give_back(held)

    def _pieces(self, rows: int) -> Sequence[tuple[int, int]]:
        """What threads take one after the other: several for each, of so many rows or more."""
        if len(self.slices) == 1:
            return self.slices
        return [
            (begin, min(begin + some, last))
            for first, last in self.slices
            for some in (max(rows, -(-(last - first) // PIECES)),)
            for begin in range(first, last, some)
        ]

    def _share(self, kernel: Any, script: Script, held: Room, laid: Laid) -> None:
        """The same by several threads, with all numbers written."""
        layout, place, threads = self.layout, held.place, self.team or len(self.slices)
        tables, is_shared = place + script.tables, script.is_wide and threads > 1
        call_up(threads - 1)
        layout.errand(script.place, place, tables, FILL if is_shared else FILL | PACK)
        if is_shared:
            self._strip(script.packing, script.pack_call(place, laid), threads)
        call, table = script.tables_in(held.bytes)
        call[at.ROWS], call[at.BLOCK] = layout.portion(self.slices)
        pieces = self._pieces(int(call[at.ROWS])) if kernel is forward else self.slices
        run(
            kernel, layout.number, (call, table, self.lengths), pieces,
            threads, place + laid.rooms, laid.room, self.team,
        )  # fmt: skip
        if is_shared and script.summing:
            self._strip(script.summing, script.sum_call(place, len(self.slices)), threads)
        layout.errand(script.place, place, tables, END if is_shared else SUM | END)

    def _strip(self, pieces: Sequence[tuple[int, int]], call: Any, threads: int) -> None:
        """Pack, or sum up, by several threads."""
        run(strip, self.layout.number, (call, NO_LAYERS, NO_LENGTHS), pieces, threads, 0, 0)
