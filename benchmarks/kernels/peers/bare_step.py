"""What of a training step no training can do without: forward, loss and backward."""

import torch

from benchmarks.kernels.contestant import Contestant
from benchmarks.kernels.peers.ours import FORCINGS, network
from benchmarks.kernels.problem import Problem

__all__ = ["build"]

TIMES = 20


def build(problem: Problem) -> Contestant:
    """Some steps without data, clipping and optimizer."""
    net = network(problem)
    x, y = (torch.from_numpy(problem.data[name]) for name in ("x", "y"))

    def run() -> None:
        for _ in range(TIMES):
            net.zero_grad(set_to_none=True)
            net.backpropagate(x, y, FORCINGS["fit"])

    return Contestant(run, units=TIMES)
