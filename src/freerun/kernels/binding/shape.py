"""What the work of a call depends on, whatever its numbers are."""

from typing import NamedTuple

import torch

from freerun.kernels.machine.tile import LANE_BYTES

__all__ = ["GATE_COUNTS", "EdgeShape", "Shape"]

GATE_COUNTS = {"tanh": 1, "relu": 1, "identity": 1, "gru": 3, "lstm": 4}


class EdgeShape(NamedTuple):
    """The output edge's part of a shape."""

    lags: int
    features: int
    is_known: bool
    feed: str
    components: int
    through: bool


class Shape(NamedTuple):
    """What a layout depends on."""

    cell: str
    dtype: torch.dtype
    batch: int
    steps: int
    inputs: int
    units: int
    layers: int
    is_recurrent: bool
    biases: tuple[tuple[bool, bool], ...]
    edge: EdgeShape | None
    size: int
    has_skip: bool
    score: str
    threads: int

    @property
    def lags(self) -> int:
        """Of the output edge; 0 without one."""
        return 0 if self.edge is None else self.edge.lags

    @property
    def features(self) -> int:
        """Of what is fed back; 0 without an output edge."""
        return 0 if self.edge is None else self.edge.features

    @property
    def target(self) -> tuple[int, int]:
        """Features of y, for classes how many there are; and the bytes of a step's y."""
        if self.score == "class":
            return self.size, 8
        count = self.size // (2 if self.score in ("gaussian", "laplace") else 1)
        return count, count * self.dtype.itemsize

    @property
    def one(self) -> int:
        """Bytes of a number."""
        return self.dtype.itemsize

    @property
    def gate_count(self) -> int:
        """Gates of the cell."""
        return GATE_COUNTS[self.cell]

    def round(self, count: int) -> int:
        """Up to whole vectors."""
        lanes = LANE_BYTES // self.one
        return -(-count // lanes) * lanes
