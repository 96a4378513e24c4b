"""The unfolded network, backward: back-propagation through time for a slice of the batch.

    dL/do(t) = dL/do(t) given, + dL/dnll(t) dnll(t)/do(t) + g'(o(t)) (1 - w(t)) dL/df(t)
    dL/dh(t) = dL/dh(t) given, + V' dL/do(t) + W' dL/da(t+1)          U' of the layer above
    dL/df(t) = dL/df(t) given, + sum over lags R' dL/da(t+lag) + s dL/do(t+1)

Chunks go from the last to the first. As on the way forward, what the steps do not wait for is one
product over a chunk: the gradients of all weights, of x, and of the layers below an open one.
"""

from freerun.kernels import _call as at
from freerun.kernels._cells import GRU, LSTM, update_backward
from freerun.kernels._compiled import Number, entry, inner
from freerun.kernels._feedback import feed_backward
from freerun.kernels._memory import add, clear, copy, lanes, load, move, size, store
from freerun.kernels._products import product
from freerun.kernels._rows import active, count_rows, gather, pack_gathered, scatter
from freerun.kernels._scores import score_backward
from freerun.kernels._task import Table, signatures, tables_of
from freerun.kernels._thin import sum_rows

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
        _chunk(
            number, call, layers, lengths, first, last, begin, end, total, done, part, spaces,
            carried, room,
        )  # fmt: skip
    _to_the_start(number, call, layers, lengths, first, last, carried, room)


@inner
def _chunk(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, done: int, part: int, spaces: int, carried: int, room: int,
) -> None:  # fmt: skip
    one, rows, block = size(number), last - first, call[at.BLOCK]
    width, gates, top = call[at.WIDTH], call[at.GATES], call[at.LAYERS] - 1
    out_width = call[at.SIZE_WIDTH]
    d_o = _after_layers(call, rows, room, one)
    spare = d_o + rows * block * out_width * one
    dh_top = _dh(call, rows, top, room, one)
    if call[at.D_H]:
        _gather_padded(
            number, lengths, first, last, begin, end, call[at.D_H], call[at.D_H_ROW],
            call[at.D_H_STEP], call[at.UNITS], dh_top, width,
        )  # fmt: skip
    else:
        clear(number, total * width, dh_top)
    if call[at.V]:
        if call[at.D_O]:
            _gather_padded(
                number, lengths, first, last, begin, end, call[at.D_O], call[at.D_O_ROW],
                call[at.D_O_STEP], call[at.SIZE], d_o, out_width,
            )  # fmt: skip
        else:
            clear(number, total * out_width, d_o)
        if call[at.D_NLL]:
            _score_gradients(number, call, lengths, first, last, begin, end, d_o, spare)
    if call[at.EDGE] == at.OPEN_EDGE:
        _closed_steps(
            number, call, layers, lengths, first, last, begin, end, total, done, part, spaces,
            carried, d_o, spare, room,
        )  # fmt: skip
        for layer in range(top, -1, -1):
            _weight_gradients(
                number, call, layers, layer, lengths, first, last, begin, end, total, part, spare,
                room,
            )  # fmt: skip
    else:
        if call[at.V]:
            _known_skip(number, call, lengths, first, last, begin, end, d_o, part)
            _add_readout(number, call, layers, lengths, first, last, begin, end, total, d_o, dh_top,
                         spare)  # fmt: skip
        for layer in range(top, -1, -1):
            _open_layer(
                number, call, layers, layer, lengths, first, last, begin, end, total, done, spaces,
                carried, room,
            )  # fmt: skip
            _weight_gradients(
                number, call, layers, layer, lengths, first, last, begin, end, total, part, spare,
                room,
            )  # fmt: skip
            if layer:
                _to_layer_below(
                    number, call, layers, layer, lengths, first, last, begin, end, total, room
                )
        if call[at.EDGE] == at.KNOWN_EDGE and call[at.D_FED] and begin < call[at.LAGS]:
            _to_first_fed(number, call, lengths, first, last, begin, end, spare, room)
    if call[at.V]:
        _readout_gradients(
            number, call, layers, lengths, first, last, begin, end, total, part, d_o, spare
        )
    if call[at.D_X]:
        _input_gradients(number, call, layers, lengths, first, last, begin, end, total, spare, room)
    # The next chunk's last step adds W' da of this one's first.
    for layer in range(top + 1):
        da = _da(call, rows, layer, room, one)
        count = active(lengths, first, last, begin)
        copy(number, count * gates, da, da + rows * block * gates * one)


# --- where a thread's room has what ---------------------------------------------------------------


@inner
def _dh(call: Table, rows: int, layer: int, room: int, one: int) -> int:
    """A layer's rows of dh: the chunk's."""
    each = rows * call[at.BLOCK] * (call[at.WIDTH] + call[at.GATES]) + rows * call[at.GATES]
    return room + layer * each * one


