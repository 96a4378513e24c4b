"""What must come out of a problem, in float64: by PyTorch's layers, or by an eager loop.

None of it is freerun's. Gradients are summed over the batch in blocks, which bounds the memory.
"""

import numpy as np
import torch

from benchmarks.kernels.peers import torch_layers, torch_loop
from benchmarks.kernels.problem import Array, Problem

__all__ = ["expected"]

BLOCK = 32


def expected(problem: Problem) -> dict[str, Array]:
    """The gradients of all weights, or the path of a closed loop."""
    if problem.case.is_per_step:
        return {"path": _path(problem)}
    total: dict[str, Array] = {}
    for start in range(0, problem.case.B, BLOCK):
        rows = {name: part[start : start + BLOCK] for name, part in problem.data.items()}
        part = Problem(problem.case, problem.weights, rows)
        builder = torch_layers if problem.case.family == "hidden" else torch_loop
        contestant = builder.build(part, torch.float64)
        assert contestant.read is not None
        for name, gradient in contestant.read(contestant.run()).items():
            total[name] = total[name] + gradient if name in total else gradient.copy()
    return total


def _path(problem: Problem) -> Array:
    """f of every step, ``(steps, batch, outputs)``."""
    weights = {name: weight.astype(np.float64) for name, weight in problem.weights.items()}
    h, f = (problem.data[name].astype(np.float64) for name in ("h", "f"))
    path = []
    for _ in range(problem.case.T):
        a = weights["b"] + f @ weights["R"].T
        if "W" in weights:
            a = a + h @ weights["W"].T
        h = np.tanh(a)
        f = weights["c"] + h @ weights["V"].T
        path.append(f)
    return np.stack(path)
