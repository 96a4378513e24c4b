"""A curriculum: one policy after the other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from freerun._checks import check_number, fail
from freerun.data import Sequences
from freerun.forcing.hooks import arrange, figures, has_penalty, penalty, prepare, update
from freerun.plan import Forcing, Plan, PlanBatch, Progress

__all__ = ["Curriculum"]

WHERE = "Curriculum"

ROUNDING = 1e-12
"""A phase begins at this much less than its share: what rounding may take from a batch's."""


@dataclass(frozen=True)
class Curriculum:
    """One policy after the other: teacher forcing first, say, and running free after it.

    Each policy sees its own phase of training as the whole: a schedule of the second one begins
    where the first one ends.

    Args:
        policies: Two or more.
        at: Where each but the first begins, one number fewer than there are policies, rising: whole
            numbers of 1 or more are epochs, numbers below 1 shares of training.

    Raises:
        ArgumentError: There are fewer than two policies, one is none, or ``at`` does not fit; in
            training, the turn of one never comes.

    Example:
        >>> import freerun as fr
        >>> policy = fr.Curriculum([fr.TeacherForcing(), fr.FreeRunning()], at=[0.5])
        >>> batch = fr.forcing.PlanBatch(None, torch.zeros(1, 5, 1))
        >>> [policy.plan(batch, p, None).weights for p in (0.0, 0.49, 0.5)]
        [1.0, 1.0, 0.0]

    Source: Bengio, Louradour, Collobert and Weston, "Curriculum learning", ICML 2009; a network
    that was taught first and runs free after it, Ribeiro and Aguirre, *Neurocomputing* 316 (2018).
    """

    policies: Sequence[Forcing]
    at: Sequence[float]

    def __post_init__(self) -> None:
        policies, at = _as_tuple(self.policies), _as_tuple(self.at)
        if len(policies) < 2:
            fix = "Pass policies=[fr.TeacherForcing(), fr.FreeRunning()], at=[0.5], say."
            fail(WHERE, "policies must be two or more", len(policies), fix)
        for one in policies:
            if isinstance(one, type) or not isinstance(one, Forcing):
                got = f"the class {one.__name__}" if isinstance(one, type) else repr(one)
                fail(WHERE, "policies must be policies", got, "Pass fr.TeacherForcing(), say.")
        if len(at) != len(policies) - 1:
            expected = f"at must have {len(policies) - 1} numbers, one less than policies"
            fail(WHERE, expected, len(at), "Say where each but the first begins.")
        for number in at:
            if check_number(WHERE, "at", number, 0.0) == 0:
                fix = "Leave the first policy out, or pass at=[0.5], say."
                fail(WHERE, "at must be above 0, or the first has no turn", number, fix)
            if number >= 1 and number != int(number):
                fix = f"Pass {int(number)}, or a share of training below 1."
                fail(WHERE, "at must be whole epochs, or shares below 1", number, fix)
        for before, after in pairwise(at):
            if (before < 1) != (after < 1):
                fix = "Say all in one way."
                fail(WHERE, "at must be all epochs, or all shares", f"{before} and {after}", fix)
            if not before < after:
                fail(WHERE, "at must rise", f"{before} and then {after}", "Put them in order.")
        object.__setattr__(self, "policies", policies)
        object.__setattr__(self, "at", at)

    @property
    def needs_truth(self) -> bool:
        """Whether the first policy looks at y."""
        return getattr(self.policies[0], "needs_truth", True)

    @property
    def has_penalty(self) -> bool:
        """Whether one of the policies adds to the loss."""
        return any(has_penalty(one) for one in self.policies)

    @property
    def needs_output_edge(self) -> bool:
        """Whether one of the policies means nothing without an output edge."""
        return any(getattr(one, "needs_output_edge", False) for one in self.policies)

    def check_turns(self, epochs: int, batches: int) -> None:
        """Refuse a policy whose turn never comes, here or in a curriculum within.

        Args:
            epochs: How many there are.
            batches: How many each of them has.

        Raises:
            ArgumentError: No batch falls into the phase of one.
        """
        self._check_turns(epochs, batches, 0.0, 1.0)

    def _check_turns(self, epochs: int, batches: int, begin: float, end: float) -> None:
        shares = self._shares(epochs * (end - begin))
        bounds = [begin, *(begin + share * (end - begin) for share in shares), end]
        for policy, (low, high) in zip(self.policies, pairwise(bounds), strict=True):
            first, stop = (math.ceil((one - ROUNDING) * epochs * batches) for one in (low, high))
            if first >= min(stop, math.ceil((end - ROUNDING) * epochs * batches)):
                expected = f"at={list(self.at)} must give every policy a batch"
                got = f"none for {type(policy).__name__} in {epochs} epochs of {batches} batches"
                fail(WHERE, expected, got, "Move at, or train for more epochs.")
            if isinstance(policy, Curriculum):
                policy._check_turns(epochs, batches, low, high)

    def prepare(self, net: Any, train: Sequences) -> "Phases":
        """The policies as they are followed; every one of them may refuse."""
        return Phases(self, [prepare(one, net, train) for one in self.policies])

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """The plan of the policy whose turn it is."""
        number, within = self.phase(progress)
        return self.policies[number].plan(batch, within, generator)

    def phase(self, progress: float) -> tuple[int, Progress]:
        """Whose turn it is, and how far its phase has come."""
        epochs = progress.epochs if isinstance(progress, Progress) else 0
        shares = self._shares(epochs)
        number = sum(progress + ROUNDING >= share for share in shares)
        begin = ([0.0, *shares])[number]
        end = ([*shares, 1.0])[number]
        within = (progress - begin) / (end - begin) if end > begin else 1.0
        return number, Progress(min(max(within, 0.0), 1.0), (end - begin) * epochs)

    def _shares(self, epochs: float) -> list[float]:
        """Where each policy but the first begins; epochs at the end, where none are counted."""
        return [one if one < 1 else one / epochs if epochs else 1.0 for one in self.at]


