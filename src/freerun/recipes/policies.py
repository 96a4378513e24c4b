"""The forcing policy that training chooses by itself, from a shortlist, where it is left open."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from freerun._checks import FreerunError
from freerun.forcing import spell_forcing
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing

__all__ = ["AUTO", "WORD", "Trial", "best_of", "is_open"]

WORD = "auto"
"""Stands for a policy that is to be chosen."""

AUTO = (
    "TeacherForcing",
    "NoisyTeacherForcing",
    "Curriculum:policies=[NoisyTeacherForcing,HorizonCurriculum],at=[0.5]",
)
"""What it is chosen from, the simplest first."""

MARGIN = 0.98
"""What a policy must better those before it by: less is chance."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A policy, and what became of a network that was trained by it.

    Attributes:
        forcing: The policy.
        net: The network.
        epochs: For how many epochs it was trained.
        error: Its error running free on the part held back.
    """

    forcing: Forcing
    net: RecurrentNetwork
    epochs: int
    error: float


def is_open(forcing: object) -> bool:
    """Whether the policy is to be chosen: ``"auto"``, in whatever case."""
    return isinstance(forcing, str) and forcing.strip().casefold() == WORD


def best_of(
    policies: Iterable[Forcing], attempt: Callable[[Forcing], Trial]
) -> tuple[Trial, dict[str, float | None]]:
    """Try every policy; the best is the first, unless a later one is better by the margin.

    Returns:
        The best, and the errors of all as they are spelled, None of those that failed.

    Raises:
        FreerunError: All failed; what is raised is of the first one's kind.
    """
    best: Trial | None = None
    errors: dict[str, float | None] = {}
    refused: list[FreerunError] = []
    for policy in policies:
        try:
            trial = attempt(policy)
        except FreerunError as error:
            refused.append(error)
            errors[spell_forcing(policy)] = None
            continue
        errors[spell_forcing(policy)] = trial.error if math.isfinite(trial.error) else None
        if best is None or trial.error < MARGIN * best.error:
            best = trial
    if best is None:
        said = str(refused[0]).removeprefix("freerun: ")
        raise type(refused[0])(
            f"freerun: forcing='auto' must find a policy that trains, got none of {len(refused)}; "
            f"{next(iter(errors))}: {said}"
        ) from refused[0]
    return best, errors
