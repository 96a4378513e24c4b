"""Networks and policies for the tests of comparisons; at the top of a module, for other processes
to find them."""

import os
import signal
from dataclasses import dataclass, field
from typing import Any

import torch

import freerun as fr
from freerun.comparison import Outcome
from freerun.plan import PlanBatch

__all__ = [
    "Amplifies",
    "Counts",
    "Ends",
    "Explodes",
    "Interrupts",
    "Refuses",
    "build",
    "outcome",
    "series",
]

Generator = torch.Generator | None


def series(steps: int = 120) -> tuple[fr.Sequences, fr.Sequences]:
    """A wave with noise: windows to train on, and the end of it."""
    noise = torch.randn(steps, generator=torch.Generator().manual_seed(0))
    wave = torch.sin(torch.arange(float(steps)) / 3) + 0.3 * noise + 5
    train, test = fr.Sequences(None, wave).split(0.75)
    return train.windows(20, stride=5), test


def build(seed: int) -> fr.RecurrentNetwork:
    torch.manual_seed(seed)
    head = fr.heads.Point(1)
    return fr.RecurrentNetwork(0, 4, head, cell="identity", recurrence="output", output_lags=2)


@dataclass(frozen=True)
class Explodes:
    """Feeds what is no number, where training has one of these seeds."""

    seed: int = 1

    def plan(self, batch: PlanBatch, progress: float, generator: Generator) -> fr.Plan:
        assert generator is not None
        bad = generator.initial_seed() == self.seed or self.seed < 0
        return fr.Plan(batch.y * torch.nan if bad else batch.y, 1.0)


@dataclass(frozen=True)
class Amplifies:
    """Leaves a network behind that multiplies each output by 10."""

    def plan(self, batch: PlanBatch, progress: float, generator: Generator) -> fr.Plan:
        return fr.Plan(batch.y, 1.0)

    def update(self, net: fr.RecurrentNetwork, batch: PlanBatch, unrolled: Any) -> None:
        weight = net.layers[0].weight_fh
        assert weight is not None
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.zero_()
            weight[0, 0] = 10
            net.output.weight[0, 0] = 1


@dataclass
class Counts:
    """Refuses to be used a second time, which a policy that learns would not survive."""

    uses: list[int] = field(default_factory=list)

    def prepare(self, net: object, train: object) -> None:
        assert self.uses == []

    def plan(self, batch: PlanBatch, progress: float, generator: Generator) -> fr.Plan:
        self.uses.append(1)
        return fr.Plan(batch.y, 1.0)


@dataclass(frozen=True)
class Interrupts:
    """Ctrl-C in the middle of training."""

    def plan(self, batch: PlanBatch, progress: float, generator: Generator) -> fr.Plan:
        signal.raise_signal(signal.SIGINT)
        return fr.Plan(batch.y, 1.0)


@dataclass(frozen=True)
class Refuses:
    """Fails in a way that is no finding."""

    def plan(self, batch: PlanBatch, progress: float, generator: Generator) -> fr.Plan:
        raise LookupError("no such thing")


@dataclass(frozen=True)
class Ends:
    """Ends its process, as a system does that has no memory left."""

    def plan(self, batch: PlanBatch, progress: float, generator: Generator) -> fr.Plan:
        os._exit(9)


def outcome(
    forcing: str, seed: int, one_step: float = 1.0, free: float = 2.0, failure: str | None = None,
    horizon: int = 6,
) -> Outcome:  # fmt: skip
    """An outcome as a trial gives one, with errors that grow in a line to ``free`` + 1."""
    steps = tuple(free + k / horizon for k in range(1, horizon + 1))
    trivial = {"mean": (4.0,) * horizon}
    return Outcome(forcing, seed, failure, failure or "", one_step, free, steps, trivial, 3, 0.5)
