"""Data as demonstrator: the network learns to come back from where it went astray."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from freerun._checks import check_integer
from freerun._measure import evaluating
from freerun.data import Sequences
from freerun.heads import Categorical
from freerun.plan import Plan, PlanBatch, Progress

__all__ = ["DataAsDemonstrator"]


@dataclass(frozen=True)
class DataAsDemonstrator:
    """w = 1, but the values are the network's own earlier free runs; the targets stay the truth.

        f(t) = y(t), or y-hat(t) of a run of an earlier network over the same sequence

    Every few epochs each sequence is run freely from where it begins, and the run is kept beside
    the truth; each batch feeds every sequence one of what was kept for it, each as likely. So the
    network is shown, at places where it would come by itself, where the truth goes from there. No
    gradient flows through what is fed, and with output recurrence every step is independent of the
    others, as under teacher forcing. A run that leaves the numbers behind is not kept.

    Which of the networks on the way is best, validation says: pass ``valid`` to
    :func:`freerun.fit`, which keeps the one with the least free-running error.

    Args:
        every: Epochs from one run of a sequence to the next.
        keep: Runs kept of each sequence, the newest ones. They take ``keep`` times the memory of
            all sequences of y, where those overlap of each for itself, also in the run directory.

    Raises:
        ArgumentError: A number is below 1.

    Source: Venkatraman, Hebert and Bagnell, "Improving multi-step prediction of learned time series
    models", AAAI 2015, algorithm 1.
    """

    every: int = 1
    keep: int = 10

    def __post_init__(self) -> None:
        check_integer("DataAsDemonstrator", "every", self.every, 1)
        check_integer("DataAsDemonstrator", "keep", self.keep, 1)

    def prepare(self, net: Any, train: Sequences) -> "Demonstrations":
        """The object that holds the runs."""
        return Demonstrations(self, len(train), int(train.lengths.max()))

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """As long as nothing was run, the teacher's."""
        return Plan(batch.y, 1.0)


class Demonstrations:
    """The runs of every sequence so far.

    Attributes:
        runs: ``(sequences, keep, steps[, outputs])``; None before the first.
        count: ``(sequences,)``: how many runs of each there were, the oldest of them gone.
        due: ``(sequences,)``: the epoch in which each is run again.
    """

    def __init__(self, policy: DataAsDemonstrator, sequences: int, steps: int) -> None:
        self.policy, self.steps = policy, steps
        self.runs: Tensor | None = None
        self.count = torch.zeros(sequences, dtype=torch.int64)
        self.due = torch.full((sequences,), policy.every, dtype=torch.int64)

    def arrange(
        self, net: Any, batch: PlanBatch, progress: float, generator: torch.Generator | None
    ) -> PlanBatch:
        """The batch as it is; its sequences are run, where it is time."""
        index = batch.index
        if index is None or not isinstance(progress, Progress):
            return batch
        epoch = int(progress.epoch + 1e-6)
        late = self.due[index.cpu()] <= epoch
        if bool(late.any()):
            self._keep(_run(net, batch, generator), index.cpu(), late)
            self.due[index.cpu()[late]] = epoch + self.policy.every
        return batch

    def _keep(self, found: Tensor, index: Tensor, late: Tensor) -> None:
        if self.runs is None:
            shape = (len(self.count), self.policy.keep, self.steps, *found.shape[2:])
            self.runs = found.new_zeros(shape)
        found = found.to(self.runs.device)
        sound = found.isfinite().flatten(1).all(1).cpu() & late
        rows = index[sound]
        self.runs[rows, self.count[rows] % self.policy.keep, : found.shape[1]] = found[sound]
        self.count[rows] += 1

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """For every sequence the truth, or one of its runs."""
        if self.runs is None or batch.index is None:
            return Plan(batch.y, 1.0)
        index = batch.index.cpu()
        kept = self.count[index].clamp_max(self.policy.keep)
        coins = torch.rand(len(index), generator=generator)
        chosen = (coins * (kept + 1)).long() - 1  # -1 for the truth
        runs = self.runs[index, chosen.clamp_min(0), : batch.y.shape[1]].to(batch.y)
        is_run = (chosen >= 0).to(batch.y.device).reshape(-1, *[1] * (batch.y.ndim - 1))
        return Plan(torch.where(is_run, runs, batch.y), 1.0)

    def state_dict(self) -> dict[str, Any]:
        """What resuming needs."""
        return {"runs": self.runs, "count": self.count, "due": self.due}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.runs, self.count, self.due = state["runs"], state["count"], state["due"]


def _run(net: Any, batch: PlanBatch, generator: torch.Generator | None) -> Tensor:
    """y-hat of a free run over the batch, in y's form; classes are drawn."""
    steps = batch.y.shape[1]
    classes = isinstance(net.head, Categorical)
    plan = Plan(None, 0.0, "sample" if classes else "mean")
    with evaluating(net):
        unrolled = net(
            batch.x, None, plan, batch.lengths,
            state=net.initial_state(len(batch.y)) if batch.state is None else batch.state,
            steps=steps, generator=generator,
        )  # fmt: skip
    return unrolled.f.argmax(-1) if classes else unrolled.mean
