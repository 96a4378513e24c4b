"""Small networks in float64, data for them, and trainings that can be looked into."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

import freerun as fr
from freerun.forcing.hooks import arrange, penalty, prepare, update
from freerun.plan import Forcing, PlanBatch, Progress
from tests.contracts.runs import Run, make_run
from tests.contracts.table import Case

__all__ = ["Watching", "batch_of", "data", "network", "scalar", "seeded", "series", "train"]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch_of(case: Case, mask: Tensor | None = None, **options: Any) -> tuple[Run, PlanBatch]:
    """A run of the case and its batch, numbered as the sequences of a training set are."""
    run = make_run(case, **options)
    index = torch.arange(len(run.y))
    return run, replace(run.batch(mask), index=index)


def scalar(factor: float, head: fr.heads.Head | None = None) -> fr.RecurrentNetwork:
    """o(t) = factor f(t-1), without inputs: its Jacobian is ``factor``, everywhere."""
    net = fr.RecurrentNetwork(
        0, 1, head or fr.heads.Point(1), cell="identity", recurrence="output"
    ).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        weight_fh = net.layers[0].weight_fh
        assert weight_fh is not None
        weight_fh.fill_(factor)
        net.output.weight.fill_(1.0)
    return net


def network(head: fr.heads.Head | None = None, **options: Any) -> fr.RecurrentNetwork:
    """A small autonomous network, the same every time."""
    asked: dict[str, Any] = {"recurrence": "output", **options}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = fr.RecurrentNetwork(0, 5, head or fr.heads.Gaussian(1), **asked)
    net.scaling = fr.Scaling.identity()
    return net.double()


def series(*lengths: int) -> list[Tensor]:
    """Noisy waves."""
    draw = seeded(7)
    return [
        torch.sin(torch.arange(n).double() / 3 + k)[:, None]
        + 0.1 * torch.randn(n, 1, generator=draw, dtype=torch.float64)
        for k, n in enumerate(lengths)
    ]


def data(*lengths: int) -> fr.Sequences:
    """The same as sequences."""
    return fr.Sequences(None, series(*(lengths or (9, 9, 9, 9))), dtype=torch.float64)


def train(net: fr.RecurrentNetwork, forcing: Forcing, **options: Any) -> fr.History:
    """Two batches an epoch, quietly."""
    asked: dict[str, Any] = {"train": data(), "epochs": 2, "batch_size": 2, "progress": False}
    return fr.fit(net, forcing=forcing, **(asked | options))


class Watching:
    """A policy that does as another does, and hands everything to ``see``: the plan last."""

    def __init__(self, policy: Forcing, see: Callable[..., None]) -> None:
        self.policy, self.see = policy, see

    def prepare(self, net: fr.RecurrentNetwork, train: fr.Sequences) -> "Watching":
        return Watching(prepare(self.policy, net, train), self.see)

    def arrange(self, net: Any, batch: PlanBatch, progress: float, generator: Any) -> PlanBatch:
        self.net = net
        return arrange(self.policy, net, batch, progress, generator)

    def plan(self, batch: PlanBatch, progress: float, generator: Any) -> fr.Plan:
        assert isinstance(progress, Progress)
        plan = self.policy.plan(batch, progress, generator)
        self.see(self.policy, self.net, batch, progress, plan)
        return plan

    def penalty(self, net: Any, batch: PlanBatch, unrolled: Any, generator: Any) -> Tensor | None:
        return penalty(self.policy, net, batch, unrolled, generator)

    def update(self, net: Any, batch: PlanBatch, unrolled: Any) -> None:
        update(self.policy, net, batch, unrolled)
