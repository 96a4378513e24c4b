"""Each series' own level: where it lies, and how far it swings."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .sequences import Sequences

__all__ = ["Levels"]


@dataclass(frozen=True, eq=False)
class Levels:
    """A centre and a spread for each series and output: leveled = (y - center) / spread.

    One network can then learn from series of different sizes, and forecast others that it has not
    seen, whose own past says where they lie.

    Attributes:
        center: Mean of what was observed, 0 where nothing was, (series, outputs) float64.
        spread: Its standard deviation; 1 where nothing varies, (series, outputs) float64.

    Example:
        >>> data = Sequences(None, [[1.0, 3.0], [100.0, 300.0]])
        >>> Levels.of(data).remove(data).y_flat.flatten()
        tensor([-1.,  1., -1.,  1.])
    """

    center: Tensor
    spread: Tensor

    @classmethod
    def of(cls, data: Sequences) -> "Levels":
        """The levels of the steps that each sample covers; missing ones do not count."""
        assert data.y_flat is not None
        found = [
            _moments(data.y_flat[start:stop].double())
            for start, stop in zip(data.start.tolist(), data.stop.tolist(), strict=True)
        ]
        return cls(torch.stack([one for one, _ in found]), torch.stack([one for _, one in found]))

    @classmethod
    def none(cls, series: int, outputs: int) -> "Levels":
        """Levels that change nothing."""
        one = torch.ones(series, outputs, dtype=torch.float64)
        return cls(torch.zeros_like(one), one)

    def remove(self, data: Sequences) -> Sequences:
        """``data``, each sample's targets in its own units; one level for each of the samples."""
        assert data.y_flat is not None
        rows = torch.zeros(len(data.y_flat), dtype=torch.int64)
        for number, (origin, stop) in enumerate(
            zip(data.origin.tolist(), data.stop.tolist(), strict=True)
        ):
            rows[origin:stop] = number
        center, spread = self.center[rows], self.spread[rows]
        return data.map(lambda x: x, lambda y: ((y.double() - center) / spread).to(y.dtype))

    def put_back(self, y: Tensor) -> Tensor:
        """Outputs ``(series, ..., outputs)`` in the user's units again, float64.

        A small swing about a high level has more digits than a network's own type.
        """
        shape = [len(self.center)] + [1] * (y.ndim - 2) + [self.center.shape[1]]
        return y.double() * self.spread.view(shape) + self.center.view(shape)


def _moments(y: Tensor) -> tuple[Tensor, Tensor]:
    """Centre and spread of one series, (outputs,) each."""
    mean = y.nanmean(0)
    deviation = (y - mean).square().nanmean(0).sqrt()
    # Rounding gives a constant series a tiny deviation, so it is told by its range.
    low, high = y.nan_to_num(nan=math.inf).amin(0), y.nan_to_num(nan=-math.inf).amax(0)
    varies = (low < high) & (deviation > 0)
    constant = torch.where(low.isfinite(), low, 0.0)
    return torch.where(varies, mean, constant), torch.where(varies, deviation, 1.0)