class Phases:
    """A curriculum's policies as training follows them, and whose turn it is.

    Attributes:
        policies: what each policy's ``prepare`` made.
        turn: the number of the one that planned last.
    """

    def __init__(self, curriculum: Curriculum, policies: Sequence[Forcing]) -> None:
        self.curriculum, self.policies = curriculum, policies
        self.turn = 0

    def arrange(
        self, net: Any, batch: PlanBatch, progress: float, generator: torch.Generator | None
    ) -> PlanBatch:
        """What the policy whose turn it is makes of the batch."""
        self.turn, within = self.curriculum.phase(progress)
        return arrange(self.policies[self.turn], net, batch, within, generator)

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """The plan of the policy whose turn it is."""
        self.turn, within = self.curriculum.phase(progress)
        return self.policies[self.turn].plan(batch, within, generator)

    def penalty(
        self, net: Any, batch: PlanBatch, unrolled: Any, generator: torch.Generator | None
    ) -> Tensor | None:
        """The penalty of the policy whose turn it is."""
        return penalty(self.policies[self.turn], net, batch, unrolled, generator)

    def update(self, net: Any, batch: PlanBatch, unrolled: Any) -> None:
        """Tell the policy whose turn it is."""
        update(self.policies[self.turn], net, batch, unrolled)

    def figures(self) -> dict[str, float]:
        """Whose turn it was, from 0, and what that policy has to say."""
        return {"phase": self.turn, **figures(self.policies[self.turn])}

    def state_dict(self) -> dict[str, Any]:
        """What resuming needs."""
        states: list[dict[str, Any]] = [getattr(one, "state_dict", dict)() for one in self.policies]
        return {"policies": states}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        for one, kept in zip(self.policies, state["policies"], strict=True):
            load: Any = getattr(one, "load_state_dict", None)
            if load is not None:
                load(kept)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
