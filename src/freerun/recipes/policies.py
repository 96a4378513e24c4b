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

# Errors running free on a last fifth that nothing was chosen by, of three seeds, by what is chosen
# among these and by teacher forcing: Mackey-Glass (1500 steps, 100 ahead) 0.013, 0.007, 0.017 and
# 0.068, 8.3, 25.9; Lorenz-63 (3000 steps of 0.05, 40 ahead) 3.7, 5.2, 7.9 and above 1000, of a
# standard deviation of 8; Chen's system (60 ahead) 0.956, 0.811, 0.916 and 0.943, 0.811, 0.916:
# there a tail may mislead. On sunspots (60 ahead) the linear start is best untrained.
# Left out, for they were never the best on a tail: noise of 0.03 and 0.3, the horizon curriculum
# alone, teacher forcing and then free running, forcing at Lyapunov intervals; generalised forcing
# of 0.2 and 0.8, which runs away from a linear start on both chaotic systems.
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
