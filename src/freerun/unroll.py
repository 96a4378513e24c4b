"""The network unfolded in time: the only loop over steps.

    a(t) = b + U x(t) + W h(t-1) + R f(t-1)
    h(t) = update(a(t))                              layer upon layer, R in the first one only
    o(t) = c + V h(t) + s f(t-1)
    f(t) = w(t) y(t) + (1 - w(t)) g(o(t))

Where f is known before the loop begins (no output edge, or a teacher that is always followed) R f
is part of the drive: what is left to loop over is W alone, and where W = 0 nothing is. Otherwise
the whole step is looped over. Compiled kernels do it where they can, PyTorch where not.
"""

from dataclasses import replace

import torch
from torch import Tensor

from freerun._on_kernels import score_on_kernels, total_on_kernels, unroll_on_kernels
from freerun._pieces import fed_truth, lagged, last_rows
from freerun._reference import closed_reference, emitted, open_reference, scan
from freerun.kernels import Scored, choose
from freerun.plan import Plan
from freerun.state import Noise, State
from freerun.unrolled import STATE_ALONE, Unfoldable, Unrolled, Wanted, real_steps

__all__ = [
    "STATE_ALONE",
    "Scored",
    "Unfoldable",
    "Unrolled",
    "Wanted",
    "emitted",
    "real_steps",
    "scan",
    "unroll",
    "unroll_scored",
    "unroll_total",
]


def unroll(
    net: Unfoldable,
    x: Tensor | None,
    plan: Plan | None,
    state: State | None,
    steps: int,
    lengths: Tensor | None = None,
    noise: Noise = Noise(),
    target: Tensor | None = None,
    wanted: Wanted = Wanted(),
) -> Unrolled:
    """Unfold ``net`` over a batch, on kernels where :func:`freerun.kernels.choose` finds one.

    Args:
        net: the network.
        x: ``(batch, steps, input_size)``, or None for an autonomous network.
        plan: what the output edge carries; None without an output edge.
        state: what came before the first step; None for zeros, where x says how many sequences
            there are and none of it is read again (``input_lags``).
        steps: how many steps, 1 or more.
        lengths: ``(batch,)`` on the same device, 0 to ``steps``; None where every sequence has
            ``steps``.
        noise: what is random.
        target: y, wholly observed, to be scored on the way where a kernel can: then ``.nll`` is
            there.
        wanted: what of it will be read; without gradients a closed loop need not hold the rest.

    Returns:
        The unrolled network. Gradients flow to x, to every parameter, to the state and, where the
        plan says so, through what was fed back; not to the plan's values or weights.
    """
    if x is None:
        x = _no_inputs(net, plan, state, steps)
    compiled = choose(net, x, plan).kernel is not None
    if state is None and (net.input_lags or not compiled):
        state = net.initial_state(len(x))
    real = None if lengths is None else real_steps(lengths, steps)
    if real is not None and not compiled:  # kernels do not read it
        x = torch.where(real.unsqueeze(-1), x, 0)
    inputs = None if state is None else state.inputs
    history = x if inputs is None else torch.cat([inputs, x], 1)
    below = lagged(history, steps, net.input_lags + 1)
    if compiled:
        unrolled = unroll_on_kernels(net, below, plan, state, lengths, real, noise, target, wanted)
    elif plan is None or plan.is_teacher():
        assert state is not None
        truth = None if plan is None else fed_truth(net, plan, real)
        unrolled = open_reference(net, below, truth, state, lengths, real, noise)
    else:
        assert state is not None
        unrolled = closed_reference(net, below, plan, state, real, noise)
    if inputs is None:
        return unrolled

    def hand_on() -> State | None:
        last = last_rows(history, net.input_lags, lengths)
        return None if unrolled.state is None else replace(unrolled.state, inputs=last)

    return replace(unrolled, hand_on=hand_on)


def unroll_total(
    net: Unfoldable,
    x: Tensor | None,
    plan: Plan | None,
    state: State | None,
    steps: int,
    lengths: Tensor | None,
    noise: Noise,
    target: Tensor | None,
) -> Tensor | None:
    """The ``.total`` of :func:`unroll`, of what fills the batch, without anything else of it.

    What nobody can see need not be a tensor: for a small network each costs more than its numbers.

    Returns:
        A scalar; None where kernels do not compute it.
    """
    if target is None or lengths is not None:
        return None
    return total_on_kernels(net, _below(net, x, plan, state, steps), plan, state, noise, target)


def unroll_scored(
    net: Unfoldable,
    x: Tensor | None,
    plan: Plan | None,
    state: State | None,
    steps: int,
    lengths: Tensor | None,
    noise: Noise,
    target: Tensor | None,
) -> Scored | None:
    """The sum of :func:`unroll_total`, and a way back that makes no graph.

    Returns:
        Both; None where kernels do not compute it, or where somebody watches the graph.
    """
    if target is None or lengths is not None:
        return None
    return score_on_kernels(net, _below(net, x, plan, state, steps), plan, state, noise, target)


def _below(
    net: Unfoldable, x: Tensor | None, plan: Plan | None, state: State | None, steps: int
) -> Tensor:
    """What the first layer reads of sequences that fill the batch: x with its lags."""
    if x is None:
        x = _no_inputs(net, plan, state, steps)
    if not net.input_lags:
        return x
    if state is None:
        state = net.initial_state(x.shape[0])
    assert state.inputs is not None
    return lagged(torch.cat([state.inputs, x], 1), steps, net.input_lags + 1)


def _no_inputs(net: Unfoldable, plan: Plan | None, state: State | None, steps: int) -> Tensor:
    """x of an autonomous network; who says how many sequences there are is another."""
    if plan is not None and plan.values is not None:
        rows = len(plan.values)
    else:
        assert state is not None
        assert state.rows is not None
        rows = state.rows
    return net.output.weight.new_zeros(rows, steps, 0)
