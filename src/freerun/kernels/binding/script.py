"""Scripts being written: the calls of one shape, prepared but for a row of numbers."""

from __future__ import annotations

from functools import cached_property
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from freerun.kernels.loop import call as at
from freerun.kernels.loop import packing
from freerun.kernels.loop import script as of
from freerun.kernels.loop.packing import count_slots
from freerun.kernels.threads.errand import TABLES, tables_size

if TYPE_CHECKING:
    from freerun.kernels.binding.jobs import Jobs
    from freerun.kernels.binding.layout import Layout

__all__ = ["Script", "Scripts"]

SMALL = 2**13
"""Numbers of h up to which copying it costs less than a tensor in the memory of another."""

WIDE = 2**20
"""Bytes of parameters from which on threads share packing them: one alone takes 0.1 ms."""

Link = tuple[int, int, int]
"""Where in the tables, which number, and bytes to add."""

(
    X_ROW, X_STEP, OUT, TOP, KEPT, FED, H_LAST, C_LAST,
    # what never changes within an unfolding
    TARGET, VALUES, SHARPENING, NOISE, NOISE_ROW, NOISE_STEP, FORCED, FORCED_ROW, FORCED_STEP,
    MASKS,
) = range(of.FIXED, of.FIXED + 18)  # fmt: skip
"""A call's numbers behind those that every call has. Then there are three for each layer's mask,
the tensors' addresses, and a 0."""

(
    D_NLL, D_NLL_ROW, D_NLL_STEP, D_O, D_O_ROW, D_O_STEP, D_H, D_H_ROW, D_H_STEP,
    D_X, D_H_LAST, D_C_LAST, D_H_FIRST, D_C_FIRST,
    GRADIENTS,
) = range(15)  # fmt: skip
"""On the way back these follow, and then where the parameters' gradients go."""


class Laid(NamedTuple):
    """Where in borrowed room everything is: bytes from its start.

    Attributes:
        size: of all of it.
        packed: the parameters; before them are the parts of gradients, and first of all the tables.
        rooms: the threads' scratch memory.
        room: what each of them has.
        blank: zeros that gradients are added to.
    """

    size: int
    packed: int
    rooms: int
    room: int
    blank: int


def _strips(jobs: Any, is_sum: bool) -> list[tuple[int, int]]:
    """Every job and every slot of it."""
    compiled: Any = count_slots
    return [
        (number, slot)
        for number, job in enumerate(jobs)
        for slot in range(compiled.py_func(job, is_sum))
    ]


