"""A chunk of steps backward."""

from freerun.kernels.equations.scores import score_backward
from freerun.kernels.loop import call as at
from freerun.kernels.loop.backward_output import through_feed, through_lags, through_skip
from freerun.kernels.loop.backward_room import place_after_layers, place_of_da, place_of_dh
from freerun.kernels.loop.backward_step import step_backward
from freerun.kernels.loop.backward_sums import input_gradients, readout_gradients, weight_gradients
from freerun.kernels.loop.rows import active, count_rows, gather
from freerun.kernels.loop.seat import (
    FIRST_UNIT,
    MEMBER,
    OWN_UNITS,
    PART,
    SPACES,
    SPARE,
    meet,
    own_steps,
)
from freerun.kernels.loop.task import Table
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import add, clear, copy, lanes, load, size, store
from freerun.kernels.machine.products import product

__all__ = ["chunk_backward"]


@inner
def chunk_backward(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, done: int, seat: Table, carried: int, room: int,
) -> None:  # fmt: skip
    """Everything of the steps ``begin`` to ``end``, once what comes after them is known."""
    one, rows, block, top = size(number), last - first, call[at.BLOCK], call[at.LAYERS] - 1
    d_o = place_after_layers(call, rows, room, one)
    spare = d_o + rows * block * call[at.SIZE_WIDTH] * one
    own_begin, own_end = own_steps(seat, begin, end, rows)
    before = count_rows(lengths, first, last, begin, own_begin)
    own_total = count_rows(lengths, first, last, own_begin, own_end)
    _come_in(
        number, call, layers, lengths, first, last, own_begin, own_end, own_total, before, seat,
        d_o, spare, room,
    )  # fmt: skip
    meet(seat)
    if call[at.EDGE] == at.OPEN_EDGE:
        _closed_steps(
            number, call, layers, lengths, first, last, begin, end, total, done, seat, carried, d_o,
            spare, room,
        )  # fmt: skip
    elif call[at.SKIP] and seat[MEMBER] == 0:
        _known_skip(number, call, lengths, first, last, begin, end, d_o, seat[PART])
    for layer in range(top, -1, -1):
        if call[at.EDGE] != at.OPEN_EDGE:
            _open_layer(
                number, call, layers, layer, lengths, first, last, begin, end, total, done, seat,
                carried, room,
            )  # fmt: skip
        weight_gradients(
            number, call, layers, layer, lengths, first, last, begin, end, total, seat, spare, room
        )
        if layer and call[at.EDGE] != at.OPEN_EDGE:
            _to_layer_below(
                number, call, layers, layer, lengths, first, last, own_begin, own_end, own_total,
                before, room,
            )  # fmt: skip
            meet(seat)
    if call[at.EDGE] == at.KNOWN_EDGE and call[at.D_FED] and begin < call[at.LAGS]:
        if seat[MEMBER] == 0:
            _to_first_fed(number, call, lengths, first, last, begin, end, seat[SPACES], spare, room)
        meet(seat)
    if call[at.V]:
        readout_gradients(
            number, call, layers, lengths, first, last, begin, end, total, seat, d_o, spare
        )
    if call[at.D_X]:
        input_gradients(
            number, call, layers, lengths, first, last, own_begin, own_end, own_total, before,
            spare, room,
        )  # fmt: skip
    _hand_over(number, call, rows, active(lengths, first, last, begin), seat, room)
    meet(seat)  # the room is used again


@inner
def _come_in(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, before: int, seat: Table, d_o: int, spare: int, room: int,
) -> None:  # fmt: skip
    """What does not come through time: the gradients of some steps' h, o and loss.

    With an open output edge, more comes to do, and V' do follows step by step.
    """
    one, width, out_width = size(number), call[at.WIDTH], call[at.SIZE_WIDTH]
    dh = place_of_dh(call, last - first, call[at.LAYERS] - 1, room, one) + before * width * one
    d_o += before * out_width * one
    _gather_padded(
        number, lengths, first, last, begin, end, total, call[at.D_H], call[at.D_H_ROW],
        call[at.D_H_STEP], call[at.UNITS], dh, width,
    )  # fmt: skip
    if call[at.V] == 0:
        return
    _gather_padded(
        number, lengths, first, last, begin, end, total, call[at.D_O], call[at.D_O_ROW],
        call[at.D_O_STEP], call[at.SIZE], d_o, out_width,
    )  # fmt: skip
    if call[at.D_NLL]:
        _score_gradients(number, call, lengths, first, last, begin, end, d_o, seat[SPARE])
    if call[at.EDGE] != at.OPEN_EDGE:
        _add_readout(
            number, call, layers, lengths, first, last, begin, end, total, d_o, dh,
            spare + before * width * one,
        )  # fmt: skip


