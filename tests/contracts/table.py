"""The table that every registered cell, head and forcing is run through.

What is registered is in the table by itself. How to build it is said here, and ``test_registry.py``
fails where that is missing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from freerun.cells import CELLS
from freerun.forcing import FORCINGS, FreeRunning, TeacherForcing
from freerun.heads import HEADS, Head
from freerun.plan import Forcing, Plan

HEAD_ARGUMENTS: dict[str, dict[str, Any]] = {
    "Categorical": {"classes": 3},
    "Bernoulli": {"outputs": 2},
    "Gaussian": {"outputs": 2},
    "Point": {"outputs": 2},
    "StudentT": {"outputs": 2},
    "Laplace": {"outputs": 2},
    "Poisson": {"outputs": 2},
    "NegativeBinomial": {"outputs": 2},
    "GaussianMixture": {"outputs": 2, "components": 3},
}

FORCING_ARGUMENTS: dict[str, tuple[dict[str, Any], ...]] = {
    "TeacherForcing": ({},),
    "FreeRunning": ({}, {"warmup": 2}),
    "ScheduledSampling": ({"schedule": 0.5}, {"schedule": 0.5, "through": False}),
    "SparseTeacherForcing": ({"every": 3},),
    "GeneralizedTeacherForcing": ({"alpha": 0.3}, {"alpha": "adaptive"}),
    "NoisyTeacherForcing": ({},),
    "HorizonCurriculum": ({"start": 3},),
    "ProfessorForcing": ({},),
    "DataAsDemonstrator": ({},),
    "Curriculum": ({"policies": (FreeRunning(2), TeacherForcing()), "at": (0.5,)},),
}
"""For every policy, one or more ways to build it."""


def _weights(y: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(y.shape[:2], generator=generator, dtype=torch.float64)


PLANS: dict[str, Callable[[Tensor, torch.Generator], Plan]] = {
    "0-or-1": lambda y, g: Plan(y, (_weights(y, g) < 0.5).double()),
    "one-for-all": lambda y, g: Plan(y, _weights(y, g)[0]),
    "in-between": lambda y, g: Plan(y, _weights(y, g)),
    "cut": lambda y, g: Plan(y, _weights(y, g), through=False),
    "samples": lambda y, g: Plan(y, (_weights(y, g) < 0.5).double(), "sample"),
}
"""Plans that no policy need ever make, but that the unroll must follow."""

ENDS = ("TeacherForcing", "FreeRunning")
"""Policies with ways of their own through the unroll; what the others plan is like `PLANS`, so that
one deep cell is enough for them."""

EDGES = (("hidden", "every"), ("hidden", "last"), ("output", "every"), ("both", "every"))
"""Recurrence and readout: every combination that means something."""

DEEP: dict[str, Any] = {"num_layers": 2, "output_lags": 3, "input_lags": 2, "residual": True}


@dataclass(frozen=True)
class Case:
    """A network and how it is forced."""

    cell: str = "tanh"
    recurrence: str = "both"
    readout: str = "every"
    head: str = "Gaussian"
    forcing: str = "TeacherForcing"
    num_layers: int = 1
    output_lags: int = 1
    input_lags: int = 0
    residual: bool = False
    bidirectional: bool = False

    def __str__(self) -> str:
        parts = [self.cell, self.recurrence, self.readout, self.head]
        if self.recurrence != "hidden":
            parts.append(self.forcing)
        if self.num_layers > 1:
            parts.append("deep")
        if self.bidirectional:
            parts.append("bidirectional")
        return "-".join(parts)


def make_head(name: str) -> Head:
    return HEADS[name](**HEAD_ARGUMENTS.get(name, {}))


def policies() -> dict[str, Forcing]:
    """Every policy in every way the table builds it."""
    return {
        name + "".join(f"-{key}={value}" for key, value in arguments.items()): kind(**arguments)
        for name, kind in FORCINGS.items()
        for arguments in FORCING_ARGUMENTS.get(name, ({},))
    }


def cases() -> Iterator[Case]:
    """Every cell with every forcing, plain and deep; and every head with a few kinds of plan."""
    for recurrence, readout in EDGES:
        edge = recurrence != "hidden"
        deep = DEEP if edge else {"num_layers": 2, "input_lags": 2}
        for forcing in [*policies(), *PLANS] if edge else ["TeacherForcing"]:
            for cell in CELLS:
                yield Case(cell, recurrence, readout, forcing=forcing)
                if forcing in ENDS or forcing in PLANS or cell == "lstm":
                    yield Case(cell, recurrence, readout, forcing=forcing, **deep)
        for forcing in ["TeacherForcing", "in-between", "samples"] if edge else ["TeacherForcing"]:
            for head in HEADS:
                if head != "Gaussian" and (forcing != "samples" or HEADS[head].can_sample):
                    yield Case("tanh", recurrence, readout, head, forcing)


def two_way_cases() -> Iterator[Case]:
    """Networks that read each sequence from both ends."""
    for cell in CELLS:
        for readout in ("every", "last"):
            yield Case(cell, "hidden", readout, num_layers=2, input_lags=1, bidirectional=True)
