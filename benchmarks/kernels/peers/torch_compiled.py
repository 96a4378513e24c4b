"""``torch.compile`` of the eager loop, which it unrolls: at T = 50, and in a few cases only."""

import torch

from benchmarks.kernels.contestant import Contestant, UnavailableError
from benchmarks.kernels.grids import COMPILED
from benchmarks.kernels.peers.torch_loop import build_with
from benchmarks.kernels.problem import Problem

__all__ = ["build"]

STEPS = 50


def build(problem: Problem) -> Contestant:
    """The loop, to be compiled when it first runs."""
    case = problem.case
    if case.T != STEPS:
        raise UnavailableError(f"unrolls the loop: at T = {STEPS} only")
    if (case.cell, case.B, case.H, case.O) not in COMPILED[case.family]:
        raise UnavailableError("compiles for a minute and more: in a few cases only")
    torch.compiler.reset()
    return build_with(
        problem,
        torch.float32,
        lambda function: torch.compile(function, dynamic=False, fullgraph=True),
    )