@inner
def _da(call: Table, rows: int, layer: int, room: int, one: int) -> int:
    """A layer's rows of da: the chunk's, then those of the step after it."""
    return _dh(call, rows, layer, room, one) + rows * call[at.BLOCK] * call[at.WIDTH] * one


@inner
def _after_layers(call: Table, rows: int, room: int, one: int) -> int:
    return _dh(call, rows, call[at.LAYERS], room, one)


@inner
def _gather_padded(
    number: Number, lengths: Table, first: int, last: int, begin: int, end: int, source: int,
    row: int, step: int, count: int, target: int, width: int,
) -> None:  # fmt: skip
    """A chunk's rows with zeros behind them, up to whole vectors."""
    if count < width:
        clear(number, count_rows(lengths, first, last, begin, end) * width, target)
    gather(
        number, lengths, first, last, begin, end, source, row, step, 0, 0, 0, count, target, width
    )


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


# --- an output edge that carries what is known ----------------------------------------------------


@inner
def _add_readout(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, d_o: int, dh: int, spare: int,
) -> None:  # fmt: skip
    """dh += V' do, for all rows of the chunk, less what is dropped."""
    wide, width, depth = lanes(number), call[at.WIDTH], call[at.SIZE_WIDTH]
    layer = call[at.LAYERS] - 1
    masked = layers[layer, at.MASK] != 0
    into = spare if masked else dh
    product(
        number, total, width, depth, d_o, depth, 1, call[at.V_BACK], wide, depth * wide,
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
    begin: int, end: int, total: int, done: int, spaces: int, carried: int, room: int,
) -> None:  # fmt: skip
    """da of one layer, over all steps of the chunk."""
    if call[at.STEPLESS]:
        _step_backward(
            number, call, layers, layer, lengths, first, last, begin, total, True, 0, done, spaces,
            carried, room,
        )  # fmt: skip
        return
    row = total
    for t in range(end - 1, begin - 1, -1):
        count = active(lengths, first, last, t)
        row -= count
        _step_backward(
            number, call, layers, layer, lengths, first, last, t, count, t + 1 == end, row, done,
            spaces, carried, room,
        )  # fmt: skip


@inner
def _to_layer_below(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    begin: int, end: int, total: int, room: int,
) -> None:  # fmt: skip
    """dh of the layer below = U' da, for all rows of the chunk."""
    one, wide, rows = size(number), lanes(number), last - first
    width, drive = call[at.WIDTH], call[at.DRIVE]
    dh, da = _dh(call, rows, layer - 1, room, one), _da(call, rows, layer, room, one)
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
    if call[at.SKIP] == 0:
        return
    for t in range(begin, end):
        for sequence in range(first, first + active(lengths, first, last, t)):
            _skip_backward(number, call, sequence, t, d_o, part)
            d_o += call[at.SIZE_WIDTH] * size(number)


@inner
def _to_first_fed(
    number: Number, call: Table, lengths: Table, first: int, last: int, begin: int, end: int,
    spare: int, room: int,
) -> None:  # fmt: skip
    """df of what was fed before the first step, which only the first steps' lags reach."""
    one, gates = size(number), call[at.GATES]
    da = _da(call, last - first, 0, room, one)
    for t in range(begin, min(end, call[at.LAGS])):
        count = active(lengths, first, last, t)
        _fed_backward(number, call, first, t, count, da, spare)
        da += count * gates * one


# --- an open output edge --------------------------------------------------------------------------


