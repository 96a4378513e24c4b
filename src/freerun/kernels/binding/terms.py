"""What one call of the kernels comes to: the fields of its shape, tensors, addresses."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from freerun.kernels.binding.given import Edge, Fed, Layer, Parameters, Readout
from freerun.kernels.binding.room import place_of
from freerun.kernels.binding.shape import GATE_COUNTS

__all__ = ["NOWHERE", "Terms", "plain_terms", "terms_of"]

NOWHERE = (0, 0, 0)
"""An address and two strides."""

NOTHING = (0, *NOWHERE, *NOWHERE)
"""No sharpening, no noise, no forcing."""


class Terms(NamedTuple):
    """What is unfolded.

    Attributes:
        fields: of the :class:`Shape` that a layout is made for: making one costs more.
        tensors: all that gradients may flow to, in the order that :class:`Layout` numbers them.
        given: where everything is that no gradient flows to, as ``script`` has it from TARGET on.
        constants: of that what is the caller's, and may change.
        alive: what else there is an address of.
    """

    fields: tuple[Any, ...]
    tensors: list[Tensor | None]
    given: list[int]
    constants: list[Tensor]
    alive: Any


def terms_of(
    cell: str, layers: Sequence[Layer], x: Tensor, memory: Sequence[Tensor], edge: Edge | None,
    readout: Readout | None, is_recurrent: bool,
) -> Terms:  # fmt: skip
    """Those of any call.

    Args:
        cell: one of ``CELL_CODES``.
        layers: from the lowest.
        x: ``(batch, time, input_size)``.
        memory: h, and an LSTM's c, before the first step, ``(layers, batch, units)`` each, side by
            side; nothing for zeros.
        edge: the output edge, or None.
        readout: at every step, or None.
        is_recurrent: whether W is there.
    """
    x = _side_by_side(x)
    tensors: list[Tensor | None] = [x]
    for layer in layers:
        tensors += layer[:4]
    if is_recurrent:
        tensors += memory or _no_memory(cell)
    if edge is not None:
        tensors += (edge.weight_fh, edge.before)
    if readout is not None:
        tensors += readout[:3]
    constants: list[Tensor] = []
    given = _given(layers, edge, None if readout is None else readout.target, constants)
    fields = _fields(cell, layers, x, edge, readout, is_recurrent)
    return Terms(fields, tensors, given, constants, edge)


def plain_terms(
    cell: str, layers: Sequence[Parameters], x: Tensor, is_recurrent: bool, fed: Fed | None = None,
    readout: Parameters | None = None, score: str = "", target: Tensor | None = None,
    truth: Tensor | None = None, before: Tensor | None = None,
) -> Terms:  # fmt: skip
    """Those of a plain call: its memory begins from zeros, it drops nothing, and draws nothing.

    That is what most calls are: put together from what is there, they need neither a
    :class:`Layer` nor an :class:`Edge`.

    Args:
        cell: one of ``CELL_CODES``.
        layers: U, W, b and the recurrent term's bias of each, or None.
        x: ``(batch, time, input_size)``.
        is_recurrent: whether W is there.
        fed: the output edge, or None.
        readout: V, c and s, or None.
        score: one of ``SCORE_CODES``, or nothing.
        target: what is scored.
        truth: all that is fed, where that is known.
        before: what was fed before the first step, ``(batch, lags, features)``; None for zeros.
    """
    x = _side_by_side(x)
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
        tensors += _no_memory(cell)
    edge = None
    if fed is not None:
        weight_fh, lags, *kind = fed
        tensors += (weight_fh.contiguous(), before)
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
    given = [place_of(target), place_of(truth), *NOTHING, *NOWHERE * len(layers)]
    return Terms(fields, tensors, given, [] if target is None else [target], truth)


def _side_by_side(x: Tensor) -> Tensor:
    """x with its last axis side by side."""
    return x.contiguous() if x.stride(2) != 1 and x.shape[2] > 1 else x


def _no_memory(cell: str) -> tuple[None, ...]:
    """In place of h, and an LSTM's c, before the first step: zeros."""
    return (None, None) if cell == "lstm" else (None,)


def _fields(
    cell: str, layers: Sequence[Layer], x: Tensor, edge: Edge | None, readout: Readout | None,
    is_recurrent: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """Of the shape."""
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


def _given(
    layers: Sequence[Layer], edge: Edge | None, target: Tensor | None, constants: list[Tensor]
) -> list[int]:
    """Where everything is that no gradient flows to; what may change is added to ``constants``."""

    def strided(constant: Tensor) -> tuple[int, int, int]:
        """Where it is, and its strides from sequence to sequence and step to step."""
        constants.append(constant)
        return constant.data_ptr(), constant.stride(0), constant.stride(1)

    given = [0, 0, *NOTHING]
    if target is not None:
        constants.append(target)
        given[0] = target.data_ptr()
    if edge is not None:
        if edge.truth is not None:
            given[1] = edge.truth.data_ptr()
        elif edge.weights is not None and edge.values is not None:
            given[1], given[6:] = edge.values.data_ptr(), strided(edge.weights)
        if edge.sharpening is not None:
            given[2] = edge.sharpening.data_ptr()
        if edge.noise is not None:
            given[3:6] = strided(edge.noise)
    for layer in layers:
        given += NOWHERE if layer.mask is None else strided(layer.mask)
    return given
