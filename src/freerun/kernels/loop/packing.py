"""Parameters on their way into a kernel and gradients on their way out, as tables of jobs.

Kernels want weights in panels, gates padded to whole vectors, in the order of ``cells``; users
have them as PyTorch does.
"""

from typing import Any

from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import add, clear, copy, lanes, load, size, store
from freerun.kernels.machine.panels import pack

__all__ = [
    "ACROSS", "BACK", "JOB_SIZE", "ROW", "count_slots", "pack_slot", "point_jobs", "sum_slot",
]  # fmt: skip

ACROSS, BACK, ROW = range(3)
"""A weight for A W' (panels of its rows), for A W (panels of its columns), and one row of it."""

(
    KIND, GATE_COUNT, FIRST_GATE, UNITS, WIDTH, COLUMNS,
    # which tensor is read, and from which byte; one that is not there is the last, at address 0
    SOURCE, SOURCE_BYTE, SOURCE_ROW, SOURCE_STEP, PLUS, PLUS_BYTE,
    # where to, in bytes, and whose number says so: a layer's, or the call's for layer -1
    TARGET, LAYER, FIELD,
    JOB_SIZE,
) = range(16)  # fmt: skip

Table = Any


@inner
def point_jobs(jobs: Table, base: int, call: Table, layers: Table) -> None:
    """Tell the kernels' tables where the result of every job is going to be.

    Args:
        jobs: a row each.
        base: where their targets are counted from.
        call: the call's table.
        layers: the layers' table.
    """
    for job in jobs:
        if job[FIELD] >= 0 and job[LAYER] < 0:
            call[job[FIELD]] = base + job[TARGET]
        elif job[FIELD] >= 0:
            layers[job[LAYER], job[FIELD]] = base + job[TARGET]


@inner
def count_slots(job: Table, is_sum: bool) -> int:
    """Into how many a job is cut: one for every gate, or one for a row of all of them."""
    return 1 if job[KIND] == ROW and not is_sum else job[GATE_COUNT]


@inner
def pack_slot(number: Number, job: Table, slot: int, places: Table, base: int) -> None:
    """Do a packing job for the gate that comes into ``slot``.

    Args:
        number: tells the type.
        job: ``FIRST_GATE`` is the gate that comes first in what is packed; the others follow,
            round about. ``PLUS`` is a row to be added to a ``ROW``.
        slot: which of them; a ``ROW`` is packed at once.
        places: addresses of all tensors, then a 0.
        base: where targets are counted from.
    """
    source = places[job[SOURCE]] + job[SOURCE_BYTE]
    target = base + job[TARGET]
    if job[KIND] == ACROSS:
        _pack_across(number, job, slot, source, target)
    elif job[KIND] == BACK:
        _pack_back(number, job, slot, source, target)
    else:
        _pack_row(number, job, source, places[job[PLUS]] + job[PLUS_BYTE], target)


@inner
def _gate(job: Table, source: int, slot: int, one: int) -> int:
    """Where the gate that is packed into ``slot`` begins."""
    gate = (slot + job[FIRST_GATE]) % job[GATE_COUNT]
    return source + gate * job[UNITS] * job[SOURCE_ROW] * one


@inner
def _pack_across(number: Number, job: Table, slot: int, source: int, target: int) -> None:
    depth = job[COLUMNS]
    pack(
        number, depth, job[UNITS], _gate(job, source, slot, size(number)), job[SOURCE_STEP],
        job[SOURCE_ROW], depth, target + slot * job[WIDTH] * depth * size(number),
    )  # fmt: skip


@inner
def _pack_back(number: Number, job: Table, slot: int, source: int, target: int) -> None:
    one, wide, units, width = size(number), lanes(number), job[UNITS], job[WIDTH]
    depth = job[GATE_COUNT] * width
    place = target + slot * width * wide * one
    pack(
        number, units, job[COLUMNS], _gate(job, source, slot, one), job[SOURCE_ROW],
        job[SOURCE_STEP], depth, place,
    )  # fmt: skip
    for column in range(0, job[COLUMNS], wide):
        panel = place + column * depth * one
        clear(number, (width - units) * wide, panel + units * wide * one)


@inner
def _pack_row(number: Number, job: Table, source: int, plus: int, target: int) -> None:
    one, units, width, row = size(number), job[UNITS], job[WIDTH], job[SOURCE_ROW]
    clear(number, job[GATE_COUNT] * width, target)
    for slot in range(job[GATE_COUNT]):
        gate = (slot + job[FIRST_GATE]) % job[GATE_COUNT]
        for unit in range(units):
            index = gate * units + unit
            value = number
            if source:
                value += load(number, source + index * row * one)
            if plus:
                value += load(number, plus + index * row * one)
            store(number, target + (slot * width + unit) * one, value)


@inner
def sum_slot(
    number: Number, job: Table, slot: int, base: int, target: int, parts: int, part: int
) -> None:
    """Sum the parts of a gradient into a plain matrix: the gate that stands in ``slot``.

    The job's source, ``SOURCE_BYTE`` from ``base``, has gates of ``WIDTH`` rows of ``SOURCE_ROW``
    numbers; ``target`` gates of ``UNITS`` rows of ``COLUMNS``. ``part`` is how many numbers each of
    the ``parts`` has.
    """
    one, columns, units = size(number), job[COLUMNS], job[UNITS]
    gate = (slot + job[FIRST_GATE]) % job[GATE_COUNT]
    source = base + job[SOURCE_BYTE] + slot * job[WIDTH] * job[SOURCE_ROW] * one
    place = target + gate * units * columns * one
    for _ in range(units):
        copy(number, columns, source, place)
        for other in range(1, parts):
            add(number, columns, source + other * part * one, place)
        source += job[SOURCE_ROW] * one
        place += columns * one
