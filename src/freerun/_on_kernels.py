"""From a network and a plan to the kernels' terms, and back."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from freerun._held import held
from freerun._pieces import (
    blank,
    fed_truth,
    forced_values,
    last_rows,
    reversed_in_time,
    sharpening_of,
)
from freerun._time_cut import cut_in_time
from freerun.kernels import (
    Edge,
    Layer,
    Readout,
    Scored,
    Unfolding,
    choose_inside,
    eager,
    kernel_feed,
    plain_terms,
    score,
    score_directly,
    terms_of,
    unfold,
)
from freerun.plan import Plan
from freerun.state import Noise, State
from freerun.unrolled import Unfoldable, Unrolled, Wanted

__all__ = ["score_on_kernels", "total_on_kernels", "unroll_on_kernels"]


@eager
def unroll_on_kernels(
    net: Unfoldable,
    below: Tensor,
    plan: Plan | None,
    state: State | None,
    lengths: Tensor | None,
    real: Tensor | None,
    noise: Noise,
    target: Tensor | None = None,
    wanted: Wanted = Wanted(),
) -> Unrolled:
    """Unfold ``net`` on compiled kernels, which must apply to it.

    They take sequences from the longest to the shortest, so ragged batches are sorted on the way in
    and back on the way out.

    Args:
        net: the network.
        below: ``(batch, time, features)``: x with its lags.
        plan: what the output edge carries, or None.
        state: what came before the first step; None for zeros.
        lengths: ``(batch,)`` or None.
        real: bool ``(batch, time)``, where lengths are given.
        noise: what is random.
        target: y, to be scored where the kernels know the head's loss.
        wanted: what of it will be read.

    Returns:
        As :func:`freerun.unroll.unroll`, but for the state's inputs.
    """
    edge = None if plan is None else _edge(net, plan, state, real, noise, *below.shape[:2])
    target = _scorable(net, target)
    if lengths is None:
        return _unroll(net, below, edge, state, None, noise, target, wanted)
    order = lengths.argsort(descending=True, stable=True)
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))

    def sort(tensor: Tensor) -> Tensor:
        return tensor.index_select(0, order)

    def restore(tensor: Tensor) -> Tensor:
        return tensor.index_select(0, back)

    found = _unroll(
        net,
        sort(below),
        None if edge is None else _sorted(edge, sort),
        None if state is None else state.map(sort),
        sort(lengths),
        Noise(None, *(_mapped(part, sort) for part in noise[1:])),
        None if target is None else sort(target),
    )
    return Unrolled(
        restore(found.o),
        restore(found.h),
        lambda: None if found.summary is None else restore(found.summary),
        None if found.f is None else restore(found.f),
        lambda: None if found.state is None else found.state.map(restore),
        found.head,
        None if found.nll is None else restore(found.nll),
        found.total,
    )


@eager
def total_on_kernels(
    net: Unfoldable, below: Tensor, plan: Plan | None, state: State | None, noise: Noise, y: Tensor
) -> Tensor | None:
    """The sum of all losses of sequences that fill the batch; None where kernels do not apply.

    Arguments as for :func:`unroll_on_kernels`.
    """
    unfolding = _scoring(net, below, plan, state, noise, y)
    return None if unfolding is None else score(unfolding)


@eager
def score_on_kernels(
    net: Unfoldable, below: Tensor, plan: Plan | None, state: State | None, noise: Noise, y: Tensor
) -> Scored | None:
    """The same sum, and a way back without a graph; None also where there must be one."""
    unfolding = _scoring(net, below, plan, state, noise, y)
    return None if unfolding is None else score_directly(unfolding)


def _scoring(
    net: Unfoldable, below: Tensor, plan: Plan | None, state: State | None, noise: Noise, y: Tensor
) -> Unfolding | None:
    """What is unfolded for the sum of all losses."""
    if choose_inside(net, below, plan).kernel is None or held(net, "reverse_layers")._modules:
        return None
    target = _scorable(net, y)
    if target is None:
        return None
    if state is None and not noise.dropout and _is_plain(plan):
        return _plain_scoring(net, below, plan, target)
    edge = None if plan is None else _edge(net, plan, state, None, noise, *below.shape[:2])
    cell, layers, is_recurrent = _layers(net, noise)
    memory = _memory(state) if is_recurrent else ()
    readout = _readout(net, target)
    return Unfolding(terms_of(cell, layers, below, memory, edge, readout, is_recurrent))


def _is_plain(plan: Plan | None) -> bool:
    """Whether all that is fed is known, or comes from means alone."""
    return plan is None or plan.is_teacher() or (plan.feed == "mean" and plan.is_free())


def _plain_scoring(net: Unfoldable, below: Tensor, plan: Plan | None, target: Tensor) -> Unfolding:
    """The same from zeros, without dropout: with as few steps as there can be."""
    stack = list(held(net, "layers")._modules.values())
    layers = [_parameters(layer, PARAMETERS) for layer in stack]
    cell, is_recurrent = stack[0].cell.name, net.recurrence != "output"
    V, c = _parameters(held(net, "output"), ("weight", "bias"))
    truth = fed = before = None
    if plan is not None:
        (weight_fh,) = _parameters(stack[0], ("weight_fh",))
        if plan.is_teacher():
            truth = fed_truth(net, plan, None).contiguous()
            fed = (weight_fh, net.output_lags, True, "location", 0, True)
            cut = None
            if not is_recurrent:
                weights = chain((weight_fh, V), (one[0] for one in layers))
                cut = cut_in_time(below, truth, target, net.output_lags, weights)
            if cut is not None:
                below, truth, target, before = cut
        else:
            feed, components = net.head.kernel_feed or "", getattr(net.head, "components", 0)
            fed = (weight_fh, net.output_lags, False, feed, components, plan.through)
    readout, kind = (V, c, held(net, "skip")), net.head.kernel_score or ""
    return Unfolding(
        plain_terms(cell, layers, below, is_recurrent, fed, readout, kind, target, truth, before)
    )


def _scorable(net: Unfoldable, y: Tensor | None) -> Tensor | None:
    """y as the kernels score it; None where they do not, or a gradient is to flow to it."""
    if y is None or net.head.kernel_score is None or y.requires_grad or not y.is_cpu:
        return None
    return (y.long() if net.head.outputs is None else y).contiguous()


def _mapped(part: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A tensor, several or None, changed."""
    if part is None or isinstance(part, Tensor):
        return None if part is None else change(part)
    return tuple(change(one) for one in part)


