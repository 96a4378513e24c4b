"""Closed loop: the network runs on its own outputs, f(t) = g(o(t)).

The truth is fed while there is some, and from then on what the network itself says, as its mean or
as a draw. What comes out is a :class:`freerun.Path`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from freerun._checks import check_choice, check_integer, fail
from freerun._inputs import check_state
from freerun._measure import evaluating, portion
from freerun._start import Start, read_start
from freerun.heads import Categorical, Head, NegativeBinomial, Poisson, Sampling
from freerun.kernels import choose
from freerun.network import RecurrentNetwork
from freerun.path import Path, quantiles_over, read_levels
from freerun.plan import Plan
from freerun.state import Noise, State
from freerun.unroll import Wanted, emitted, unroll

__all__ = ["as_generator", "check_draw", "draw_noise", "outputs_of", "run", "warm_up"]

NOTHING = torch.empty(0, device="cpu")

LEAST_STEPS = 16
"""Steps that are run at a time at least: for fewer, starting an unroll would cost as much."""


def run(
    net: RecurrentNetwork,
    steps: int | None = None,
    warmup: Any = None,
    inputs: Any = None,
    draw: str | Sampling = "mean",
    paths: int = 1,
    quantiles: Any = None,
    generator: torch.Generator | int | None = None,
    state: State | None = None,
    keep_paths: bool = True,
) -> Path:
    """Run a network on its own outputs, in the user's units, and leave it as it was.

        f(t) = y(t)          over the warm-up: teacher forcing
        f(t) = g(o(t))       after it: the mean, or a draw from p(y | o(t))

    The first step of the run is fed the last y of the warm-up, and the network's lags come from
    there too. Without an output edge nothing is fed back: the outputs are those over ``inputs``.

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
            y may be None without an output edge. Sequences of different lengths are lists of
            arrays, one for each. Where y is missing, NaN or the class -1, the network is fed its
            own mean. Without a warm-up the run starts from zeros.
        inputs: x of the steps to come, ``(steps, input_size)`` or ``(batch, steps, input_size)``.
        draw: What is fed back, and returned: ``"mean"``, ``"sample"``, or for classes a
            :class:`freerun.Sampling`.
        paths: How many to draw for each sequence.
        quantiles: Which to keep over the paths, such as ``(0.05, 0.5, 0.95)``; a number keeps one.
        generator: Where draws come from, or a seed; PyTorch's global one by default.
        state: What came before the warm-up, or in place of one: the ``.state`` of a former path, a
            row for each of its paths. Inputs without a batch axis are then the same for every row.
        keep_paths: False keeps y and the quantiles alone, step by step: what many long paths take
            of memory then does not grow with their length.

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
    levels = None if quantiles is None else read_levels("run", quantiles)
    source = as_generator("run", generator)
    start = read_start(net, steps, warmup, inputs, state)
    pieces: list[tuple[Tensor | None, ...]] = []

    def keep(y: Tensor, mean: Tensor | None) -> None:
        kept = None if levels is None else quantiles_over(y, levels)
        every = y if keep_paths else y.new_empty(len(y), 0, *y.shape[2:])
        pieces.append((_center(net, y), every, mean, kept))

    with evaluating(net):
        before = warm_up(net, start)
        after = _free(net, start, before, draw, paths, source, keep)
    found = pieces[0]
    if len(pieces) > 1:
        found = tuple(
            _joined([part for part in column if part is not None], time)
            for column, time in zip(zip(*pieces, strict=True), (1, 2, 1, 2), strict=True)
        )
    if not start.batched:
        found = tuple(None if part is None else part[0] for part in found)
    y, every, mean, kept = found
    assert y is not None
    assert every is not None
    return Path(y, every, mean, kept, after)


def _center(net: RecurrentNetwork, y: Tensor) -> Tensor:
    """The one path of ``(batch, paths, time, ...)``; of several the mean, or the likeliest."""
    if y.shape[1] == 1:
        return y[:, 0]
    return y.mode(1).values if isinstance(net.head, Categorical) else y.mean(1)


def warm_up(net: RecurrentNetwork, start: Start) -> State:
    """The state after what was observed, teacher forced."""
    state = start.state
    seen = start.seen_x if start.seen_x is not None else start.seen_y
    if state is None:
        state = net.initial_state(start.batch)
    if seen is None:
        if start.state is not None:
            check_state("run", net, state, start.batch)
        return state
    stop, first = seen.shape[1], 0
    if net.recurrence == "output" and start.observed is None:
        # Where W = 0 the lags are all that is handed on, and nothing older than they reach is read.
        first = max(0, int(start.lengths.min()) - net.context)
    length, _ = portion(net, start.batch, stop, LEAST_STEPS)
    for begin in range(first, stop, length):
        x, y, mask = (
            None if part is None else part[:, begin : begin + length]
            for part in (start.seen_x, start.seen_y, start.observed)
        )
        left = (start.lengths - begin).clamp(0, length)
        state = net(x, y, None, left, mask, state, noise=Noise()).state
    return state


