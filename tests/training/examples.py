"""Small data and networks, and ways to look into a training and to stop it."""

import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun import checkpoint
from freerun.plan import PlanBatch
from freerun.training import loop

TIMES = ("seconds", "steps_per_second")
"""What no two trainings have in common."""


def driven(
    sequences: int = 6, steps: int = 12, seed: int = 0, dtype: torch.dtype = torch.float32
) -> fr.Sequences:
    """A noisy first-order system with two inputs, in units of its own."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(sequences, steps, 2, generator=draw, dtype=torch.float64)
    noise = 0.1 * torch.randn(sequences, steps, 1, generator=draw, dtype=torch.float64)
    y, now = [], torch.zeros(sequences, 1, dtype=torch.float64)
    for t in range(steps):
        now = 0.6 * now + x[:, t, :1].tanh() - 0.4 * x[:, t, 1:] + noise[:, t]
        y.append(now)
    return fr.Sequences(x, 3 * torch.stack(y, 1) + 5, dtype=dtype)


def labelled(sequences: int = 8, steps: int = 9, seed: int = 0) -> fr.Sequences:
    """Sequences whose class is the sign of their mean."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(sequences, steps, 2, generator=draw)
    return fr.Sequences(x, (x[:, :, 0].mean(1) > 0).long(), target="sequence")


def network(
    recurrence: str = "both", head: fr.heads.Head | None = None, seed: int = 0, **options: Any
) -> fr.RecurrentNetwork:
    """A small network for :func:`driven`, the same for the same seed."""
    head = fr.heads.Gaussian(1) if head is None else head
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return fr.RecurrentNetwork(2, 6, head, recurrence=recurrence, **options)


def weights(net: torch.nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in net.named_parameters()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def timeless(rows: Any) -> list[dict[str, Any]]:
    """Rows of a history without what depends on the clock."""
    return [{name: value for name, value in row.items() if name not in TIMES} for row in rows]


def kept(run: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """All that resuming would restore, but for the clock: tensors, and the rest."""
    tensors, rest = checkpoint.read_tensors(run / checkpoint.LAST)
    rest["rows"] = timeless(rest["rows"])
    del rest["sums"]["seconds"]
    return tensors, rest


def after_batches(monkeypatch: pytest.MonkeyPatch, batches: int, act: Any) -> None:
    """Call ``act`` when so many batches of the next training have been learned."""
    learn, done = loop._learn, 0

    def counted(*arguments: Any) -> None:
        nonlocal done
        learn(*arguments)
        done += 1
        if done == batches:
            act()

    monkeypatch.setattr(loop, "_learn", counted)


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


class Drawn:
    """Half of the steps are fed a draw from the network's own distribution."""

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> fr.Plan:
        weights = (torch.rand(batch.y.shape[:2], generator=generator) < 0.5).to(batch.y)
        return fr.Plan(batch.y, weights, feed="sample")


class Learning:
    """A policy with a memory: the worse the network, the less it is forced."""

    def __init__(self) -> None:
        self.level = torch.tensor(0.5)
        self.calls: list[str] = []

    def prepare(self, net: fr.RecurrentNetwork, train: fr.Sequences) -> None:
        self.calls.append(f"prepare {len(train)}")

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> fr.Plan:
        self.calls.append(f"plan {progress:.3f}")
        return fr.Plan(batch.y, self.level.item())

    def update(self, net: fr.RecurrentNetwork, batch: PlanBatch, unrolled: fr.Unrolled) -> None:
        self.calls.append("update")
        off = (unrolled.mean.detach() - batch.y).square().mean()
        self.level = 0.9 * self.level + 0.1 / (1 + off)

    def state_dict(self) -> dict[str, Any]:
        return {"level": self.level}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.level = state["level"]
