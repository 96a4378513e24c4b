"""One unfolding on the kernels: tensors in, tensors out, and the gradients back.

Everything that only carries numbers between PyTorch and the kernels is here; what a network is, and
whether kernels apply to it, is decided elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun.kernels import _call as at
from freerun.kernels._backward import backward
from freerun.kernels._forward import forward
from freerun.kernels._layout import EdgeShape, Jobs, Shape, layout_of
from freerun.kernels._packing import pack_all, unpack_all
from freerun.kernels._workers import borrow, empty, give_back, run_slices

__all__ = ["NO_LENGTHS", "NUMBERS", "Edge", "Layer", "Readout", "Unfolding", "oldest_first"]

NUMBERS: dict[torch.dtype, Any] = {torch.float32: np.float32(0), torch.float64: np.float64(0)}
NO_LENGTHS = np.empty(0, np.int64)
NO_TENSOR = torch.empty(0)


@dataclass(frozen=True)
class Layer:
    """Parameters of one layer, as PyTorch has them; ``mask`` is what dropout leaves of its h."""

    weight_ih: Tensor
    weight_hh: Tensor | None
    bias_ih: Tensor | None
    bias_hh: Tensor | None
    mask: Tensor | None = None


@dataclass(frozen=True)
class Edge:
    """The output edge.

    Attributes:
        weight_fh: R, ``(gates * units, lags * features)``, the newest lag first.
        before: ``(batch, lags, features)``, what was fed before the first step, oldest first.
        truth: ``(batch, time, features)``, all that is fed; None where outputs are.
        weights: w, ``(batch, time)``; None for zeros.
        values: ``(batch, time, features)``, what w weighs.
        feed: one of ``FEED_CODES``.
        components: of a mixture.
        noise: ``(batch, time, noise_size)`` for draws.
        through: whether gradients pass through g.
    """

    weight_fh: Tensor
    before: Tensor
    truth: Tensor | None = None
    weights: Tensor | None = None
    values: Tensor | None = None
    feed: str = "location"
    components: int = 0
    noise: Tensor | None = None
    through: bool = True


@dataclass(frozen=True)
class Readout:
    """V, c and s: an output at every step."""

    weight: Tensor
    bias: Tensor
    skip: Tensor | None = None


class Unfolding:
    """One call: :meth:`run` it, and :meth:`back` goes back through it.

    Args:
        cell: one of ``CELL_CODES``.
        layers: from the lowest.
        x: ``(batch, time, input_size)``; its last axis lies side by side.
        memory: ``(h,)`` or ``(h, c)`` for each layer before the first step, or nothing where W = 0.
        edge: the output edge, or None.
        readout: at every step, or None.
        lengths: int64, falling; None where every sequence fills the batch.
        keep: whether :meth:`back` will be called.

    Attributes:
        tensors: all that gradients may flow to, in the order that :class:`Layout` numbers them.
    """

    def __init__(
        self, cell: str, layers: Sequence[Layer], x: Tensor, memory: Sequence[tuple[Tensor, ...]],
        edge: Edge | None, readout: Readout | None, lengths: Tensor | None,
    ) -> None:  # fmt: skip
        self.edge, self.readout, self.fed = edge, readout, NO_TENSOR
        self.o: Tensor | None = None
        self.hs: list[Tensor] = []
        self.others: list[Tensor] = []
        self.lengths = NO_LENGTHS if lengths is None else lengths.numpy()
        self.masks = [layer.mask for layer in layers]
        self.layout = layout = layout_of(_shape(cell, layers, x, memory, edge, readout))
        tensors: list[Tensor | None] = [x]
        for layer in layers:
            tensors += (layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh)
        for parts in memory:
            tensors += parts
        if edge is not None:
            tensors += (edge.weight_fh, edge.before)
        if readout is not None:
            tensors += (readout.weight, readout.bias, readout.skip)
        self.tensors = tensors
        self.slices = layout.slices
        if lengths is not None:
            self.slices = layout.cut(int(self.lengths.sum()), self.lengths.tolist())

    # --- forward ----------------------------------------------------------------------------------

    def run(self, keep: bool, with_h: bool = True) -> tuple[Any, ...]:
        """Unfold; ``keep`` what :meth:`back` will need.

        Without ``with_h``, h is None: where the output edge is open, only two steps of it are held.

        Returns:
            o ``(batch, time, size)`` or None, h of the last layer ``(batch, time, units)``, f
            ``(batch, time, features)`` or None, and every layer's memory at each sequence's end.
        """
        layout, shape = self.layout, self.layout.shape
        call, table = layout.call.copy(), layout.table.copy()
        ragged, batch, steps = len(self.lengths) > 0, shape.batch, shape.steps
        if ragged:
            call[at.ROWS], call[at.BLOCK] = layout.portion(self.slices)
        x = self.tensors[0]
        assert x is not None
        call[at.X] = x.data_ptr()
        call[at.X_ROW], call[at.X_STEP] = x.stride()[:2]
        make = torch.zeros if ragged else torch.empty
        o = f = None
        if self.readout is not None:
            o = make(batch, steps, shape.size, dtype=shape.dtype)
            call[at.OUT] = o.data_ptr()
            if self.readout.skip is not None:
                call[at.SKIP] = self.readout.skip.data_ptr()
        if self.edge is not None:
            self._describe_edge(call, self.edge, make)
            lags, features = self.edge.before.shape[1:]
            row = (lags + steps) * features
            size = (batch, steps, features)
            f = _part(self.fed, lags * features, size, (row, features, 1))
        is_closed = self.edge is not None and self.edge.truth is None
        if is_closed and not with_h and not keep:
            call[at.RING] = 2
        last = self._allocate(table, keep, int(call[at.RING]))
        for number, mask in enumerate(self.masks):
            if mask is not None:
                table[number, at.MASK] = mask.data_ptr()
                table[number, at.MASK_ROW], table[number, at.MASK_STEP] = mask.stride()[:2]
        jobs, room = layout.forward_jobs, layout.room_forward
        if ragged:
            room = layout.forward_room(self.slices)
        held = borrow(jobs.size + room * len(self.slices), shape.dtype)
        try:
            rooms = self._pack(jobs, held.data_ptr(), call, table)
            number, step = NUMBERS[shape.dtype], room * layout.one
            run_slices(
                forward,
                [
                    (number, call, table, self.lengths, first, last_, rooms + index * step)
                    for index, (first, last_) in enumerate(self.slices)
                ],
            )
        finally:
            give_back(held)
        if keep:
            self.call, self.table, self.o = call, table, o
        if not with_h:
            return o, None, f, *last
        top = self.hs[-1]
        width = layout.width
        size, stride = (batch, steps, shape.units), (width, batch * width, 1)
        return o, _part(top, batch * width, size, stride), f, *last

    def _describe_edge(self, call: Any, edge: Edge, make: Any) -> None:
        shape = self.layout.shape
        lags, features = edge.before.shape[1:]
        if edge.truth is None:
            self.fed = make(shape.batch, lags + shape.steps, features, dtype=shape.dtype)
            call[at.FED_BEFORE] = edge.before.data_ptr()
        else:
            self.fed = torch.cat([edge.before.detach(), edge.truth], 1)
        call[at.FED] = self.fed.data_ptr()
        if edge.noise is not None:
            call[at.NOISE] = edge.noise.data_ptr()
            call[at.NOISE_ROW], call[at.NOISE_STEP] = edge.noise.stride()[:2]
        if edge.weights is not None and edge.values is not None:
            call[at.FORCED] = edge.weights.data_ptr()
            call[at.FORCED_ROW], call[at.FORCED_STEP] = edge.weights.stride()
            call[at.VALUES] = edge.values.data_ptr()

    def _allocate(self, table: Any, keep: bool, ring: int) -> list[Tensor]:
        """Room for what every step computes, and for the last memory, which is returned."""
        layout, shape = self.layout, self.layout.shape
        batch, steps, width, dtype = shape.batch, shape.steps, layout.width, shape.dtype
        rows = int(self.lengths.sum()) if len(self.lengths) else batch * steps
        last: list[Tensor] = []
        for number in range(shape.layers):
            h = empty((ring, batch, width), dtype)
            table[number, at.H] = h.data_ptr()
            self.hs.append(h)
            if shape.cell == "lstm":
                c = empty((steps + 1 if keep else 1, batch, width), dtype)
                table[number, at.C] = c.data_ptr()
                table[number, at.C_STEP] = batch * width if keep else 0
                self.others.append(c)
            if keep and layout.gate_count > 1:
                stored = empty((rows, layout.gates), dtype)
                table[number, at.STORED] = stored.data_ptr()
                self.others.append(stored)
            if shape.is_recurrent:
                first = layout.first_memory + number * layout.memory_parts
                for part in range(layout.memory_parts):
                    made = torch.empty(batch, shape.units, dtype=dtype)
                    before = self.tensors[first + part]
                    assert before is not None
                    table[number, at.H_FIRST + part] = before.data_ptr()
                    table[number, at.H_LAST + part] = made.data_ptr()
                    last.append(made)
        return last

    def _pack(self, jobs: Jobs, base: int, call: Any, table: Any) -> int:
        """Pack the parameters from ``base`` on; where they end."""
        edge, held = self.edge, self.tensors
        if edge is not None and edge.before.shape[1] > 1:
            held = list(held)
            held[self.layout.weight_fh] = oldest_first(edge.weight_fh, edge.before.shape[1])
        places = [0 if one is None else one.data_ptr() for one in held]
        places.append(0)
        number = NUMBERS[self.layout.shape.dtype]
        pack_all(number, jobs.rows, np.array(places), base, call, table)
        return base + jobs.size * self.layout.one

    # --- between the two ---

    def let_go(self) -> tuple[Tensor, ...]:
        """Give away every tensor that only the way back needs, for PyTorch to keep."""
        held = [*self.hs, *self.others]
        if self.edge is not None:
            held.append(self.fed)
        if self.o is not None:
            held.append(self.o.detach())  # not itself: it points here
        self.hs, self.others, self.o, self.tensors = [], [], None, []
        self.fed = NO_TENSOR
        return tuple(held)

    def take_back(self, tensors: Sequence[Tensor | None], held: Sequence[Tensor]) -> None:
        """Take what :meth:`let_go` gave away, or the same computed again somewhere else."""
        shape, call, table = self.layout.shape, self.call, self.table
        self.tensors, x = list(tensors), tensors[0]
        assert x is not None
        call[at.X] = x.data_ptr()
        call[at.X_ROW], call[at.X_STEP] = x.stride()[:2]
        rest = list(held)
        self.hs, rest = rest[: shape.layers], rest[shape.layers :]
        each = (shape.cell == "lstm") + (self.layout.gate_count > 1)
        self.others, rest = rest[: each * shape.layers], rest[each * shape.layers :]
        others = iter(self.others)
        for number, h in enumerate(self.hs):
            table[number, at.H] = h.data_ptr()
            if shape.cell == "lstm":
                table[number, at.C] = next(others).data_ptr()
            if self.layout.gate_count > 1:
                table[number, at.STORED] = next(others).data_ptr()
        if self.edge is not None:
            self.fed = rest.pop(0)
            call[at.FED] = self.fed.data_ptr()
        if rest:
            self.o = rest.pop(0)
            call[at.OUT] = self.o.data_ptr()

    # --- backward ---------------------------------------------------------------------------------

    def back(
        self, d_o: Tensor | None, d_h: Tensor | None, d_f: Tensor | None,
        d_last: Sequence[Tensor | None], needed: Sequence[bool],
    ) -> list[Tensor | None]:  # fmt: skip
        """Back-propagate.

        Args:
            d_o: gradient of o, or None for zeros; and so on.
            d_h: of h.
            d_f: of f.
            d_last: of the last memory, in the order in which :meth:`run` returned it.
            needed: which of ``tensors`` want a gradient.

        Returns:
            Those gradients, None for the others.
        """
        layout, shape = self.layout, self.layout.shape
        call, table = self.call.copy(), self.table.copy()  # a graph may be gone through twice
        found: list[Tensor | None] = [None] * len(self.tensors)
        alive = [self._incoming(call, at.D_O, d_o), self._incoming(call, at.D_H, d_h)]
        make = torch.zeros if len(self.lengths) else torch.empty
        if needed[0]:
            found[0] = made = make(shape.batch, shape.steps, shape.inputs, dtype=shape.dtype)
            call[at.D_X] = made.data_ptr()
        if self.edge is not None:
            lags = self.edge.before.shape[1]
            d_fed = torch.zeros_like(self.fed)
            if d_f is not None:
                d_fed[:, lags:] = d_f
            call[at.D_FED] = d_fed.data_ptr()
            found[layout.weight_fh + 1] = d_fed[:, :lags]
        alive += self._describe_memory(table, d_last, needed, found, make)
        jobs = layout.backward_jobs[bool(needed[0])]
        room = layout.room_backward
        if len(self.lengths):
            room = layout.backward_room(self.slices)
        threads, number = len(self.slices), NUMBERS[shape.dtype]
        held = borrow(threads * (layout.part + room) + jobs.size, shape.dtype)
        base = held.data_ptr()  # the threads' gradients, the packed parameters, the threads' room
        call[at.PART] = layout.part
        for layer, field, offset in layout.gradient_fields:
            if layer < 0:
                call[field] = base + offset
            else:
                table[layer, field] = base + offset
        try:
            packed = base + threads * layout.part * layout.one
            rooms, step = self._pack(jobs, packed, call, table), room * layout.one
            run_slices(
                backward,
                [
                    (number, call, table, self.lengths, first, last, index, rooms + index * step)
                    for index, (first, last) in enumerate(self.slices)
                ],
            )
            self._unpack(base, found)
        finally:
            give_back(held)
        del alive
        return [one if wanted else None for one, wanted in zip(found, needed, strict=True)]

    def _incoming(self, call: Any, field: int, given: Tensor | None) -> Tensor | None:
        """Tell a table where a gradient is, with its last axis side by side."""
        if given is None:
            return None
        if given.shape[-1] > 1 and given.stride(-1) != 1:
            given = given.contiguous()
        call[field] = given.data_ptr()
        call[field + 1], call[field + 2] = given.stride()[:2]
        return given

    def _describe_memory(
        self, table: Any, d_last: Sequence[Tensor | None], needed: Sequence[bool],
        found: list[Tensor | None], make: Any,
    ) -> list[Tensor]:  # fmt: skip
        """Where the last memory's gradients are, and where the first one's are to be."""
        layout, shape, alive = self.layout, self.layout.shape, []
        first, count = layout.first_memory, layout.memory_parts
        wanted = any(needed[first : first + count * shape.layers])
        for number in range(shape.layers if count else 0):
            for part in range(count):
                given = d_last[number * count + part]
                if given is not None:
                    alive.append(given.contiguous())
                    table[number, at.D_H_LAST + part] = alive[-1].data_ptr()
                if wanted:
                    made = make(shape.batch, shape.units, dtype=shape.dtype)
                    table[number, at.D_H_FIRST + part] = made.data_ptr()
                    found[first + number * count + part] = made
        return alive

    def _unpack(self, base: int, found: list[Tensor | None]) -> None:
        """Sum the threads' parts into plain tensors."""
        layout, dtype = self.layout, self.layout.shape.dtype
        targets = []
        for tensor, shape in layout.gradient_tensors:
            found[tensor] = made = torch.empty(shape, dtype=dtype)
            targets.append(made.data_ptr())
        unpack_all(
            NUMBERS[dtype], layout.gradient_jobs, base, np.array(targets), len(self.slices),
            layout.part,
        )  # fmt: skip
        if self.edge is not None:
            d_r = found[layout.weight_fh]
            assert d_r is not None
            found[layout.weight_fh] = oldest_first(d_r, self.edge.before.shape[1])


def _part(whole: Tensor, start: int, size: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """A tensor in the memory of another, and no view of it: users may change it in place."""
    return torch.empty(0, dtype=whole.dtype).set_(whole.untyped_storage(), start, size, stride)


def _shape(
    cell: str, layers: Sequence[Layer], x: Tensor, memory: Sequence[tuple[Tensor, ...]],
    edge: Edge | None, readout: Readout | None,
) -> Shape:  # fmt: skip
    batch, steps, inputs = x.shape
    weight = layers[0].weight_hh if layers[0].weight_hh is not None else layers[0].weight_ih
    gates = 4 if cell == "lstm" else 3 if cell == "gru" else 1
    edge_shape = None
    if edge is not None:
        lags, features = edge.before.shape[1:]
        known = edge.truth is not None
        edge_shape = EdgeShape(lags, features, known, edge.feed, edge.components, edge.through)
    return Shape(
        cell, x.dtype, batch, steps, inputs, weight.shape[0] // gates, len(layers), bool(memory),
        tuple((one.bias_ih is not None, one.bias_hh is not None) for one in layers), edge_shape,
        0 if readout is None else readout.weight.shape[0],
        readout is not None and readout.skip is not None, torch.get_num_threads(),
    )  # fmt: skip


def oldest_first(weight: Tensor, lags: int) -> Tensor:
    """R's blocks of columns turned round: windows of what was fed lie oldest first."""
    if lags == 1:
        return weight
    return weight.detach().unflatten(1, (lags, -1)).flip(1).flatten(1)