@inner
def _closed_steps(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, done: int, part: int, spaces: int, carried: int, d_o: int, spare: int,
    room: int,
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
                _feed_backward(number, call, first + index, t, place, spare)
            if call[at.SKIP]:
                _skip_backward(number, call, first + index, t, place, part)
        dh = _dh(call, rows, top, room, one) + row * width * one
        _add_readout(
            number, call, layers, lengths, first, last, t, t + 1, count, d_outputs, dh, spare
        )
        for layer in range(top, -1, -1):
            _step_backward(
                number, call, layers, layer, lengths, first, last, t, count, t + 1 == end, row,
                done, spaces, carried, room,
            )  # fmt: skip
            da = _da(call, rows, layer, room, one) + row * gates * one
            if layer:
                dh = _dh(call, rows, layer - 1, room, one) + row * width * one
                product(
                    number, count, width, drive, da, gates, 1, layers[layer, at.U_BACK], wide,
                    drive * wide, 0, 0, dh, width,
                )  # fmt: skip
                if layers[layer - 1, at.MASK]:
                    _mask(number, call, layers, layer - 1, lengths, first, last, t, t + 1, dh)
            else:
                _fed_backward(number, call, first, t, count, da, spare)


@inner
def _feed_backward(
    number: Number, call: Table, sequence: int, t: int, d_o: int, spare: int
) -> None:
    """do += g'(o) (1 - w) df."""
    one, features, outputs = size(number), call[at.FEATURES], call[at.SIZE]
    width = call[at.SIZE_WIDTH]
    o = call[at.OUT] + (sequence * call[at.STEPS] + t) * outputs * one
    noise = call[at.NOISE] + (sequence * call[at.NOISE_ROW] + t * call[at.NOISE_STEP]) * one
    df = call[at.D_FED] + (sequence * call[at.FED_ROW] + (t + call[at.LAGS]) * features) * one
    w = number
    if call[at.FORCED]:
        place = call[at.FORCED] + (sequence * call[at.FORCED_ROW] + t * call[at.FORCED_STEP]) * one
        w = load(number, place)
    feed_backward(
        number, call[at.FEED], features, outputs, width, call[at.COMPONENTS], o, noise, w, df, d_o,
        spare,
    )  # fmt: skip


@inner
def _skip_backward(number: Number, call: Table, sequence: int, t: int, d_o: int, part: int) -> None:
    """o += s f(t-1): ds += f(t-1) do, df(t-1) += s do."""
    one, features = size(number), call[at.FEATURES]
    place = (sequence * call[at.FED_ROW] + (t + call[at.LAGS] - 1) * features) * one
    fed, d_fed = call[at.FED] + place, call[at.D_FED] + place
    d_skip = call[at.D_SKIP] + part * call[at.PART] * one
    for index in range(features):
        offset = index * one
        change = load(number, d_o + offset)
        total = load(number, d_skip + offset) + change * load(number, fed + offset)
        store(number, d_skip + offset, total)
        if call[at.D_FED]:
            total = load(number, d_fed + offset) + change * load(number, call[at.SKIP] + offset)
            store(number, d_fed + offset, total)


@inner
def _fed_backward(
    number: Number, call: Table, first: int, t: int, count: int, da: int, spare: int
) -> None:
    """df of all lags += R' da, for the rows of one step."""
    one, wide, window = size(number), lanes(number), call[at.WINDOW_WIDTH]
    drive = call[at.DRIVE]
    product(
        number, count, window, drive, da, call[at.GATES], 1, call[at.R_BACK], wide, drive * wide,
        0, 0, spare, window,
    )  # fmt: skip
    for index in range(count):
        place = call[at.D_FED] + (first + index) * call[at.FED_ROW] * one
        place += t * call[at.FEATURES] * one
        add(number, call[at.WINDOW], spare + index * window * one, place)


# --- one step of one layer ------------------------------------------------------------------------


@inner
def _step_backward(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    t: int, count: int, is_last_of_chunk: bool, row: int, done: int, spaces: int, carried: int,
    room: int,
) -> None:  # fmt: skip
    """dh += W' da(t+1), and da of ``count`` rows from ``row`` on."""
    one, wide, cell, rows = size(number), lanes(number), call[at.CELL], last - first
    width, gates, drive = call[at.WIDTH], call[at.GATES], call[at.DRIVE]
    W_back = layers[layer, at.W_BACK]
    dh = _dh(call, rows, layer, room, one) + row * width * one
    all_da = _da(call, rows, layer, room, one)
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
        da = _da(call, rows, layer, room, one) + rows * call[at.BLOCK] * gates * one
        da += width * one if call[at.CELL] == GRU else 0
        dh = _dh(call, rows, layer, room, one)
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


# --- gradients that a chunk's rows add to at once -------------------------------------------------


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
def _weight_gradients(
    number: Number, call: Table, layers: Table, layer: int, lengths: Table, first: int, last: int,
    begin: int, end: int, total: int, part: int, spare: int, room: int,
) -> None:  # fmt: skip
    """dU += da' x, dW += da' h(t-1), dR += da' f(t-1), db += da."""
    one, rows, width = size(number), last - first, call[at.WIDTH]
    gates, drive, h_row, h_step = call[at.GATES], call[at.DRIVE], call[at.H_ROW], call[at.H_STEP]
    da, offset = _da(call, rows, layer, room, one), part * call[at.PART] * one
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
def _readout_gradients(
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
def _input_gradients(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, spare: int, room: int,
) -> None:  # fmt: skip
    """dx = U' da."""
    one, wide, width, drive = size(number), lanes(number), call[at.INPUT_WIDTH], call[at.DRIVE]
    da = _da(call, last - first, 0, room, one)
    product(
        number, total, width, drive, da, call[at.GATES], 1, layers[0, at.U_BACK], wide,
        drive * wide, 0, 0, spare, width,
    )  # fmt: skip
    row = call[at.STEPS] * call[at.INPUT]
    scatter(
        number, lengths, first, last, begin, end, spare, width, call[at.INPUT], call[at.D_X], row,
        call[at.INPUT],
    )  # fmt: skip
