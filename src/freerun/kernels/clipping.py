"""Clipping gradients where they lie."""

from collections.abc import Sequence
from struct import Struct
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun.kernels.loop.clipping import clip

__all__ = ["Clipping"]

NUMBERS = {torch.float32: np.float32(0), torch.float64: np.float64(0)}


class Clipping:
    """g <- min(1, limit / |g|) g for all gradients of a network at once: one call into kernels.

    Args:
        dtype: that of all gradients.
        most: how many there are at most.
    """

    def __init__(self, dtype: torch.dtype, most: int) -> None:
        self._dtype, self._number = dtype, NUMBERS.get(dtype)
        self._table: Any = np.zeros(2 * most, np.int64)
        self._place = int(self._table.ctypes.data)
        self._writers = [Struct(f"{2 * count}q").pack_into for count in range(most + 1)]

    def clip(self, gradients: Sequence[Tensor], limit: float) -> float | None:
        """Clip them in place.

        Returns:
            |g| before; None, with nothing done, where one has a graph, or another type, place or
            order than kernels know.
        """
        number = self._number
        if number is None:
            return None
        rows: list[int] = []
        for one in gradients:
            if (
                one.dtype is not self._dtype
                or one.requires_grad
                or not (one.is_cpu and one.is_contiguous())
            ):
                return None
            rows += one.data_ptr(), one.numel()
        self._writers[len(gradients)](self._table, 0, *rows)
        return float(clip(number, self._place, len(gradients), float(limit)))
