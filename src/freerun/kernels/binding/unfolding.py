"""One unfolding on the kernels: tensors in, tensors out, and the gradients back.

Everything that only carries numbers between PyTorch and the kernels is here; what a network is, and
whether kernels apply to it, is decided elsewhere.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun.kernels.binding.given import Edge, Layer, Readout, oldest_first, shape_of
from freerun.kernels.binding.jobs import Jobs
from freerun.kernels.binding.layout import layout_of
from freerun.kernels.binding.room import borrow, empty, fresh, give_back, total_of, zeros
from freerun.kernels.loop import call as at
from freerun.kernels.loop.backward import backward
from freerun.kernels.loop.forward import forward
from freerun.kernels.loop.packing import pack_all, unpack_all
from freerun.kernels.threads.workers import run

__all__ = ["NO_LENGTHS", "NUMBERS", "Unfolding"]

NUMBERS: dict[torch.dtype, Any] = {torch.float32: np.float32(0), torch.float64: np.float64(0)}
NO_LENGTHS = np.empty(0, np.int64)
NO_TENSOR = torch.empty(0)

PIECES = 8
"""Of each thread's part of a batch on the way forward, at most."""


class Unfolding:
    """One call: :meth:`run` it, and :meth:`back` goes back through it.

    Args:
        cell: one of ``CELL_CODES``.
        layers: from the lowest.
        x: ``(batch, time, input_size)``; its last axis lies side by side.
        memory: h, and an LSTM's c, before the first step, ``(layers, batch, units)`` each, side by
            side; nothing for zeros.
        edge: the output edge, or None.
        readout: at every step, or None.
        lengths: int64, falling; None where every sequence fills the batch.
        is_recurrent: whether W is there.

    Attributes:
        tensors: all that gradients may flow to, in the order that :class:`Layout` numbers them.
    """

    def __init__(
        self, cell: str, layers: Sequence[Layer], x: Tensor, memory: Sequence[Tensor],
        edge: Edge | None, readout: Readout | None, lengths: Tensor | None, is_recurrent: bool,
    ) -> None:  # fmt: skip
        self.edge, self.readout = edge, readout
        self.top = self.kept = self.fed = NO_TENSOR
        self.o: Tensor | None = None
        self.lengths = NO_LENGTHS if lengths is None else lengths.numpy()
        self.masks = [layer.mask for layer in layers]
        self.layout = layout = layout_of(shape_of(cell, layers, x, edge, readout, is_recurrent))
        tensors: list[Tensor | None] = [x]
        for layer in layers:
            tensors += (layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh)
        tensors += memory or (None,) * layout.memory_parts
        if edge is not None:
            tensors += (edge.weight_fh, edge.before)
        if readout is not None:
            tensors += (readout.weight, readout.bias, readout.skip)
        self.tensors = tensors
        self.slices, self.team = layout.slices, layout.team
        if lengths is not None:
            self.team = 0
            self.slices = layout.cut(int(self.lengths.sum()), self.lengths.tolist())

    # --- forward ----------------------------------------------------------------------------------

    def run(self, keep: bool, with_h: bool = True) -> tuple[Any, ...]:
        """Unfold; ``keep`` what :meth:`back` will need.

        Without ``with_h``, h is None: where the output edge is open, only two steps of it are held.

        Returns:
            o ``(batch, time, size)`` or None; h of the last layer ``(batch, time, units)``; f
            ``(batch, time, features)``, or None where it was known or there is no output edge; the
            loss of every step ``(batch, time)`` and their sum, or None; and the parts of the memory
            at each sequence's end, ``(layers, batch, units)`` each.
        """
        layout, shape = self.layout, self.layout.shape
        call, table = layout.call.copy(), layout.table.copy()
        ragged, batch, steps, dtype = len(self.lengths) > 0, shape.batch, shape.steps, shape.dtype
        if ragged:
            call[at.ROWS], call[at.BLOCK] = layout.portion(self.slices)
        x, edge, readout = self.tensors[0], self.edge, self.readout
        assert x is not None
        call[at.X] = x.data_ptr()
        call[at.X_ROW], call[at.X_STEP], _ = x.stride()
        make = zeros if ragged else fresh
        o = f = nll = None
        if readout is not None:
            self.o = o = make((batch, steps, shape.size), dtype)
            call[at.OUT] = o.data_ptr()
            if readout.skip is not None:
                call[at.SKIP] = readout.skip.data_ptr()
            if readout.target is not None:
                nll = make((batch, steps), dtype)
                call[at.NLL], call[at.TARGET] = nll.data_ptr(), readout.target.data_ptr()
        if edge is not None:
            self._describe_edge(call, edge, make)
            if edge.truth is None:
                lags, features, row = shape.lags, shape.features, layout.fed_row
                size = (batch, steps, features)
                f = _part(self.fed, lags * features, size, (row, features, 1))
            if not with_h and not keep and edge.truth is None:
                call[at.RING] = 2
        last = self._allocate(call, table, keep)
        for number, mask in enumerate(self.masks):
            if mask is not None:
                table[number, at.MASK] = mask.data_ptr()
                table[number, at.MASK_ROW], table[number, at.MASK_STEP], _ = mask.stride()
        jobs, room = layout.forward_jobs, layout.room_forward
        if ragged:
            room = layout.forward_room(self.slices)
        held = borrow(jobs.size + room * (self.team or len(self.slices)), dtype)
        try:
            rooms = self._pack(jobs, held.data_ptr(), call, table)
            self._do(forward, call, table, self._pieces(int(call[at.ROWS])), rooms, room)
        finally:
            give_back(held)
        if keep:
            self.call, self.table = call, table
        h = None
        if with_h:
            row, step = int(layout.call[at.H_ROW]), int(layout.call[at.H_STEP])
            h = _part(self.top, step, (batch, steps, shape.units), (row, step, 1))
        return o, h, f, nll, None if nll is None else total_of(nll), *last

    def _describe_edge(self, call: Any, edge: Edge, make: Any) -> None:
        shape = self.layout.shape
        size = (shape.batch, shape.lags + shape.steps, shape.features)
        self.fed = fed = make(size, shape.dtype)
        call[at.FED] = fed.data_ptr()
        if edge.before is not None:
            call[at.FED_BEFORE] = edge.before.data_ptr()
        if edge.truth is not None:
            call[at.VALUES] = edge.truth.data_ptr()
        if edge.sharpening is not None:
            call[at.SHARPENING] = edge.sharpening.data_ptr()
        if edge.noise is not None:
            call[at.NOISE] = edge.noise.data_ptr()
            call[at.NOISE_ROW], call[at.NOISE_STEP] = edge.noise.stride()[:2]
        if edge.weights is not None and edge.values is not None:
            call[at.FORCED] = edge.weights.data_ptr()
            call[at.FORCED_ROW], call[at.FORCED_STEP] = edge.weights.stride()
            call[at.VALUES] = edge.values.data_ptr()

    def _allocate(self, call: Any, table: Any, keep: bool) -> list[Tensor]:
        """Room for what every step computes, and for the last memory, which is returned."""
        layout, shape = self.layout, self.layout.shape
        batch, width, dtype, layers = shape.batch, layout.width, shape.dtype, shape.layers
        rows = int(self.lengths.sum()) if len(self.lengths) else batch * shape.steps
        one_h = int(call[at.RING]) * batch * width
        one_c = one_stored = 0
        if shape.cell == "lstm":
            one_c = (shape.steps + 1 if keep or layout.is_stepless else 1) * batch * width
        if keep and layout.gate_count > 1:
            one_stored = rows * layout.gates
        self.sizes = (one_h, one_c, one_stored)
        # h of the last layer is given away, and must not hold the rest: it has its own memory.
        self.top = empty((one_h,), dtype)
        size = (layers - 1) * one_h + layers * (one_c + one_stored)
        self.kept = empty((size,), dtype) if size else NO_TENSOR
        self._place(table)
        if one_c and (keep or layout.is_stepless):
            table[:, at.C_STEP] = layout.call[at.H_STEP]
        last = []
        for part in range(layout.memory_parts):
            made = fresh((layers, batch, shape.units), dtype)
            before = self.tensors[layout.first_memory + part]
            step = batch * shape.units * layout.one
            self._place_memory(table, at.H_LAST + part, made, step)
            if before is not None:
                self._place_memory(table, at.H_FIRST + part, before, step)
            last.append(made)
        return last

    def _place(self, table: Any) -> None:
        """Tell every layer where its h, c and gates are."""
        last, one, place = self.layout.shape.layers - 1, self.layout.one, self.kept.data_ptr()
        table[last, at.H] = self.top.data_ptr()
        for size, field in zip(self.sizes, (at.H, at.C, at.STORED), strict=True):
            for number in range(0 if size == 0 else last if field == at.H else last + 1):
                table[number, field] = place
                place += size * one

    @staticmethod
    def _place_memory(table: Any, field: int, tensor: Tensor, step: int) -> None:
        place = tensor.data_ptr()
        for number in range(len(table)):
            table[number, field] = place + number * step

    def _pack(self, jobs: Jobs, base: int, call: Any, table: Any) -> int:
        """Pack the parameters from ``base`` on; where they end."""
        held, shape = self.tensors, self.layout.shape
        if self.edge is not None and shape.lags > 1:
            held = list(held)
            held[self.layout.weight_fh] = oldest_first(self.edge.weight_fh, shape.lags)
        places = [0 if one is None else one.data_ptr() for one in held]
        places.append(0)
        pack_all(NUMBERS[shape.dtype], jobs.rows, np.array(places, np.int64), base, call, table)
        return base + jobs.size * self.layout.one

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

    def _do(
        self, kernel: Any, call: Any, table: Any, pieces: Sequence[tuple[int, int]], rooms: int,
        room: int,
    ) -> None:  # fmt: skip
        """Run a kernel over the whole batch.

        ``rooms`` is where the threads' scratch memory begins, ``room`` how many numbers each has.
        """
        run(
            kernel, NUMBERS[self.layout.shape.dtype], (call, table, self.lengths), pieces,
            self.team or len(self.slices), rooms, room * self.layout.one, self.team,
        )  # fmt: skip

    # --- between the two ---

    def let_go(self) -> tuple[Tensor, Tensor, Tensor]:
        """Give away what only the way back needs, for PyTorch to keep."""
        held = self.top, self.kept, self.fed
        self.tensors, self.o = [], None
        self.top = self.kept = self.fed = NO_TENSOR
        return held

    def take_back(
        self, tensors: Sequence[Tensor | None], o: Tensor | None, top: Tensor, kept: Tensor,
        fed: Tensor,
    ) -> None:  # fmt: skip
        """Take what :meth:`let_go` gave away, or the same computed again somewhere else."""
        call = self.call
        self.tensors, x = list(tensors), tensors[0]
        assert x is not None
        call[at.X] = x.data_ptr()
        call[at.X_ROW], call[at.X_STEP], _ = x.stride()
        self.top, self.kept, self.fed, self.o = top, kept, fed, o
        self._place(self.table)
        call[at.FED] = fed.data_ptr()
        if o is not None:
            call[at.OUT] = o.data_ptr()

    # --- backward ---------------------------------------------------------------------------------

    def back(
        self, d_o: Tensor | None, d_h: Tensor | None, d_f: Tensor | None, d_nll: Tensor | None,
        d_total: Tensor | None, d_last: Sequence[Tensor | None],
        needed: Sequence[bool],
    ) -> list[Tensor | None]:  # fmt: skip
        """Back-propagate.

        Args:
            d_o: gradient of o, or None for zeros; and so on.
            d_h: of h.
            d_f: of f.
            d_nll: of the loss of every step.
            d_total: of their sum.
            d_last: of the parts of the last memory.
            needed: which of ``tensors`` want a gradient.

        Returns:
            Those gradients, None for the others.
        """
        layout, shape = self.layout, self.layout.shape
        call, table = self.call.copy(), self.table.copy()  # a graph may be gone through twice
        found: list[Tensor | None] = [None] * len(self.tensors)
        if d_nll is not None:
            d_nll = d_nll if d_total is None else d_nll + d_total
            call[at.D_NLL] = d_nll.data_ptr()
            call[at.D_NLL_ROW], call[at.D_NLL_STEP] = d_nll.stride()
        elif d_total is not None:
            call[at.D_NLL] = d_total.data_ptr()  # one for all steps: strides of 0
        alive = [self._incoming(call, at.D_O, d_o), self._incoming(call, at.D_H, d_h), d_nll]
        make = zeros if len(self.lengths) else fresh
        if needed[0]:
            found[0] = made = make((shape.batch, shape.steps, shape.inputs), shape.dtype)
            call[at.D_X] = made.data_ptr()
        if self.edge is not None and (self.edge.truth is None or needed[layout.weight_fh + 1]):
            d_fed = zeros(self.fed.shape, shape.dtype)
            if d_f is not None:
                d_fed[:, shape.lags :] = d_f
            call[at.D_FED] = d_fed.data_ptr()
            if needed[layout.weight_fh + 1]:
                found[layout.weight_fh + 1] = d_fed[:, : shape.lags]
            alive.append(d_fed)
        alive += self._describe_memory(table, d_last, needed, found)
        jobs = layout.backward_jobs[bool(needed[0])]
        room = layout.room_backward
        if len(self.lengths):
            room = layout.backward_room(self.slices)
        parts, threads = len(self.slices), self.team or len(self.slices)
        held = borrow(parts * layout.part + threads * room + jobs.size, shape.dtype)
        base = held.data_ptr()  # the threads' gradients, the packed parameters, the threads' room
        call[at.PART] = layout.part
        for layer, field, offset in layout.gradient_fields:
            if layer < 0:
                call[field] = base + offset
            else:
                table[layer, field] = base + offset
        try:
            packed = base + parts * layout.part * layout.one
            rooms = self._pack(jobs, packed, call, table)
            self._do(backward, call, table, self.slices, rooms, room)
            self._unpack(base, found)
        finally:
            give_back(held)
        del alive
        return [one if wanted else None for one, wanted in zip(found, needed, strict=True)]

    def _incoming(self, call: Any, field: int, given: Tensor | None) -> Tensor | None:
        """Tell a table where a gradient is, with its last axis side by side."""
        if given is None:
            return None
        row, step, one = given.stride()
        if one != 1 and given.shape[-1] > 1:
            given = given.contiguous()
            row, step, _ = given.stride()
        call[field] = given.data_ptr()
        call[field + 1], call[field + 2] = row, step
        return given

    def _describe_memory(
        self, table: Any, d_last: Sequence[Tensor | None], needed: Sequence[bool],
        found: list[Tensor | None],
    ) -> list[Tensor]:  # fmt: skip
        """Where the last memory's gradients are, and where the first one's are to be."""
        layout, shape, alive = self.layout, self.layout.shape, []
        first, step = layout.first_memory, shape.batch * shape.units * layout.one
        wanted = any(needed[first : first + layout.memory_parts])
        make = zeros if len(self.lengths) else fresh
        for part in range(layout.memory_parts):
            given = d_last[part]
            if given is not None:
                alive.append(given.contiguous())
                self._place_memory(table, at.D_H_LAST + part, alive[-1], step)
            if wanted:
                made = make((shape.layers, shape.batch, shape.units), shape.dtype)
                self._place_memory(table, at.D_H_FIRST + part, made, step)
                found[first + part] = made
        return alive

    def _unpack(self, base: int, found: list[Tensor | None]) -> None:
        """Sum the threads' parts into plain tensors."""
        layout, dtype = self.layout, self.layout.shape.dtype
        targets = []
        for tensor, shape in layout.gradient_tensors:
            found[tensor] = made = fresh(shape, dtype)
            targets.append(made.data_ptr())
        unpack_all(
            NUMBERS[dtype], layout.gradient_jobs, base, np.array(targets, np.int64),
            len(self.slices), layout.part,
        )  # fmt: skip
        if self.layout.shape.lags > 1:
            d_r = found[layout.weight_fh]
            assert d_r is not None
            found[layout.weight_fh] = oldest_first(d_r, self.layout.shape.lags)


def _part(whole: Tensor, start: int, size: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """A tensor in the memory of another, and no view of it: users may change it in place."""
    return whole.as_strided(size, stride, start).data
