"""Memory that kernels work in: used again, and in large pages where it is large."""

import ctypes
import sys
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ["Room", "borrow", "empty", "fresh", "give_back", "place_of", "scalar", "zeros"]

HUGE = 4 * 2**20
"""Bytes from which memory is asked for in large pages: the first touch of a small one costs more
than filling it."""


class Room:
    """Memory to work in.

    Attributes:
        size: bytes.
        place: its address.
        bytes: it as Python can write to it.
    """

    def __init__(self, size: int) -> None:
        self._held = empty((size,), torch.uint8)
        self.bytes: Any = self._held.numpy()
        self.size, self.place = size, self._held.data_ptr()

    def numbers(self, count: int, dtype: torch.dtype) -> Tensor:
        """Its beginning as a tensor."""
        return self._held[: count * dtype.itemsize].view(dtype)


_rooms: list[Room] = []
_SCALARS = {
    dtype: torch.empty((), dtype=dtype, device="cpu") for dtype in (torch.float32, torch.float64)
}
_MAKERS = {
    dtype: torch.empty(0, dtype=dtype, device="cpu").new_empty
    for dtype in (torch.float32, torch.float64, torch.uint8)
}
"""Asked of a tensor that has it, the type need not be told; nor the device, whatever is usual."""


def borrow(size: int) -> Room:
    """Room of so many bytes: used before where there is some, so not cleared."""
    try:
        room = _rooms.pop()
    except IndexError:
        return Room(max(size, 2**16))
    return room if room.size >= size else Room(size + size // 4)


def give_back(room: Room) -> None:
    """Return borrowed room."""
    if len(_rooms) < 8:
        _rooms.append(room)


def fresh(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A tensor with anything in it; PyTorch reads numbers in half the time of a tuple of them."""
    return _MAKERS[dtype](*shape)


def scalar(dtype: torch.dtype) -> Tensor:
    """A tensor of one number without an axis."""
    return torch.empty_like(_SCALARS[dtype])


def empty(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """The same as :func:`fresh`, in large pages where it is large."""
    found = _MAKERS[dtype](*shape)
    if _advise is not None and found.nbytes >= HUGE:
        page = 2 * 2**20
        start = -(-found.data_ptr() // page) * page
        end = (found.data_ptr() + found.nbytes) // page * page
        if end > start:
            _advise(start, end - start, 14)  # MADV_HUGEPAGE
    return found


def place_of(tensor: Tensor | None) -> int:
    """Its address; 0 for none."""
    return 0 if tensor is None else tensor.data_ptr()


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
