"""An unfolding as one node of PyTorch's graph."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from freerun.kernels.binding.given import Edge, Layer, Parameters, Readout
from freerun.kernels.binding.terms import plain_terms, terms_of
from freerun.kernels.binding.unfolding import Unfolding

__all__ = ["Unfolded", "score", "unfold", "unfold_layers"]

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
        h: ``(batch, time, units)`` of the last layer, or None where it was not wanted.
        f: ``(batch, time, features)``; None without an output edge, or where it was known.
        nll: ``(batch, time)``, the loss of every step; None where nothing was to be scored.
        total: the sum of these.
        memory: h, and an LSTM's c, at each sequence's end, ``(layers, batch, units)``; empty where
            W = 0.
    """

    o: Tensor | None
    h: Tensor | None
    f: Tensor | None
    nll: Tensor | None
    total: Tensor | None
    memory: tuple[Tensor, ...]


def unfold(
    cell: str, layers: Sequence[Layer], x: Tensor, memory: Sequence[Tensor] = (),
    edge: Edge | None = None, readout: Readout | None = None, lengths: Tensor | None = None,
    with_h: bool = True, with_f: bool = True, is_recurrent: bool = True,
) -> Unfolded:  # fmt: skip
    """Unfold layers over a batch; see :class:`Unfolding`, and for the equations ``loop.forward``.

    Gradients flow to x, the first memory, what was fed before the first step, and all parameters;
    not to what forcing feeds, nor to y, w, noise and masks. What stands behind a sequence's length
    is not read, and is 0 in what is returned.
    """
    terms = terms_of(cell, layers, x, memory, edge, readout, is_recurrent)
    unfolding = Unfolding(terms, lengths)
    if _has_graph(unfolding.tensors):
        o, h, f, nll, total, *last = _apply(unfolding, with_h, *unfolding.tensors)
    else:
        o, h, f, nll, total, *last = unfolding.run(False, with_h, with_f)
    return Unfolded(o, h, f, nll, total, tuple(last))


def unfold_layers(
    cell: str, layers: Sequence[Parameters], x: Tensor, memory: Sequence[Tensor],
    lengths: Tensor | None,
) -> tuple[Tensor, tuple[Tensor, ...]]:  # fmt: skip
    """``.h`` and ``.memory`` of :func:`unfold`, for layers and nothing around them.

    Each layer is U, W, b and the recurrent term's bias, or None.
    """
    if memory or lengths is not None:
        given = [Layer(*map(_contiguous, layer)) for layer in layers]
        unfolding = Unfolding(terms_of(cell, given, x, memory, None, None, True), lengths)
    else:
        unfolding = Unfolding(plain_terms(cell, layers, x, True))
    if _has_graph(unfolding.tensors):
        h, *last = _apply_layers(unfolding, *unfolding.tensors)
    else:
        _, h, _, _, _, *last = unfolding.run(False)
    return h, tuple(last)


def score(unfolding: Unfolding) -> Tensor:
    """The sum of all losses, and nothing else; every sequence fills the batch."""
    if _has_graph(unfolding.tensors):
        found: Tensor = _apply_score(unfolding, *unfolding.tensors)
        return found
    return unfolding.score(False)


def _contiguous(tensor: Any) -> Any:
    return None if tensor is None else tensor.contiguous()


def _has_graph(tensors: Sequence[Tensor | None]) -> bool:
    """Whether a gradient may be asked for."""
    if torch.is_grad_enabled():
        for one in tensors:
            if one is not None and one.requires_grad:
                return True
    return False


class _Unfold(torch.autograd.Function):
    """The node. The unfolding itself goes along as its context, for it holds what it computed."""

    @staticmethod
    def forward(ctx: Any, unfolding: Unfolding, with_h: bool, *tensors: Tensor | None) -> Any:
        outputs = unfolding.run(True, with_h)
        # h and f for their versions alone: what was changed in place is refused.
        _keep(ctx, unfolding, tensors, outputs[1:3])
        return outputs

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        d_o, d_h, d_f, d_nll, d_total, *d_last = gradients
        return (None, None, *_back(ctx, gradients, d_o, d_h, d_f, d_nll, d_total, d_last))


class _Layers(torch.autograd.Function):
    """The same, of which only h and the last memory are there."""

    @staticmethod
    def forward(ctx: Any, unfolding: Unfolding, *tensors: Tensor | None) -> Any:
        _, h, _, _, _, *last = unfolding.run(True)
        _keep(ctx, unfolding, tensors, (h,))
        return h, *last

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        d_h, *d_last = gradients
        return (None, *_back(ctx, gradients, None, d_h, None, None, None, d_last))


class _Score(torch.autograd.Function):
    """The same, of which only the sum of the losses is seen."""

    @staticmethod
    def forward(ctx: Any, unfolding: Unfolding, *tensors: Tensor | None) -> Any:
        total = unfolding.score(True)
        _keep(ctx, unfolding, tensors, ())
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        return (None, *_back(ctx, gradients, None, None, None, None, gradients[0], ()))


def _keep(
    ctx: Any, unfolding: Unfolding, tensors: Sequence[Tensor | None],
    seen: Sequence[Tensor | None],
) -> None:  # fmt: skip
    """Have PyTorch keep all that the way back reads.

    ``seen`` and the constants for their versions alone. The rest goes along so that checkpoints,
    and whoever else watches what is saved, see it.
    """
    kept = unfolding.let_go()
    ctx.unfolding, ctx.counts = unfolding, (len(tensors), len(tensors) + len(kept))
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, *kept, *seen, *unfolding.constants)


def _back(ctx: Any, gradients: Sequence[Tensor | None], *parts: Any) -> Sequence[Tensor | None]:
    """The gradients of all tensors, from what :meth:`Unfolding.back` takes."""
    for gradient in gradients:
        if gradient is not None and (_is_batched(gradient) or _is_batched_of_old(gradient)):
            raise RuntimeError(BATCHED)
    saved, unfolding, (count, end) = ctx.saved_tensors, ctx.unfolding, ctx.counts
    unfolding.take_back(saved[:count], saved[count:end])
    needed = ctx.needs_input_grad[-count:]
    if not torch.is_grad_enabled():
        found = unfolding.back(*parts, needed)
        unfolding.let_go()
        return found
    with torch.no_grad():
        found = unfolding.back(*parts, needed)
        unfolding.let_go()
    # Only now can someone go on to differentiate these.
    wanted = [one.detach().requires_grad_() for one in found if one is not None]
    marked = iter(torch._C._functions.DelayedError(TWICE, len(wanted))(*wanted))
    return [None if gradient is None else next(marked) for gradient in found]


# Looked up once: both are asked for in every call.
_is_batched: Any = torch._C._functorch.is_batchedtensor
_is_batched_of_old: Any = torch._C._functorch.is_legacy_batchedtensor

# Past the Python wrapper, which looks for functorch: under that, kernels are not used.
_apply: Any = super(torch.autograd.Function, _Unfold).apply
_apply_layers: Any = super(torch.autograd.Function, _Layers).apply
_apply_score: Any = super(torch.autograd.Function, _Score).apply
