"""What w(t) does not say of a policy, in words."""

import dataclasses
from dataclasses import replace
from typing import Any

from freerun.forcing import (
    Curriculum,
    DataAsDemonstrator,
    Forcing,
    GeneralizedTeacherForcing,
    HorizonCurriculum,
    NoisyTeacherForcing,
    ProfessorForcing,
    SparseTeacherForcing,
    spell_forcing,
)

__all__ = ["remarks", "shown", "spelled"]

EXAMPLE = 10
"""The interval that stands for one that only the data say."""


def spelled(policy: Forcing) -> str:
    """A policy as the command line takes it; of one that is no dataclass, its name."""
    made: Any = policy
    return spell_forcing(policy) if dataclasses.is_dataclass(made) else type(policy).__name__


def shown(policy: Forcing) -> Forcing:
    """The policy that is asked for its plans: without what only training data can say."""
    if isinstance(policy, Curriculum):
        return replace(policy, policies=[shown(one) for one in policy.policies])
    if isinstance(policy, SparseTeacherForcing) and policy.every == "lyapunov":
        return SparseTeacherForcing(EXAMPLE)
    return policy


def remarks(policy: Forcing, epochs: int) -> tuple[str, ...]:
    """Sentences, none where w says all; of a curriculum those of every policy in it."""
    if not isinstance(policy, Curriculum):
        said = _remark(policy)
        return () if said is None else (said,)
    begins = [f"from epoch {one if one >= 1 else one * epochs:g} " for one in policy.at]
    turns = [
        f"{when}{spelled(one)}" for when, one in zip(["", *begins], policy.policies, strict=True)
    ]
    found = [(spelled(one), remarks(one, epochs)) for one in policy.policies]
    within = [f"{name}: {said}" for name, each in found for said in each]
    return (f"First {'; '.join(turns)}.", *within)


def _remark(policy: Forcing) -> str | None:
    made: Any = policy
    match made:
        case NoisyTeacherForcing(scale=scale):
            blurred = f"y + {scale:g} n(t), n standard normal, where y is real"
            return f"The values are not y but y blurred: {blurred}."
        case DataAsDemonstrator(every=every):
            when = "every epoch" if every == 1 else f"every {every} epochs"
            return (
                "The values are y or one of the network's own earlier runs, "
                f"each as likely; it is run anew {when}."
            )
        case ProfessorForcing():
            return (
                "Beside this run a second one with w = 0 runs free; "
                "the network learns to make them look alike to an adversary."
            )
        case GeneralizedTeacherForcing(alpha="adaptive"):
            return "alpha is set while training; shown is the 1 that it begins with."
        case SparseTeacherForcing(every="lyapunov"):
            return (
                "n is ln 2 / (largest Lyapunov exponent) of the training data; "
                f"shown is n = {EXAMPLE}, as an example."
            )
        case HorizonCurriculum():
            return (
                "Sequences are cut after every w = 1 shown, and the parts trained as sequences "
                "of their own, each begun from the truth."
            )
    return None
