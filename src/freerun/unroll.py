"""The network unfolded in time: the only Python loop over steps.

    a(t) = b + U x(t) + W h(t-1) + R f(t-1)
    h(t) = update(a(t))                              layer upon layer, R in the first one only
    o(t) = c + V h(t) + s f(t-1)
    f(t) = w(t) y(t) + (1 - w(t)) g(o(t))

Where f is known before the loop begins (no output edge, or a teacher that is always followed) R f
is part of the drive: what is left to loop over is W alone, and where W = 0 nothing is. Otherwise
the whole step is looped over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.nn.functional import linear, pad

from freerun.cells import Memory, RecurrentLayer
from freerun.forcing import Plan
from freerun.heads import Head, Sampling
from freerun.state import Noise, State

__all__ = ["Unfoldable", "Unrolled", "emitted", "real_steps", "scan", "unroll"]

CACHED = 2**19
"""Numbers of one block of activations: 2 MB of float32, what a core's cache holds."""


@dataclass(frozen=True)
class Unrolled:
    """A network unfolded over a batch. What stands behind a sequence's length is 0.

    Attributes:
        o: ``(batch, time, head.size)``; for ``readout="last"`` ``(batch, head.size)``.
        h: ``(batch, time, hidden_size)`` of the last layer, both directions side by side.
        summary: ``(batch, hidden_size)``, h after each sequence's last step (a backward layer's
            after its first): what ``readout="last"`` reads; None with an output edge, which is read
            at every step.
        f: ``(batch, time, fed_size)``, what the output edge carried; None without one.
        state: what the last step of each sequence hands on; None for bidirectional networks.
        head: what o means.
    """

    o: Tensor
    h: Tensor
    summary: Tensor | None
    f: Tensor | None
    state: State | None
    head: Head

    def distribution(self) -> Distribution:
        """p(y | o), in scaled units."""
        return self.head.distribution(self.o)

    @property
    def mean(self) -> Tensor:
        """The mean of y; for classes the book's y-hat, softmax(o). In scaled units."""
        return self.head.mean(self.o)


class Unfoldable(Protocol):
    """What of a network its unfolding needs."""

    head: Head
    recurrence: str
    readout: str
    input_lags: int
    output_lags: int
    layers: Sequence[RecurrentLayer]
    reverse_layers: Sequence[RecurrentLayer]
    output: nn.Linear
    skip: nn.Parameter | None


def unroll(
    net: Unfoldable,
    x: Tensor | None,
    plan: Plan | None,
    state: State,
    steps: int,
    lengths: Tensor | None = None,
    noise: Noise = Noise(),
) -> Unrolled:
    """Unfold ``net`` over a batch. The reference: any cell, any recurrence, any device, any dtype.

    Args:
        net: the network.
        x: ``(batch, steps, input_size)``, or None for an autonomous network.
        plan: what the output edge carries; None without an output edge.
        state: what came before the first step.
        steps: how many steps, 1 or more.
        lengths: ``(batch,)`` on the same device, 0 to ``steps``; None where every sequence has
            ``steps``.
        noise: what is random.

    Returns:
        The unrolled network. Gradients flow to x, to every parameter, to the state and, where the
        plan says so, through what was fed back; not to the plan's values or weights.
    """
    real = None if lengths is None else real_steps(lengths, steps)
    if x is None:
        x = net.output.weight.new_zeros(_rows(state, plan), steps, 0)
    if real is not None:
        x = torch.where(real.unsqueeze(-1), x, 0)
    history = x if state.inputs is None else torch.cat([state.inputs, x], 1)
    below = _lagged(history, steps, net.input_lags + 1)
    if plan is None or plan.is_teacher():
        truth = None if plan is None else _fed_truth(net, plan, real)
        unrolled = _open(net, below, truth, state, lengths, real, noise)
    else:
        unrolled = _closed(net, below, plan, state, real, noise)
    if state.inputs is None or unrolled.state is None:
        return unrolled
    inputs = _last_rows(history, net.input_lags, lengths)
    return replace(unrolled, state=replace(unrolled.state, inputs=inputs))


def real_steps(lengths: Tensor, steps: int) -> Tensor:
    """bool ``(batch, steps)``: whether step t lies within its sequence."""
    return torch.arange(steps, device=lengths.device) < lengths.unsqueeze(1)


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


