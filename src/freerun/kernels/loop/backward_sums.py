"""Gradients that a chunk's rows add to at once: of all weights, and of x."""

from freerun.kernels.equations.cells import GRU
from freerun.kernels.loop import call as at
from freerun.kernels.loop.backward_room import place_of_da
from freerun.kernels.loop.rows import pack_gathered, scatter
from freerun.kernels.loop.task import Table
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import lanes, move, size
from freerun.kernels.machine.products import product
from freerun.kernels.machine.thin import sum_rows

__all__ = ["input_gradients", "readout_gradients", "weight_gradients"]


@inner
def _pack_rows(number: Number, rows: int, columns: int, a: int, a_row: int, target: int) -> None:
    """Copy rows into panels, so that what a tile reads of them lies side by side."""
    one, wide = size(number), lanes(number)
    for column in range(0, columns, wide):
        place = a + column * one
        for _ in range(rows):
            move(number, place, target)
            place, target = place + a_row * one, target + wide * one


@inner
def _outer(number: Number, rows: int, columns: int, total: int, a: int, b: int, place: int) -> None:
    """place += A' B over ``total`` rows, both packed."""
    one, wide = size(number), lanes(number)
    for row in range(0, rows, wide):
        product(
            number, min(wide, rows - row), columns, total, a, 1, wide, b, wide, total * wide,
            place, columns, place, columns,
        )  # fmt: skip
        a, place = a + total * wide * one, place + wide * columns * one


@inner
def _widest(call: Table) -> int:
    """Numbers in the widest row that is packed."""
    return max(call[at.INPUT_WIDTH], max(call[at.WIDTH], call[at.WINDOW_WIDTH]))


@inner
def weight_gradients(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    begin: int, end: int, total: int, part: int, spare: int, room: int,
) -> None:  # fmt: skip
    """dU += da' x, dW += da' h(t-1), dR += da' f(t-1), db += da."""
    one, rows, width = size(number), last - first, call[at.WIDTH]
    gates, drive, h_row, h_step = call[at.GATES], call[at.DRIVE], call[at.H_ROW], call[at.H_STEP]
    da, offset = place_of_da(call, rows, layer, room, one), part * call[at.PART] * one
    packed = spare + total * _widest(call) * one
    _pack_rows(number, total, gates, da, gates, packed)
    if layer:
        below = layer - 1
        pack_gathered(
            number, lengths, first, last, begin, end,
            layers[below, at.H] + h_step * one, h_row, h_step,
            layers[below, at.MASK], layers[below, at.MASK_ROW], layers[below, at.MASK_STEP],
            call[at.UNITS], total, spare,
        )  # fmt: skip
    else:
        pack_gathered(
            number, lengths, first, last, begin, end, call[at.X], call[at.X_ROW], call[at.X_STEP],
            0, 0, 0, call[at.INPUT], total, spare,
        )  # fmt: skip
    _outer(
        number, drive, layers[layer, at.BELOW_WIDTH], total, packed, spare,
        layers[layer, at.D_U] + offset,
    )  # fmt: skip
    sum_rows(number, total, gates, da, gates, layers[layer, at.D_BIAS] + offset)
    if layers[layer, at.W_BACK]:
        pack_gathered(
            number, lengths, first, last, begin, end, layers[layer, at.H], h_row, h_step,
            0, 0, 0, width, total, spare,
        )  # fmt: skip
        skipped = total * width * one if call[at.CELL] == GRU else 0
        _outer(number, drive, width, total, packed + skipped, spare, layers[layer, at.D_W] + offset)
    if layer == 0 and call[at.EDGE] != at.NO_EDGE:
        pack_gathered(
            number, lengths, first, last, begin, end, call[at.FED], call[at.FED_ROW],
            call[at.FEATURES], 0, 0, 0, call[at.WINDOW], total, spare,
        )  # fmt: skip
        _outer(number, drive, call[at.WINDOW_WIDTH], total, packed, spare, call[at.D_R] + offset)


@inner
def readout_gradients(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, part: int, d_o: int, spare: int,
) -> None:  # fmt: skip
    """dV += do' h, dc += do."""
    one, width, out_width = size(number), call[at.WIDTH], call[at.SIZE_WIDTH]
    offset, step, top = part * call[at.PART] * one, call[at.H_STEP], call[at.LAYERS] - 1
    pack_gathered(
        number, lengths, first, last, begin, end, layers[top, at.H] + step * one, call[at.H_ROW],
        step,
        layers[top, at.MASK], layers[top, at.MASK_ROW], layers[top, at.MASK_STEP],
        call[at.UNITS], total, spare,
    )  # fmt: skip
    packed = spare + total * _widest(call) * one
    _pack_rows(number, total, out_width, d_o, out_width, packed)
    _outer(number, call[at.SIZE], width, total, packed, spare, call[at.D_V] + offset)
    sum_rows(number, total, out_width, d_o, out_width, call[at.D_OFFSET] + offset)


@inner
def input_gradients(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, spare: int, room: int,
) -> None:  # fmt: skip
    """dx = U' da."""
    one, wide, width, drive = size(number), lanes(number), call[at.INPUT_WIDTH], call[at.DRIVE]
    da = place_of_da(call, last - first, 0, room, one)
    product(
        number, total, width, drive, da, call[at.GATES], 1, layers[0, at.U_BACK], wide,
        drive * wide, 0, 0, spare, width,
    )  # fmt: skip
    row = call[at.STEPS] * call[at.INPUT]
    scatter(
        number, lengths, first, last, begin, end, spare, width, call[at.INPUT], call[at.D_X], row,
        call[at.INPUT],
    )  # fmt: skip
