"""Memory that kernels work in: used again, and in large pages where it is large."""

import ctypes
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["borrow", "empty", "fresh", "give_back", "total_of", "zeros"]

HUGE = 4 * 2**20
"""Bytes from which memory is asked for in large pages: the first touch of a small one costs more
than filling it."""

GRAIN = 2**15
"""Numbers from which PyTorch calls its threads to add them up."""

_room: list[Tensor] = []


def borrow(count: int, dtype: torch.dtype) -> Tensor:
    """Memory to work in, for ``count`` numbers: used before where there is some, so not cleared."""
    size = count * dtype.itemsize
    try:
        room = _room.pop()
    except IndexError:
        return empty((max(size, 2**16),), torch.uint8)
    return room if room.numel() >= size else empty((size + size // 4,), torch.uint8)


def give_back(room: Tensor) -> None:
    """Return borrowed memory."""
    if len(_room) < 8:
        _room.append(room)


def fresh(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A tensor with anything in it; PyTorch reads numbers in half the time of a tuple of them."""
    return torch.empty(*shape, dtype=dtype)


def empty(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """The same, in large pages where it is large."""
    found = fresh(shape, dtype)
    size = found.numel() * dtype.itemsize
    if size >= HUGE and _advise is not None:
        page = 2 * 2**20
        start = -(-found.data_ptr() // page) * page
        end = (found.data_ptr() + size) // page * page
        if end > start:
            _advise(start, end - start, 14)  # MADV_HUGEPAGE
    return found


def total_of(numbers: Tensor) -> Tensor:
    """Their sum, by this thread alone; for what PyTorch's threads do, see :func:`zeros`."""
    if numbers.numel() < GRAIN:
        return numbers.sum()
    return torch.from_numpy(np.asarray(numbers.numpy().sum()))


def zeros(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A tensor of zeros, written by this thread.

    PyTorch would call its own threads for a large one, and these keep a processor busy for
    milliseconds after, which the kernels' threads then wait for.
    """
    found = fresh(shape, dtype)
    found.numpy().fill(0)
    return found


def _find_advise() -> Any:
    if sys.platform != "linux":
        return None
    function = ctypes.CDLL(None).madvise
    function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return function


_advise = _find_advise()
