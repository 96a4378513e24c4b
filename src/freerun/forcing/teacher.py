"""The truth is fed back."""

from dataclasses import dataclass

import torch

from freerun.plan import Plan, PlanBatch

__all__ = ["TeacherForcing"]


@dataclass(frozen=True)
class TeacherForcing:
    """w = 1: the truth is fed back (Williams and Zipser 1989; in system identification, NARX).

    With output recurrence every step is then independent of the others, and the whole sequence is
    one batch of matrix products.
    """

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """Every value, every weight 1."""
        return Plan(batch.y, 1.0)