@inner
def _hand_over(number: Number, call: Table, rows: int, count: int, seat: Table, room: int) -> None:
    """Keep da of the chunk's first step: the last one of the next chunk adds W' of it."""
    one, gates, width, unit = size(number), call[at.GATES], call[at.WIDTH], seat[FIRST_UNIT]
    for layer in range(call[at.LAYERS]):
        da = place_of_da(call, rows, layer, room, one)
        for row in range(count):
            for gate in range(0, gates, width):
                place = da + (row * gates + gate + unit) * one
                copy(number, seat[OWN_UNITS], place, place + rows * call[at.BLOCK] * gates * one)


@inner
def _gather_padded(
    number: Number, lengths: Table, first: int, last: int, begin: int, end: int, total: int,
    source: int, row: int, step: int, count: int, target: int, width: int,
) -> None:  # fmt: skip
    """Some steps' rows, zeros behind them up to whole vectors; zeros alone without a ``source``."""
    if count < width or source == 0:
        clear(number, total * width, target)
    if source:
        gather(
            number, lengths, first, last, begin, end, source, row, step, 0, 0, 0, count, target,
            width,
        )  # fmt: skip


@inner
def _score_gradients(
    number: Number, call: Table, lengths: Table, first: int, last: int, begin: int, end: int,
    d_o: int, spare: int,
) -> None:  # fmt: skip
    """What the loss of every row adds to do."""
    one, outputs, width = size(number), call[at.OUTPUTS], call[at.SIZE_WIDTH]
    for t in range(begin, end):
        for sequence in range(first, first + active(lengths, first, last, t)):
            place = sequence * call[at.STEPS] + t
            change = load(
                number,
                call[at.D_NLL] + (sequence * call[at.D_NLL_ROW] + t * call[at.D_NLL_STEP]) * one,
            )
            o = call[at.OUT] + place * call[at.SIZE] * one
            y = call[at.TARGET] + place * call[at.TARGET_BYTES]
            score_backward(number, call[at.SCORE], outputs, width, o, y, change, d_o, spare)
            d_o += width * one


@inner
def _add_readout(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, d_o: int, dh: int, spare: int,
) -> None:  # fmt: skip
    """dh += V' do, for some steps' rows, less what is dropped."""
    wide, width, depth = lanes(number), call[at.WIDTH], call[at.SIZE_WIDTH]
    layer = call[at.LAYERS] - 1
    masked = layers[layer, at.MASK] != 0
    into = spare if masked else dh
    product(
        number, total, width, call[at.SIZE], d_o, depth, 1, call[at.V_BACK], wide, depth * wide,
        0 if masked else dh, width, into, width,
    )  # fmt: skip
    if masked:
        _mask(number, call, layers, layer, lengths, first, last, begin, end, spare)
        add(number, total * width, spare, dh)


@inner
def _mask(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    begin: int, end: int, rows: int,
) -> None:  # fmt: skip
    """Take from a chunk's rows what the layer's outputs lost in dropout."""
    one, mask = size(number), layers[layer, at.MASK]
    for t in range(begin, end):
        for sequence in range(first, first + active(lengths, first, last, t)):
            place = mask
            place += (sequence * layers[layer, at.MASK_ROW] + t * layers[layer, at.MASK_STEP]) * one
            for index in range(call[at.UNITS]):
                value = load(number, rows + index * one) * load(number, place + index * one)
                store(number, rows + index * one, value)
            rows += call[at.WIDTH] * one


