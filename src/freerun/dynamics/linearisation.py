"""Jacobians of a network's steps along a path, and how far they stretch."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from freerun._checks import fail
from freerun._measure import evaluating, fitting
from freerun.network import RecurrentNetwork
from freerun.plan import Plan
from freerun.state import Noise, State
from freerun.unroll import STATE_ALONE, unroll

from ._states import Track, flat, read_track, unflat

__all__ = [
    "jacobian_norms",
    "jacobians",
    "mean_growth",
    "rowwise_jacobian",
    "spectral_radius",
    "track_jacobians",
]


def jacobians(
    net: RecurrentNetwork,
    x: Tensor | None = None,
    y: Tensor | None = None,
    state: State | None = None,
    steps: int | None = None,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Differentiate every step of the closed loop by the state it starts from, in scaled units.

        J(t) = d state(t) / d state(t-1),   f(t) = g(o(t))

    The state is all that a step hands on but its inputs: of every layer h, and c behind it, then
    the last ``output_lags`` values fed, oldest first; D numbers in the order of
    :meth:`freerun.State.tensors`. Where W = 0 it is the values fed alone, without an output edge
    h and c alone.

    Without y, J is taken along a free-running path. With y it is taken along the truth: step t
    starts from f(t-1) = y(t-1), and is differentiated as in closed loop all the same, through g(o).
    That is the loop which training by generalised teacher forcing has to keep from exploding.

    All steps are one batch, one step of the network, and D backward passes through it: on kernels
    where the network has one. No dropout; no gradient flows to parameters or data.

    Args:
        net: The network; it is left as it is.
        x: ``(batch, time, input_size)``, scaled; None where ``input_size`` is 0.
        y: ``(batch, time, outputs)``, scaled, or ``(batch, time)`` of classes: the truth to follow.
            It is not read without an output edge.
        state: What came before the first step; zeros by default.
        steps: How many, where neither x nor y says so.
        lengths: ``(batch,)``: behind its length a sequence keeps its state, so that J is 1 there.
        mask: bool, False where y is missing: there the network's own mean is fed.

    Returns:
        ``(batch, time, D, D)``: row i holds the derivatives of the i-th number after the step.

    Raises:
        ArgumentError: The network is bidirectional, or an argument does not fit it.
        NonFiniteError: The path leaves the numbers.

    Example:
        >>> import torch, freerun as fr
        >>> net = fr.RecurrentNetwork(0, 8, fr.heads.Point(3), recurrence="output", output_lags=2)
        >>> fr.dynamics.jacobians(net, steps=50).shape
        torch.Size([1, 50, 6, 6])

    Source: Pascanu et al. 2013, section 2 (products of Jacobians); Hess et al. 2023 (along the
    truth).
    """
    with evaluating(net):
        track = read_track("jacobians", net, x, y, state, steps, lengths, mask)
        return track_jacobians(net, track)


def track_jacobians(net: RecurrentNetwork, track: Track) -> Tensor:
    """J(t) at every step of ``track``, ``(batch, time, D, D)``."""
    batch, steps, size = track.before.shape
    rows = track.before.flatten(0, 1)
    windows = None
    if track.history is not None:  # x(t - lags) ... x(t) of every row
        windows = track.history.unfold(1, net.input_lags + 1, 1).movedim(-1, 2).flatten(0, 1)
    plan, like = Plan(None, 0.0) if net.has_output_edge else None, net.initial_state(1)
    found = rows.new_empty(len(rows), size, size)
    for part in torch.arange(len(rows)).split(fitting(net, 1)):
        here = slice(int(part[0]), int(part[-1]) + 1)
        seen = None if windows is None else windows[here]

        def step(vectors: Tensor, seen: Tensor | None = seen) -> Tensor:
            before = unflat(vectors, like)
            if net.input_lags and seen is not None:
                before = replace(before, inputs=seen[:, :-1])
            x = None if seen is None else seen[:, -1:]
            after = unroll(net, x, plan, before, 1, noise=Noise(), wanted=STATE_ALONE).state
            assert after is not None
            return flat(after)

        found[here] = rowwise_jacobian(step, rows[here])
    found = found.unflatten(0, (batch, steps))
    if track.real is None:
        return found
    return torch.where(track.real[..., None, None], found, torch.eye(size).to(found))


