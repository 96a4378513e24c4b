"""A chunk of steps forward: what its steps do not wait for, at once, and what they do, in turn."""

from freerun.kernels.loop import call as at
from freerun.kernels.loop.forward_output import (
    feed_back,
    finish_output,
    place_of_output,
    read_out,
    score_step,
)
from freerun.kernels.loop.forward_step import is_plain, place_of_h, plain_steps, take_step
from freerun.kernels.loop.rows import active, count_rows, gather, uniform_stride
from freerun.kernels.loop.seat import SPARE, meet, own_steps
from freerun.kernels.loop.task import Table
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import lanes, size
from freerun.kernels.machine.products import product
from freerun.kernels.machine.thin import NARROW

__all__ = ["closed_chunk", "open_chunk"]


@inner
def open_chunk(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, done: int, seat: Table, room: int,
) -> None:  # fmt: skip
    """Layer by layer: only W, where it is there, is stepped; the rest is for a seat's steps."""
    one, gates, top = size(number), call[at.GATES], call[at.LAYERS] - 1
    own_begin, own_end = own_steps(seat, begin, end, last - first)
    before = count_rows(lengths, first, last, begin, own_begin)
    own_total = count_rows(lengths, first, last, own_begin, own_end)
    seen = room + call[at.LAYERS] * (last - first) * call[at.BLOCK] * gates * one
    outputs = seen + (last - first) * call[at.BLOCK] * _widest(call) * one
    seen += before * _widest(call) * one
    for layer in range(top + 1):
        drives = _drives(number, call, layers, layer, first, last, lengths, done, room)
        own_drives = drives + before * gates * one
        _drive_chunk(
            number, call, layers, layer, lengths, first, last, own_begin, own_end, own_total,
            own_drives, seen,
        )  # fmt: skip
        if layer == 0 and call[at.EDGE] == at.KNOWN_EDGE:
            _add_fed_chunk(
                number, call, lengths, first, last, own_begin, own_end, own_total, own_drives, seen
            )
        if call[at.STEPLESS]:
            take_step(number, call, layers, layer, first, begin, total, drives, seat)
            continue
        meet(seat)
        row = 0
        for t in range(begin, end):
            count = active(lengths, first, last, t)
            take_step(
                number, call, layers, layer, first, t, count, drives + row * gates * one, seat
            )
            meet(seat)
            row += count
    if call[at.V]:
        wide = call[at.SIZE_WIDTH]
        source, stride = _above(
            number, call, layers, top, lengths, first, last, own_begin, own_end, own_total, seen
        )
        outputs += before * wide * one
        read_out(number, call, own_total, source, stride, outputs, wide)
        for t in range(own_begin, own_end):
            for sequence in range(first, first + active(lengths, first, last, t)):
                finish_output(number, call, sequence, t, outputs)
                if call[at.SCORE]:
                    score_step(number, call, sequence, t, outputs, seat[SPARE])
                outputs += wide * one
    meet(seat)  # the room is used again


@inner
def closed_chunk(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, done: int, seat: Table, room: int,
) -> None:  # fmt: skip
    """Step by step through all layers, because f(t-1) must be there before step t begins."""
    one, wide, units = size(number), lanes(number), call[at.UNITS]
    gates, drive, window = call[at.GATES], call[at.DRIVE], call[at.WINDOW]
    top, out_width, batch_row = call[at.LAYERS] - 1, call[at.SIZE_WIDTH], call[at.FED_ROW]
    seen = room + call[at.LAYERS] * (last - first) * call[at.BLOCK] * gates * one
    outputs = seen + (last - first) * call[at.BLOCK] * _widest(call) * one
    spare = seat[SPARE]
    drives = _drives(number, call, layers, 0, first, last, lengths, done, room)
    has_x = call[at.INPUT] > 0
    is_kept = has_x or layers[0, at.STORED] != 0  # or every step takes the same rows
    if has_x:
        _drive_chunk(number, call, layers, 0, lengths, first, last, begin, end, total, drives, seen)
    row, next_step = 0, begin
    if is_plain(call, layers, lengths):
        plain_steps(number, call, layers, first, last, begin, end, drives)
        next_step = end
    for t in range(next_step, end):
        count = active(lengths, first, last, t)
        into = drives + row * gates * one
        product(
            number, count, drive, window,
            call[at.FED] + (first * batch_row + t * call[at.FEATURES]) * one, batch_row, 1,
            call[at.R], wide, window * wide, into if has_x else layers[0, at.BIAS],
            gates if has_x else 0, into, gates,
        )  # fmt: skip
        take_step(number, call, layers, 0, first, t, count, into, seat)
        for layer in range(1, top + 1):
            source, stride = _above(
                number, call, layers, layer - 1, lengths, first, last, t, t + 1, count, seen
            )
            into = _drives(number, call, layers, layer, first, last, lengths, done, room)
            into += row * gates * one
            product(
                number, count, drive, units, source, stride, 1, layers[layer, at.U], wide,
                units * wide, layers[layer, at.BIAS], 0, into, gates,
            )  # fmt: skip
            take_step(number, call, layers, layer, first, t, count, into, seat)
        source, stride = _above(
            number, call, layers, top, lengths, first, last, t, t + 1, count, seen
        )
        o, o_row = outputs, out_width
        if call[at.SIZE] <= NARROW:
            o, o_row = place_of_output(number, call, first, t), call[at.STEPS] * call[at.SIZE]
        read_out(number, call, count, source, stride, o, o_row)
        feed_back(number, call, first, count, t, o, o_row, spare)
        if call[at.SCORE]:
            for sequence in range(first, first + count):
                place = place_of_output(number, call, sequence, t)
                score_step(number, call, sequence, t, place, spare)
        if is_kept:
            row += count


