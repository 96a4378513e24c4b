"""The unfolded network, backward: back-propagation through time, by one thread or a team.

    dL/do(t) = dL/do(t) given, + dL/dnll(t) dnll(t)/do(t) + g'(o(t)) (1 - w(t)) dL/df(t)
    dL/dh(t) = dL/dh(t) given, + V' dL/do(t) + W' dL/da(t+1)          U' of the layer above
    dL/df(t) = dL/df(t) given, + sum over lags R' dL/da(t+lag) + s dL/do(t+1)

Chunks go from the last to the first. As on the way forward, what the steps do not wait for is one
product over a chunk: the gradients of all weights, of x, and of the layers below an open one.
"""

from freerun.kernels.equations.cells import GRU, LSTM
from freerun.kernels.loop import call as at
from freerun.kernels.loop.backward_chunk import chunk_backward
from freerun.kernels.loop.backward_room import place_of_da, place_of_dh
from freerun.kernels.loop.rows import active, count_rows
from freerun.kernels.loop.seat import (
    FIRST_UNIT,
    OWN_UNITS,
    PART,
    SEAT_SIZE,
    SPACES,
    cut_units,
    meet,
    own_share,
    shared_room,
    take_seat,
)
from freerun.kernels.loop.task import Table, signatures, tables_of
from freerun.kernels.machine.compiled import Number, entry, inner
from freerun.kernels.machine.memory import add, clear, copy, lanes, size
from freerun.kernels.machine.products import product
from freerun.kernels.machine.signals import numbers_at

__all__ = ["backward", "backward_room"]


def backward_room(
    rows: int, block: int, layers: int, width: int, gates: int, widest: int, out: int
) -> int:
    """Numbers of room that :func:`backward` needs for ``rows`` sequences, beside the seats'."""
    chunk = rows * block
    own = layers * (chunk * (width + gates) + rows * (gates + width))
    packed = chunk * (widest + max(gates, out))
    return own + chunk * (widest + out) + packed + 4 * max(out, widest) + 64


@entry(*signatures())
def backward(number: Number, task: int, first: int, last: int, piece: int, room: int) -> None:
    """Back-propagate through what ``forward`` did for the sequences ``first`` to ``last``.

    Gradients of weights are summed in the piece's own part of their places; ``room`` is scratch
    memory of the thread's own.
    """
    call, layers, lengths = tables_of(task)
    seat = numbers_at(room, SEAT_SIZE, 0)
    take_seat(number, call, task, piece, room, seat)
    room = shared_room(call, task, room)
    # The parts begin with the first layer's dU.
    start, stop = own_share(seat, call[at.PART])
    place = layers[0, at.D_U] + (seat[PART] * call[at.PART] + start) * size(number)
    clear(number, stop - start, place)
    for begin in range(first, last, call[at.ROWS]):
        end = min(begin + call[at.ROWS], last)
        _slice(number, call, layers, lengths, begin, end, seat, room)


@inner
def _slice(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, seat: Table,
    room: int,
) -> None:  # fmt: skip
    """The sequences that are taken at a time."""
    one, steps, block = size(number), call[at.STEPS], call[at.BLOCK]
    width, rows = call[at.WIDTH], last - first
    clear(number, 2 * call[at.GATES], seat[SPACES])
    cut_units(number, call, seat, rows)
    carried = room  # a row for each layer and sequence, from step to step
    room += call[at.LAYERS] * rows * width * one
    done = count_rows(lengths, first, last, 0, steps)
    for begin in range((steps - 1) // block * block, -1, -block):
        end = min(begin + block, steps)
        total = count_rows(lengths, first, last, begin, end)
        if total == 0:
            continue
        done -= total
        chunk_backward(
            number, call, layers, lengths, first, last, begin, end, total, done, seat, carried, room
        )
    _to_the_start(number, call, layers, lengths, first, last, seat, carried, room)
    meet(seat)


@inner
def _to_the_start(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, seat: Table,
    carried: int, room: int,
) -> None:  # fmt: skip
    """The gradients of the first memory: W' da of the first step, and what goes straight on."""
    one, wide, rows = size(number), lanes(number), last - first
    width, gates, drive, units = call[at.WIDTH], call[at.GATES], call[at.DRIVE], call[at.UNITS]
    unit, own = seat[FIRST_UNIT], seat[OWN_UNITS]
    some = min(own, units - unit)  # without what fills the last vector up
    count = active(lengths, first, last, 0)
    for layer in range(call[at.LAYERS]):
        if layers[layer, at.D_H_FIRST] == 0:
            continue
        da = place_of_da(call, rows, layer, room, one) + rows * call[at.BLOCK] * gates * one
        da += width * one if call[at.CELL] == GRU else 0
        dh = place_of_dh(call, rows, layer, room, one) + unit * one
        product(
            number, count, own, drive, da, gates, 1, layers[layer, at.W_BACK] + unit * drive * one,
            wide, drive * wide, 0, 0, dh, width,
        )  # fmt: skip
        for index in range(rows):
            row = ((first + index) * units + unit) * one
            straight = carried + ((layer * rows + index) * width + unit) * one
            to_h, to_c = layers[layer, at.D_H_FIRST] + row, layers[layer, at.D_C_FIRST] + row
            if index >= count:  # no step at all: the last memory was the first
                if layers[layer, at.D_H_LAST]:
                    copy(number, some, layers[layer, at.D_H_LAST] + row, to_h)
                if call[at.CELL] == LSTM and layers[layer, at.D_C_LAST]:
                    copy(number, some, layers[layer, at.D_C_LAST] + row, to_c)
                continue
            copy(number, some, dh + index * width * one, to_h)
            if call[at.CELL] == GRU:
                add(number, some, straight, to_h)
            elif call[at.CELL] == LSTM:
                copy(number, some, straight, to_c)
