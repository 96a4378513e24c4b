"""A kind of task, and the figures that are found for it: what every table is made of."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Figures", "Kind", "Row"]


@dataclass(frozen=True)
class Figures:
    """What one method reaches on one data set.

    Attributes:
        values: One for each seed; a single one where nothing is random.
        seconds: To fit and score once, the mean over seeds; None where that is nothing.
    """

    values: list[float]
    seconds: float | None = None

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return statistics.mean(self.values)

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds (n - 1); None for a single one."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None


Row = Mapping[str, Figures]
"""Figures of one data set, by method, in the order of the columns."""


@dataclass(frozen=True)
class Kind:
    """A kind of task: one table, with a row for each data set.

    Attributes:
        name: What ``--only`` calls it.
        measures: What the figures are.
        methods: The columns, freerun's first, each with what it is.
        sets: The rows.
        measure: ``(set, seeds) -> Row``: train and score everything on one data set.
        digits: Decimals that are printed.
    """

    name: str
    measures: str
    methods: Mapping[str, str]
    sets: tuple[str, ...]
    measure: Callable[[str, int], Row]
    digits: int = 1
