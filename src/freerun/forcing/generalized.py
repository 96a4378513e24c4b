"""Generalized teacher forcing: everywhere a little of the truth."""

from dataclasses import dataclass, replace
from typing import Any

import torch

from freerun._checks import check_integer, check_number, fail
from freerun.data import Sequences
from freerun.dynamics import jacobians, mean_growth
from freerun.plan import Plan, PlanBatch

__all__ = ["GeneralizedTeacherForcing"]

WHERE = "GeneralizedTeacherForcing"

LOOKED_AT = 2**23
"""Numbers of the Jacobians that one look takes: with many lags, those of fewer sequences."""


@dataclass(frozen=True)
class GeneralizedTeacherForcing:
    """w = alpha everywhere: what is fed lies between output and truth.

        f(t) = alpha y(t) + (1 - alpha) g(o(t))

    The loss is on o(t), which is not forced. A gradient that goes back through the output edge
    shrinks by 1 - alpha each step: with output recurrence and one lag it stays bounded where
    alpha >= 1 - 1 / sigma, sigma the largest norm of the Jacobian.

    ``"adaptive"`` finds alpha while training. Every few updates

        kappa     = max over the batch of | J(T) ... J(1) |^(1/T)
        alpha_new = max(0, 1 - 1 / kappa)
        alpha     = alpha_new where that is larger, else decay alpha + (1 - decay) alpha_new

    with J(t) the Jacobian of the network's own step along the data, and alpha 1 at first. Alpha
    falls slowly: with the defaults it takes some thousand updates to halve. Each epoch's row of the
    history has it, as ``forcing_alpha``. With many lags the batch is only the first of its
    sequences, for the Jacobians of all would take longer than the training.

    Args:
        alpha: From 0 (free running) to 1 (teacher forcing), or ``"adaptive"``.
        every: Updates from one look at the Jacobians to the next; only for ``"adaptive"``.
        decay: How slowly alpha falls, from 0 to 1; only for ``"adaptive"``.

    Raises:
        ArgumentError: A number is out of range; or, adaptive, the network recurs through hidden
            units too, whose part of the Jacobian no forcing of outputs shrinks.

    Source: Hess, Monfared, Brenner and Durstewitz, "Generalized teacher forcing for learning
    chaotic dynamics", ICML 2023, section 3.2 and the annealing of its appendix. The product's norm
    stands here for the norm of the geometric mean of the Jacobians.
    """

    alpha: float | str = 0.1
    every: int = 5
    decay: float = 0.999

    def __post_init__(self) -> None:
        if isinstance(self.alpha, str) and self.alpha != "adaptive":
            expected = "alpha must be a number from 0 to 1, or 'adaptive'"
            fail(WHERE, expected, repr(self.alpha), "Pass alpha=0.1, say.")
        if self.alpha != "adaptive":
            check_number(WHERE, "alpha", self.alpha, 0.0, 1.0)
        check_integer(WHERE, "every", self.every, 1)
        check_number(WHERE, "decay", self.decay, 0.0, 1.0)

    def prepare(self, net: Any, train: Sequences) -> "GeneralizedTeacherForcing | Adapting":
        """Itself, or the object whose alpha follows the network."""
        if self.alpha != "adaptive":
            return self
        if net.recurrence != "output":
            expected = "alpha='adaptive' needs recurrence='output', all of which alpha shrinks"
            fix = "Pass alpha=0.1, say, or recurrence='output'."
            fail(WHERE, expected, f"recurrence={net.recurrence!r}", fix)
        return Adapting(self)

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """One weight for all steps; of an adaptive alpha that it begins with."""
        return Plan(batch.y, 1.0 if self.alpha == "adaptive" else float(self.alpha))


class Adapting:
    """A generalized forcing whose alpha follows the Jacobians of the network that is trained.

    Attributes:
        alpha: what it is now.
        updates: how many there were.
    """

    def __init__(self, policy: GeneralizedTeacherForcing) -> None:
        self.policy = policy
        self.alpha, self.updates = 1.0, 0

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """One weight for all steps."""
        return Plan(batch.y, self.alpha)

    def update(self, net: Any, batch: PlanBatch, unrolled: object) -> None:
        """Look at the Jacobians along the batch, when it is time."""
        self.updates += 1
        if self.updates % self.policy.every:
            return
        size = net.output_lags * net.head.fed_size
        seen = _first(batch, max(1, LOOKED_AT // (batch.y.shape[1] * size**2)))
        found = jacobians(net, seen.x, seen.y, seen.state, lengths=seen.lengths, mask=seen.mask)
        kappa = float(mean_growth(found, seen.lengths).max())
        needed = max(0.0, 1 - 1 / kappa) if kappa > 0 else 0.0
        decay = self.policy.decay
        falling = decay * self.alpha + (1 - decay) * needed
        self.alpha = needed if needed > self.alpha else falling

    def figures(self) -> dict[str, float]:
        """Alpha as it is now."""
        return {"alpha": self.alpha}

    def state_dict(self) -> dict[str, Any]:
        """What resuming needs."""
        return {"alpha": self.alpha, "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.alpha, self.updates = state["alpha"], state["updates"]


def _first(batch: PlanBatch, rows: int) -> PlanBatch:
    """The first sequences of the batch, no more than ``rows``."""
    if rows >= len(batch.y):
        return batch
    return replace(
        batch,
        x=None if batch.x is None else batch.x[:rows],
        y=batch.y[:rows],
        lengths=None if batch.lengths is None else batch.lengths[:rows],
        mask=None if batch.mask is None else batch.mask[:rows],
        state=None if batch.state is None else batch.state.map(lambda part: part[:rows]),
    )
