"""Rows of a chunk of steps, gathered one after the other: what a large product can be made of.

A slice is the sequences ``first`` to ``last`` of the batch, longest first. A chunk is the steps
``begin`` to ``end``; its rows are, step after step, those of the slice's sequences that have not
ended, so that no product touches what stands behind a sequence's length.
"""

from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import copy, lanes, load, size, store, wipe

__all__ = ["active", "count_rows", "gather", "pack_gathered", "scatter", "uniform_stride"]


@inner
def active(lengths: list[int], first: int, last: int, t: int) -> int:
    """How many sequences of the slice have a step ``t``; all where no lengths are given."""
    count = last - first
    if len(lengths):
        while count > 0 and lengths[first + count - 1] <= t:
            count -= 1
    return count


@inner
def count_rows(lengths: list[int], first: int, last: int, begin: int, end: int) -> int:
    """Rows of a chunk."""
    if len(lengths) == 0:
        return (last - first) * (end - begin)
    total = 0
    for row in range(first, last):
        total += max(0, min(lengths[row], end) - begin)
    return total


@inner
def uniform_stride(rows: int, total: int, steps: int, row: int, step: int) -> int:
    """The one stride from row to row of a chunk where there is one, or -1."""
    if rows == 1:
        return step
    if total == rows * steps and (step == rows * row or steps == 1):
        return row
    return -1


@inner
def gather(
    number: Number, lengths: list[int], first: int, last: int, begin: int, end: int,
    source: int, row: int, step: int, mask: int, mask_row: int, mask_step: int,
    count: int, target: int, target_row: int,
) -> None:  # fmt: skip
    """Copy a chunk's rows of ``count`` numbers to ``target``, times ``mask`` where there is one."""
    one = size(number)
    for t in range(begin, end):
        for sequence in range(first, first + active(lengths, first, last, t)):
            place = source + (sequence * row + t * step) * one
            if mask:
                factor = mask + (sequence * mask_row + t * mask_step) * one
                for index in range(count):
                    value = load(number, place + index * one) * load(number, factor + index * one)
                    store(number, target + index * one, value)
            else:
                copy(number, count, place, target)
            target += target_row * one


@inner
def pack_gathered(
    number: Number, lengths: list[int], first: int, last: int, begin: int, end: int,
    source: int, row: int, step: int, mask: int, mask_row: int, mask_step: int,
    count: int, total: int, target: int,
) -> None:  # fmt: skip
    """The same into panels: ``target[panel, row, lane]``, zeros behind the last number."""
    one, wide = size(number), lanes(number)
    for t in range(begin, end):
        for sequence in range(first, first + active(lengths, first, last, t)):
            place = source + (sequence * row + t * step) * one
            factor = mask + (sequence * mask_row + t * mask_step) * one
            panel, left = target, count
            while left > 0:
                there = min(wide, left)
                if there < wide:
                    wipe(number, panel)
                if mask:
                    for lane in range(there):
                        value = load(number, place + lane * one) * load(number, factor + lane * one)
                        store(number, panel + lane * one, value)
                    factor += wide * one
                else:
                    copy(number, there, place, panel)
                place, panel, left = place + wide * one, panel + total * wide * one, left - wide
            target += wide * one


@inner
def scatter(
    number: Number, lengths: list[int], first: int, last: int, begin: int, end: int,
    source: int, source_row: int, count: int, target: int, row: int, step: int,
) -> None:  # fmt: skip
    """Copy a chunk's rows, ``source_row`` apart, back to where they belong."""
    one = size(number)
    for t in range(begin, end):
        for sequence in range(first, first + active(lengths, first, last, t)):
            copy(number, count, source, target + (sequence * row + t * step) * one)
            source += source_row * one
