"""Forcing: what the output edge carries in training, f(t) = w(t) y(t) + (1 - w(t)) g(o(t)).

A policy makes a :class:`Plan`, the values y and the weights w for one batch; the unrolled network
does as the plan says and knows nothing of policies.

    w = 1   teacher forcing, in system identification *series-parallel* or NARX training
    w = 0   free running, in system identification *parallel*, *simulation* or NOE training
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from freerun._checks import check_choice, check_integer, fail
from freerun.data import Sequences
from freerun.heads import Sampling

__all__ = [
    "FORCINGS",
    "Forcing",
    "FreeRunning",
    "Plan",
    "PlanBatch",
    "TeacherForcing",
    "register",
]


@dataclass(frozen=True)
class Plan:
    """What the output edge carries over one batch.

    Attributes:
        values: y, or what stands in its place: y's shape and units. None where no weight is above
            0.
        weights: w(t) in [0, 1]: a number, or a tensor ``(time,)`` or ``(batch, time)``.
        feed: what g(o) is: ``"mean"``, ``"sample"``, or a :class:`freerun.heads.Sampling` for
            classes.
        through: whether gradients pass through g(o). Through a sample they pass only where the head
            can reparameterise it.
    """

    values: Tensor | None
    weights: float | Tensor
    feed: str | Sampling = "mean"
    through: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.feed, Sampling):
            check_choice("Plan", "feed", self.feed, ("mean", "sample"))
        if isinstance(self.weights, float) and 0 <= self.weights <= (self.values is not None):
            return  # the usual numbers, without a tensor for each look at them
        weights = torch.as_tensor(self.weights).detach()
        if weights.numel() and not bool(((weights >= 0) & (weights <= 1)).all()):
            span = f"{weights.min():g} to {weights.max():g}"
            fail("Plan", "weights must lie in [0, 1]", f"values from {span}", "Clamp them.")
        if self.values is None and bool((weights > 0).any()):
            fail("Plan", "values must be given where a weight is above 0", "None", "Pass values=y.")

    @property
    def draws(self) -> bool:
        """Whether samples, not means, are fed back."""
        return self.feed != "mean"

    def is_teacher(self) -> bool:
        """Whether every weight is 1, so that no output is ever fed back."""
        return self._are_all(1.0)

    def is_free(self) -> bool:
        """Whether every weight is 0, so that no value is ever fed."""
        return self._are_all(0.0)

    def _are_all(self, weight: float) -> bool:
        if isinstance(self.weights, float):
            return self.weights == weight
        return bool((torch.as_tensor(self.weights) == weight).all())

    def part(self, start: int, stop: int) -> "Plan":
        """The plan for the steps ``start`` to ``stop``."""
        values = None if self.values is None else self.values[:, start:stop]
        weights = self.weights
        if isinstance(weights, Tensor) and weights.ndim:
            weights = weights[..., start:stop]
        return replace(self, values=values, weights=weights)


@dataclass(frozen=True)
class PlanBatch:
    """What a policy may look at, in scaled units.

    Attributes:
        x: ``(batch, time, input_size)``, or None.
        y: ``(batch, time, outputs)``, or ``(batch, time)`` of classes.
        lengths: ``(batch,)``, or None where every sequence fills the batch.
        mask: bool, True where y was observed, or None where all of it was.
        state: what came before the first step: a :class:`freerun.State`, or None.
        index: ``(batch,)``: which sequences of the training set these are, or None.
    """

    x: Tensor | None
    y: Tensor
    lengths: Tensor | None = None
    mask: Tensor | None = None
    state: Any | None = None
    index: Tensor | None = None


@runtime_checkable
class Forcing(Protocol):
    """A policy: one method.

    A policy may also have ``prepare(net, train)``, called before training, ``update(net, batch,
    unrolled)``, called after each step of training, and ``state_dict()`` with
    ``load_state_dict()``, which resuming restores.
    """

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """The plan for ``batch``.

        Args:
            batch: what there is to feed.
            progress: how far training is, from 0 to 1.
            generator: where randomness comes from.
        """
        ...


@dataclass(frozen=True)
class TeacherForcing:
    """w = 1: the truth is fed back (Williams and Zipser 1989; in system identification, NARX).

    With output recurrence every step is then independent of the others, and the whole sequence is
    one batch of matrix products.
    """

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """Every value, every weight 1."""
        return Plan(batch.y, 1.0)


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


FORCINGS: dict[str, type[Forcing]] = {
    policy.__name__: policy for policy in (TeacherForcing, FreeRunning)
}
"""Every policy by name; what is registered here runs through every contract of the tests."""


def register(policy: type[Forcing]) -> type[Forcing]:
    """Make saved runs and the contract tests know ``policy``, a frozen dataclass of numbers."""
    FORCINGS[policy.__name__] = policy
    return policy
