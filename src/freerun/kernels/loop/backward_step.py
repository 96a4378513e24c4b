"""One step of one layer backward."""

from freerun.kernels.equations.cells import GRU, LSTM, update_backward
from freerun.kernels.loop import call as at
from freerun.kernels.loop.backward_room import place_of_da, place_of_dh
from freerun.kernels.loop.rows import active, count_rows
from freerun.kernels.loop.task import Table
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import add, clear, lanes, size
from freerun.kernels.machine.products import product

__all__ = ["step_backward"]


@inner
def step_backward(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    t: int, count: int, is_last_of_chunk: bool, row: int, done: int, spaces: int, carried: int,
    room: int,
) -> None:  # fmt: skip
    """dh += W' da(t+1), and da of ``count`` rows from ``row`` on."""
    one, wide, cell, rows = size(number), lanes(number), call[at.CELL], last - first
    width, gates, drive = call[at.WIDTH], call[at.GATES], call[at.DRIVE]
    W_back = layers[layer, at.W_BACK]
    dh = place_of_dh(call, rows, layer, room, one) + row * width * one
    all_da = place_of_da(call, rows, layer, room, one)
    da = all_da + row * gates * one
    carried += layer * rows * width * one
    if W_back:
        later = active(lengths, first, last, t + 1) if t + 1 < call[at.STEPS] else 0
        after = all_da + rows * call[at.BLOCK] * gates * one if is_last_of_chunk else (
            da + count * gates * one
        )  # fmt: skip
        after += width * one if cell == GRU else 0  # past da_n, which W does not meet
        product(
            number, later, width, drive, after, gates, 1, W_back, wide, drive * wide, dh, width,
            dh, width,
        )  # fmt: skip
        _enter(number, call, layers, layer, first, later, count, dh, carried)
    before = layers[layer, at.H] + (t * call[at.H_STEP] + first * call[at.H_ROW]) * one
    h = before + call[at.H_STEP] * one
    if cell < GRU:
        update_backward(number, cell, count * width, dh, 0, 0, 0, 0, 0, h, 0, da)
        return
    c_before = layers[layer, at.C] + (t * layers[layer, at.C_STEP] + first * call[at.H_ROW]) * one
    c = c_before + layers[layer, at.C_STEP] * one
    stored = count_rows(lengths, 0, first, 0, call[at.STEPS]) + done + row
    stored = layers[layer, at.STORED] + stored * gates * one
    zeros, waste = spaces, spaces + gates * one
    for _ in range(count):
        recurrent = stored + 3 * width * one if W_back else layers[layer, at.BIAS_RECURRENT]
        if W_back == 0:
            clear(number, width, waste)
        update_backward(
            number, cell, width, dh, carried if W_back else waste, stored, recurrent,
            before if W_back else zeros, c_before if W_back and cell == LSTM else zeros, h, c, da,
        )  # fmt: skip
        dh, da, stored = dh + width * one, da + gates * one, stored + gates * one
        before, h = before + width * one, h + width * one
        c_before, c = c_before + width * one, c + width * one
        carried += width * one


@inner
def _enter(
    number: Number, call: Table, layers: Table, layer: int, first: int, later: int, count: int,
    dh: int, carried: int,
) -> None:  # fmt: skip
    """Begin the sequences whose last step this is: the gradients of their final states come in."""
    one, width, units = size(number), call[at.WIDTH], call[at.UNITS]
    for index in range(later, count):
        place, row = index * width * one, (first + index) * units * one
        clear(number, width, carried + place)
        if layers[layer, at.D_H_LAST]:
            add(number, units, layers[layer, at.D_H_LAST] + row, dh + place)
        if layers[layer, at.D_C_LAST] and call[at.CELL] == LSTM:
            add(number, units, layers[layer, at.D_C_LAST] + row, carried + place)
