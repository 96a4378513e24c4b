"""The point where a network leaves the truth: its state there, and what lies ahead."""

from typing import Any

from torch import Tensor

from freerun._measure import scaled_inputs, scaled_targets
from freerun._start import read_start
from freerun.closed_loop import warm_up
from freerun.heads import Sampling
from freerun.network import RecurrentNetwork
from freerun.plan import Plan
from freerun.recipes.ends import REMEMBERED
from freerun.state import Noise, State
from freerun.unroll import Unrolled

__all__ = ["follow", "past", "state_at"]


def past(net: RecurrentNetwork, y: Tensor, origin: int) -> int:
    """The step from which on the truth is read before leaving it at ``origin``.

    As far as lags reach where only outputs recur. Hidden states, and lags of the network's own
    where the truth is missing, reach further: 500 steps, as where `freerun run` goes on.
    """
    is_short = net.recurrence == "output" and not bool(
        y[max(0, origin - net.context) : origin].isnan().any()
    )
    return max(0, origin - max(net.context, 1 if is_short else REMEMBERED))


def state_at(net: RecurrentNetwork, x: Tensor | None, y: Tensor, origin: int) -> State:
    """What ``origin`` observed steps hand on, teacher forced; scaled, one row.

    Args:
        net: The network, evaluating.
        x: Inputs of the whole series, (time, inputs), or None.
        y: Targets, (time, outputs), or (time,) of classes.
        origin: How many steps were observed.
    """
    seen = slice(past(net, y, origin), origin)
    ahead = None if x is None else x[origin : origin + 1]
    warmup: tuple[Any, Tensor] = (None if x is None else x[seen], y[seen])
    return warm_up(net, read_start(net, 1, warmup, ahead, None))


def follow(
    net: RecurrentNetwork, state: State, x: Tensor | None, y: Tensor, share: float,
    feed: str | Sampling = "mean", noise: Tensor | None = None,
) -> Unrolled:  # fmt: skip
    """Unfold over the steps after the leaving point, f(t) = w y(t) + (1 - w) g(o(t)).

    Args:
        net: The network, evaluating.
        state: From :func:`state_at`.
        x: Inputs of these steps, (steps, inputs), or None, in the units that ``net.scaling`` takes.
        y: Targets of these steps; where some are missing, w = 0.
        share: w.
        feed: What g(o) is.
        noise: Of draws, (1, steps, noise_size).
    """
    truth = scaled_targets(net, y).unsqueeze(0)
    there = ~truth.isnan() if truth.is_floating_point() else truth >= 0
    mask = None if bool(there.all()) else there
    inputs = None if x is None else scaled_inputs(net, x).unsqueeze(0)
    plan = Plan(truth, share, feed)
    return net(inputs, truth, plan, None, mask, state, noise=Noise(noise))