@inner
def _drives(
    number: Number, call: Table, layers: Table, layer: int, first: int, last: int, lengths: Table,
    done: int, room: int,
) -> int:  # fmt: skip
    """Where the chunk's rows of gates are: kept for the way back, or in room that is used again."""
    one, gates = size(number), call[at.GATES]
    if layers[layer, at.STORED]:
        before = count_rows(lengths, 0, first, 0, call[at.STEPS])
        return layers[layer, at.STORED] + (before + done) * gates * one
    return room + layer * (last - first) * call[at.BLOCK] * gates * one


@inner
def _drive_chunk(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    begin: int, end: int, total: int, drives: int, seen: int,
) -> None:  # fmt: skip
    """b + U x, or U h of the layer below, for all rows of the chunk."""
    wide = lanes(number)
    if layer == 0:
        source, stride = _inputs(number, call, lengths, first, last, begin, end, total, seen)
    else:
        source, stride = _above(
            number, call, layers, layer - 1, lengths, first, last, begin, end, total, seen
        )
    depth = layers[layer, at.BELOW]
    product(
        number, total, call[at.DRIVE], depth, source, stride, 1, layers[layer, at.U], wide,
        depth * wide, layers[layer, at.BIAS], 0, drives, call[at.GATES],
    )  # fmt: skip


@inner
def _inputs(
    number: Number, call: Table, lengths: Table, first: int, last: int, begin: int, end: int,
    total: int, seen: int,
) -> tuple[int, int]:  # fmt: skip
    """The chunk's rows of x: where the first is, and the stride from row to row."""
    one, row, step, count = size(number), call[at.X_ROW], call[at.X_STEP], call[at.INPUT]
    stride = uniform_stride(last - first, total, end - begin, row, step)
    if stride >= 0:
        return call[at.X] + (first * row + begin * step) * one, stride
    gather(
        number, lengths, first, last, begin, end, call[at.X], row, step, 0, 0, 0, count, seen, count
    )
    return seen, count


@inner
def _above(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    begin: int, end: int, total: int, seen: int,
) -> tuple[int, int]:  # fmt: skip
    """The chunk's rows of a layer's h, less what is dropped: address and stride."""
    width, row, step, mask = call[at.WIDTH], call[at.H_ROW], call[at.H_STEP], layers[layer, at.MASK]
    stride = uniform_stride(last - first, total, end - begin, row, step)
    if stride >= 0 and mask == 0:
        return place_of_h(number, call, layers, layer, begin + 1, first), stride
    source = place_of_h(number, call, layers, layer, begin + 1, 0) - begin * step * size(number)
    gather(
        number, lengths, first, last, begin, end, source, row, step, mask,
        layers[layer, at.MASK_ROW], layers[layer, at.MASK_STEP], call[at.UNITS], seen, width,
    )  # fmt: skip
    return seen, width


@inner
def _add_fed_chunk(
    number: Number, call: Table, lengths: Table, first: int, last: int, begin: int, end: int,
    total: int, drives: int, seen: int,
) -> None:  # fmt: skip
    """+ R f(t-1) for all rows of the chunk, f being known."""
    one, wide, window, gates = size(number), lanes(number), call[at.WINDOW], call[at.GATES]
    row, step = call[at.FED_ROW], call[at.FEATURES]
    stride = uniform_stride(last - first, total, end - begin, row, step)
    source = call[at.FED] + (first * row + begin * step) * one
    if stride < 0:
        gather(
            number, lengths, first, last, begin, end, call[at.FED], row, step, 0, 0, 0, window,
            seen, window,
        )  # fmt: skip
        source, stride = seen, window
    product(
        number, total, call[at.DRIVE], window, source, stride, 1, call[at.R], wide, window * wide,
        drives, gates, drives, gates,
    )  # fmt: skip


@inner
def _widest(call: Table) -> int:
    """Numbers in the widest row that is gathered."""
    return max(call[at.INPUT], max(call[at.WIDTH], call[at.WINDOW]))