def rowwise_jacobian(step: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """d step(z) / d z of every row z, by one backward pass for each number that comes out.

    Args:
        step: From ``(rows, D)`` to ``(rows, E)``; no row may read another.
        rows: ``(rows, D)``.

    Returns:
        ``(rows, E, D)``, without a graph.
    """
    with torch.enable_grad():
        start = rows.detach().requires_grad_()
        columns = step(start).sum(0)  # rows are independent: the sum's gradient is each one's own
        gradients = [
            torch.autograd.grad(
                column, start, retain_graph=True, allow_unused=True, materialize_grads=True
            )[0]
            for column in columns
        ]
    return torch.stack(gradients, 1)


def mean_growth(jacobians: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return the growth per step of what grows most over a whole path, a geometric mean.

        || J(T) J(T-1) ... J(1) ||_2 ^ (1 / T)

    Above 1 errors and gradients explode along the path, below 1 they vanish. The product is kept
    at norm 1 on the way, and the logarithms of the factors summed, so that nothing overflows.

    Args:
        jacobians: ``(batch, time, D, D)``, from :func:`jacobians`.
        lengths: ``(batch,)``, T of each sequence, where they were given there too.

    Returns:
        ``(batch,)`` float64; 0 where the product is 0, 1 for a sequence without steps.

    Raises:
        ArgumentError: A shape does not fit.

    Example:
        >>> turning = torch.tensor([[0.0, -2.0], [2.0, 0.0]]).expand(1, 5000, 2, 2)
        >>> mean_growth(turning)
        tensor([2.0000], dtype=torch.float64)

    Source: Hess et al. 2023 (the estimate behind adaptive forcing).
    """
    where = "mean_growth"
    matrices = _checked(where, jacobians)
    batch, steps, size = matrices.shape[:3]
    counts = torch.full((batch,), steps) if lengths is None else torch.as_tensor(lengths)
    if counts.shape != (batch,):
        fail(where, f"lengths must be ({batch},)", tuple(counts.shape), "Give one per sequence.")
    product = torch.eye(size).to(matrices).expand(batch, size, size)
    total = matrices.new_zeros(batch)
    for matrix in matrices.unbind(1):
        product = matrix @ product
        scale = product.flatten(1).norm(dim=1)
        total = total + scale.log()
        product = product / torch.where(scale == 0, 1, scale)[:, None, None]
    total = total + torch.linalg.matrix_norm(product, 2).log()
    counts = counts.to(total)
    return torch.where(counts > 0, (total / counts.clamp(min=1)).exp(), 1)


def jacobian_norms(jacobians: Tensor) -> Tensor:
    """Return the largest singular value of every Jacobian: the most one step stretches anything.

    Args:
        jacobians: ``(batch, time, D, D)``.

    Returns:
        ``(batch, time)`` float64. Below 1 everywhere, no gradient can explode (Pascanu et al.
        2013, section 2.1).

    Example:
        >>> jacobian_norms(torch.tensor([[[[0.0, 3.0], [0.0, 0.0]]]]))
        tensor([[3.]], dtype=torch.float64)
    """
    return torch.linalg.matrix_norm(_checked("jacobian_norms", jacobians), 2)


def spectral_radius(jacobians: Tensor) -> Tensor:
    """Return the largest |eigenvalue| of every Jacobian: what one step repeated would grow by.

    At most the norm, and for one that is not normal far less: along a path whose Jacobians change,
    only their product tells (:func:`mean_growth`, :func:`lyapunov_spectrum`).

    Args:
        jacobians: ``(batch, time, D, D)``.

    Returns:
        ``(batch, time)`` float64.

    Example:
        >>> spectral_radius(torch.tensor([[[[0.0, 3.0], [0.0, 0.0]]]]))
        tensor([[0.]], dtype=torch.float64)
    """
    return torch.linalg.eigvals(_checked("spectral_radius", jacobians)).abs().amax(-1)


def _checked(where: str, matrices: Tensor) -> Tensor:
    if matrices.ndim != 4 or matrices.shape[-1] != matrices.shape[-2] or not matrices.numel():
        fix = "Take them from fr.dynamics.jacobians."
        fail(where, "jacobians must be (batch, time, D, D)", tuple(matrices.shape), fix)
    return matrices.detach().double()
