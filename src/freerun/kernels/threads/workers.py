"""The threads that kernels run in.

Each owns some sequences for all their steps, so that there is nothing to wait for in between. When
its work is done a thread looks out for more for a moment, and then it sleeps: no core is taken from
anyone for long.
"""

import atexit
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any

import numpy as np

from freerun.kernels.loop.task import (
    BEGIN,
    FINISH,
    LOST,
    MEMBERS,
    PHASES,
    TAKEN,
    Table,
    task_of,
)
from freerun.kernels.threads.errand import address_of as _address
from freerun.kernels.threads.together import BOX_SIZE, STATE, STOPPED, serve, share
from freerun.kernels.threads.truce import Truce

__all__ = ["NOBODY", "Aside", "call_up", "run"]

PATIENCE = 40_000
"""Looks for more work before a thread sleeps: about a millisecond, in which a training step
comes from the way forward to the way back. Waking it takes 60 to 130 on a virtual machine."""

LAST_LOOKS = 4_000
"""Before it does: longer than it takes to hand something over."""


class _Worker:
    """A thread that does what is put into its box."""

    def __init__(self) -> None:
        self.box = np.zeros(BOX_SIZE, np.int64)
        self.place = self.box.ctypes.data
        self.sleeps = False
        self.bell = threading.Lock()
        self.bell.acquire()
        self.thread = threading.Thread(target=self._work, name="freerun", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while serve(self.place, PATIENCE):
            self.sleeps = True
            # Who has just seen that it did not sleep yet puts something into its box right now.
            if serve(self.place, LAST_LOOKS):
                self.bell.acquire()
                self.sleeps = False

    def wake(self) -> None:
        """Have it look into its box, if it does not already."""
        if self.sleeps and self.bell.locked():
            with suppress(RuntimeError):  # somebody else has just done it
                self.bell.release()

    def stop(self) -> None:
        """Send it home."""
        self.box[STATE] = STOPPED
        for _ in range(100):  # it may be about to sleep
            self.wake()
            self.thread.join(0.01)
            if not self.thread.is_alive():
                return


_truce = Truce()

NOBODY = np.empty(0, np.int64)

_idle: list[_Worker] = []

_under_way: "set[Aside]" = set()
"""So that what is read and written to stays, even where an exception from a signal came between."""


def _forget() -> None:
    """In a forked child: the threads stayed with the parent."""
    global _truce
    _idle.clear()
    _truce = Truce()
    for aside in _under_way:
        aside.forget_thread()


@atexit.register
def _stop() -> None:
    """Before the interpreter takes the machine code away that they run in."""
    for aside in tuple(_under_way):
        aside.finish()
    while _idle:
        _idle.pop().stop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def call_up(count: int) -> None:
    """Wake so many threads that will have something to do soon: that takes them some time."""
    for worker in _idle[-count:] if count else ():
        worker.wake()


def run(
    kernel: Any, number: Any, tables: tuple[Table, Table, Table], pieces: Sequence[tuple[int, int]],
    threads: int, room: int, room_step: int, team: int = 0,
) -> None:  # fmt: skip
    """Do a kernel's work on all ``pieces``, in up to ``threads`` threads.

    Args:
        kernel: ``forward`` or ``backward``.
        number: tells the dtype.
        tables: the call's, the layers', the lengths.
        pieces: the first sequence and the one behind the last, of each.
        threads: this one among them.
        room: address of the first thread's scratch memory.
        room_step: bytes from one thread's to the next one's.
        team: ``threads``, where they do the one piece together; else 0.
    """
    task = _task(kernel, number, pieces, room, room_step, team)
    if team:
        _run_team(task, tables, team)
    elif threads == 1:
        share(task, *tables, NOBODY)
    else:
        _run_with(threads - 1, task, tables)


def _run_team(task: Table, tables: tuple[Table, Table, Table], team: int) -> None:
    """Do a task together where it may be; else in this thread."""
    truce = _truce
    if not truce.begin():
        share(task, *tables, NOBODY)
        return
    began = perf_counter()
    try:
        _run_with(team - 1, task, tables)
    finally:
        waiting = max(1, int(task[MEMBERS]) - 1)  # each waits for the same one
        truce.end(1e-9 * task[LOST] / waiting, perf_counter() - began)


def _run_with(count: int, task: Table, tables: tuple[Table, Table, Table]) -> None:
    """Do a task in this thread and up to ``count`` others."""
    workers: list[_Worker] = []
    try:
        for _ in range(count):
            workers.append(_hire())
            workers[-1].wake()
        share(task, *tables, np.array([worker.place for worker in workers]))
    finally:
        _idle.extend(workers)


class Aside:
    """A task that another thread does from :meth:`begin` on, and :meth:`finish` ends.

    Args:
        task: The task; no team's. It may be done twice.
        tables: Its tables.
        held: What holds the memory that it reads and writes to.
    """

    def __init__(self, task: Table, tables: tuple[Table, Table, Table], held: Any) -> None:
        self._task, self._tables, self._held = task, tables, held
        self._worker: _Worker | None = None
        self._boxes = NOBODY

    def begin(self) -> None:
        """Hand it over."""
        _under_way.add(self)
        worker = self._worker = _hire()
        self._boxes = np.array([worker.place])
        worker.wake()
        self._share(BEGIN)

    def finish(self) -> None:
        """Do what the other thread has not come to, and wait for what it is at; once or again."""
        self._share(FINISH)
        _under_way.discard(self)
        worker, self._worker = self._worker, None
        if worker is not None:
            _idle.append(worker)

    def forget_thread(self) -> None:
        """Have :meth:`finish` do all of it: the thread is not there any more."""
        self._worker, self._boxes = None, NOBODY
        self._task[TAKEN] = 0

    def _share(self, phase: int) -> None:
        self._task[PHASES] = phase
        share(self._task, *self._tables, self._boxes)


def _task(
    kernel: Any, number: Any, pieces: Sequence[tuple[int, int]], room: int, room_step: int,
    team: int = 0,
) -> Table:  # fmt: skip
    is_double = isinstance(number, np.float64)
    return task_of(_address(kernel, is_double), is_double, pieces, room, room_step, team)


def _hire() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()
