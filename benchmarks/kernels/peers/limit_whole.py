"""The limit of teacher forcing: its products, its tanh and its memory traffic, and nothing else.

    a = xf (U R)^T,  h = tanh a,  o = h V^T,  do = o - y                     forward
    dV = do^T h,  dh = do V,  da = dh (1 - h^2),  d(U R) = da^T xf           backward

xf is x beside f(t-1), laid out beforehand; every result goes into memory that is there already; no
bias, no loss, no bookkeeping.
"""

import torch
from torch import Tensor

from benchmarks.kernels.contestant import Contestant
from benchmarks.kernels.problem import Problem

__all__ = ["build", "limit"]


def build(problem: Problem) -> Contestant:
    """Over all B T rows at once."""
    return limit(problem, problem.case.B * problem.case.T)


def limit(problem: Problem, block: int) -> Contestant:
    """The operations above, ``block`` rows at a time."""
    case = problem.case
    rows = case.B * case.T
    block = min(block, rows)
    weights = {name: torch.from_numpy(weight) for name, weight in problem.weights.items()}
    x, y = (torch.from_numpy(problem.data[name]) for name in ("x", "y"))
    fed = torch.cat([torch.zeros_like(y[:, :1]), y[:, :-1]], 1)
    xf = torch.cat([x, fed], -1).reshape(rows, -1)
    y = y.reshape(rows, -1)
    UR, V = torch.cat([weights["U"], weights["R"]], 1), weights["V"]
    h, dh = torch.empty(block, case.H), torch.empty(block, case.H)
    o = torch.empty(block, case.O)
    d_UR, d_V = torch.empty_like(UR), torch.empty_like(V)
    parts = list(zip(xf.split(block), y.split(block), strict=True))

    def run() -> tuple[Tensor, Tensor]:
        for number, (below, target) in enumerate(parts):
            n, kept = len(below), float(number > 0)
            act, back, out = h[:n], dh[:n], o[:n]
            torch.mm(below, UR.T, out=act)
            torch.tanh(act, out=act)
            torch.mm(act, V.T, out=out)
            torch.sub(out, target, out=out)
            d_V.addmm_(out.T, act, beta=kept)
            torch.mm(out, V, out=back)
            torch.ops.aten.tanh_backward.grad_input(back, act, grad_input=back)
            d_UR.addmm_(back.T, below, beta=kept)
        return d_UR, d_V

    return Contestant(torch.no_grad()(run))
