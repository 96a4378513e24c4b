"""Closed loop: the network runs on its own outputs, f(t) = g(o(t)).

The truth is fed while there is some, and from then on what the network itself says, as its mean or
as a draw. What comes out is a :class:`freerun.Path`.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from freerun._checks import check_choice, check_integer, fail
from freerun._measure import evaluating, fitting, scaled_inputs, scaled_targets
from freerun.data import Scaling
from freerun.forcing import Plan, TeacherForcing
from freerun.heads import Categorical, Head, NegativeBinomial, Poisson, Sampling
from freerun.network import RecurrentNetwork
from freerun.path import Path
from freerun.unroll import Noise, State

__all__ = ["check_draw", "emitted", "outputs_of", "run"]

LEAST_STEPS = 16
"""Steps that are run at a time at least: below it, starting an unroll costs as much as the steps."""


def run(
    net: RecurrentNetwork,
    steps: int | None = None,
    warmup: Any = None,
    inputs: Any = None,
    draw: str | Sampling = "mean",
    paths: int = 1,
    quantiles: tuple[float, ...] | None = None,
    generator: torch.Generator | None = None,
    state: State | None = None,
) -> Path:
    """Run a network on its own outputs, in the user's units, and leave it as it was.

        f(t) = y(t)          over the warm-up: teacher forcing
        f(t) = g(o(t))       after it: the mean, or a draw from p(y | o(t))

    The first step of the run is fed the last y of the warm-up, and the network's lags come from
    there too. Without an output edge nothing is fed back, and the outputs are those over ``inputs``.

    The noise of a step is drawn for all its rows at once, step after step, so that the same seed
    gives the same path: whatever ``steps`` is, in one run or in several that hand the state and the
    generator on, and in a :class:`freerun.Session` too. Memory is bounded by doing as many rows and
    steps at a time as fit; how many makes no difference but in rounding.

    Args:
        net: The network; its own units are ``net.scaling``.
        steps: How many to run; by default as many as there are ``inputs``.
        warmup: ``(x, y)`` observed up to now: ``(time, input_size)`` and ``(time, outputs)``, or
            ``(time,)`` of classes, all with a batch axis before or all without. One channel may
            come without its axis. x is None for an autonomous network, which also takes y alone;
            y may be None without an output edge. Without a warm-up the run starts from zeros.
        inputs: x of the steps to come, ``(steps, input_size)`` or ``(batch, steps, input_size)``.
        draw: What is fed back, and returned: ``"mean"``, ``"sample"``, or for classes a
            :class:`freerun.Sampling`.
        paths: How many to draw for each sequence.
        quantiles: Which to keep over the paths, such as ``(0.05, 0.5, 0.95)``.
        generator: Where draws come from; PyTorch's global one by default.
        state: What came before the warm-up, or in place of one: the ``.state`` of a former path, a
            row for each of its paths. Inputs without a batch axis are then the same for every row.

    Returns:
        The path. It has a batch axis where the warm-up or the inputs had one, or where the state
        has several rows. No gradient flows.

    Raises:
        ArgumentError: For what does not fit the network, too few inputs, several paths that would
            all be the same, or a draw from a head without a spread.

    Example:
        >>> import torch, freerun as fr
        >>> net = fr.RecurrentNetwork(0, 8, fr.heads.Gaussian(1), recurrence="output")
        >>> path = fr.run(net, steps=5, warmup=torch.randn(20, 1))
        >>> path.y.shape
        torch.Size([5, 1])
        >>> fr.run(net, 5, draw="sample", paths=100, quantiles=(0.1, 0.9)).quantiles.shape
        torch.Size([2, 5, 1])

    Source: Goodfellow et al. 2016, section 10.2.1 (closed loop, open loop).
    """
    _check_run(net, draw, paths, quantiles)
    start = _read_start(net, steps, warmup, inputs, state)
    with evaluating(net):
        before = _warm_up(net, start)
        y, mean, after = _free(net, start, before, draw, paths, generator)
    if paths == 1:
        together = y
    elif isinstance(net.head, Categorical):
        together = y.mode(1, keepdim=True).values
    else:
        together = y.mean(1, keepdim=True)
    kept = None if quantiles is None else Path.over(y, quantiles)
    together = together.squeeze(1)
    if not start.batched:
        together, y = together[0], y[0]
        mean = None if mean is None else mean[0]
        kept = None if kept is None else kept[0]
    return Path(together, y, after, mean, kept, quantiles)


@dataclass(frozen=True)
class _Start:
    """What a run starts from, in scaled units, every tensor with a batch axis."""

    batch: int
    steps: int
    batched: bool
    seen_x: Tensor | None
    seen_y: Tensor | None
    inputs: Tensor | None
    state: State | None


def _read_start(
    net: RecurrentNetwork, steps: int | None, warmup: Any, inputs: Any, state: State | None
) -> _Start:
    """Convert what the user passed, and find how many sequences and steps there are."""
    x, y = _pair(net, warmup)
    parts = {
        "the warm-up's x": _with_axis(net, "the warm-up's x", x),
        "the warm-up's y": _with_axis(net, "the warm-up's y", y, target=True),
        "inputs": _with_axis(net, "inputs", inputs),
    }
    given = {name: (part, had) for name, (part, had) in parts.items() if part is not None}
    if len({had for _, had in given.values()}) > 1:
        got = ", ".join(f"{name} {'with' if had else 'without'}" for name, (_, had) in given.items())
        fail("run", "all data must have a batch axis, or none", got, "Use x.unsqueeze(0).")
    rows = {name: len(part) for name, (part, _) in given.items() if part is not None}
    state_rows = 1 if state is None else len(next(iter(state.tensors().values()), torch.zeros(1)))
    batched = any(had for _, had in given.values()) or state_rows > 1
    batch = max([state_rows, *rows.values()])
    if state is not None and state_rows != batch or (set(rows.values()) - {batch, 1}):
        got = ", ".join(f"{name} of {count}" for name, count in rows.items())
        got += "" if state is None else f" and a state of {state_rows}"
        fail("run", "all data must have the same sequences", got, "Match their batch axes.")
    (seen_x, _), (seen_y, _), (ahead, _) = (
        (None if part is None else part.expand(batch, *part.shape[1:]), had)
        for part, had in parts.values()
    )
    if seen_x is not None and seen_y is not None and seen_x.shape[1] != seen_y.shape[1]:
        got = f"{seen_x.shape[1]} and {seen_y.shape[1]}"
        fail("run", "the warm-up's x and y must have the same steps", got, "Cut both to the same.")
    return _Start(batch, _count_steps(net, steps, ahead), batched, seen_x, seen_y, ahead, state)


def _pair(net: RecurrentNetwork, warmup: Any) -> tuple[Any, Any]:
    """The warm-up as (x, y)."""
    if warmup is None:
        return None, None
    if isinstance(warmup, tuple) and len(warmup) == 2:
        x, y = warmup
    elif net.input_size == 0 and not isinstance(warmup, tuple):
        x, y = None, warmup
    else:
        got = f"a {type(warmup).__name__}"
        fail("run", "warmup must be a pair (x, y)", got, "Pass warmup=(x, y), or (None, y).")
    if (y is None and net.has_output_edge) or (x is None and net.input_size > 0):
        got = "y" if x is None else "x"
        got = "neither" if x is None and y is None else f"{got} alone"
        fail("run", "the warm-up must hold all that the network reads", got, "Pass (x, y).")
    return x, y if net.has_output_edge else None


def _with_axis(
    net: RecurrentNetwork, name: str, value: Any, target: bool = False
) -> tuple[Tensor | None, bool]:
    """The data in scaled units with a batch axis, and whether they had one."""
    if value is None:
        return None, False
    if not target and net.input_size == 0:
        fail("run", f"{name} must be None, for input_size is 0", "some", "Leave them out.")
    width = net.head.outputs if target else net.input_size
    value = value if isinstance(value, Tensor) else torch.as_tensor(_plain(value))
    if value.ndim == 1 and width == 1:
        value = value.unsqueeze(-1)
    axes = 1 if width is None else 2
    if value.ndim not in (axes, axes + 1) or (width is not None and value.shape[-1] != width):
        wanted = "(time,)" if width is None else f"(time, {width})"
        fix = "A batch axis may come before."
        fail("run", f"{name} must be {wanted}", tuple(value.shape), fix)
    scaled = (scaled_targets if target else scaled_inputs)(net, value)
    if scaled.is_floating_point() and not bool(scaled.isfinite().all()):
        fix = "Fill what is missing, or cut it off."
        fail("run", f"{name} must be finite", "NaN or infinity", fix)
    had = value.ndim > axes
    return scaled if had else scaled.unsqueeze(0), had
