"""One step of one layer backward."""

from freerun.kernels.equations.cells import GRU, LSTM, update_backward
from freerun.kernels.loop import call as at
from freerun.kernels.loop.backward_room import place_of_da, place_of_dh
from freerun.kernels.loop.rows import active, count_rows
from freerun.kernels.loop.seat import FIRST_UNIT, OWN_UNITS, SPACES
from freerun.kernels.loop.task import Table
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import add, clear, lanes, size
from freerun.kernels.machine.products import product

__all__ = ["step_backward"]


@inner
def step_backward(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    t: int, count: int, is_last_of_chunk: bool, row: int, done: int, seat: Table, carried: int,
    room: int,
) -> None:  # fmt: skip
    """dh += W' da(t+1), and da of ``count`` rows from ``row`` on: of the seat's own units."""
    one, wide, cell, rows = size(number), lanes(number), call[at.CELL], last - first
    width, gates, drive = call[at.WIDTH], call[at.GATES], call[at.DRIVE]
    W_back = layers[layer, at.W_BACK]
    unit, own = seat[FIRST_UNIT], seat[OWN_UNITS]
    dh = place_of_dh(call, rows, layer, room, one) + (row * width + unit) * one
    all_da = place_of_da(call, rows, layer, room, one)
    da = all_da + row * gates * one
    carried += (layer * rows * width + unit) * one
    if W_back:
        later = active(lengths, first, last, t + 1) if t + 1 < call[at.STEPS] else 0
        after = all_da + rows * call[at.BLOCK] * gates * one if is_last_of_chunk else (
            da + count * gates * one
        )  # fmt: skip
        after += width * one if cell == GRU else 0  # past da_n, which W does not meet
        product(
            number, later, own, drive, after, gates, 1, W_back + unit * drive * one, wide,
            drive * wide, dh, width, dh, width,
        )  # fmt: skip
        _enter(number, call, layers, layer, first, later, count, seat, dh, carried)
    before = t * call[at.H_STEP] + first * call[at.H_ROW] + unit
    before = layers[layer, at.H] + before * one
    h, da = before + call[at.H_STEP] * one, da + unit * one
    if cell < GRU and own == width:
        update_backward(number, cell, count * width, 0, dh, 0, 0, 0, 0, 0, h, 0, da)
        return
    c_before = t * layers[layer, at.C_STEP] + first * call[at.H_ROW] + unit
    c_before = layers[layer, at.C] + c_before * one
    c = c_before + layers[layer, at.C_STEP] * one
    stored = (count_rows(lengths, 0, first, 0, call[at.STEPS]) + done + row) * gates + unit
    stored = layers[layer, at.STORED] + stored * one
    zeros, waste = seat[SPACES], seat[SPACES] + gates * one
    bias = layers[layer, at.BIAS_RECURRENT] + unit * one
    for _ in range(count):
        if W_back == 0:
            clear(number, width, waste)
        update_backward(
            number, cell, own, width, dh, carried if W_back else waste, stored,
            stored + 3 * width * one if W_back else bias, before if W_back else zeros,
            c_before if W_back and cell == LSTM else zeros, h, c, da,
        )  # fmt: skip
        dh, da, stored = dh + width * one, da + gates * one, stored + gates * one
        before, h = before + width * one, h + width * one
        c_before, c = c_before + width * one, c + width * one
        carried += width * one


@inner
def _enter(
    number: Number, call: Table, layers: Table, layer: int, first: int, later: int, count: int,
    seat: Table, dh: int, carried: int,
) -> None:  # fmt: skip
    """Begin the sequences whose last step this is: the gradients of their final states come in."""
    one, width, units, unit = size(number), call[at.WIDTH], call[at.UNITS], seat[FIRST_UNIT]
    some = min(seat[OWN_UNITS], units - unit)
    for index in range(later, count):
        place, row = index * width * one, ((first + index) * units + unit) * one
        clear(number, seat[OWN_UNITS], carried + place)
        if layers[layer, at.D_H_LAST]:
            add(number, some, layers[layer, at.D_H_LAST] + row, dh + place)
        if layers[layer, at.D_C_LAST] and call[at.CELL] == LSTM:
            add(number, some, layers[layer, at.D_C_LAST] + row, carried + place)
