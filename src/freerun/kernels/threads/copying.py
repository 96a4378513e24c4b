"""Rows of arrays, picked out and copied while the thread that needs them does something else."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from freerun.kernels.loop import task as of
from freerun.kernels.loop.task import Table, field, signatures, task_of
from freerun.kernels.machine.compiled import Number, entry
from freerun.kernels.machine.memory import copy, load_integer
from freerun.kernels.threads.errand import address_of
from freerun.kernels.threads.workers import Aside

__all__ = ["WORD", "RowCopy", "copy_rows"]

WORD = 4
"""Bytes in a word."""

ROWS_AT_A_TIME = 4
"""Rows in a piece: what is begun late is then shared."""


@entry(signatures()[0])
def copy_rows(number: Number, task: int, first: int, last: int, piece: int, room: int) -> None:
    """Copy the rows ``first`` to ``last`` of every part of a task.

    Its call has, for each part, the addresses of source and target and how many words are in a row;
    its lengths say which rows of the sources these are.
    """
    parts, index = field(task, of.CALL), field(task, of.LENGTHS)
    for part in range(parts, parts + field(task, of.CALL_COUNT) * 8, 3 * 8):
        source, target, count = (
            load_integer(part), load_integer(part + 8), load_integer(part + 16)
        )  # fmt: skip
        for row in range(first, last):
            chosen = load_integer(index + row * 8)
            copy(number, count, source + chosen * count * WORD, target + row * count * WORD)


NO_LAYERS = np.empty((0, 1), np.int64)


class RowCopy:
    """``target[...] = source[index]``, by another thread, for several sources and again and again.

    Args:
        sources: the address of each, and words in one of its rows, which lie side by side.
        rows: how many are copied each time.
    """

    def __init__(self, sources: Sequence[tuple[int, int]], rows: int) -> None:
        pieces = [
            (first, min(first + ROWS_AT_A_TIME, rows)) for first in range(0, rows, ROWS_AT_A_TIME)
        ]
        self._task: Table = task_of(address_of(copy_rows, is_double=False), False, pieces, 0, 0)
        self._call = np.array([(place, 0, words) for place, words in sources], np.int64).ravel()

    def prepare(self, targets: Sequence[int], index: Any, held: Any) -> Aside:
        """Make it ready to begin; the one before must be finished.

        Args:
            targets: the address of each, with room for all rows.
            index: int64, C-contiguous: each a row that all sources have.
            held: what holds the memory of sources and targets.
        """
        for number, target in enumerate(targets):
            self._call[3 * number + 1] = target
        return Aside(self._task, (self._call, NO_LAYERS, index), (index, held))
