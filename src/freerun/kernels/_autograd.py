"""An unfolding as one node of PyTorch's graph."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from freerun.kernels._unfolding import Edge, Layer, Readout, Unfolding

__all__ = ["Unfolded", "unfold"]

TWICE = (
    "freerun.kernels: the gradient of a gradient was asked for, and kernels have first gradients "
    "only. Compute under `with freerun.kernels.disabled():`, on the reference path."
)
BATCHED = (
    "freerun.kernels: gradients were asked for in batches (is_grads_batched, vectorize), and "
    "kernels take one at a time. Compute under `with freerun.kernels.disabled():`, on the "
    "reference path."
)


class Unfolded(NamedTuple):
    """What an unfolding gives.

    Attributes:
        o: ``(batch, time, size)``, or None without a readout.
        h: ``(batch, time, units)`` of the last layer.
        f: ``(batch, time, features)``, or None without an output edge.
        memory: ``(h,)`` or ``(h, c)`` of each layer at each sequence's end; empty where W = 0.
    """

    o: Tensor | None
    h: Tensor
    f: Tensor | None
    memory: tuple[tuple[Tensor, ...], ...]


def unfold(
    cell: str, layers: Sequence[Layer], x: Tensor, memory: Sequence[tuple[Tensor, ...]],
    edge: Edge | None = None, readout: Readout | None = None, lengths: Tensor | None = None,
    with_h: bool = True,
) -> Unfolded:  # fmt: skip
    """Unfold layers over a batch; see :class:`Unfolding`, and :mod:`._forward` for the equations.

    Gradients flow to x, the first memory, what was fed before the first step, and all parameters;
    not to what forcing feeds, nor to w, noise and masks. What stands behind a sequence's length is
    not read, and is 0 in what is returned.
    """
    if x.shape[-1] > 1 and x.stride(-1) != 1:
        x = x.contiguous()
    unfolding = Unfolding(cell, layers, x, memory, edge, readout, lengths)
    tensors = unfolding.tensors
    if torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in tensors):
        o, h, f, *last = _apply(unfolding, *tensors)
    else:
        o, h, f, *last = unfolding.run(False, with_h)
    each = 2 if cell == "lstm" else 1
    parts = tuple(tuple(last[at : at + each]) for at in range(0, len(last), each))
    return Unfolded(o, h, f, parts)


class _Unfold(torch.autograd.Function):
    """The node. The unfolding itself goes along as its context, for it holds what it computed."""

    @staticmethod
    def forward(ctx: Any, unfolding: Unfolding, *tensors: Tensor | None) -> Any:
        outputs = unfolding.run(keep=True)
        watched = (*_constants(unfolding), *outputs[:3])
        ctx.unfolding, ctx.counts = unfolding, (len(tensors), len(tensors) + len(watched))
        ctx.set_materialize_grads(False)
        # Constants and outputs for their versions alone: what was changed in place is refused.
        # The rest goes along so that checkpoints, and whoever else watches what is saved, see it.
        ctx.save_for_backward(*tensors, *watched, *unfolding.let_go())
        return outputs

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        if any(map(_is_batched, gradients)):
            raise RuntimeError(BATCHED)
        saved, (count, rest) = ctx.saved_tensors, ctx.counts
        ctx.unfolding.take_back(saved[:count], saved[rest:])
        d_o, d_h, d_f, *d_last = gradients
        with torch.no_grad():
            found = ctx.unfolding.back(d_o, d_h, d_f, d_last, ctx.needs_input_grad[1:])
            ctx.unfolding.let_go()
        if torch.is_grad_enabled():  # only then can someone go on to differentiate these
            wanted = [one.detach().requires_grad_() for one in found if one is not None]
            marked = iter(torch._C._functions.DelayedError(TWICE, len(wanted))(*wanted))
            found = [None if gradient is None else next(marked) for gradient in found]
        return (None, *found)


def _is_batched(gradient: Tensor | None) -> bool:
    functorch = torch._C._functorch
    return gradient is not None and (
        functorch.is_batchedtensor(gradient) or functorch.is_legacy_batchedtensor(gradient)
    )


def _constants(unfolding: Unfolding) -> list[Tensor | None]:
    """What the way back reads and no gradient flows to: it is the caller's, and may change."""
    edge = unfolding.edge
    return [*unfolding.masks, *(() if edge is None else (edge.weights, edge.noise))]


# Past the Python wrapper, which looks for functorch: under that, kernels are not used.
_apply: Any = super(torch.autograd.Function, _Unfold).apply