def _edge(
    net: Unfoldable, plan: Plan, state: State | None, real: Tensor | None, noise: Noise, batch: int,
    steps: int,
) -> Edge:  # fmt: skip
    """The output edge as the kernels take it."""
    first, *_ = held(net, "layers")._modules.values()
    weight_fh, lags = held(first, "weight_fh").contiguous(), net.output_lags
    before = None if state is None else state.output
    before = None if before is None else before.contiguous()
    if plan.is_teacher():
        return Edge(weight_fh, lags, before, fed_truth(net, plan, real).contiguous())
    weights = values = samples = sharpening = None
    forced = forced_values(net, plan, real, batch, steps)
    if forced is not None:
        weights, values = forced[0], forced[1].contiguous()
    head, draws = net.head, plan.draws
    if draws:
        sharpening = sharpening_of(plan.feed, weight_fh.dtype)
        if noise.samples is not None:
            samples = noise.samples.to(weight_fh.dtype).contiguous()
    return Edge(
        weight_fh,
        lags,
        before,
        None,
        weights,
        values,
        kernel_feed(head, plan) or "",
        getattr(head, "components", 0),
        samples,
        sharpening,
        plan.through and (not draws or head.reparameterised),
    )


def _sorted(edge: Edge, sort: Callable[[Tensor], Tensor]) -> Edge:
    """An edge's rows in another order."""

    def turned(part: Tensor | None) -> Tensor | None:
        return None if part is None else sort(part)

    return edge._replace(
        before=turned(edge.before), truth=turned(edge.truth), weights=turned(edge.weights),
        values=turned(edge.values), noise=turned(edge.noise),
    )  # fmt: skip


