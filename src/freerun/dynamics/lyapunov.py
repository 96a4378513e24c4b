"""The Lyapunov spectrum of a network in closed loop."""

from typing import Any

import torch
from torch import Tensor

from freerun._checks import check_integer
from freerun._measure import evaluating
from freerun._start import read_start
from freerun.closed_loop import warm_up
from freerun.network import RecurrentNetwork
from freerun.state import State

from ._states import check_forward, read_track
from .exponents import LyapunovSpectrum, frame, spectrum_of, stretched
from .linearisation import track_jacobians

__all__ = ["lyapunov_spectrum"]

NUMBERS = 2**22
"""Numbers of Jacobians held at a time: 32 megabytes of float64."""


def lyapunov_spectrum(
    net: RecurrentNetwork,
    steps: int = 2000,
    warmup: Any = None,
    inputs: Any = None,
    count: int | None = None,
    washout: int = 200,
    state: State | None = None,
) -> LyapunovSpectrum:
    """Measure the Lyapunov exponents of a network that runs on its own mean, per step.

        Q(t+1) R(t+1) = J(t) Q(t),   lambda_i = mean over t of log |R_ii(t)|

    J is that of :func:`jacobians`: of everything a step hands on but the inputs. Exponents do not
    depend on units. Above 0 nearby paths part exponentially, which is chaos; the largest near 0
    is a cycle, below 0 a point at rest. With ``inputs`` the exponents are those given these inputs:
    the largest is below 0 where the network forgets how it began.

    Without an output edge it is the network of h alone, driven by ``inputs``.

    Args:
        net: The network; it is left as it is, and no dropout is drawn.
        steps: How many to average over.
        warmup: ``(x, y)`` observed before, as for :func:`freerun.run`: where the path starts.
        inputs: x of the washout and of the steps, ``(washout + steps, input_size)``, with a batch
            axis or without, in the user's units.
        count: How many exponents, the largest ones; all of them by default.
        washout: Steps after the warm-up that do not count, until the path has reached its
            attractor and the vectors have turned to the directions that grow most.
        state: What came before the warm-up, or in place of one.

    Returns:
        The exponents, per step; several sequences give several estimates, and their mean.

    Raises:
        ArgumentError: The network is bidirectional, or an argument does not fit it.
        NonFiniteError: The path leaves the numbers.

    Example:
        >>> import torch, freerun as fr
        >>> net = fr.RecurrentNetwork(0, 8, fr.heads.Point(1), recurrence="output", residual=True)
        >>> fr.dynamics.lyapunov_spectrum(net, steps=50, washout=10)  # it repeats what it is fed
        LyapunovSpectrum(0 per step; 1 in all)

    Source: Benettin et al. 1980; for recurrent networks Engelken et al. 2023, and Vogt et al.
    2022.
    """
    where = "lyapunov_spectrum"
    check_forward(where, net)
    check_integer(where, "steps", steps, 1)
    check_integer(where, "washout", washout, 0)
    if count is not None:
        check_integer(where, "count", count, 1, _size(net))
    start = read_start(net, washout + steps, warmup, inputs, state)
    with evaluating(net):
        now = warm_up(net, start)
        vectors = frame(start.batch, _size(net), count or _size(net)).to(net.device)
        logs, end = [], washout + steps
        piece = max(1, NUMBERS // (start.batch * _size(net) ** 2))
        for begin in range(0, end, piece):
            stop = min(begin + piece, end)
            x = None if start.inputs is None else start.inputs[:, begin:stop]
            track = read_track(where, net, x, None, now, stop - begin)
            vectors, found = stretched(track_jacobians(net, track), vectors)
            logs.append(found)
            now = track.last
    return spectrum_of(torch.cat(logs, 1)[:, washout:].cpu(), "step", _size(net))


def _size(net: RecurrentNetwork) -> int:
    """D: how many numbers a step hands on, its inputs aside."""
    state = net.initial_state(1)
    parts: list[Tensor] = [part for memory in state.hidden for part in memory]
    return sum(part.numel() for part in [*parts, *([] if state.output is None else [state.output])])
