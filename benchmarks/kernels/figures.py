"""Medians, quartiles and ratios of times that were taken in turns."""

import math
import statistics
from collections.abc import Iterable, Sequence

__all__ = ["geometric_mean", "ratio", "spread"]


def spread(samples: Sequence[float]) -> dict[str, float]:
    """The median and the quartiles around it, five digits of each."""
    found = [samples[0]] * 3
    if len(samples) > 1:
        found = statistics.quantiles(samples, n=4, method="inclusive")
    return dict(zip(("q1", "median", "q3"), (float(f"{each:.5g}") for each in found), strict=True))


def ratio(other: Sequence[float], ours: Sequence[float]) -> dict[str, float]:
    """The spread of other / ours, round by round: above 1 where ours is faster.

    One of them may have dropped out after some rounds; the rounds that both ran count.
    """
    return spread([b / a for a, b in zip(ours, other, strict=False)])


def geometric_mean(values: Iterable[float]) -> float:
    """The geometric mean; NaN of nothing."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan
