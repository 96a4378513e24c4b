"""Sequences cut in time, where no step waits for the one before it."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from freerun.kernels import LEAST_PIECE, pieces_of_time

__all__ = ["TimeCut", "cut_in_time"]

SHORT = 2 * LEAST_PIECE
"""Steps of which there are no two pieces."""


class TimeCut(NamedTuple):
    """A batch of pieces, sequence after sequence, each in the order of time.

    Attributes:
        x: ``(batch * pieces, steps / pieces, features)``.
        truth: what is fed, likewise.
        target: y, likewise.
        before: ``(batch * pieces, lags, features)``, what was fed before each.
    """

    x: Tensor
    truth: Tensor
    target: Tensor
    before: Tensor


def cut_in_time(
    x: Tensor, truth: Tensor, target: Tensor, lags: int, weights: Iterable[Tensor]
) -> TimeCut | None:
    """Cut a few sequences so that every thread has some of them to do.

    With W = 0 and f(t) known, h(t) = g(b + U x(t) + R f(t-1)) is that of its own step alone: only
    the lags have to be handed over from piece to piece, and they are known.

    Args:
        x: ``(batch, steps, features)``, which begins from nothing.
        truth: all that is fed, ``(batch, steps, features)``, without gaps.
        target: y, without gaps.
        lags: of what is fed.
        weights: what every step is multiplied by.

    Returns:
        The pieces, in the same memory; None where it is as well as it is.
    """
    batch, steps, features = truth.shape
    threads = torch.get_num_threads()
    if steps < SHORT or batch % threads == 0:
        return None
    work = batch * steps * sum(one.numel() for one in weights)
    pieces = pieces_of_time(batch, steps, work, threads)
    if pieces == 1 or not x.is_contiguous() or steps // pieces < lags:
        return None
    rows, length = batch * pieces, steps // pieces
    cut = truth.view(batch, pieces, length, features)
    before = truth.new_zeros(batch, pieces, lags, features)
    before[:, 1:] = cut[:, :-1, length - lags :]
    return TimeCut(
        x.view(rows, length, x.shape[-1]),
        truth.view(rows, length, features),
        target.view(rows, length, *target.shape[2:]),
        before.view(rows, lags, features),
    )
