"""From a network and a plan to the kernels' terms, and back."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from freerun._pieces import blank, fed_truth, forced_values, last_rows, reversed_in_time
from freerun.cells import Memory, RecurrentLayer
from freerun.forcing import Plan
from freerun.kernels import Edge, Layer, Readout, eager, kernel_feed, unfold
from freerun.state import Noise, State
from freerun.unrolled import Unfoldable, Unrolled

__all__ = ["unroll_on_kernels"]


@eager
def unroll_on_kernels(
    net: Unfoldable,
    below: Tensor,
    plan: Plan | None,
    state: State,
    lengths: Tensor | None,
    real: Tensor | None,
    noise: Noise,
    with_h: bool = True,
) -> Unrolled:
    """Unfold ``net`` on compiled kernels, which must apply to it.

    They take sequences from the longest to the shortest, so ragged batches are sorted on the way in
    and back on the way out.

    Args:
        net: the network.
        below: ``(batch, time, features)``: x with its lags.
        plan: what the output edge carries, or None.
        state: what came before the first step.
        lengths: ``(batch,)`` or None.
        real: bool ``(batch, time)``, where lengths are given.
        noise: what is random.
        with_h: whether h is wanted.

    Returns:
        As :func:`freerun.unroll.unroll`, but for the state's inputs.
    """
    edge = None if plan is None else _edge(net, plan, state, real, noise, *below.shape[:2])
    if lengths is None:
        return _unroll(net, below, edge, state, None, noise, with_h)
    order = lengths.argsort(descending=True, stable=True)
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))

    def sort(tensor: Tensor) -> Tensor:
        return tensor.index_select(0, order)

    noise = Noise(
        None, tuple(sort(mask) for mask in noise.dropout),
        None if noise.summary is None else sort(noise.summary),
    )  # fmt: skip
    sorted_edge = None if edge is None else _sorted(edge, sort)
    found = _unroll(net, sort(below), sorted_edge, state.map(sort), sort(lengths), noise)

    def restore(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor.index_select(0, back)

    o, h = found.o.index_select(0, back), found.h.index_select(0, back)
    after = None if found.state is None else found.state.map(lambda one: one.index_select(0, back))
    return Unrolled(o, h, restore(found.summary), restore(found.f), after, found.head)


def _edge(
    net: Unfoldable, plan: Plan, state: State, real: Tensor | None, noise: Noise, batch: int,
    steps: int,
) -> Edge:  # fmt: skip
    """The output edge as the kernels take it."""
    assert net.layers[0].weight_fh is not None
    assert state.output is not None
    weight_fh, before = net.layers[0].weight_fh.contiguous(), state.output.contiguous()
    if plan.is_teacher():
        return Edge(weight_fh, before, fed_truth(net, plan, real).contiguous())
    weights = values = None
    forced = forced_values(net, plan, real, batch, steps)
    if forced is not None:
        weights, values = forced[0], forced[1].contiguous()
    exact = not plan.draws or net.head.reparameterised
    samples = noise.samples if plan.draws else None
    return Edge(
        weight_fh,
        before,
        None,
        weights,
        values,
        kernel_feed(net.head, plan) or "",
        getattr(net.head, "components", 0),
        None if samples is None else samples.to(before.dtype).contiguous(),
        plan.through and exact,
    )


def _sorted(edge: Edge, sort: Callable[[Tensor], Tensor]) -> Edge:
    """An edge's rows in another order."""
    truth, weights, values, noise = (
        None if part is None else sort(part)
        for part in (edge.truth, edge.weights, edge.values, edge.noise)
    )
    before = sort(edge.before)
    return Edge(
        edge.weight_fh, before, truth, weights, values, edge.feed, edge.components, noise,
        edge.through,
    )  # fmt: skip


def _unroll(
    net: Unfoldable, below: Tensor, edge: Edge | None, state: State, lengths: Tensor | None,
    noise: Noise, with_h: bool = True,
) -> Unrolled:  # fmt: skip
    """Unfold a batch that falls in length."""
    if len(net.reverse_layers):
        return _both_ways(net, below, lengths, noise)
    masks = noise.dropout or (None,) * len(net.layers)
    layers = [_layer(layer, mask) for layer, mask in zip(net.layers, masks, strict=True)]
    memory: Sequence[Memory] = ()
    if net.recurrence != "output":
        memory = state.hidden or [layer.zeros(len(below)) for layer in net.layers]
        memory = [tuple(part.contiguous() for part in parts) for parts in memory]
    readout = None
    if net.readout == "every":
        bias = net.output.bias
        readout = Readout(net.output.weight.contiguous(), bias.contiguous(), net.skip)
    cell = net.layers[0].cell.name
    found = unfold(cell, layers, below, memory, edge, readout, lengths, with_h)
    f, output = None, None
    if edge is not None:
        f = found.f if edge.truth is None else edge.truth
        assert f is not None
        output = _register(edge.before, f, lengths)
    last = found.memory[-1][0] if found.memory else None
    o = found.o
    if o is None:
        assert last is not None
        o = net.output(last if noise.summary is None else last * noise.summary)
    summary = last if edge is None else None
    if summary is not None and noise.summary is not None:
        summary = summary * noise.summary
    return Unrolled(o, found.h, summary, f, State(found.memory, output), net.head)


def _both_ways(net: Unfoldable, below: Tensor, lengths: Tensor | None, noise: Noise) -> Unrolled:
    """Both directions, layer by layer: each layer reads both of the one below."""
    h = last = below
    cell = net.layers[0].cell.name
    for number, (layer, reverse) in enumerate(zip(net.layers, net.reverse_layers, strict=True)):
        there = unfold(cell, [_layer(layer)], below, [layer.zeros(len(below))], lengths=lengths)
        turned = reversed_in_time(below, lengths)
        back = unfold(cell, [_layer(reverse)], turned, [layer.zeros(len(below))], lengths=lengths)
        h = torch.cat([there.h, reversed_in_time(back.h, lengths)], -1)
        last = torch.cat([there.memory[0][0], back.memory[0][0]], -1)
        below = h * noise.dropout[number] if noise.dropout else h
    if noise.summary is not None:
        last = last * noise.summary
    o = net.output(below if net.readout == "every" else last)
    if net.readout == "every" and lengths is not None:
        real = torch.arange(o.shape[1]) < lengths.unsqueeze(1)
        o = blank(o, real)
    return Unrolled(o, h, last, None, None, net.head)


def _layer(layer: RecurrentLayer, mask: Tensor | None = None) -> Layer:
    weight_hh, bias_hh = layer.weight_hh, layer.bias_hh
    return Layer(
        layer.weight_ih.contiguous(),
        None if weight_hh is None else weight_hh.contiguous(),
        layer.bias_ih.contiguous(),
        None if bias_hh is None else bias_hh.contiguous(),
        None if mask is None else mask.contiguous(),
    )


def _register(before: Tensor, f: Tensor, lengths: Tensor | None) -> Tensor:
    """The last values fed, as many as there are lags, at each sequence's own length."""
    lags = before.shape[1]
    if lengths is None and f.shape[1] >= lags:
        return f[:, f.shape[1] - lags :]
    return last_rows(torch.cat([before, f], 1), lags, lengths)
