"""The unfolded network, backward: back-propagation through time for a slice of the batch.

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
from freerun.kernels.loop.task import Table, signatures, tables_of
from freerun.kernels.machine.compiled import Number, entry, inner
from freerun.kernels.machine.memory import add, clear, copy, lanes, size
from freerun.kernels.machine.products import product

__all__ = ["backward", "backward_room"]


def backward_room(
    rows: int, block: int, layers: int, width: int, gates: int, widest: int, out: int
) -> int:
    """Numbers of room that :func:`backward` needs for ``rows`` sequences."""
    chunk = rows * block
    own = layers * (chunk * (width + gates) + rows * (gates + width))
    packed = chunk * (widest + max(gates, out))
    return 2 * gates + own + chunk * (widest + out) + packed + 4 * max(out, widest) + 64


@entry(*signatures())
def backward(number: Number, task: int, first: int, last: int, piece: int, room: int) -> None:
    """Back-propagate through what ``forward`` did for the sequences ``first`` to ``last``.

    Gradients of weights are summed in the piece's own part of their places; ``room`` is scratch
    memory of the thread's own.
    """
    call, layers, lengths = tables_of(task)
    # The parts begin with the first layer's dU.
    clear(number, call[at.PART], layers[0, at.D_U] + piece * call[at.PART] * size(number))
    for begin in range(first, last, call[at.ROWS]):
        end = min(begin + call[at.ROWS], last)
        _slice(number, call, layers, lengths, begin, end, piece, room)


@inner
def _slice(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, part: int,
    room: int,
) -> None:  # fmt: skip
    """The sequences that a thread takes at a time."""
    one, steps, block = size(number), call[at.STEPS], call[at.BLOCK]
    gates, width, rows = call[at.GATES], call[at.WIDTH], last - first
    clear(number, 2 * gates, room)
    spaces = room  # a row of zeros, and a row to be written over
    room += 2 * gates * one
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
            number, call, layers, lengths, first, last, begin, end, total, done, part, spaces,
            carried, room,
        )  # fmt: skip
    _to_the_start(number, call, layers, lengths, first, last, carried, room)


@inner
def _to_the_start(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int,
    carried: int, room: int,
) -> None:  # fmt: skip
    """The gradients of the first memory: W' da of the first step, and what goes straight on."""
    one, wide, rows = size(number), lanes(number), last - first
    width, gates, drive, units = call[at.WIDTH], call[at.GATES], call[at.DRIVE], call[at.UNITS]
    count = active(lengths, first, last, 0)
    for layer in range(call[at.LAYERS]):
        if layers[layer, at.D_H_FIRST] == 0:
            continue
        da = place_of_da(call, rows, layer, room, one) + rows * call[at.BLOCK] * gates * one
        da += width * one if call[at.CELL] == GRU else 0
        dh = place_of_dh(call, rows, layer, room, one)
        product(
            number, count, width, drive, da, gates, 1, layers[layer, at.W_BACK], wide,
            drive * wide, 0, 0, dh, width,
        )  # fmt: skip
        for index in range(rows):
            row = (first + index) * units * one
            d_h, straight = dh + index * width * one, carried + (layer * rows + index) * width * one
            to_h, to_c = layers[layer, at.D_H_FIRST] + row, layers[layer, at.D_C_FIRST] + row
            if index >= count:  # no step at all: the last memory was the first
                if layers[layer, at.D_H_LAST]:
                    copy(number, units, layers[layer, at.D_H_LAST] + row, to_h)
                if call[at.CELL] == LSTM and layers[layer, at.D_C_LAST]:
                    copy(number, units, layers[layer, at.D_C_LAST] + row, to_c)
                continue
            copy(number, units, d_h, to_h)
            if call[at.CELL] == GRU:
                add(number, units, straight, to_h)
            elif call[at.CELL] == LSTM:
                copy(number, units, straight, to_c)
