"""Numbers as plain values."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

__all__ = ["Numbers", "plain", "thinned"]

Numbers = list[float | None]
"""None stands for what is missing or not finite: JSON knows neither."""


def plain(values: Tensor | Iterable[float]) -> Numbers:
    """Finite numbers as they are, to seven digits: more is nowhere seen, and takes room."""
    listed = values.double().tolist() if isinstance(values, Tensor) else values
    return [float(f"{one:.7g}") if math.isfinite(one) else None for one in listed]


def thinned(total: int, most: int) -> Sequence[int]:
    """``most`` of the numbers below ``total``, or all there are: evenly, with both ends.

    Example:
        >>> thinned(10, 4)
        [0, 3, 6, 9]
    """
    count = min(total, most)
    return torch.linspace(0, total - 1, count, dtype=torch.float64).round().long().tolist()
