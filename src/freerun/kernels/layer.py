"""Layers in one direction, as the drop-in layers of :mod:`freerun.nn` need them."""

from collections.abc import Sequence

from torch import Tensor

from freerun.kernels.binding.autograd import unfold_layers

__all__ = ["over_time"]


def over_time(
    cell: str, x: Tensor, memory: Sequence[Tensor], weights: Sequence[Sequence[Tensor]],
    lengths: Tensor | None = None,
) -> tuple[Tensor, tuple[Tensor, ...]]:  # fmt: skip
    """Unfold layers of a cell over time, each reading the one below.

    Args:
        cell: ``"tanh"``, ``"relu"``, ``"gru"`` or ``"lstm"``.
        x: ``(batch, time, input_size)``.
        memory: h, and an LSTM's c, before the first step, ``(layers, batch, hidden_size)`` each, or
            nothing for zeros.
        weights: U and W of each layer, and, with biases, b and the recurrent term's.
        lengths: ``(batch,)`` int64, falling, 1 or more; None where every sequence has all steps.

    Returns:
        h of every step of the last layer, ``(batch, time, hidden_size)``, 0 behind each sequence's
        length; and the memory after each sequence's last step.
    """
    layers = [group if len(group) == 4 else (*group, None, None) for group in weights]
    return unfold_layers(cell, layers, x, [part.contiguous() for part in memory], lengths)
