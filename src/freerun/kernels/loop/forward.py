"""The unfolded network, forward: a slice of the batch over all its steps, by one thread or a team.

    a(t) = b + U x(t) + W h(t-1) + R f(t-1)
    h(t) = update(a(t))                              layer upon layer, R in the first one only
    o(t) = c + V h(t) + s f(t-1)
    f(t) = w(t) y(t) + (1 - w(t)) g(o(t))

Time goes in chunks whose rows stay in the cache. What a chunk's steps do not wait for is one
product over all of them: U x always, and where f is known beforehand R f, every layer's U h and V h
too. What they wait for is stepped: W h, and with an open output edge all of a step.
"""

from freerun.kernels.equations.cells import LSTM
from freerun.kernels.loop import call as at
from freerun.kernels.loop.forward_chunk import closed_chunk, open_chunk
from freerun.kernels.loop.forward_step import place_of_h
from freerun.kernels.loop.rows import active, count_rows
from freerun.kernels.loop.seat import (
    MEMBER,
    SEAT_SIZE,
    SPACES,
    cut_units,
    meet,
    shared_room,
    take_seat,
)
from freerun.kernels.loop.task import Table, signatures, tables_of
from freerun.kernels.machine.compiled import Number, entry, inner
from freerun.kernels.machine.memory import clear, copy, size
from freerun.kernels.machine.signals import numbers_at

__all__ = ["forward", "forward_room"]


def forward_room(rows: int, block: int, layers: int, gates: int, widest: int, out: int) -> int:
    """Numbers of room that :func:`forward` needs for ``rows`` sequences, beside the seats'."""
    chunk = rows * block
    return chunk * (widest + layers * gates + out) + 64


@entry(*signatures())
def forward(number: Number, task: int, first: int, last: int, piece: int, room: int) -> None:
    """Unfold the sequences ``first`` to ``last``; ``room`` is scratch memory of the thread's own.

    The tables are described in ``call``. Lengths fall from sequence to sequence, or are none.
    """
    call, layers, lengths = tables_of(task)
    seat = numbers_at(room, SEAT_SIZE, 0)
    take_seat(number, call, task, piece, room, seat)
    room = shared_room(call, task, room)
    for begin in range(first, last, call[at.ROWS]):
        _slice(number, call, layers, lengths, begin, min(begin + call[at.ROWS], last), seat, room)


@inner
def _slice(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, seat: Table,
    room: int,
) -> None:  # fmt: skip
    """The sequences that are taken at a time, few enough for the cache."""
    steps, block, rows = call[at.STEPS], call[at.BLOCK], last - first
    clear(number, call[at.GATES], seat[SPACES])
    cut_units(number, call, seat, rows)
    if seat[MEMBER] == 0:
        _begin(number, call, layers, first, last)
    meet(seat)
    done = 0
    for begin in range(0, steps, block):
        end = min(begin + block, steps)
        total = count_rows(lengths, first, last, begin, end)
        if total:
            if call[at.EDGE] == at.OPEN_EDGE:
                closed_chunk(
                    number, call, layers, lengths, first, last, begin, end, total, done, seat, room
                )  # fmt: skip
            else:
                open_chunk(
                    number, call, layers, lengths, first, last, begin, end, total, done, seat, room
                )  # fmt: skip
        if total < rows * (end - begin) and call[at.RING] > steps:
            _clear_ended(number, call, layers, lengths, first, last, begin, end)
        done += total
    if seat[MEMBER] == 0:
        _finish(number, call, layers, lengths, first, last)


@inner
def _begin(number: Number, call: Table, layers: Table, first: int, last: int) -> None:
    """Put what comes before the first step where the loop looks for it."""
    one, units, width = size(number), call[at.UNITS], call[at.WIDTH]
    for sequence in range(first, last):
        source = sequence * units * one
        for layer in range(call[at.LAYERS]):
            if layers[layer, at.W] == 0:
                continue
            _padded(number, units, width, layers[layer, at.H_FIRST], source,
                    place_of_h(number, call, layers, layer, 0, sequence))  # fmt: skip
            if call[at.CELL] == LSTM:
                _padded(number, units, width, layers[layer, at.C_FIRST], source,
                        layers[layer, at.C] + sequence * call[at.H_ROW] * one)  # fmt: skip
        if call[at.EDGE] != at.NO_EDGE:
            count = call[at.LAGS] * call[at.FEATURES]
            _padded(
                number, count, count, call[at.FED_BEFORE], sequence * count * one,
                call[at.FED] + sequence * call[at.FED_ROW] * one,
            )  # fmt: skip
        if call[at.EDGE] == at.KNOWN_EDGE:
            count, after = call[at.STEPS] * call[at.FEATURES], call[at.LAGS] * call[at.FEATURES]
            copy(
                number, count, call[at.VALUES] + sequence * count * one,
                call[at.FED] + (sequence * call[at.FED_ROW] + after) * one,
            )  # fmt: skip


@inner
def _padded(number: Number, count: int, width: int, source: int, offset: int, target: int) -> None:
    """A row, and zeros behind it; zeros alone where there is no ``source``."""
    if source == 0:
        clear(number, width, target)
        return
    copy(number, count, source + offset, target)
    clear(number, width - count, target + count * size(number))


@inner
def _finish(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int
) -> None:
    """Hand on the memory that each sequence ends with."""
    one, units = size(number), call[at.UNITS]
    for sequence in range(first, last):
        steps = lengths[sequence] if len(lengths) else call[at.STEPS]
        target = sequence * units * one
        for layer in range(call[at.LAYERS]):
            if layers[layer, at.H_LAST]:
                place = place_of_h(number, call, layers, layer, steps, sequence)
                copy(number, units, place, layers[layer, at.H_LAST] + target)
            if layers[layer, at.C_LAST]:
                place = (steps * layers[layer, at.C_STEP] + sequence * call[at.H_ROW]) * one
                copy(number, units, layers[layer, at.C] + place, layers[layer, at.C_LAST] + target)


@inner
def _clear_ended(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int,
) -> None:  # fmt: skip
    """Zeros for h behind each sequence's length; o and f were made of zeros."""
    for t in range(begin, end):
        for sequence in range(first + active(lengths, first, last, t), last):
            place = place_of_h(number, call, layers, call[at.LAYERS] - 1, t + 1, sequence)
            clear(number, call[at.WIDTH], place)