def _unroll(
    net: Unfoldable, below: Tensor, edge: Edge | None, state: State | None, lengths: Tensor | None,
    noise: Noise, target: Tensor | None = None, wanted: Wanted = Wanted(),
) -> Unrolled:  # fmt: skip
    """Unfold a batch that falls in length."""
    if len(held(net, "reverse_layers")._modules):
        return _both_ways(net, below, lengths, noise)
    cell, layers, is_recurrent = _layers(net, noise)
    memory = _memory(state) if is_recurrent else ()
    readout = _readout(net, target) if net.readout == "every" else None
    found = unfold(cell, layers, below, memory, edge, readout, lengths, *wanted, is_recurrent)
    f = None
    if edge is not None:
        f = found.f if edge.truth is None else edge.truth
        assert f is not None

    def hand_on() -> State:
        hidden = tuple(tuple(part[at] for part in found.memory) for at in range(len(layers)))
        register = None if edge is None or f is None else _register(edge, f, lengths)
        return State(hidden if is_recurrent else (), register)

    def summarize() -> Tensor | None:
        last = found.memory[0][-1] if edge is None else None
        return last if last is None or noise.summary is None else last * noise.summary

    o = found.o
    if o is None:
        summary = summarize()
        assert summary is not None
        o = net.output(summary)
    h = found.h if found.h is not None else o.new_empty(0)
    return Unrolled(o, h, summarize, f, hand_on, net.head, found.nll, found.total)


def _layers(net: Unfoldable, noise: Noise) -> tuple[str, list[Layer], bool]:
    """The cell's name, every layer's parameters, and whether W is there."""
    stack = list(held(net, "layers")._modules.values())
    if noise.dropout:
        layers = [_layer(*one) for one in zip(stack, noise.dropout, strict=True)]
    else:
        layers = [_layer(one) for one in stack]
    return stack[0].cell.name, layers, net.recurrence != "output"


def _memory(state: State | None) -> Sequence[Tensor]:
    """h, and an LSTM's c, of all layers before the first step; nothing for zeros."""
    if state is None or not state.hidden:
        return ()
    if len(state.hidden) == 1:  # no copy: a large one would call PyTorch's threads
        return [part.contiguous().unsqueeze(0) for part in state.hidden[0]]
    return [torch.stack(part) for part in zip(*state.hidden, strict=True)]


def _readout(net: Unfoldable, target: Tensor | None) -> Readout:
    """V, c and s, and what is scored."""
    output = held(net, "output")
    return Readout(
        held(output, "weight").contiguous(),
        held(output, "bias").contiguous(),
        held(net, "skip"),
        "" if target is None else net.head.kernel_score or "",
        target,
    )


def _both_ways(net: Unfoldable, below: Tensor, lengths: Tensor | None, noise: Noise) -> Unrolled:
    """Both directions, layer by layer: each layer reads both of the one below."""
    h = last = below
    cell = net.layers[0].cell.name
    for number, (layer, reverse) in enumerate(zip(net.layers, net.reverse_layers, strict=True)):
        there = unfold(cell, [_layer(layer)], below, lengths=lengths)
        turned = reversed_in_time(below, lengths)
        back = unfold(cell, [_layer(reverse)], turned, lengths=lengths)
        assert there.h is not None
        assert back.h is not None
        h = torch.cat([there.h, reversed_in_time(back.h, lengths)], -1)
        last = torch.cat([there.memory[0][0], back.memory[0][0]], -1)
        below = h * noise.dropout[number] if noise.dropout else h
    if noise.summary is not None:
        last = last * noise.summary
    o = net.output(below if net.readout == "every" else last)
    if net.readout == "every" and lengths is not None:
        real = torch.arange(o.shape[1]) < lengths.unsqueeze(1)
        o = blank(o, real)
    return Unrolled(o, h, lambda: last, None, lambda: None, net.head)


PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _parameters(module: nn.Module, names: Sequence[str]) -> list[Any]:
    """Several parameters of a module; None for what is not there."""
    own: dict[str, Any] = module._parameters
    return [own[name] if name in own else getattr(module, name) for name in names]


def _layer(layer: nn.Module, mask: Tensor | None = None) -> Layer:
    ih, hh, bias_ih, bias_hh = _parameters(layer, PARAMETERS)
    return Layer(
        ih.contiguous(),
        None if hh is None else hh.contiguous(),
        bias_ih.contiguous(),
        None if bias_hh is None else bias_hh.contiguous(),
        None if mask is None else mask.contiguous(),
    )


def _register(edge: Edge, f: Tensor, lengths: Tensor | None) -> Tensor:
    """The last values fed, as many as there are lags, at each sequence's own length."""
    if lengths is None and f.shape[1] >= edge.lags:
        return f[:, f.shape[1] - edge.lags :]
    before = edge.before
    if before is None:
        before = f.new_zeros(len(f), edge.lags, f.shape[-1])
    return last_rows(torch.cat([before, f], 1), edge.lags, lengths)
