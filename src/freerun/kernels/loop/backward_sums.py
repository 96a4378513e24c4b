"""Gradients that a chunk's rows add to at once: of all weights, and of x."""

from freerun.kernels.equations.cells import GRU
from freerun.kernels.loop import call as at
from freerun.kernels.loop.backward_room import place_of_da
from freerun.kernels.loop.rows import active, count_rows, gather, pack_gathered, scatter
from freerun.kernels.loop.seat import FIRST_UNIT, OWN_UNITS, PART, SPARE, meet, own_share
from freerun.kernels.loop.task import Table
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import accumulate, add, lanes, load, move, size
from freerun.kernels.machine.products import product
from freerun.kernels.machine.thin import NARROW, sum_rows

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
    begin: int, end: int, total: int, seat: Table, spare: int, room: int,
) -> None:  # fmt: skip
    """dU += da' x, dW += da' h(t-1), dR += da' f(t-1), db += da: the rows of the seat's units."""
    one, rows, width = size(number), last - first, call[at.WIDTH]
    gates, h_row, h_step = call[at.GATES], call[at.H_ROW], call[at.H_STEP]
    da, offset = place_of_da(call, rows, layer, room, one), seat[PART] * call[at.PART] * one
    packed = spare + total * _widest(call) * one
    for place in range(seat[FIRST_UNIT], seat[FIRST_UNIT] + gates, width):
        own = da + place * one
        _pack_rows(number, total, seat[OWN_UNITS], own, gates, packed + place * total * one)
        sum_rows(
            number, total, seat[OWN_UNITS], own, gates,
            layers[layer, at.D_BIAS] + offset + place * one,
        )  # fmt: skip
    if layer:
        below = layer - 1
        _pack_chunk(
            number, lengths, first, last, begin, end,
            layers[below, at.H] + h_step * one, h_row, h_step,
            layers[below, at.MASK], layers[below, at.MASK_ROW], layers[below, at.MASK_STEP],
            call[at.UNITS], total, seat, spare,
        )  # fmt: skip
    elif call[at.INPUT] > NARROW:
        _pack_chunk(
            number, lengths, first, last, begin, end, call[at.X], call[at.X_ROW], call[at.X_STEP],
            0, 0, 0, call[at.INPUT], total, seat, spare,
        )  # fmt: skip
    else:
        _thin_outer(
            number, call, lengths, first, last, begin, end, call[at.X], call[at.X_ROW],
            call[at.X_STEP], call[at.INPUT], total, seat, da, spare, layers[layer, at.D_U] + offset,
        )  # fmt: skip
    if layer or call[at.INPUT] > NARROW:
        _own_outer(
            number, call, layers[layer, at.BELOW_WIDTH], total, seat, packed, spare,
            layers[layer, at.D_U] + offset,
        )  # fmt: skip
    if layers[layer, at.W_BACK]:
        _pack_chunk(
            number, lengths, first, last, begin, end, layers[layer, at.H], h_row, h_step,
            0, 0, 0, width, total, seat, spare,
        )  # fmt: skip
        skipped = total * width * one if call[at.CELL] == GRU else 0
        _own_outer(
            number, call, width, total, seat, packed + skipped, spare,
            layers[layer, at.D_W] + offset,
        )  # fmt: skip
    if layer or call[at.EDGE] == at.NO_EDGE:
        return
    if call[at.WINDOW] <= NARROW:
        _thin_outer(
            number, call, lengths, first, last, begin, end, call[at.FED], call[at.FED_ROW],
            call[at.FEATURES], call[at.WINDOW], total, seat, da, spare, call[at.D_R] + offset,
        )  # fmt: skip
    else:
        _pack_chunk(
            number, lengths, first, last, begin, end, call[at.FED], call[at.FED_ROW],
            call[at.FEATURES], 0, 0, 0, call[at.WINDOW], total, seat, spare,
        )  # fmt: skip
        _own_outer(
            number, call, call[at.WINDOW_WIDTH], total, seat, packed, spare, call[at.D_R] + offset
        )


@inner
def _pack_chunk(
    number: Number, lengths: Table, first: int, last: int, begin: int, end: int,
    source: int, row: int, step: int, mask: int, mask_row: int, mask_step: int,
    count: int, total: int, seat: Table, target: int,
) -> None:  # fmt: skip
    """A chunk's rows into panels, of which every member of a team does its steps'."""
    own_begin, own_end = own_share(seat, end - begin)
    own_begin, own_end = begin + own_begin, begin + own_end
    target += count_rows(lengths, first, last, begin, own_begin) * lanes(number) * size(number)
    pack_gathered(
        number, lengths, first, last, own_begin, own_end, source, row, step, mask, mask_row,
        mask_step, count, total, target,
    )  # fmt: skip
    meet(seat)


@inner
def _own_outer(
    number: Number, call: Table, columns: int, total: int, seat: Table, packed: int, spare: int,
    place: int,
) -> None:  # fmt: skip
    """The rows of da' B that belong to the seat's units; after it ``spare`` may be used again."""
    one, width, unit = size(number), call[at.WIDTH], seat[FIRST_UNIT]
    for row in range(unit, unit + call[at.DRIVE], width):
        _outer(
            number, seat[OWN_UNITS], columns, total, packed + row * total * one, spare,
            place + row * columns * one,
        )  # fmt: skip
    meet(seat)


