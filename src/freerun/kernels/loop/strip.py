"""A strip: one gate of one parameter on its way into panels, or of one gradient out of its parts.

Strips do not wait for each other. One thread does all of a small call's, one after the other; of
large matrices several threads take them as pieces of a task.
"""

from freerun.kernels.loop.packing import JOB_SIZE, count_slots, pack_slot, sum_slot
from freerun.kernels.loop.task import CALL, Table, field, signatures
from freerun.kernels.machine.compiled import Number, entry, inner
from freerun.kernels.machine.signals import call_at, numbers_at, rows_at

__all__ = ["STRIPS_SIZE", "do_strips", "strip"]

(
    # the jobs, and how many; addresses of what is read, or of where sums go; where what is packed
    # begins, or the parts; how many parts, 0 for packing, and how many numbers each has
    JOBS, JOB_COUNT, PLACES, BASE, PARTS, PART,
    STRIPS_SIZE,
) = range(7)  # fmt: skip
"""A strip's call: numbers that it has in common with all others."""


@entry(*signatures())
def strip(number: Number, task: int, first: int, last: int, piece: int, room: int) -> None:
    """Do the job ``first`` for the gate in slot ``last``."""
    call = numbers_at(field(task, CALL), STRIPS_SIZE, 0)
    job = rows_at(call[JOBS], call[JOB_COUNT], JOB_SIZE)[first]
    places = numbers_at(call[PLACES], 1, 0)
    if call[PARTS] == 0:
        pack_slot(number, job, last, places, call[BASE])
    elif places[first]:
        sum_slot(number, job, last, call[BASE], places[first], call[PARTS], call[PART])


@inner
def do_strips(
    number: Number, function: int, task: int, place: int, jobs: int, count: int, places: int,
    base: int, parts: int, part: int,
) -> None:  # fmt: skip
    """Do all of them in this thread.

    Args:
        number: tells the type.
        function: where ``strip`` is.
        task: room for a task.
        place: room for the call.
        jobs: where the jobs are.
        count: how many.
        places: as in a strip's call, and so on.
        base: the same.
        parts: the same.
        part: the same.
    """
    numbers_at(task, CALL + 1, 0)[CALL] = place
    call = numbers_at(place, STRIPS_SIZE, 0)
    call[JOBS], call[JOB_COUNT], call[PLACES], call[BASE] = jobs, count, places, base
    call[PARTS], call[PART] = parts, part
    rows: Table = rows_at(jobs, count, JOB_SIZE)
    for index in range(count):
        for slot in range(count_slots(rows[index], parts > 0)):
            call_at(number, function, task, index, slot, 0, 0)
