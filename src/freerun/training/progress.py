"""What training shows on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

__all__ = ["ProgressBar"]

LINE_EVERY = 2.0
"""Seconds between plain lines: a log is read, not watched."""


class ProgressBar:
    """Epochs, throughput and time left.

    Args:
        epochs: how many there are in all.
        batches: batches in an epoch.
        show: whether to show anything.
        behind: batches that an earlier run of this training has done.
    """

    def __init__(self, epochs: int, batches: int, show: bool, behind: int = 0) -> None:
        self.behind = behind
        self.epochs = epochs
        self.batches = batches
        self.show = show
        self.began = time.monotonic()
        self.steps = 0
        self.done = 0
        self.last_line = -LINE_EVERY
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Self:
        if self.show and sys.stderr.isatty():
            self._open_bar()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def batch(self, epoch: int, number: int, steps: int) -> None:
        """One more batch is done: ``number`` of ``epoch``, with ``steps`` real steps."""
        self.steps += steps
        self.done += 1
        if self.bar is not None:
            at = epoch * self.batches + number
            self.bar.update(self.task, completed=at, rate=_rate(self.throughput))

    def epoch(self, row: Mapping[str, Any]) -> None:
        """An epoch is done, and measured as ``row``."""
        if self.bar is not None:
            self.bar.update(self.task, figures=_figures(row), epoch=row["epoch"])
            return
        now = time.monotonic()
        if not self.show or (now - self.last_line < LINE_EVERY and row["epoch"] < self.epochs):
            return
        self.last_line = now
        share = (self.epochs - row["epoch"]) * self.batches
        left = (now - self.began) / max(self.done, 1) * share
        self.say(
            f"epoch {row['epoch']}/{self.epochs}  {_figures(row)}  {_rate(self.throughput)}  "
            f"{_time(left)} left"
        )

    def say(self, message: str) -> None:
        """Show one line between the others."""
        if self.bar is not None:
            self.bar.console.print(message, markup=False, highlight=False)
        elif self.show:
            sys.stderr.write(message + "\n")
            sys.stderr.flush()

    @property
    def throughput(self) -> float:
        """Real steps a second so far, validation and checkpoints counted in."""
        return self.steps / max(time.monotonic() - self.began, 1e-9)

    def _open_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self.bar = Bar(
            TextColumn("epoch {task.fields[epoch]}/" + str(self.epochs)),
            BarColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[rate]}  {task.fields[figures]}"),
            console=Console(stderr=True),
            transient=True,
        )
        total = self.epochs * self.batches
        epoch = self.behind // self.batches
        self.task = self.bar.add_task(
            "fit", total=total, completed=self.behind, epoch=epoch, rate="", figures=""
        )
        self.bar.start()


SHOWN = ("train_loss", "valid_loss", "valid_accuracy", "valid_error", "valid_free_error")


def _figures(row: Mapping[str, Any]) -> str:
    shown = (name for name in SHOWN if row.get(name) is not None)
    return "  ".join(f"{name.replace('_', ' ')} {row[name]:.4g}" for name in shown)


def _rate(steps: float) -> str:
    return f"{steps / 1000:.1f}k steps/s" if steps >= 1000 else f"{steps:.0f} steps/s"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
    )