def _open(
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
        fed = _lagged(history[:, :-1], below.shape[1], net.output_lags)
        output = _last_rows(history, net.output_lags, lengths)
    if net.recurrence == "output" and fed is not None:
        o, h = _independent(net, below, fed, noise)
        return Unrolled(_blank(o, real), _blank(h, real), None, truth, State((), output), net.head)
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
        o = _blank(o, real)
    final = None if len(net.reverse_layers) else State(tuple(hidden), output)
    return Unrolled(o, _blank(h, real), last if fed is None else None, truth, final, net.head)


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
    drive = layer.drive(_reversed(below, lengths), None)
    h, memory = _over_time(layer, drive, layer.zeros(len(below)), real)
    return _reversed(h, lengths), memory[0]


# --- an output edge that carries, in part or always, what the network says ------------------------


def _closed(
    net: Unfoldable, below: Tensor, plan: Plan, state: State, real: Tensor | None, noise: Noise
) -> Unrolled:
    """Step by step through all layers, because f(t-1) must be there before step t begins."""
    batch, steps = below.shape[:2]
    first = net.layers[0]
    drives, weight_fh = first.drive(below, None).unbind(1), first.weight_fh
    assert weight_fh is not None
    forced = _forced_values(net, plan, real, batch, steps)

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
        if forced is not None:
            f = _mixed(forced[0][t], forced[1][t], f)
        return (*new, (f, *register[:-1])), (o, h, f)

    assert state.output is not None
    register = tuple(state.output.unbind(1))[::-1]
    memory, (o, h, f) = scan(step, (*state.hidden, register), steps, real)
    final = State(memory[:-1], torch.stack(memory[-1][::-1], 1))
    return Unrolled(_blank(o, real), _blank(h, real), None, _blank(f, real), final, net.head)


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


def _forced_values(
    net: Unfoldable, plan: Plan, real: Tensor | None, batch: int, steps: int
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]] | None:
    """Each step's weights ``(batch, 1)`` and values ``(batch, fed_size)``; None if it runs free."""
    if plan.values is None or plan.is_free():
        return None
    weights = torch.as_tensor(plan.weights, dtype=net.output.weight.dtype).detach()
    weights = weights.to(net.output.weight.device).expand(batch, steps)
    used = weights > 0 if real is None else (weights > 0) & real
    return weights.unsqueeze(-1).unbind(1), _fed_truth(net, plan, used).unbind(1)


# --- small pieces ---------------------------------------------------------------------------------


def _fed_truth(net: Unfoldable, plan: Plan, used: Tensor | None) -> Tensor:
    """The plan's values as they are fed, ``(batch, time, fed_size)``; 0 for what is not used."""
    assert plan.values is not None
    values = plan.values.detach()
    if used is not None:
        values = torch.where(used if values.ndim == 2 else used.unsqueeze(-1), values, 0)
    fed = net.head.feed_truth(values).to(net.output.weight.dtype)
    return _blank(fed, used)  # again, for the one-hot vector of class 0 is not 0


def _readout(net: Unfoldable, h: Tensor, fed: Tensor | None) -> Tensor:
    """o = c + V h + s f(t-1), the last term on the location alone."""
    o = net.output(h)
    if net.skip is None or fed is None:
        return o
    return o + pad(net.skip * fed, (0, o.shape[-1] - fed.shape[-1]))


def _rows(state: State, plan: Plan | None) -> int:
    """How many sequences there are, where no x says so."""
    if plan is not None and plan.values is not None:
        return len(plan.values)
    return len(next(iter(state.tensors().values())))


def _lagged(history: Tensor, steps: int, lags: int) -> Tensor:
    """Each of the last ``steps`` rows with the ``lags - 1`` before it, newest first."""
    if lags == 1:
        return history
    end = history.shape[1]
    return torch.cat([history[:, end - steps - lag : end - lag] for lag in range(lags)], -1)


def _last_rows(history: Tensor, rows: int, lengths: Tensor | None) -> Tensor:
    """The last ``rows`` at each own length; ``history`` begins ``rows`` before step 1."""
    if lengths is None:
        return history[:, history.shape[1] - rows :]
    index = lengths.unsqueeze(1) + torch.arange(rows, device=lengths.device)
    return history.gather(1, index.unsqueeze(-1).expand(-1, -1, history.shape[-1]))


def _reversed(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Each sequence turned round within its own length."""
    if lengths is None:
        return sequence.flip(1)
    steps = torch.arange(sequence.shape[1], device=lengths.device)
    index = torch.where(steps < lengths.unsqueeze(1), lengths.unsqueeze(1) - 1 - steps, steps)
    return sequence.gather(1, index.unsqueeze(-1).expand_as(sequence))


def _blank(values: Tensor, real: Tensor | None) -> Tensor:
    """0 behind each sequence's length."""
    return values if real is None else torch.where(real.unsqueeze(-1), values, 0)
