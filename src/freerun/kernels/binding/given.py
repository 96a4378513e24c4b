"""What an unfolding is given: parameters, the output edge, the readout."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor

__all__ = ["Edge", "Fed", "Layer", "Parameters", "Readout", "oldest_first"]


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


def oldest_first(weight: Tensor, lags: int) -> Tensor:
    """R's blocks of columns turned round: windows of what was fed lie oldest first."""
    if lags == 1:
        return weight
    return weight.detach().unflatten(1, (lags, -1)).flip(1).flatten(1)
