"""Packing jobs being written: which parameter goes where, in which order."""

from typing import Any, NamedTuple

import numpy as np

from freerun.kernels.binding.shape import Shape
from freerun.kernels.loop import packing as job

__all__ = ["JobList", "Jobs"]


class Jobs(NamedTuple):
    """Packing jobs, as ``packing`` takes them, and how many numbers they make."""

    rows: Any
    size: int


class JobList:
    """Packing jobs being written.

    Args:
        shape: of the call.
        tensors: how many there are; the number behind the last one stands for none.
    """

    def __init__(self, shape: Shape, tensors: int) -> None:
        self.shape, self.tensors = shape, tensors
        self.rows: list[list[int]] = []
        self.count = 0

    def _add(
        self, layer: int, field: int, size: int, row: list[int], source: tuple[int, int] | None,
        row_stride: int, plus: tuple[int, int] | None,
    ) -> None:  # fmt: skip
        nothing = (self.tensors, 0)
        place = self.count * self.shape.one
        row = [*row, *(source or nothing), row_stride, 1, *(plus or nothing), place, layer, field]
        self.rows.append(row)
        self.count += self.shape.round(size)

    def weight(
        self, kind: int, layer: int, field: int, tensor: int, columns: int, first: int = 0
    ) -> None:
        """A matrix of weights for every gate, as ``packing`` puts it into panels."""
        gates, units = self.shape.gate_count, self.shape.units
        width = self.shape.round(units)
        size = gates * width * (columns if kind == job.ACROSS else self.shape.round(columns))
        row = [kind, gates, first, units, width, columns]
        self._add(layer, field, size, row, (tensor, 0), columns, None)

    def readout(self, kind: int, field: int, tensor: int) -> None:
        """V."""
        units, size = self.shape.units, self.shape.size
        width = self.shape.round(size)
        room = width * (units if kind == job.ACROSS else self.shape.round(units))
        self._add(-1, field, room, [kind, 1, 0, size, width, units], (tensor, 0), units, None)

    def row(
        self, layer: int, field: int, source: tuple[int, int] | None,
        plus: tuple[int, int] | None, gates: int, units: int, step: int = 1, first: int = 0,
    ) -> None:  # fmt: skip
        """A row for every gate: a bias, or the sum of two; or a column, ``step`` numbers apart."""
        width = self.shape.round(units)
        row = [job.ROW, gates, first, units, width, 1]
        self._add(layer, field, gates * width, row, source, step, plus)

    def finished(self) -> Jobs:
        """All of them."""
        return Jobs(np.array(self.rows, np.int64), self.count)
