"""Where everything is for one shape of unfolding: found once, used by every call of that shape."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from freerun.kernels.binding.jobs import JobList, Jobs
from freerun.kernels.binding.script import Scripts
from freerun.kernels.binding.shape import EdgeShape, Shape
from freerun.kernels.equations.cells import CELL_CODES
from freerun.kernels.equations.feedback import FEED_CODES
from freerun.kernels.equations.scores import SCORE_CODES
from freerun.kernels.loop import call as at
from freerun.kernels.loop import packing as job
from freerun.kernels.loop.backward import backward_room
from freerun.kernels.loop.forward import forward_room
from freerun.kernels.loop.seat import private_bytes
from freerun.kernels.machine.signals import HAS_CLOCK
from freerun.kernels.machine.thin import NARROW
from freerun.kernels.threads.errand import ERRANDS
from freerun.kernels.threads.slices import is_worth_threads, slices_of

__all__ = ["Layout", "layout_of"]

NUMBERS: dict[torch.dtype, Any] = {torch.float32: np.float32(0), torch.float64: np.float64(0)}
"""What tells kernels the type."""

TEAM_BYTES, TEAM_ROWS = 2**16, 2
"""Of W, from which threads step together where each would have so few sequences of its own: reading
W is what a step of few sequences takes, and each reads its part of it, from a nearer cache."""

LEAST_ROWS = 24
PORTION_NUMBERS = 2**13
"""A thread takes so many sequences at a time that a step's gates have this many numbers, 32 KB of
float32; but not so few that the weights, which every step goes through, come from far away."""

STEPLESS = 32
"""Steps from which a chunk of one sequence alone is large enough for its products."""

CHUNK_ROWS = 192
CHUNK_NUMBERS = 2**18
"""A chunk has so many rows, fewer where their gates would have more numbers than the cache."""


class Layout:
    """Sizes, tables with all but addresses filled in, and the jobs around a call.

    Tensors are numbered: x is 0; a layer's weight_ih, weight_hh, bias_ih, bias_hh follow, layer by
    layer; then the parts of the memory; then R and what was fed before; then V, c and s.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.one, self.gate_count, self.round = shape.one, shape.gate_count, shape.round
        self.width = self.round(shape.units)
        self.drive = self.gate_count * self.width
        self.gates = 4 * self.width if self.gate_count > 1 else self.width
        edge = shape.edge
        self.window = 0 if edge is None else edge.lags * edge.features
        self.memory_parts = (2 if shape.cell == "lstm" else 1) if shape.is_recurrent else 0
        self.private = private_bytes(
            self.gates, max(self.round(shape.inputs), self.width, self.round(self.window)),
            self.round(shape.size), shape.one,
        )  # fmt: skip
        self.team = self._team()
        self.slices = self.cut(shape.batch * shape.steps, None)
        if self.team:
            self.slices = [(0, shape.batch)]
        # One step does not wait for another: a sequence at a time, all in the order of memory.
        is_open = edge is not None and not edge.is_known
        self.is_stepless = not (shape.is_recurrent or is_open) and shape.steps >= STEPLESS
        self.fed_row = (shape.lags + shape.steps) * shape.features
        self._number_tensors()
        self._fill_tables()
        self.forward_jobs = self._forward_jobs()
        self.backward_jobs = [self._backward_jobs(needs_x) for needs_x in (False, True)]
        self._lay_out_gradients()
        self.room_forward = self.forward_room(self.slices)
        self.room_backward = self.backward_room(self.slices)
        self.lags, self.number = shape.lags, NUMBERS[shape.dtype]
        self.errand = ERRANDS[shape.one]
        self.h_row, self.h_step = int(self.call[at.H_ROW]), int(self.call[at.H_STEP])
        self.scripts = Scripts(self)

    def _team(self) -> int:
        """Threads that step together, each its own units; 0 where each has sequences of its own."""
        shape, width = self.shape, self.width
        is_open = shape.edge is not None and not shape.edge.is_known
        if is_open or not shape.is_recurrent or not HAS_CLOCK:
            return 0
        if self.drive * width * self.one < TEAM_BYTES or shape.batch > TEAM_ROWS * shape.threads:
            return 0
        if not is_worth_threads(shape.batch * shape.steps * self.drive * width):
            return 0
        threads = min(shape.threads, width // (4 * self.round(1)))
        return threads if threads > 1 else 0

    def cut(self, rows: int, lengths: Sequence[int] | None) -> list[tuple[int, int]]:
        """Slices for the threads."""
        shape = self.shape
        stacked = shape.layers - 1 + (shape.layers if shape.is_recurrent else 0)
        depth = shape.inputs + self.window + stacked * self.width
        work = rows * (self.drive * depth + shape.size * self.width)
        return slices_of(shape.batch, work, shape.threads, lengths)

    def portion(self, slices: Sequence[tuple[int, int]]) -> tuple[int, int]:
        """Sequences that a thread takes at a time, and steps of a chunk of theirs."""
        widest = max(last - first for first, last in slices)
        rows = 1 if self.is_stepless else max(LEAST_ROWS, PORTION_NUMBERS // self.gates)
        portions = -(-widest // rows)
        rows = -(-widest // portions)
        block = max(1, min(CHUNK_ROWS, CHUNK_NUMBERS // self.gates) // rows)
        return rows, min(block, self.shape.steps)

    def forward_room(self, slices: Sequence[tuple[int, int]]) -> int:
        """Numbers of scratch memory for each thread."""
        shape = self.shape
        rows, block = self.portion(slices)
        count = forward_room(
            rows, block, shape.layers, self.gates, max(shape.inputs, self.width, self.window),
            self.round(shape.size),
        )  # fmt: skip
        return self.round(count + self.private // shape.one)

    def backward_room(self, slices: Sequence[tuple[int, int]]) -> int:
        """The same for the way back."""
        shape = self.shape
        rows, block = self.portion(slices)
        widest = max(self.round(shape.inputs), self.width, self.round(self.window))
        count = backward_room(
            rows, block, shape.layers, self.width, self.gates, widest, self.round(shape.size)
        )
        return self.round(count + self.private // shape.one)

    def rooms(self, is_forward: bool, slices: Sequence[tuple[int, int]]) -> int:
        """One of the two."""
        return (self.forward_room if is_forward else self.backward_room)(slices)

    def _number_tensors(self) -> None:
        layers = self.shape.layers
        self.first_memory = 1 + 4 * layers
        self.weight_fh = self.first_memory + self.memory_parts
        self.readout = self.weight_fh + (0 if self.shape.edge is None else 2)
        self.tensors = self.readout + (3 if self.shape.size else 0)

    def _fill_tables(self) -> None:
        shape, edge = self.shape, self.shape.edge
        call = np.zeros(at.CALL_SIZE, np.int64)
        table = np.zeros((shape.layers, at.LAYER_SIZE), np.int64)
        call[at.CELL], call[at.LAYERS] = CELL_CODES[shape.cell], shape.layers
        call[at.UNITS], call[at.WIDTH], call[at.DRIVE] = shape.units, self.width, self.drive
        call[at.GATES], call[at.BATCH], call[at.STEPS] = self.gates, shape.batch, shape.steps
        call[at.ROWS], call[at.BLOCK] = self.portion(self.slices)
        call[at.RING] = shape.steps + 1
        call[at.H_STEP], call[at.H_ROW] = shape.batch * self.width, self.width
        call[at.STEPLESS], call[at.PRIVATE] = self.is_stepless, self.private
        if self.is_stepless:
            call[at.H_STEP], call[at.H_ROW] = self.width, (shape.steps + 1) * self.width
        call[at.INPUT], call[at.INPUT_WIDTH] = shape.inputs, self.round(shape.inputs)
        call[at.SIZE], call[at.SIZE_WIDTH] = shape.size, self.round(shape.size)
        call[at.SCORE] = SCORE_CODES[shape.score]
        call[at.OUTPUTS], call[at.TARGET_BYTES] = shape.target
        for number in range(shape.layers):
            below = shape.units if number else shape.inputs
            table[number, at.BELOW], table[number, at.BELOW_WIDTH] = below, self.round(below)
        if edge is not None:
            call[at.EDGE] = at.KNOWN_EDGE if edge.is_known else at.OPEN_EDGE
            call[at.FED_ROW] = self.fed_row
            call[at.FEATURES], call[at.LAGS] = edge.features, edge.lags
            call[at.WINDOW], call[at.WINDOW_WIDTH] = self.window, self.round(self.window)
            call[at.FEED], call[at.COMPONENTS] = FEED_CODES[edge.feed], edge.components
            call[at.THROUGH] = edge.through
        self.call, self.table = call, table

    # --- parameters -------------------------------------------------------------------------------

    def _forward_jobs(self) -> Jobs:
        shape = self.shape
        jobs = JobList(shape, self.tensors)
        for layer in range(shape.layers):
            columns = shape.units if layer else shape.inputs
            jobs.weight(job.ACROSS, layer, at.U, 1 + 4 * layer, columns)
            if shape.is_recurrent:
                jobs.weight(job.ACROSS, layer, at.W, 2 + 4 * layer, shape.units)
            self._bias_jobs(jobs, layer)
        if shape.edge is not None:
            jobs.weight(job.ACROSS, -1, at.R, self.weight_fh, self.window)
        if shape.size:
            if shape.size <= NARROW:
                jobs.row(-1, at.V, (self.readout, 0), None, shape.size, shape.units)
            else:
                jobs.readout(job.ACROSS, at.V, self.readout)
            jobs.row(-1, at.OFFSET, (self.readout + 1, 0), None, 1, shape.size)
        return jobs.finished()

    def _backward_jobs(self, needs_x: bool) -> Jobs:
        shape = self.shape
        jobs = JobList(shape, self.tensors)
        first = 2 if shape.cell == "gru" else 0
        for layer in range(shape.layers):
            columns = shape.units if layer else shape.inputs
            if layer or needs_x:
                jobs.weight(job.BACK, layer, at.U_BACK, 1 + 4 * layer, columns, first)
            if shape.is_recurrent:
                jobs.weight(job.BACK, layer, at.W_BACK, 2 + 4 * layer, shape.units)
            if shape.cell == "gru":
                self._bias_jobs(jobs, layer)
        if shape.edge is not None and self.window <= NARROW:
            for column in range(self.window):
                jobs.row(
                    -1, -1 if column else at.R_BACK, (self.weight_fh, column * self.one), None,
                    self.gate_count, shape.units, self.window, first,
                )  # fmt: skip
        elif shape.edge is not None:
            jobs.weight(job.BACK, -1, at.R_BACK, self.weight_fh, self.window, first)
        if shape.size:
            jobs.readout(job.BACK, at.V_BACK, self.readout)
        return jobs.finished()

    def _bias_jobs(self, jobs: JobList, layer: int) -> None:
        shape = self.shape
        has_input, has_recurrent = shape.biases[layer]
        of_input = (3 + 4 * layer, 0) if has_input else None
        of_recurrent = (4 + 4 * layer, 0) if has_recurrent else None
        if shape.cell != "gru":
            jobs.row(layer, at.BIAS, of_input, of_recurrent, self.gate_count, shape.units)
            return
        jobs.row(layer, at.BIAS, of_input, of_recurrent, 2, shape.units)
        third = 2 * shape.units * self.one
        candidate = (3 + 4 * layer, third) if has_input else None
        jobs.row(layer, -1, candidate, None, 1, shape.units)  # it adjoins the other two
        recurrent = (4 + 4 * layer, third) if has_recurrent else None
        jobs.row(layer, at.BIAS_RECURRENT, recurrent, None, 1, shape.units)

    # --- gradients --------------------------------------------------------------------------------

    def _lay_out_gradients(self) -> None:
        """Where in a thread's part each gradient is, and the jobs that take them out of it."""
        shape, units, width = self.shape, self.shape.units, self.width
        first = 2 if shape.cell == "gru" else 0
        self.gradient_fields: list[tuple[int, int, int]] = []
        rows: list[list[int]] = []
        self.gradient_tensors: list[tuple[int, tuple[int, ...]]] = []
        self.part = 0

        def place(layer: int, field: int, count: int) -> int:
            start = self.part * self.one
            self.gradient_fields.append((layer, field, start))
            self.part += self.round(count)
            return start

        def out(
            tensor: int, shape: tuple[int, ...], source: int, source_row: int, gates: int,
            rows_each: int, padded: int, slot: int = 0,
        ) -> None:  # fmt: skip
            columns = shape[1] if len(shape) == 2 else 1
            self.gradient_tensors.append((tensor, shape))
            row = [0, gates, slot, rows_each, padded, columns, 0, source, source_row]
            rows.append(row + [0] * (job.JOB_SIZE - len(row)))

        count = self.gate_count
        for layer in range(shape.layers):
            number, columns = 1 + 4 * layer, units if layer else shape.inputs
            wide = self.round(columns)
            start = place(layer, at.D_U, self.drive * wide)
            out(number, (count * units, columns), start, wide, count, units, width, first)
            if shape.is_recurrent:
                start = place(layer, at.D_W, self.drive * width)
                out(number + 1, (count * units, units), start, width, count, units, width)
            start = place(layer, at.D_BIAS, self.gates)
            has_input, has_recurrent = shape.biases[layer]
            if has_input:
                out(number + 2, (count * units,), start, 1, count, units, width, first)
            if has_recurrent:
                start += width * self.one if shape.cell == "gru" else 0
                out(number + 3, (count * units,), start, 1, count, units, width)
        if shape.edge is not None:
            wide = self.round(self.window)
            start = place(-1, at.D_R, self.drive * wide)
            out(self.weight_fh, (count * units, self.window), start, wide, count, units, width,
                first)  # fmt: skip
        if shape.size:
            size = shape.size
            start = place(-1, at.D_V, self.round(size) * width)
            out(self.readout, (size, units), start, width, 1, size, size)
            start = place(-1, at.D_OFFSET, self.round(size))
            out(self.readout + 1, (size,), start, 1, 1, size, size)
        if shape.has_skip and shape.edge is not None:
            features = shape.edge.features
            start = place(-1, at.D_SKIP, self.round(features))
            out(self.readout + 2, (features,), start, 1, 1, features, features)
        self.gradient_jobs = np.array(rows, np.int64)


@lru_cache(maxsize=256)
def layout_of(fields: tuple[Any, ...]) -> Layout:
    """The layout of a :class:`Shape`, or of its fields, made when it is first seen."""
    shape = Shape(*fields)
    if shape.edge is not None:
        shape = shape._replace(edge=EdgeShape(*shape.edge))
    return Layout(shape)
