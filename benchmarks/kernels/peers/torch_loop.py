"""The equations as an eager PyTorch loop over time, as lean as it can be written.

What does not wait for the step before, U x, is one product before the loop.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import linear

from benchmarks.kernels.contestant import Contestant
from benchmarks.kernels.problem import Array, Problem

__all__ = ["build", "build_with"]

Weights = dict[str, Tensor]


def build(problem: Problem, dtype: torch.dtype = torch.float32) -> Contestant:
    """The eager loop of the problem's family."""
    if problem.case.is_per_step:
        return _closed(problem)
    return build_with(problem, dtype, lambda function: function)


def build_with(
    problem: Problem,
    dtype: torch.dtype,
    change: Callable[[Callable[..., Tensor]], Callable[..., Tensor]],
) -> Contestant:
    """Forward and backward through the loop, as it is or compiled.

    Args:
        problem: weights and data.
        dtype: of the computation.
        change: from the loop to what is run in its place.
    """
    case = problem.case
    weights = {
        name: torch.from_numpy(weight).to(dtype, copy=True).requires_grad_()
        for name, weight in problem.weights.items()
    }
    data = {name: torch.from_numpy(part).to(dtype) for name, part in problem.data.items()}
    if case.family == "hidden":
        outputs = change(HIDDEN[case.cell])

        def forward_backward() -> None:
            outputs(weights, data["x"]).backward(data["dh"])
    else:
        loss = change(teacher_loss if case.family == "teacher" else free_loss)

        def forward_backward() -> None:
            loss(weights, data["x"], data["y"]).backward()

    def run() -> None:
        for weight in weights.values():
            weight.grad = None
        forward_backward()

    def read(_: None) -> dict[str, Array]:
        return {name: weight.grad.numpy() for name, weight in weights.items()}  # type: ignore[union-attr]

    return Contestant(run, read, naive=True)


# --- training -------------------------------------------------------------------------------------


def tanh_outputs(w: Weights, x: Tensor) -> Tensor:
    """h of every step, ``(batch, time, hidden)``."""
    h, W, out = x.new_zeros(len(x), w["W"].shape[1]), w["W"].T, []
    for drive in linear(x, w["U"], w["b_ih"] + w["b_hh"]).unbind(1):
        h = torch.addmm(drive, h, W).tanh()
        out.append(h)
    return torch.stack(out, 1)


def gru_outputs(w: Weights, x: Tensor) -> Tensor:
    """h of every step; gates r, z, n."""
    h, W, out = x.new_zeros(len(x), w["W"].shape[1]), w["W"].T, []
    for drive in linear(x, w["U"], w["b_ih"]).unbind(1):
        a_r, a_z, a_n = drive.chunk(3, -1)
        w_r, w_z, w_n = torch.addmm(w["b_hh"], h, W).chunk(3, -1)
        z = (a_z + w_z).sigmoid()
        n = torch.addcmul(a_n, (a_r + w_r).sigmoid(), w_n).tanh()
        h = torch.lerp(n, h, z)
        out.append(h)
    return torch.stack(out, 1)


def lstm_outputs(w: Weights, x: Tensor) -> Tensor:
    """h of every step; gates i, f, g, o."""
    h = c = x.new_zeros(len(x), w["W"].shape[1])
    W, out = w["W"].T, []
    for drive in linear(x, w["U"], w["b_ih"] + w["b_hh"]).unbind(1):
        i, f, g, o = torch.addmm(drive, h, W).chunk(4, -1)
        c = torch.addcmul(f.sigmoid() * c, i.sigmoid(), g.tanh())
        h = o.sigmoid() * c.tanh()
        out.append(h)
    return torch.stack(out, 1)


HIDDEN = {"tanh": tanh_outputs, "gru": gru_outputs, "lstm": lstm_outputs}


def free_loss(w: Weights, x: Tensor, y: Tensor) -> Tensor:
    """0.5 sum |y - o|^2 where each step is fed the output before."""
    f, R, V, out = torch.zeros_like(y[:, 0]), w["R"].T, w["V"].T, []
    for drive in linear(x, w["U"], w["b"]).unbind(1):
        f = torch.addmm(w["c"], torch.addmm(drive, f, R).tanh(), V)
        out.append(f)
    return 0.5 * (y - torch.stack(out, 1)).square().sum()


def teacher_loss(w: Weights, x: Tensor, y: Tensor) -> Tensor:
    """0.5 sum |y - o|^2 where each step is fed the target before."""
    f, R, V, out = torch.zeros_like(y[:, 0]), w["R"].T, w["V"].T, []
    drives = linear(x, w["U"], w["b"]).unbind(1)
    for drive, truth in zip(drives, y.unbind(1), strict=True):
        out.append(torch.addmm(w["c"], torch.addmm(drive, f, R).tanh(), V))
        f = truth
    return 0.5 * (y - torch.stack(out, 1)).square().sum()


# --- the closed loop ------------------------------------------------------------------------------


def _closed(problem: Problem) -> Contestant:
    """Steps without gradients; the family ``"session"`` is the same to an eager loop."""
    weights = {name: torch.from_numpy(weight) for name, weight in problem.weights.items()}
    R, V, b, c = weights["R"].T, weights["V"].T, weights["b"], weights["c"]
    W = weights["W"].T if "W" in weights else None
    first = tuple(torch.from_numpy(problem.data[name]) for name in ("h", "f"))
    steps = problem.case.T

    @torch.inference_mode()
    def run() -> Tensor:
        (h, f), out = first, []
        for _ in range(steps):
            a = torch.addmm(b, f, R)
            if W is not None:
                a = a.addmm_(h, W)
            h = a.tanh_()
            f = torch.addmm(c, h, V)
            out.append(f)
        return torch.stack(out)

    return Contestant(run, lambda path: {"path": path.numpy()}, units=steps, naive=True)