@inner
def _open_layer(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    begin: int, end: int, total: int, done: int, seat: Table, carried: int, room: int,
) -> None:  # fmt: skip
    """da of one layer, over all steps of the chunk."""
    if call[at.STEPLESS]:
        step_backward(
            number, call, layers, layer, lengths, first, last, begin, total, True, 0, done, seat,
            carried, room,
        )  # fmt: skip
        return
    row = total
    for t in range(end - 1, begin - 1, -1):
        count = active(lengths, first, last, t)
        row -= count
        step_backward(
            number, call, layers, layer, lengths, first, last, t, count, t + 1 == end, row, done,
            seat, carried, room,
        )  # fmt: skip
        meet(seat)


@inner
def _to_layer_below(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    begin: int, end: int, total: int, before: int, room: int,
) -> None:  # fmt: skip
    """dh of the layer below = U' da, for some steps' rows, behind ``before`` of the chunk's."""
    one, wide, rows = size(number), lanes(number), last - first
    width, drive = call[at.WIDTH], call[at.DRIVE]
    dh = place_of_dh(call, rows, layer - 1, room, one) + before * width * one
    da = place_of_da(call, rows, layer, room, one) + before * call[at.GATES] * one
    product(
        number, total, width, drive, da, call[at.GATES], 1, layers[layer, at.U_BACK], wide,
        drive * wide, 0, 0, dh, width,
    )  # fmt: skip
    if layers[layer - 1, at.MASK]:
        _mask(number, call, layers, layer - 1, lengths, first, last, begin, end, dh)


@inner
def _known_skip(
    number: Number, call: Table, lengths: Table, first: int, last: int, begin: int, end: int,
    d_o: int, part: int,
) -> None:  # fmt: skip
    """What s f(t-1) passes back, f being known."""
    for t in range(begin, end):
        for sequence in range(first, first + active(lengths, first, last, t)):
            through_skip(number, call, sequence, t, d_o, part)
            d_o += call[at.SIZE_WIDTH] * size(number)


@inner
def _to_first_fed(
    number: Number, call: Table, lengths: Table, first: int, last: int, begin: int, end: int,
    zeros: int, spare: int, room: int,
) -> None:  # fmt: skip
    """df of what was fed before the first step, which only the first steps' lags reach."""
    one, gates = size(number), call[at.GATES]
    da = place_of_da(call, last - first, 0, room, one)
    for t in range(begin, min(end, call[at.LAGS])):
        count = active(lengths, first, last, t)
        through_lags(number, call, first, t, count, da, zeros, spare)
        da += count * gates * one


@inner
def _closed_steps(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, done: int, seat: Table, carried: int, d_o: int, spare: int, room: int,
) -> None:  # fmt: skip
    """Step by step through the output edge and all layers."""
    one, wide, rows = size(number), lanes(number), last - first
    width, drive, gates = call[at.WIDTH], call[at.DRIVE], call[at.GATES]
    out_width, top = call[at.SIZE_WIDTH], call[at.LAYERS] - 1
    row = total
    for t in range(end - 1, begin - 1, -1):
        count = active(lengths, first, last, t)
        row -= count
        d_outputs = d_o + row * out_width * one
        for index in range(count):
            place = d_outputs + index * out_width * one
            if call[at.THROUGH]:
                through_feed(number, call, first + index, t, place, spare)
            if call[at.SKIP]:
                through_skip(number, call, first + index, t, place, seat[PART])
        dh = place_of_dh(call, rows, top, room, one) + row * width * one
        _add_readout(
            number, call, layers, lengths, first, last, t, t + 1, count, d_outputs, dh, spare
        )
        for layer in range(top, -1, -1):
            step_backward(
                number, call, layers, layer, lengths, first, last, t, count, t + 1 == end, row,
                done, seat, carried, room,
            )  # fmt: skip
            da = place_of_da(call, rows, layer, room, one) + row * gates * one
            if layer:
                dh = place_of_dh(call, rows, layer - 1, room, one) + row * width * one
                product(
                    number, count, width, drive, da, gates, 1, layers[layer, at.U_BACK], wide,
                    drive * wide, 0, 0, dh, width,
                )  # fmt: skip
                if layers[layer - 1, at.MASK]:
                    _mask(number, call, layers, layer - 1, lengths, first, last, t, t + 1, dh)
            else:
                through_lags(number, call, first, t, count, da, seat[SPACES], spare)
