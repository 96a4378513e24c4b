"""A whole call in one entry from Python: tables, parameters, the kernel, sums.

For a small network every entry costs as much as the kernel's work, and so does every number that
Python puts into a table.
"""

from functools import cache
from typing import Any

import numpy as np

from freerun.kernels.loop import call as at
from freerun.kernels.loop import script as of
from freerun.kernels.loop import task as job
from freerun.kernels.loop.packing import JOB_SIZE, point_jobs
from freerun.kernels.loop.strip import STRIPS_SIZE, do_strips
from freerun.kernels.loop.task import Table, field
from freerun.kernels.machine.compiled import Number, code_address, entry, inner
from freerun.kernels.machine.memory import clear, copy, load, size, store
from freerun.kernels.machine.signals import call_at, numbers_at, rows_at

__all__ = [
    "ALONE",
    "END",
    "ERRANDS",
    "FILL",
    "PACK",
    "SUM",
    "TABLES",
    "address_of",
    "errand_float32",
    "errand_float64",
    "tables_size",
]

FILL, PACK, ALONE, SUM, END = 1, 2, 4, 8, 16
"""Fill the tables; pack; do the kernel's work in this thread; sum gradients; show the rest. Any of
them together."""

TABLES = job.TASK_SIZE
"""Where the call's table begins; the task is before it, the layers' table behind."""


def tables_size(layers: int) -> int:
    """Numbers in the tables of a call, the strips' behind its own."""
    return TABLES + at.CALL_SIZE + layers * at.LAYER_SIZE + STRIPS_SIZE


@cache
def address_of(kernel: Any, is_double: bool) -> int:
    """Where a kernel's machine code begins."""
    return code_address(kernel, kernel.signatures_asked[is_double])


@inner
def _errand(number: Number, script: int, numbers: int, tables: int, asked: int) -> None:
    """Do what is ``asked`` of a call.

    Args:
        number: tells the type.
        script: the address of what is known beforehand.
        numbers: that of what is not.
        tables: that of room for the tables.
        asked: the sum of ``FILL``, ``PACK``, ``ALONE``, ``SUM`` and ``END``, or some of them.
    """
    count = field(script, of.LAYERS)
    start = TABLES + at.CALL_SIZE
    call = numbers_at(tables + TABLES * 8, at.CALL_SIZE, 0)
    layers = rows_at(tables + start * 8, count, at.LAYER_SIZE)
    links = script + (of.SCRIPT_SIZE + at.CALL_SIZE + count * at.LAYER_SIZE) * 8
    jobs = links + 3 * field(script, of.LINKS) * 8
    job_count = field(script, of.JOBS)
    strips, function = tables + (start + count * at.LAYER_SIZE) * 8, field(numbers, of.STRIP)
    if asked & FILL:
        _fill(script, links, numbers, tables)
        clear(number, field(numbers, of.BLANK_COUNT), field(numbers, of.BLANK))
        point_jobs(rows_at(jobs, job_count, JOB_SIZE), field(numbers, of.PACKED), call, layers)
    if asked & PACK:
        do_strips(
            number, function, tables, strips, jobs, job_count,
            numbers + field(script, of.TENSORS) * 8, field(numbers, of.PACKED), 0, 0,
        )  # fmt: skip
    if asked & ALONE:
        _tell(tables, count)
        call_at(
            number, field(numbers, of.FUNCTION), tables, 0, call[at.BATCH], 0,
            field(numbers, of.ROOM),
        )  # fmt: skip
    if asked & SUM:
        do_strips(
            number, function, tables, strips, jobs + JOB_SIZE * job_count * 8,
            field(script, of.RESULTS), numbers + field(script, of.TARGETS) * 8,
            field(numbers, of.PARTS), field(numbers, of.PART_COUNT), call[at.PART],
        )  # fmt: skip
    if asked & END:
        if field(numbers, of.TOTAL):
            _add_up(number, field(script, of.STEPS), field(numbers, of.NLL),
                    field(numbers, of.TOTAL))  # fmt: skip
        _show(number, numbers, call, layers[count - 1, at.H])


@inner
def _fill(script: int, links: int, numbers: int, tables: int) -> None:
    """Write the tables: what the script has, and the numbers where it says."""
    count = at.CALL_SIZE + field(script, of.LAYERS) * at.LAYER_SIZE
    known = numbers_at(script + of.SCRIPT_SIZE * 8, count, 0)
    given = numbers_at(numbers, 1, 0)
    table = numbers_at(tables + TABLES * 8, count, 0)
    for index in range(count):
        table[index] = known[index]
    for link in rows_at(links, field(script, of.LINKS), 3):
        value = given[link[1]]
        table[link[0]] = value + link[2] if value else value


@inner
def _tell(tables: int, layers: int) -> None:
    """Write the task of one thread that does everything, for sequences that fill the batch."""
    task = numbers_at(tables, job.TASK_SIZE, 0)
    for index in range(job.TASK_SIZE):
        task[index] = 0
    task[job.CALL], task[job.CALL_COUNT] = tables + TABLES * 8, at.CALL_SIZE
    task[job.LAYERS], task[job.LAYER_COUNT] = tables + (TABLES + at.CALL_SIZE) * 8, layers


@inner
def _show(number: Number, numbers: int, call: Table, h: int) -> None:
    """Copy h and f, where they are wanted."""
    one, features = size(number), call[at.FEATURES]
    if field(numbers, of.SEEN_H):
        _copy_steps(
            number, call, h + call[at.H_STEP] * one, call[at.H_ROW], call[at.H_STEP],
            call[at.UNITS], field(numbers, of.SEEN_H),
        )  # fmt: skip
    if field(numbers, of.SEEN_F):
        _copy_steps(
            number, call, call[at.FED] + call[at.LAGS] * features * one, call[at.FED_ROW],
            features, features, field(numbers, of.SEEN_F),
        )  # fmt: skip


@inner
def _copy_steps(
    number: Number, call: Table, source: int, row: int, step: int, count: int, target: int
) -> None:
    """Copy ``count`` numbers of every sequence and step to where they lie without gaps."""
    one = size(number)
    for sequence in range(call[at.BATCH]):
        for t in range(call[at.STEPS]):
            copy(number, count, source + (sequence * row + t * step) * one, target)
            target += count * one


@inner
def _add_up(number: Number, count: int, source: int, target: int) -> None:
    """The sum of ``count`` numbers side by side, in parts of some hundred: errors do not grow."""
    one, total = size(number), 0.0
    for begin in range(0, count, 256):
        part = 0.0
        for index in range(begin, min(begin + 256, count)):
            part += load(number, source + index * one)
        total += part
    store(number, target, type(number)(total))


@entry("void(int64, int64, int64, int64)")
def errand_float32(script: int, numbers: int, tables: int, asked: int) -> None:
    """:func:`_errand` in float32: that it need not be told the type saves a third of the entry."""
    _errand(np.float32(0), script, numbers, tables, asked)


@entry("void(int64, int64, int64, int64)")
def errand_float64(script: int, numbers: int, tables: int, asked: int) -> None:
    """:func:`_errand` in float64."""
    _errand(np.float64(0), script, numbers, tables, asked)


ERRANDS: dict[int, Any] = {4: errand_float32, 8: errand_float64}
"""By the bytes of a number."""
