"""The network's own outputs are fed back."""

from dataclasses import dataclass

import torch

from freerun._checks import check_integer, fail
from freerun.data import Sequences
from freerun.plan import Plan, PlanBatch

__all__ = ["FreeRunning"]


@dataclass(frozen=True)
class FreeRunning:
    """w = 0 after ``warmup`` steps of w = 1: the network runs on its own outputs (NOE).

    Gradients pass through every output that was fed back: exact back-propagation through time.

    Args:
        warmup: w(1..warmup) = 1, so that step warmup + 1 is fed y(warmup) and the next one the
            network's own output.
    """

    warmup: int = 0

    def __post_init__(self) -> None:
        check_integer("FreeRunning", "warmup", self.warmup, 0)

    @property
    def needs_truth(self) -> bool:
        """Whether y is looked at."""
        return self.warmup > 0

    def prepare(self, net: object, train: Sequences) -> None:
        """Refuse a warm-up that leaves no step of any sequence to run: that would be a teacher."""
        longest = int(train.lengths.max())
        if self.warmup >= longest:
            fix = f"Pass warmup={longest // 2}, say, or TeacherForcing()."
            got = f"{self.warmup} for sequences of {longest} steps at most"
            fail("FreeRunning", "warmup must leave a step to run freely", got, fix)

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """The first ``warmup`` weights 1, the others 0."""
        if self.warmup == 0:
            return Plan(batch.y, 0.0)
        weights = torch.zeros(batch.y.shape[1], device=batch.y.device)
        weights[: self.warmup] = 1
        return Plan(batch.y, weights)