def _free(
    net: RecurrentNetwork,
    start: Start,
    state: State,
    draw: str | Sampling,
    paths: int,
    generator: torch.Generator | None,
    keep: Callable[[Tensor, Tensor | None], None],
) -> State:
    """Run ``paths`` a sequence, as many steps at a time as fit; the last state.

    ``keep`` is given y ``(batch, paths, time, ...)`` and the mean, piece by piece.
    """
    rows = start.batch * paths
    plan = Plan(None, 0.0, draw) if net.has_output_edge else None
    wanted = Wanted(h=False, f=draw != "mean")
    is_stepped = plan is not None and choose(net, None, plan).kernel is not None
    length, most = portion(net, rows, start.steps, LEAST_STEPS, is_stepped)
    is_whole = rows <= most  # then nothing is picked out, and nothing put together again
    is_given = is_whole and paths == 1
    blocks: tuple[Tensor, ...] = (NOTHING,)
    states = [state]
    if not is_given:
        blocks = torch.arange(rows, device=net.device).split(most)
        states = [_rows(state, block // paths) for block in blocks]
    for begin in range(0, start.steps, length):
        count = min(length, start.steps - begin)
        noise = None if draw == "mean" else draw_noise(net, rows, count, generator)
        ys, probabilities = [], []
        for number, block in enumerate(blocks):
            x = None if start.inputs is None else start.inputs[:, begin : begin + count]
            x = x if x is None or is_given else x[block // paths]
            part = noise if noise is None or is_whole else noise[block]
            unrolled = unroll(net, x, plan, states[number], count, noise=Noise(part), wanted=wanted)
            after = unrolled.hand_on()  # of which there is no graph
            assert after is not None
            states[number] = after
            ys.append(outputs_of(net, unrolled.o, unrolled.f, draw, part))
            if draw == "mean" and isinstance(net.head, Categorical):
                probabilities.append(unrolled.mean)
        y = torch.cat(ys) if len(ys) > 1 else ys[0]
        keep(y.unflatten(0, (start.batch, paths)), _joined(probabilities, 0))
    if not is_whole:
        return State.cat(states)
    last = states[0]
    fed = None if last.output is None else last.output.clone()  # it may be a part of y
    return replace(last, output=fed)


def _joined(parts: list[Tensor], dim: int) -> Tensor | None:
    """Parts side by side; None of none."""
    if len(parts) > 1:
        return torch.cat(parts, dim)
    return parts[0] if parts else None


# --- the pieces that a session shares ----------------------------------------------------------


def draw_noise(
    net: RecurrentNetwork, rows: int, steps: int, generator: torch.Generator | None
) -> Tensor:
    """Draw noise ``(rows, steps, noise_size)`` step by step: the same however many are drawn."""
    drawn = [net.head.noise((rows, 1), generator, net.dtype) for _ in range(steps)]
    return torch.cat(drawn, 1).to(net.device)


def outputs_of(
    net: RecurrentNetwork, o: Tensor, f: Tensor | None, draw: str | Sampling, noise: Tensor | None
) -> Tensor:
    """Return y in the user's units: the mean, for classes the likeliest one; or what was drawn."""
    head = net.head
    if draw == "mean":
        return (
            o.argmax(-1) if isinstance(head, Categorical) else net.scaling.unscale_y(head.mean(o))
        )
    y = head.from_fed(emitted(head, o, Plan(None, 0.0, draw), noise) if f is None else f)
    if isinstance(head, Poisson | NegativeBinomial):
        y = y.round()  # the way to log(1 + y) and back leaves a count beside its whole number
    return net.scaling.unscale_y(y)


def check_draw(where: str, head: Head, draw: object) -> None:
    """Refuse a draw that the head does not have."""
    name = type(head).__name__
    if isinstance(draw, Sampling):
        if not isinstance(head, Categorical):
            fail(where, "Sampling is for classes", f"a {name} head", "Pass draw='sample'.")
    elif check_choice(where, "draw", draw, ("mean", "sample")) == "sample" and not head.can_sample:
        fix = "Pass draw='mean', or use a Gaussian head."
        fail(where, "drawing samples needs a head with a spread", f"a {name} head", fix)


def as_generator(where: str, generator: torch.Generator | int | None) -> torch.Generator | None:
    """A generator as it is, or a new one of that seed."""
    if generator is None or isinstance(generator, torch.Generator):
        return generator
    return torch.Generator().manual_seed(check_integer(where, "generator", generator, 0))


def _check_run(net: RecurrentNetwork, draw: object, paths: object, quantiles: object) -> None:
    if net.readout == "last":
        fix = "Use fr.predict(net, x), or a Session for the answer so far."
        fail("run", "a network must have an output at every step", "readout='last'", fix)
    if net.bidirectional:
        fix = "Use fr.predict(net, x), on whole sequences."
        fail("run", "a network must run forward in time", "bidirectional=True", fix)
    check_draw("run", net.head, draw)
    if check_integer("run", "paths", paths, 1) > 1 and draw == "mean":
        fix = "Pass draw='sample', or paths=1."
        fail("run", "several paths must be drawn", "draw='mean', where all are the same", fix)
    if quantiles is None:
        return
    if paths == 1 or isinstance(net.head, Categorical):
        got = "one path" if paths == 1 else "classes"
        fix = "Pass paths=1000, say." if paths == 1 else "Count the classes in path.paths."
        fail("run", "quantiles need several paths of numbers", got, fix)


def _rows(state: State, index: Tensor) -> State:
    return state.map(lambda part: part[index])
