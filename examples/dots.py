"""A picture of many rows: what each policy came to, seed by seed."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["draw_dots"]


def draw_dots(
    axes: Any,
    rows: Mapping[str, Sequence[float]],
    label: str,
    center: Callable[[Sequence[float]], float] = statistics.median,
) -> None:
    """A dot for every seed, a stroke at their center; the first row on top, 0 on the left."""
    for height, values in enumerate(rows.values()):
        axes.plot(values, [height] * len(values), "o", color="C0", alpha=0.5)
        axes.plot(center(values), height, "|", color="black", markersize=16)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(label)