class Script:
    """A kernel's call, prepared.

    Attributes:
        place: the address of what is prepared.
        write: writes the row of numbers into memory.
        tables: bytes from the row's beginning to the tables.
        work: bytes from the row's beginning to what is behind the tables.
        layers: how many there are.
        packing: the strips of all parameters, (job, slot) each.
        summing: those of all gradients.
        is_wide: whether they are worth several threads.
        laid: where everything is for sequences that fill the batch.
    """

    part = blank = 0  # numbers of a thread's gradients, and of an open edge's

    def __init__(
        self, layout: Layout, count: int, call: Any, table: Any, links: list[Link], jobs: Jobs,
        results: Any, targets: int, room: int,
    ) -> None:  # fmt: skip
        shape = layout.shape
        head = [shape.layers, len(links), len(jobs.rows), len(results)]
        head += [MASKS + 3 * shape.layers, targets, shape.batch * shape.steps]
        parts = [np.array(head), call, table, np.array(links), jobs.rows, results]
        self._held = np.concatenate([part.ravel() for part in parts]).astype(np.int64)
        self.place = int(self._held.ctypes.data)
        self.packing, self.summing = _strips(jobs.rows, False), _strips(results, True)
        self._results = self.place + (self._held.size - results.size) * 8
        self._jobs, self._job_count = self._results - jobs.rows.size * 8, len(jobs.rows)
        self._tensors, self._targets = head[of.TENSORS] * 8, targets * 8
        self.is_wide = jobs.size * shape.one >= WIDE
        self.write = Struct(f"{count}q").pack_into
        self.tables = count * 8
        self.work = -(-(count + tables_size(shape.layers)) // 8) * 64
        self.layers, self._packed, self._one = shape.layers, jobs.size, shape.one
        slices = len(layout.slices)
        self.laid = self.lay_out(slices, layout.team or slices, room)

    def lay_out(self, parts: int, threads: int, room: int) -> Laid:
        """Where everything is.

        Args:
            parts: how many parts gradients are summed in.
            threads: how many there may be.
            room: numbers of scratch memory for each of them.
        """
        one = self._one
        packed = self.work + parts * self.part * one
        rooms = packed + self._packed * one
        blank = rooms + threads * room * one
        return Laid(blank + self.blank * one, packed, rooms, room * one, blank)

    def pack_call(self, place: int, laid: Laid) -> Any:
        """What ``strip`` is told to pack by, for a row of numbers at ``place``."""
        places = place + self._tensors
        return np.array([self._jobs, self._job_count, places, place + laid.packed, 0, 0], np.int64)

    def sum_call(self, place: int, parts: int) -> Any:
        """What it is told to sum ``parts`` of gradients by."""
        count, places = len(self._held) - (self._results - self.place) // 8, place + self._targets
        count //= packing.JOB_SIZE
        numbers = [self._results, count, places, place + self.work, parts, self.part]
        return np.array(numbers, np.int64)

    def tables_in(self, room: Any) -> tuple[Any, Any]:
        """The call's table and the layers', as an errand wrote them into memory."""
        tables = room[self.tables : self.work].view(np.int64)
        layers = TABLES + at.CALL_SIZE
        end = layers + self.layers * at.LAYER_SIZE
        return tables[TABLES:layers], tables[layers:end].reshape(self.layers, at.LAYER_SIZE)


class Forward(Script):
    """The way forward.

    Attributes:
        top: numbers of the last layer's h.
        kept: numbers of what else is kept for the way back.
        block: numbers of all that in one block, the losses first.
        places: where in it o, top, kept and what was fed begin, in bytes.
        is_small: whether h and f are copied from there.
        is_short: whether only two steps of h are held.
    """

    def __init__(self, layout: Layout, keep: bool, is_short: bool) -> None:
        shape, call, table = layout.shape, layout.call.copy(), layout.table.copy()
        self.is_short = is_short
        call[at.RING] = ring = 2 if is_short else shape.steps + 1
        rows = shape.batch * shape.steps
        self.top = ring * shape.batch * layout.width
        one_c = one_stored = 0
        if shape.cell == "lstm":
            has_all = keep or layout.is_stepless
            one_c = (shape.steps + 1 if has_all else 1) * shape.batch * layout.width
            table[:, at.C_STEP] = call[at.H_STEP] if has_all else 0
        if keep and layout.gate_count > 1:
            one_stored = rows * layout.gates
        self.kept = (shape.layers - 1) * self.top + shape.layers * (one_c + one_stored)
        self.links = _links(layout) + _kept_links(layout, (self.top, one_c, one_stored))
        self.call, self.table = call, table
        self.count = MASKS + 3 * shape.layers + layout.tensors + 1
        super().__init__(
            layout,
            self.count,
            call,
            table,
            self.links,
            layout.forward_jobs,
            np.empty(0, np.int64),
            0,
            layout.room_forward,
        )
        fed = shape.batch * (shape.lags + shape.steps) * shape.features
        places, self.block = [], 0
        for size in (rows, rows * shape.size, self.top, self.kept, fed):
            places.append(self.block * shape.one)
            self.block += shape.round(size)
        self.places, self.is_small = tuple(places[1:]), self.top <= SMALL


class Backward(Script):
    """The way back."""

    def __init__(self, layout: Layout, needs_x: bool) -> None:
        forward = layout.scripts.kept
        start, call, table = forward.count, forward.call.copy(), forward.table.copy()
        call[at.PART] = layout.part
        for job in layout.forward_jobs.rows:  # no address, but it says that the parameter is there
            if job[packing.FIELD] >= 0:
                where = call if job[packing.LAYER] < 0 else table[job[packing.LAYER]]
                where[job[packing.FIELD]] = 1
        links = forward.links + _gradient_links(layout, start)
        for layer, field, offset in layout.gradient_fields:
            links.append((_cell(layer, field), of.PARTS, offset))
        targets = start + GRADIENTS
        shape = layout.shape
        self.part = layout.part
        if shape.edge is not None and not shape.edge.is_known:
            self.blank = shape.batch * (shape.lags + shape.steps) * shape.features
        super().__init__(
            layout, targets + len(layout.gradient_tensors), call, table, links,
            layout.backward_jobs[needs_x], layout.gradient_jobs, targets, layout.room_backward,
        )  # fmt: skip


class Scripts:
    """Those of one layout, each written when first asked for."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._forward: dict[bool, Forward] = {}
        self._backward: dict[bool, Backward] = {}

    @cached_property
    def kept(self) -> Forward:
        """The way forward, with what the way back needs."""
        return Forward(self._layout, keep=True, is_short=False)

    def forward(self, keep: bool, with_h: bool) -> Forward:
        """The way forward; without ``with_h`` and what is to ``keep``, two steps of h are held."""
        if keep:
            return self.kept
        edge = self._layout.shape.edge
        is_short = not (with_h or edge is None or edge.is_known)
        found = self._forward.get(is_short)
        if found is None:
            found = self._forward[is_short] = Forward(self._layout, False, is_short)
        return found

    def backward(self, needs_x: bool) -> Backward:
        """The way back."""
        found = self._backward.get(needs_x)
        if found is None:
            found = self._backward[needs_x] = Backward(self._layout, needs_x)
        return found


def _cell(layer: int, field: int) -> int:
    """Where in the tables a field is: a layer's, or the call's for layer -1."""
    return field if layer < 0 else at.CALL_SIZE + layer * at.LAYER_SIZE + field


def _links(layout: Layout) -> list[Link]:
    """What the way forward is told, and the way back again."""
    shape = layout.shape
    tensors = MASKS + 3 * shape.layers
    pairs = [
        (at.X, tensors), (at.X_ROW, X_ROW), (at.X_STEP, X_STEP), (at.OUT, OUT), (at.NLL, of.NLL),
        (at.TARGET, TARGET), (at.FED, FED), (at.VALUES, VALUES), (at.SHARPENING, SHARPENING),
        (at.NOISE, NOISE), (at.NOISE_ROW, NOISE_ROW), (at.NOISE_STEP, NOISE_STEP),
        (at.FORCED, FORCED), (at.FORCED_ROW, FORCED_ROW), (at.FORCED_STEP, FORCED_STEP),
    ]  # fmt: skip
    if shape.edge is not None:
        pairs.append((at.FED_BEFORE, tensors + layout.weight_fh + 1))
    if shape.has_skip:
        pairs.append((at.SKIP, tensors + layout.readout + 2))
    links = [(cell, number, 0) for cell, number in pairs]
    step = shape.batch * shape.units * shape.one
    for layer in range(shape.layers):
        for part in range(3):
            links.append((_cell(layer, at.MASK + part), MASKS + 3 * layer + part, 0))
        for part in range(layout.memory_parts):
            links.append((_cell(layer, at.H_LAST + part), H_LAST + part, layer * step))
            first = tensors + layout.first_memory + part
            links.append((_cell(layer, at.H_FIRST + part), first, layer * step))
    return links


def _kept_links(layout: Layout, sizes: tuple[int, int, int]) -> list[Link]:
    """Where every layer's h, c and gates are."""
    last, place = layout.shape.layers - 1, 0
    links = [(_cell(last, at.H), TOP, 0)]
    for size, field in zip(sizes, (at.H, at.C, at.STORED), strict=True):
        for layer in range(0 if size == 0 else last if field == at.H else last + 1):
            links.append((_cell(layer, field), KEPT, place))
            place += size * layout.one
    return links


def _gradient_links(layout: Layout, start: int) -> list[Link]:
    """What only the way back is told."""
    fields = (
        at.D_NLL, at.D_NLL_ROW, at.D_NLL_STEP, at.D_O, at.D_O_ROW, at.D_O_STEP,
        at.D_H, at.D_H_ROW, at.D_H_STEP, at.D_X,
    )  # fmt: skip
    links = [(field, start + number, 0) for number, field in enumerate(fields)]
    links.append((at.D_FED, of.BLANK, 0))
    step = layout.shape.batch * layout.shape.units * layout.one
    for layer in range(layout.shape.layers):
        for part in range(layout.memory_parts):
            links.append((_cell(layer, at.D_H_LAST + part), start + D_H_LAST + part, layer * step))
            links.append(
                (_cell(layer, at.D_H_FIRST + part), start + D_H_FIRST + part, layer * step)
            )
    return links