@inner
def _thin_outer(
    number: Number, call: Table, lengths: Table, first: int, last: int, begin: int, end: int,
    source: int, row: int, step: int, count: int, total: int, seat: Table, da: int, spare: int,
    place: int,
) -> None:  # fmt: skip
    """The same for B of a few columns, the other way round: B' da, and that turned.

    da is read where it lies, for a tile of few rows goes through it once.
    """
    one, wide, unit, width = size(number), lanes(number), seat[FIRST_UNIT], call[at.WIDTH]
    own_begin, own_end = own_share(seat, end - begin)
    own_begin, own_end = begin + own_begin, begin + own_end
    before = count_rows(lengths, first, last, begin, own_begin)
    gather(
        number, lengths, first, last, own_begin, own_end, source, row, step, 0, 0, 0, count,
        spare + before * count * one, count,
    )  # fmt: skip
    meet(seat)
    padded, turned = (count + wide - 1) // wide * wide, seat[SPARE]
    for gate in range(unit, unit + call[at.DRIVE], width):
        for row in range(
            gate, gate + seat[OWN_UNITS], wide
        ):  # the same sums, however units are cut
            product(
                number, count, wide, total, spare, 1, count, da + row * one, call[at.GATES], wide,
                0, 0, turned, wide,
            )  # fmt: skip
            for column in range(count):
                for lane in range(wide):
                    found = load(number, turned + (column * wide + lane) * one)
                    accumulate(number, place + ((row + lane) * padded + column) * one, found)
    meet(seat)


@inner
def readout_gradients(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, seat: Table, d_o: int, spare: int,
) -> None:  # fmt: skip
    """dV += do' h, dc += do: every member of a team some outputs'."""
    one, width, out_width = size(number), call[at.WIDTH], call[at.SIZE_WIDTH]
    offset, step, top = seat[PART] * call[at.PART] * one, call[at.H_STEP], call[at.LAYERS] - 1
    packed = spare + total * _widest(call) * one
    begin_own, end_own = own_share(seat, out_width // lanes(number))
    output, some = begin_own * lanes(number), (end_own - begin_own) * lanes(number)
    d_o, packed = d_o + output * one, packed + output * total * one
    if call[at.SIZE] <= NARROW and layers[top, at.MASK] == 0:
        if some:
            _thin_readout(number, call, layers, lengths, first, last, begin, end, seat, d_o)
        return
    _pack_rows(number, total, some, d_o, out_width, packed)
    sum_rows(number, total, some, d_o, out_width, call[at.D_OFFSET] + offset + output * one)
    _pack_chunk(
        number, lengths, first, last, begin, end, layers[top, at.H] + step * one, call[at.H_ROW],
        step,
        layers[top, at.MASK], layers[top, at.MASK_ROW], layers[top, at.MASK_STEP],
        call[at.UNITS], total, seat, spare,
    )  # fmt: skip
    _outer(
        number, min(some, call[at.SIZE] - output), width, total, packed, spare,
        call[at.D_V] + offset + output * width * one,
    )  # fmt: skip
    meet(seat)


@inner
def _thin_readout(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, seat: Table, d_o: int,
) -> None:  # fmt: skip
    """The same for a few outputs, from where h lies: step by step, or a sequence at once."""
    one, width, top = size(number), call[at.WIDTH], call[at.LAYERS] - 1
    offset, sums, outputs = seat[PART] * call[at.PART] * one, seat[SPARE], call[at.SIZE]
    h = layers[top, at.H] + ((begin + 1) * call[at.H_STEP] + first * call[at.H_ROW]) * one
    start = 0  # a chunk's sum by itself: long sums lose digits one by one
    total = count_rows(lengths, first, last, begin, end)
    sum_rows(number, total, lanes(number), d_o, call[at.SIZE_WIDTH], call[at.D_OFFSET] + offset)
    is_one = last - first == 1
    for t in range(begin, begin + 1 if is_one else end):
        count = total if is_one else active(lengths, first, last, t)
        product(
            number, outputs, width, count, d_o, 1, call[at.SIZE_WIDTH], h,
            call[at.H_STEP] if is_one else call[at.H_ROW], lanes(number), start, width, sums, width,
        )  # fmt: skip
        d_o, h = d_o + count * call[at.SIZE_WIDTH] * one, h + call[at.H_STEP] * one
        start = sums
    add(number, outputs * width, sums, call[at.D_V] + offset)


@inner
def input_gradients(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, before: int, spare: int, room: int,
) -> None:  # fmt: skip
    """dx = U' da, for some steps' rows, behind ``before`` of the chunk's."""
    one, wide, width, drive = size(number), lanes(number), call[at.INPUT_WIDTH], call[at.DRIVE]
    da = place_of_da(call, last - first, 0, room, one) + before * call[at.GATES] * one
    spare += before * width * one
    product(
        number, total, width, drive, da, call[at.GATES], 1, layers[0, at.U_BACK], wide,
        drive * wide, 0, 0, spare, width,
    )  # fmt: skip
    row = call[at.STEPS] * call[at.INPUT]
    scatter(
        number, lengths, first, last, begin, end, spare, width, call[at.INPUT], call[at.D_X], row,
        call[at.INPUT],
    )  # fmt: skip
