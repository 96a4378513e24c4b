"""Every step of every series in one flat block of memory."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

__all__ = ["Storage"]


@dataclass(frozen=True, eq=False)
class Storage:
    """Every step of every series, end to end; samples are ranges of its rows.

    Attributes:
        x: Inputs, (rows, inputs), or None.
        y: Targets per step, (rows, outputs) of floats with NaN where missing, or (rows,) int64 with
            -1 where missing; None with one target per sequence.
        observed: False where ``y`` is missing, of ``y``'s shape; None where nothing is.
        complete: The same per row, (rows,): False where any output is missing.
    """

    x: Tensor | None
    y: Tensor | None
    observed: Tensor | None = None
    complete: Tensor | None = None

    @property
    def rows(self) -> int:
        """Steps in all."""
        return len(self.y if self.x is None else self.x)  # type: ignore[arg-type]

    def map(
        self, change_x: Callable[[Tensor], Tensor], change_y: Callable[[Tensor], Tensor]
    ) -> "Storage":
        """Change the numbers of all inputs and targets; what is missing stays so."""
        x = None if self.x is None else change_x(self.x)
        y = None if self.y is None else change_y(self.y)
        return Storage(x, y, self.observed, self.complete)
