"""What training measured, epoch by epoch."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from freerun._checks import RunError, fail

__all__ = ["History"]


@dataclass
class History:
    """A row for each epoch, in the user's units.

    Every row has ``epoch`` (from 1), ``train_loss`` (NLL per step), ``lr`` (at the epoch's start),
    ``gradient_norm`` (mean of the norms before clipping), ``seconds`` (without measuring and
    keeping) and ``steps_per_second``; with validation also ``valid_loss``, ``valid_error`` and
    what else :func:`freerun.evaluate` measures, each as ``valid_...``; and what the forcing has to
    say of itself, each as ``forcing_...``.

    Attributes:
        rows: The epochs.
        monitor: The column that chose the best epoch; None without validation.
        best_epoch: The epoch whose weights the network has; None without validation, or where no
            measurement was finite.
        stopped: Why training ended: ``"epochs"``, ``"patience"`` or ``"interrupted"``.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    monitor: str | None = None
    best_epoch: int | None = None
    stopped: str = "epochs"

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.rows)

    def __getitem__(self, column: str) -> list[Any]:
        """One column over the epochs, None where an epoch did not measure it."""
        known = {name for row in self.rows for name in row}
        if self.rows and column not in known:
            fail(
                "History",
                f"a column, one of {', '.join(sorted(known))}",
                repr(column),
                "Choose one.",
            )
        return [row.get(column) for row in self.rows]

    @property
    def best(self) -> Mapping[str, Any] | None:
        """The row of the best epoch."""
        return next((row for row in self.rows if row["epoch"] == self.best_epoch), None)

    def to_lines(self) -> str:
        """One JSON object a line; what is not finite is null, for JSON knows no NaN."""
        return "".join(
            json.dumps({k: _finite(v) for k, v in row.items()}) + "\n" for row in self.rows
        )

    @staticmethod
    def rows_of(lines: Iterable[str], source: Path) -> list[dict[str, Any]]:
        """The rows of what :meth:`to_lines` wrote."""
        try:
            return [json.loads(line) for line in lines if line.strip()]
        except ValueError as error:
            fail(str(source), "one JSON object a line", str(error), "Restore the file.", RunError)

    def __str__(self) -> str:
        if not self.rows:
            return "no epoch yet"
        shown = self.best or self.rows[-1]
        figures = [
            f"{k} {v:.4g}" for k, v in shown.items() if isinstance(v, float) and k != "seconds"
        ]
        which = "best" if self.best else "last"
        return f"{len(self)} epochs ({self.stopped}), {which} {shown['epoch']}: " + ", ".join(
            figures
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw training and validation figures against the epoch; returns the Matplotlib axes."""
        import matplotlib.pyplot as plt

        ax = ax if ax is not None else plt.subplots()[1]
        columns = [name for row in self.rows for name in row if name.endswith(("_loss", "_error"))]
        for column in dict.fromkeys(columns):
            there = [row for row in self.rows if row.get(column) is not None]
            epochs, values = [row["epoch"] for row in there], [row[column] for row in there]
            ax.plot(epochs, values, label=column.replace("_", " "))
        if self.best_epoch is not None:
            ax.axvline(self.best_epoch, color="0.6", linestyle=":", label="best epoch")
        ax.set_xlabel("epoch")
        if columns:
            ax.legend()
        return ax


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
