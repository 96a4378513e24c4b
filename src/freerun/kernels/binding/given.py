"""What an unfolding is given: parameters, the output edge, the readout; and the shape of it all."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from freerun.kernels.binding.shape import GATE_COUNTS

__all__ = [
    "Edge",
    "Fed",
    "Layer",
    "Parameters",
    "Readout",
    "contiguous",
    "oldest_first",
    "plain_terms",
    "shape_of",
]


Parameters = Sequence[Any]
"""Tensors, or None for one that is not there."""

Fed = tuple[Tensor, int, bool, str, int, bool]
"""R, the lags, whether all that is fed is known, and ``feed``, ``components`` and ``through``."""


class Layer(NamedTuple):
    """Parameters of one layer, as PyTorch has them; ``mask`` is what dropout leaves of its h."""

    weight_ih: Tensor
    weight_hh: Tensor | None
    bias_ih: Tensor | None
    bias_hh: Tensor | None
    mask: Tensor | None = None


class Edge(NamedTuple):
    """The output edge.

    Attributes:
        weight_fh: R, ``(gates * units, lags * features)``, the newest lag first.
        lags: how many of what was fed are read.
        before: ``(batch, lags, features)``, what was fed before the first step, oldest first; None
            for zeros.
        truth: ``(batch, time, features)``, all that is fed; None where outputs are.
        weights: w, ``(batch, time)``; None for zeros.
        values: ``(batch, time, features)``, what w weighs.
        feed: one of ``FEED_CODES``.
        components: of a mixture.
        noise: ``(batch, time, noise_size)`` for draws.
        sharpening: of the odds of classes: temperature, top k or 0, top p or 1; or None.
        through: whether gradients pass through g.
    """

    weight_fh: Tensor
    lags: int
    before: Tensor | None
    truth: Tensor | None = None
    weights: Tensor | None = None
    values: Tensor | None = None
    feed: str = "location"
    components: int = 0
    noise: Tensor | None = None
    sharpening: Tensor | None = None
    through: bool = True


class Readout(NamedTuple):
    """V, c and s: an output at every step; and what is to be scored by it.

    Attributes:
        weight: V.
        bias: c.
        skip: s, or None.
        score: one of ``SCORE_CODES``, or nothing.
        target: y, ``(batch, time, outputs)`` or ``(batch, time)`` int64 of classes, side by side.
    """

    weight: Tensor
    bias: Tensor
    skip: Tensor | None = None
    score: str = ""
    target: Tensor | None = None


def shape_of(
    cell: str, layers: Sequence[Layer], x: Tensor, edge: Edge | None, readout: Readout | None,
    is_recurrent: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """The fields of the :class:`Shape` that a layout is made for: making one costs more."""
    biases = tuple([(one.bias_ih is not None, one.bias_hh is not None) for one in layers])
    edge_shape, size, has_skip, score = None, 0, False, ""
    if edge is not None:
        lags = edge.lags
        features = edge.weight_fh.shape[1] // lags
        edge_shape = (
            lags, features, edge.truth is not None, edge.feed, edge.components, edge.through
        )  # fmt: skip
    if readout is not None:
        size, has_skip, score = readout.weight.shape[0], readout.skip is not None, readout.score
    return (
        cell, x.dtype, *x.shape, layers[0].weight_ih.shape[0] // GATE_COUNTS[cell], len(layers),
        is_recurrent, biases, edge_shape, size, has_skip, score, torch.get_num_threads(),
    )  # fmt: skip


def plain_terms(
    cell: str, layers: Sequence[Parameters], x: Tensor, is_recurrent: bool, fed: Fed | None = None,
    readout: Parameters | None = None, score: str = "",
) -> tuple[tuple[Any, ...], list[Tensor | None]]:  # fmt: skip
    """The fields of the shape, and the tensors as :class:`Layout` numbers them, of a plain call.

    It begins from zeros and drops nothing. That is what most calls are: put together from what is
    there, they need none of the values above.

    Args:
        cell: one of ``CELL_CODES``.
        layers: U, W, b and the recurrent term's bias of each, or None.
        x: ``(batch, time, input_size)``.
        is_recurrent: whether W is there.
        fed: the output edge, or None.
        readout: V, c and s, or None.
        score: one of ``SCORE_CODES``, or nothing.
    """
    tensors: list[Tensor | None] = [x]
    biases = []
    for ih, hh, bias_ih, bias_hh in layers:
        tensors += (
            ih.contiguous(), None if hh is None else hh.contiguous(),
            None if bias_ih is None else bias_ih.contiguous(),
            None if bias_hh is None else bias_hh.contiguous(),
        )  # fmt: skip
        biases.append((bias_ih is not None, bias_hh is not None))
    if is_recurrent:
        tensors += (None, None) if cell == "lstm" else (None,)
    edge = None
    if fed is not None:
        weight_fh, lags, *kind = fed
        tensors += (weight_fh.contiguous(), None)
        edge = (lags, weight_fh.shape[1] // lags, *kind)
    size, has_skip = 0, False
    if readout is not None:
        V, c, skip = readout
        tensors += (V.contiguous(), c.contiguous(), skip)
        size, has_skip = V.shape[0], skip is not None
    fields = (
        cell, x.dtype, *x.shape, layers[0][0].shape[0] // GATE_COUNTS[cell], len(layers),
        is_recurrent, tuple(biases), edge, size, has_skip, score, torch.get_num_threads(),
    )  # fmt: skip
    return fields, tensors


def contiguous(tensor: Any) -> Any:
    """The same side by side, where it is there."""
    return None if tensor is None else tensor.contiguous()


def oldest_first(weight: Tensor, lags: int) -> Tensor:
    """R's blocks of columns turned round: windows of what was fed lie oldest first."""
    if lags == 1:
        return weight
    return weight.detach().unflatten(1, (lags, -1)).flip(1).flatten(1)
