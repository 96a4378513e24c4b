"""The norm of all gradients at once, and what brings it down to a limit."""

import math

import numpy as np

from freerun.kernels.machine.compiled import Number, entry, inner
from freerun.kernels.machine.memory import load, load_integer, size, store

__all__ = ["TINY", "clip"]

TINY = 1e-6
"""What PyTorch's ``clip_grad_norm_`` adds to the norm."""


@entry(*(f"float64({number}, int64, int64, float64)" for number in ("float32", "float64")))
def clip(number: Number, table: int, rows: int, limit: float) -> float:
    """g <- min(1, limit / |g|) g in place.

    Args:
        number: tells the type.
        table: where a gradient is and how many numbers it has, for each.
        rows: how many gradients.
        limit: of the norm.

    Returns:
        |g| before, of all of them together, summed in float64. Where it is NaN nothing is changed.
    """
    total = 0.0
    for row in range(rows):
        place = table + row * 16
        total += _squares(number, load_integer(place), load_integer(place + 8))
    norm = math.sqrt(total)
    if norm + TINY > limit:
        share = type(number)(limit / (norm + TINY))
        for row in range(rows):
            place = table + row * 16
            _scale(number, load_integer(place), load_integer(place + 8), share)
    return norm


@inner
def _squares(number: Number, place: int, count: int) -> float:
    one, total = size(number), 0.0
    for index in range(count):
        value = np.float64(load(number, place + index * one))
        total += value * value
    return total


@inner
def _scale(number: Number, place: int, count: int, share: Number) -> None:
    one = size(number)
    for index in range(count):
        store(number, place + index * one, load(number, place + index * one) * share)
