"""The unfolded network in plain PyTorch: any cell, any device, any dtype, any order of gradient.

The truth that the kernels are tested against, and what runs where they do not apply.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import linear, pad

from freerun._pieces import blank, forced_values, lagged, last_rows, reversed_in_time
from freerun.cells import Memory, RecurrentLayer
from freerun.heads import Head, Sampling
from freerun.plan import Plan
from freerun.state import Noise, State
from freerun.unrolled import Unfoldable, Unrolled

__all__ = ["closed_reference", "emitted", "open_reference", "scan"]

CACHED = 2**19
"""Numbers of one block of activations: 2 MB of float32, what a core's cache holds."""


# --- the loop -------------------------------------------------------------------------------------


def scan(
    step: Callable[[int, tuple[Memory, ...]], tuple[tuple[Memory, ...], tuple[Tensor, ...]]],
    memory: tuple[Memory, ...],
    steps: int,
    real: Tensor | None,
) -> tuple[tuple[Memory, ...], list[Tensor]]:
    """Fold ``memory, outputs = step(t, memory)`` over time; an ended sequence keeps its memory.

    Args:
        step: one step.
        memory: before the first.
        steps: how many.
        real: bool ``(batch, steps)``, False behind a sequence's length; None where all are real.

    Returns:
        The memory each sequence ends with, and the outputs of all steps, ``(batch, steps, ...)``
        each.
    """
    emitted = []
    for t in range(steps):
        new, outputs = step(t, memory)
        memory = new if real is None else _keep(real[:, t, None], new, memory)
        emitted.append(outputs)
    return memory, [torch.stack(column, 1) for column in zip(*emitted, strict=True)]


def _keep(real: Tensor, new: tuple[Memory, ...], old: tuple[Memory, ...]) -> tuple[Memory, ...]:
    return tuple(
        tuple(torch.where(real, n, o) for n, o in zip(news, olds, strict=True))
        for news, olds in zip(new, old, strict=True)
    )


# --- no output edge, or one that carries what is known beforehand ---------------------------------


def open_reference(
    net: Unfoldable,
    below: Tensor,
    truth: Tensor | None,
    state: State,
    lengths: Tensor | None,
    real: Tensor | None,
    noise: Noise,
) -> Unrolled:
    """R f is known for every step: part of the drive. Only W, if it is there, is looped over."""
    fed, output = None, None
    if truth is not None and state.output is not None:
        history = torch.cat([state.output, truth], 1)
        fed = lagged(history[:, :-1], below.shape[1], net.output_lags)
        output = last_rows(history, net.output_lags, lengths)
    if net.recurrence == "output" and fed is not None:
        o, h = _independent(net, below, fed, noise)
        return Unrolled(
            blank(o, real), blank(h, real), lambda: None, truth, lambda: State((), output), net.head
        )
    hidden, h, last = [], below, below
    for number, layer in enumerate(net.layers):
        drive = layer.drive(below, fed if number == 0 else None)
        before = state.hidden[number] if state.hidden else layer.zeros(len(below))
        h, memory = _over_time(layer, drive, before, real)
        last = memory[0]
        if len(net.reverse_layers):
            back, last_back = _backwards(net.reverse_layers[number], below, lengths, real)
            h, last = torch.cat([h, back], -1), torch.cat([last, last_back], -1)
        below = h * noise.dropout[number] if noise.dropout else h
        hidden.append(memory)
    if noise.summary is not None:
        last = last * noise.summary
    seen = below if net.readout == "every" else last
    o = _readout(net, seen, None if fed is None else fed[..., : net.head.fed_size])
    if net.readout == "every":
        o = blank(o, real)
    final = None if len(net.reverse_layers) else State(tuple(hidden), output)
    summary = last if fed is None else None
    return Unrolled(o, blank(h, real), lambda: summary, truth, lambda: final, net.head)


