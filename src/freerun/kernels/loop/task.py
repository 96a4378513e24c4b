"""What threads are handed: a kernel, its tables, and the pieces that its work is cut into.

A piece is some sequences, and whoever is free takes the next one; or a team has one piece together.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from freerun.kernels.loop.call import LAYER_SIZE
from freerun.kernels.machine.compiled import inner
from freerun.kernels.machine.memory import load_integer
from freerun.kernels.machine.signals import numbers_at, rows_at

__all__ = [
    "BEGIN", "BEGUN", "FINISH", "FLAG_SIZE", "LOST", "MEMBERS", "PHASES", "PIECES", "TAKEN",
    "Table", "field", "signatures", "tables_of", "task_of",
]  # fmt: skip

Table = Any
"""An int64 array: a call's numbers, or a row of them for each layer."""

(
    # the kernel's address, its dtype, the addresses of its tables and their sizes
    FUNCTION, IS_DOUBLE, CALL, CALL_COUNT, LAYERS, LAYER_COUNT, LENGTHS, LENGTH_COUNT,
    # scratch memory of the first thread, bytes from thread to thread
    ROOM, ROOM_STEP,
    # how many pieces there are, and how many are taken
    PIECES, TAKEN,
    # how many threads a team has room for, or 0; how many came; nanoseconds that these waited
    TEAM, MEMBERS, LOST,
    # what is to be done now: the sum of BEGIN and FINISH, or one of them; whether it is begun
    PHASES, BEGUN,
    TASK_SIZE,
) = range(18)  # fmt: skip
"""Then follow (first, last) of each piece, and a flag for each of a team."""

BEGIN, FINISH = 1, 2
"""Hand a task over to other threads; do what is left of it, and wait for what they have begun."""

FLAG_SIZE = 16
"""Numbers from flag to flag: more than a pair of the cache's lines, which come together."""


def signatures() -> tuple[str, ...]:
    """Of a kernel, for either dtype: ``(number, task, first, last, piece, room)``.

    ``number`` tells the type. The kernel treats a piece of the ``task``: the sequences ``first`` to
    ``last``; in a team ``piece`` is the number of the member. ``room`` is scratch memory of the
    thread that it runs in.
    """
    return tuple(f"void({number}{', int64' * 5})" for number in ("float32", "float64"))


def task_of(
    function: int, is_double: bool, pieces: Sequence[tuple[int, int]], room: int, room_step: int,
    team: int = 0,
) -> Table:  # fmt: skip
    """A task; its tables' addresses come in when it is begun."""
    task = [0] * TASK_SIZE
    task[FUNCTION], task[IS_DOUBLE] = function, is_double
    task[ROOM], task[ROOM_STEP], task[PIECES] = room, room_step, len(pieces)
    task[TEAM], task[PHASES] = team, BEGIN | FINISH
    for piece in pieces:
        task += piece
    task += [0] * (team * FLAG_SIZE)
    return np.array(task, np.int64)


@inner
def field(task: int, which: int) -> int:
    """A number of a task."""
    return load_integer(task + which * 8)


@inner
def tables_of(task: int) -> tuple[Table, Table, Table]:
    """The call, the layers and the lengths of a task."""
    call = numbers_at(field(task, CALL), field(task, CALL_COUNT), 0)
    layers = rows_at(field(task, LAYERS), field(task, LAYER_COUNT), LAYER_SIZE)
    lengths = numbers_at(field(task, LENGTHS), field(task, LENGTH_COUNT), 0)
    return call, layers, lengths
