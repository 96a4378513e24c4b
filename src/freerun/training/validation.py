"""When training measures itself, on what, and when it stops."""

from dataclasses import dataclass
from typing import Any

from freerun._checks import check_choice, check_integer, fail
from freerun.data import Sequences
from freerun.evaluation import evaluate, free_running_data, generates
from freerun.network import RecurrentNetwork

__all__ = ["Validation"]

MONITORS = ("loss", "error", "free_error")


@dataclass(frozen=True)
class Validation:
    """How :func:`freerun.fit` uses its validation data.

    A network with an output edge is judged by the error it makes running on its own outputs, for
    that is how it will run; the teacher-forced error stands beside it in the history. Without the
    edge, and for autonomous class models (text has no one true continuation), it is judged by its
    NLL.

    Args:
        patience: Stop after so many measurements without a new best; None never stops early.
        monitor: ``"loss"``, ``"error"`` or ``"free_error"``, as :func:`freerun.evaluate` has them;
            None chooses as above.
        horizon: Steps of each free run; None for as long as a sequence lasts.
        warmup: Observed steps before it; None for what ``evaluate`` takes.
        every: Measure after every so many epochs, and after the last.
    """

    patience: int | None = 20
    monitor: str | None = None
    horizon: int | None = None
    warmup: int | None = None
    every: int = 1

    def __post_init__(self) -> None:
        if self.patience is not None:
            check_integer("Validation", "patience", self.patience, 1)
        if self.monitor is not None:
            check_choice("Validation", "monitor", self.monitor, MONITORS)
        if self.horizon is not None:
            check_integer("Validation", "horizon", self.horizon, 1)
        if self.warmup is not None:
            check_integer("Validation", "warmup", self.warmup, 0)
        check_integer("Validation", "every", self.every, 1)

    def monitored(self, net: RecurrentNetwork, data: Sequences) -> str:
        """The name of the measure that chooses the best weights.

        Raises:
            ArgumentError: ``data`` or the network has no such measure.
            DataError: No sequence is long enough for the horizon.
        """
        free = net.has_output_edge and (self.horizon is not None or not generates(net))
        if free:
            free_running_data(net, data, self.horizon, self.warmup)
        if self.monitor == "free_error" and not free:
            got = "a network without one"
            fix = f"Use {MONITORS[0]!r} or {MONITORS[1]!r}."
            if net.has_output_edge:
                got, fix = "text, which has no one true continuation", "Pass horizon=50, say."
            fail("Validation", "monitor='free_error' needs an output edge to run on", got, fix)
        return self.monitor or ("free_error" if free and not generates(net) else "loss")

    def measure(self, net: RecurrentNetwork, data: Sequences) -> dict[str, Any]:
        """Everything that is measured on ``data``."""
        return evaluate(net, data, self.horizon, self.warmup)