def _independent(
    net: Unfoldable, below: Tensor, fed: Tensor, noise: Noise
) -> tuple[Tensor, Tensor]:
    """W = 0: no step waits for another, and all are one batch; o and h of every step.

    The batch is cut only where its activations would leave the cache, which costs more than the
    products do.
    """
    widest = max(layer.bias_ih.numel() for layer in net.layers)
    block = max(1, CACHED // (len(below) * widest))
    pieces = []
    for start in range(0, below.shape[1], block):
        part = slice(start, start + block)
        seen, feeds = below[:, part], fed[:, part]
        h = seen
        for number, layer in enumerate(net.layers):
            h = layer.step_without_past(layer.drive(seen, None if number else feeds))[0]
            seen = h * noise.dropout[number][:, part] if noise.dropout else h
        pieces.append((_readout(net, seen, feeds[..., : net.head.fed_size]), h))
    if len(pieces) == 1:
        return pieces[0]
    o, h = (torch.cat(column, 1) for column in zip(*pieces, strict=True))
    return o, h


def _over_time(
    layer: RecurrentLayer, drive: Tensor, memory: Memory, real: Tensor | None
) -> tuple[Tensor, Memory]:
    """One layer over all steps: h of every step, and the memory each sequence ends with."""
    drives = drive.unbind(1)

    def step(t: int, memories: tuple[Memory, ...]) -> tuple[tuple[Memory, ...], tuple[Tensor, ...]]:
        new = layer.step(drives[t], memories[0])
        return (new,), (new[0],)

    (memory,), (h,) = scan(step, (memory,), drive.shape[1], real)
    return h, memory


def _backwards(
    layer: RecurrentLayer, below: Tensor, lengths: Tensor | None, real: Tensor | None
) -> tuple[Tensor, Tensor]:
    """A layer that reads each sequence from its end: h in time order, and h at the first step."""
    drive = layer.drive(reversed_in_time(below, lengths), None)
    h, memory = _over_time(layer, drive, layer.zeros(len(below)), real)
    return reversed_in_time(h, lengths), memory[0]


# --- an output edge that carries, in part or always, what the network says ------------------------


def closed_reference(
    net: Unfoldable, below: Tensor, plan: Plan, state: State, real: Tensor | None, noise: Noise
) -> Unrolled:
    """Step by step through all layers, because f(t-1) must be there before step t begins."""
    batch, steps = below.shape[:2]
    first = net.layers[0]
    drives, weight_fh = first.drive(below, None).unbind(1), first.weight_fh
    assert weight_fh is not None
    forced = forced_values(net, plan, real, batch, steps)
    by_step = None if forced is None else (forced[0].unsqueeze(-1).unbind(1), forced[1].unbind(1))

    def step(t: int, memory: tuple[Memory, ...]) -> tuple[tuple[Memory, ...], tuple[Tensor, ...]]:
        *hidden, register = memory
        drive = drives[t] + linear(torch.cat(register, -1), weight_fh)
        new, h, seen = [], drive, drive
        for number, layer in enumerate(net.layers):
            if number:
                drive = layer.drive(seen, None)
            if hidden:
                new.append(layer.step(drive, hidden[number]))
                h = new[-1][0]
            else:
                h = layer.step_without_past(drive)[0]
            seen = h * noise.dropout[number][:, t] if noise.dropout else h
        o = _readout(net, seen, register[0])
        f = emitted(net.head, o, plan, None if noise.samples is None else noise.samples[:, t])
        if by_step is not None:
            f = _mixed(by_step[0][t], by_step[1][t], f)
        return (*new, (f, *register[:-1])), (o, h, f)

    assert state.output is not None
    register = tuple(state.output.unbind(1))[::-1]
    memory, (o, h, f) = scan(step, (*state.hidden, register), steps, real)
    final = State(memory[:-1], torch.stack(memory[-1][::-1], 1))
    o, h, f = (blank(values, real) for values in (o, h, f))
    return Unrolled(o, h, lambda: None, f, lambda: final, net.head)


def emitted(head: Head, o: Tensor, plan: Plan, noise: Tensor | None) -> Tensor:
    """g(o): the mean, or a draw; cut from the graph where the plan or the head says so."""
    if not plan.draws:
        g, exact = head.feed_mean(o), True
    else:
        assert noise is not None
        odds = plan.feed(o) if isinstance(plan.feed, Sampling) else o
        g, exact = head.feed_sample(odds, noise), head.reparameterised
    return g if plan.through and exact else g.detach()


def _mixed(w: Tensor, y: Tensor, g: Tensor) -> Tensor:
    """w y + (1 - w) g; where w is 0 or 1 the other is selected away, for 0 times NaN is NaN."""
    return w * torch.where(w == 0, 0, y) + (1 - w) * torch.where(w == 1, 0, g)


def _readout(net: Unfoldable, h: Tensor, fed: Tensor | None) -> Tensor:
    """o = c + V h + s f(t-1), the last term on the location alone."""
    o = net.output(h)
    if net.skip is None or fed is None:
        return o
    return o + pad(net.skip * fed, (0, o.shape[-1] - fed.shape[-1]))
