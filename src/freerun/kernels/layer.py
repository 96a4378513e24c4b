"""One layer in one direction, as the drop-in layers of :mod:`freerun.nn` need it."""

from torch import Tensor

from freerun.kernels._autograd import unfold
from freerun.kernels._unfolding import Layer

__all__ = ["over_time"]


def over_time(
    cell: str, x: Tensor, memory: tuple[Tensor, ...], weight_ih: Tensor, weight_hh: Tensor,
    bias_ih: Tensor | None, bias_hh: Tensor | None, lengths: Tensor | None = None,
) -> tuple[Tensor, tuple[Tensor, ...]]:  # fmt: skip
    """Unfold one layer of a cell over time.

    Args:
        cell: ``"tanh"``, ``"relu"``, ``"gru"`` or ``"lstm"``.
        x: ``(time, batch, input_size)``.
        memory: ``(h,)`` or ``(h, c)`` before the first step, each ``(batch, hidden_size)``.
        weight_ih: U.
        weight_hh: W.
        bias_ih: b, or None.
        bias_hh: the recurrent term's, or None.
        lengths: ``(batch,)`` int64, falling, 1 or more; None where every sequence has all steps.

    Returns:
        h of every step, ``(time, batch, hidden_size)``, 0 behind each sequence's length; and the
        memory after each sequence's last step.
    """
    layer = Layer(weight_ih, weight_hh, bias_ih, bias_hh)
    found = unfold(cell, (layer,), x.transpose(0, 1), (memory,), None, None, lengths)
    return found.h.transpose(0, 1), found.memory[0]
