"""The threads that kernels run in, and the memory they use meanwhile.

Python threads are enough: a kernel gives up the interpreter's lock, and each owns a slice of the
batch for all its steps, so that there is nothing to wait for in between. They sleep when there is
nothing to do: no core is taken from anyone.
"""

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from queue import SimpleQueue
from typing import Any

import torch
from torch import Tensor

__all__ = ["borrow", "empty", "give_back", "run_pieces", "run_slices", "slices_of"]

WORTH_A_THREAD = 10_000_000
"""Multiply-adds for which a second thread is worth waking: that and waiting for it take 60 to 130
microseconds on a virtual machine, each way. Below, one thread was faster by up to a third."""

HUGE = 4 * 2**20
"""Bytes from which memory is asked for in large pages: the first touch of a small one costs more
than filling it."""


class _Worker:
    """A thread that does what it is handed."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[tuple[Callable[..., None], tuple[Any, ...], _Outcome]] = (
            SimpleQueue()
        )
        threading.Thread(target=self._work, name="freerun", daemon=True).start()

    def _work(self) -> None:
        while True:
            function, arguments, outcome = self.jobs.get()
            try:
                function(*arguments)
            except BaseException as error:
                outcome.error = error
            outcome.done.release()
            del function, arguments, outcome


class _Outcome:
    """What came of a job."""

    def __init__(self) -> None:
        self.done = threading.Lock()
        self.done.acquire()
        self.error: BaseException | None = None


_idle: list[_Worker] = []
_room: list[Tensor] = []


def _forget() -> None:
    """In a forked child: the threads stayed with the parent."""
    _idle.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def run_slices(function: Callable[..., None], calls: Sequence[tuple[Any, ...]]) -> None:
    """Do ``function(*call)`` for every call, side by side; the last one in this thread."""
    waiting = []
    for call in calls[:-1]:
        try:
            worker = _idle.pop()
        except IndexError:
            worker = _Worker()
        outcome = _Outcome()
        worker.jobs.put((function, call, outcome))
        waiting.append((worker, outcome))
    try:
        function(*calls[-1])
    finally:
        for worker, outcome in waiting:
            outcome.done.acquire()
            _idle.append(worker)
    for _, outcome in waiting:
        if outcome.error is not None:
            raise outcome.error


def run_pieces(
    function: Callable[..., None],
    arguments: tuple[Any, ...],
    pieces: Sequence[tuple[int, int]],
    rooms: Sequence[int],
) -> None:
    """Do ``function(*arguments, first, last, room)`` for every piece, a thread for each room.

    Whoever has finished a piece takes the next one, so that nobody waits long for a thread whose
    processor is busy with something else.
    """
    if len(rooms) == 1:
        for first, last in pieces:
            function(*arguments, first, last, rooms[0])
        return
    left = iter(pieces)

    def work(room: int) -> None:
        for first, last in left:
            function(*arguments, first, last, room)

    run_slices(work, [(room,) for room in rooms])


def slices_of(
    batch: int, work: int, threads: int, lengths: Sequence[int] | None
) -> list[tuple[int, int]]:
    """Cut a batch into slices of equal work, one for each thread that is worth waking.

    Args:
        batch: sequences.
        work: multiply-adds of all.
        threads: how many there may be.
        lengths: steps of each sequence, where they differ.
    """
    threads = min(threads, batch, 1 + work // WORTH_A_THREAD)
    if threads <= 1:
        return [(0, batch)]
    if lengths is None:
        cuts = [batch * thread // threads for thread in range(threads + 1)]
    else:
        total, reached, cuts = sum(lengths), 0, [0]
        for row, length in enumerate(lengths):
            reached += length
            if len(cuts) < threads and reached * threads >= total * len(cuts):
                cuts.append(row + 1)
        cuts.append(batch)
    return [(first, last) for first, last in pairwise(cuts) if last > first]


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


def empty(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A tensor with anything in it, in large pages where it is large."""
    found = torch.empty(shape, dtype=dtype)
    size = found.numel() * dtype.itemsize
    if size >= HUGE and _advise is not None:
        page = 2 * 2**20
        start = -(-found.data_ptr() // page) * page
        end = (found.data_ptr() + size) // page * page
        if end > start:
            _advise(start, end - start, 14)  # MADV_HUGEPAGE
    return found


def _find_advise() -> Any:
    if sys.platform != "linux":
        return None
    function = ctypes.CDLL(None).madvise
    function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return function


_advise = _find_advise()
