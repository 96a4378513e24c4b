"""Several threads at one task, without the interpreter: handing it over takes a microsecond.

Whoever is free takes the next piece, and nobody waits for a thread that has not come: what it would
have done is done by the others.
"""

import numpy as np

from freerun.kernels.loop import task as of
from freerun.kernels.loop.task import Table, field
from freerun.kernels.machine.compiled import entry, inner
from freerun.kernels.machine.memory import load_integer
from freerun.kernels.machine.signals import (
    call_at,
    count_up,
    nanoseconds,
    peek,
    post,
    relax,
    replace,
)

__all__ = ["BOX_SIZE", "FREE", "HANDED", "INDEX", "STATE", "STOPPED", "TASK", "serve", "share"]

FREE, HANDED, BUSY, STOPPED = range(4)
"""What a thread's box says: nothing to do, a task is in it, it is under way, go home."""

TEAM_NANOSECONDS, TEAM_PATIENCE = 1_000_000, 80_000
"""How long a team waits for its members before it begins without them, and looks for them at most:
by then a thread that slept is awake, if there is a processor for it."""

STATE, TASK, INDEX, BOX_SIZE = range(4)
"""A thread's box: the address of a task, and which of its threads this one is."""


@inner
def _work(task: int, index: int) -> None:
    """Take pieces for as long as there are any; or the one that a team has together."""
    room = field(task, of.ROOM) + index * field(task, of.ROOM_STEP)
    if field(task, of.TEAM):
        while peek(task + of.MEMBERS * 8) == 0:
            relax()
        _do(task, 0, count_up(task + of.TAKEN * 8), room)
        return
    while True:
        piece = count_up(task + of.TAKEN * 8)
        if piece >= field(task, of.PIECES):
            return
        _do(task, piece, piece, room)


@inner
def _do(task: int, sequences: int, piece: int, room: int) -> None:
    """Call the task's kernel for one of its ranges of sequences."""
    function, place = field(task, of.FUNCTION), task + (of.TASK_SIZE + 2 * sequences) * 8
    first, last = load_integer(place), load_integer(place + 8)
    if field(task, of.IS_DOUBLE):
        call_at(np.float64(0), function, task, first, last, piece, room)
    else:
        call_at(np.float32(0), function, task, first, last, piece, room)


@entry("void(int64[::1], int64[::1], int64[:, ::1], int64[::1], int64[::1])")
def share(task: Table, call: Table, layers: Table, lengths: Table, boxes: Table) -> None:
    """Do a task with the threads that serve at ``boxes``, as far as they come in time.

    Or begin it now, with none of it done in this thread, and finish it later: ``PHASES`` says so.
    What was never begun, or is finished, has nothing to finish.
    """
    if task[of.PHASES] & of.BEGIN:
        task[of.CALL], task[of.CALL_COUNT] = call.ctypes.data, len(call)
        task[of.LAYERS], task[of.LAYER_COUNT] = layers.ctypes.data, len(layers)
        task[of.LENGTHS], task[of.LENGTH_COUNT] = lengths.ctypes.data, len(lengths)
        task[of.TAKEN] = task[of.MEMBERS] = task[of.LOST] = 0
        task[of.BEGUN] = 1
        _hand_out(task, boxes)
    if task[of.PHASES] & of.FINISH and task[of.BEGUN]:
        _work(task.ctypes.data, 0)
        for index in range(len(boxes)):
            state = boxes[index] + STATE * 8
            if not replace(state, HANDED, FREE):
                while peek(state) == BUSY:
                    relax()
        task[of.BEGUN] = 0


@inner
def _hand_out(task: Table, boxes: Table) -> None:
    """Put a task into all boxes; a team is then waited for."""
    place = task.ctypes.data
    for index in range(len(boxes)):
        box = boxes[index]
        post(box + TASK * 8, place)
        post(box + INDEX * 8, index + 1)
        post(box + STATE * 8, HANDED)
    if task[of.TEAM]:
        began = nanoseconds()
        came = _assemble(boxes, began)
        task[of.LOST] = (nanoseconds() - began) * max(came, 1)
        post(place + of.MEMBERS * 8, 1 + came)


@inner
def _assemble(boxes: Table, began: int) -> int:
    """How many have come: who has not after a while is not counted on."""
    came, looks = 0, 0
    for index in range(len(boxes)):
        state = boxes[index] + STATE * 8
        while peek(state) == HANDED and looks < TEAM_PATIENCE:
            relax()
            looks += 1
            if looks % 64 == 0 and nanoseconds() - began > TEAM_NANOSECONDS:
                looks = TEAM_PATIENCE
        if not replace(state, HANDED, FREE):
            came += 1
    return came


@entry("boolean(int64, int64)")
def serve(box: int, patience: int) -> bool:
    """Do what is put into ``box``; return when nothing was for ``patience`` looks at it.

    Returns:
        Whether to come back.
    """
    state, looks = box + STATE * 8, 0
    while looks < patience:
        found = peek(state)
        if found == HANDED and replace(state, HANDED, BUSY):
            _work(load_integer(box + TASK * 8), load_integer(box + INDEX * 8))
            post(state, FREE)
            looks = 0
        elif found == STOPPED:
            return False
        else:
            relax()
            looks += 1
    return True
