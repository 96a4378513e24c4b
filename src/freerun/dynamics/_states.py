"""What one step hands to the next as one vector, and that vector before every step of a path."""

from dataclasses import dataclass

import torch
from torch import Tensor

from freerun._checks import NonFiniteError, fail
from freerun._inputs import check_lengths, check_state, check_steps, check_x, check_y
from freerun._planning import plan_for
from freerun.network import RecurrentNetwork
from freerun.plan import Plan, PlanBatch
from freerun.state import Noise, State
from freerun.unroll import STATE_ALONE, real_steps, unroll

__all__ = ["Track", "check_forward", "flat", "read_track", "unflat"]


def check_forward(where: str, net: RecurrentNetwork) -> None:
    """Refuse a network whose steps are not a map from one state to the next."""
    if net.bidirectional:
        fix = "Build it with bidirectional=False."
        fail(where, "a network must run forward in time", "bidirectional=True", fix)


def flat(state: State) -> Tensor:
    """The state as vectors ``(..., D)``: hidden layers first, h before c, then what was fed."""
    parts = [part for memory in state.hidden for part in memory]
    if state.output is not None:
        parts.append(state.output.flatten(-2))
    return torch.cat(parts, -1)


def unflat(vectors: Tensor, like: State) -> State:
    """The inverse of :func:`flat`, for ``(rows, D)``; without lags of inputs."""
    sizes = [part.shape[-1] for memory in like.hidden for part in memory]
    *parts, fed = vectors.split([*sizes, vectors.shape[-1] - sum(sizes)], -1)
    taken = iter(parts)
    hidden = tuple(tuple(next(taken) for _ in memory) for memory in like.hidden)
    output = None if like.output is None else fed.unflatten(-1, like.output.shape[-2:])
    return State(hidden, output)


@dataclass(frozen=True, eq=False)
class Track:
    """A path of a network, in scaled units: what every step starts from and reads.

    Attributes:
        before: ``(batch, time, D)``, the state that step t starts from.
        history: ``(batch, input_lags + time, input_size)``, what the steps read; None for an
            autonomous network.
        real: bool ``(batch, time)``, or None where all steps are real.
        last: the state after the last step, as if all steps were real.
    """

    before: Tensor
    history: Tensor | None
    real: Tensor | None
    last: State


def read_track(
    where: str,
    net: RecurrentNetwork,
    x: Tensor | None,
    y: Tensor | None = None,
    state: State | None = None,
    steps: int | None = None,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
) -> Track:
    """Check the arguments, and follow the truth where there is a y, and otherwise run freely.

    The arguments are those of ``net(...)``; without an output edge y is not read.

    Raises:
        ArgumentError: Something does not fit the network.
        NonFiniteError: The path leaves the numbers.
    """
    check_forward(where, net)
    y = y if net.has_output_edge else None
    check_x(where, net, x)
    if y is not None:
        check_y(where, net, x, y, lengths, mask)
    batch, steps = check_steps(where, net, x, y, state, steps)
    lengths = check_lengths(where, lengths, batch, steps, 0, net.device)
    if state is None:
        state = net.initial_state(batch)
    else:
        check_state(where, net, state, batch)
    real = None if lengths is None else real_steps(lengths, steps)
    if real is not None:  # padding may hold anything
        x = None if x is None else torch.where(real.unsqueeze(-1), x, 0)
        y = None if y is None else torch.where(real if y.ndim == 2 else real.unsqueeze(-1), y, 0)
    known = None if y is None else PlanBatch(x, y, None, mask, state)
    plan = plan_for(net, known, None, None)
    before, last = _follow(net, x, plan, state, steps)
    wrong = ~before.isfinite().all(-1)
    wrong = wrong if real is None else wrong & real
    if bool(wrong.any()):
        step = int(wrong.any(0).nonzero()[0])
        fix = "Train it further, or take fewer steps."
        fail(where, "the path must stay finite", f"one that does not at step {step}", fix,
             NonFiniteError)  # fmt: skip
    history = x if state.inputs is None or x is None else torch.cat([state.inputs, x], 1)
    return Track(before, history, real, last)


def _follow(
    net: RecurrentNetwork, x: Tensor | None, plan: Plan | None, state: State, steps: int
) -> tuple[Tensor, State]:
    """The states before every step, ``(batch, steps, D)``, and the one after the last."""
    if not state.hidden or (net.num_layers == 1 and len(state.hidden[0]) == 1):
        return _at_once(net, x, plan, state, steps)
    before = []
    for t in range(steps):
        before.append(flat(state))
        seen = None if x is None else x[:, t : t + 1]
        part = None if plan is None else plan.part(t, t + 1)
        state = _after(unroll(net, seen, part, state, 1, noise=Noise(), wanted=STATE_ALONE).state)
    return torch.stack(before, 1), state


def _at_once(
    net: RecurrentNetwork, x: Tensor | None, plan: Plan | None, state: State, steps: int
) -> tuple[Tensor, State]:
    """The same from one unroll: its h and f are all that there is to a state."""
    unrolled = unroll(net, x, plan, state, steps, noise=Noise())
    parts = []
    if state.hidden:
        parts.append(torch.cat([state.hidden[0][0].unsqueeze(1), unrolled.h[:, :-1]], 1))
    if state.output is not None and unrolled.f is not None:
        fed, lags = torch.cat([state.output, unrolled.f[:, :-1]], 1), net.output_lags
        parts.extend(fed[:, lag : lag + steps] for lag in range(lags))
    return torch.cat(parts, -1), _after(unrolled.state)


def _after(state: State | None) -> State:
    assert state is not None  # only bidirectional networks have none
    return state
