"""The unfolded network, forward: a slice of the batch over all its steps, by one thread.

    a(t) = b + U x(t) + W h(t-1) + R f(t-1)
    h(t) = update(a(t))                              layer upon layer, R in the first one only
    o(t) = c + V h(t) + s f(t-1)
    f(t) = w(t) y(t) + (1 - w(t)) g(o(t))

Time goes in chunks whose rows stay in the cache. What a chunk's steps do not wait for is one
product over all of them: U x always, and where f is known beforehand R f, every layer's U h and V h
too. What they wait for is stepped: W h, and with an open output edge all of a step.
"""

from freerun.kernels import _call as at
from freerun.kernels._cells import GRU, LSTM, update
from freerun.kernels._compiled import Number, entry, inner
from freerun.kernels._feedback import LOCATION, feed, mix
from freerun.kernels._memory import add_product, clear, copy, lanes, load, size, store
from freerun.kernels._products import product
from freerun.kernels._rows import active, count_rows, gather, uniform_stride
from freerun.kernels._scores import score
from freerun.kernels._task import Table, signatures, tables_of
from freerun.kernels._thin import NARROW, narrow

__all__ = ["forward", "forward_room"]


def forward_room(rows: int, block: int, layers: int, gates: int, widest: int, out: int) -> int:
    """Numbers of room that :func:`forward` needs for ``rows`` sequences."""
    chunk = rows * block
    return gates + chunk * (widest + layers * gates + out) + 3 * max(out, widest) + 64


@entry(*signatures())
def forward(number: Number, task: int, first: int, last: int, piece: int, room: int) -> None:
    """Unfold the sequences ``first`` to ``last``; ``room`` is scratch memory of the thread's own.

    The tables are described in ``_call``. Lengths fall from sequence to sequence, or are none.
    """
    call, layers, lengths = tables_of(task)
    for begin in range(first, last, call[at.ROWS]):
        _slice(number, call, layers, lengths, begin, min(begin + call[at.ROWS], last), room)


@inner
def _slice(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, room: int
) -> None:
    """The sequences that a thread takes at a time, few enough for its cache."""
    one, steps, block, gates = size(number), call[at.STEPS], call[at.BLOCK], call[at.GATES]
    rows = last - first
    clear(number, gates, room)
    zeros, room = room, room + gates * one
    _begin(number, call, layers, first, last)
    done = 0
    for begin in range(0, steps, block):
        end = min(begin + block, steps)
        total = count_rows(lengths, first, last, begin, end)
        if total:
            if call[at.EDGE] == at.OPEN_EDGE:
                _closed_chunk(
                    number, call, layers, lengths, first, last, begin, end, total, done, zeros,
                    room,
                )  # fmt: skip
            else:
                _open_chunk(
                    number, call, layers, lengths, first, last, begin, end, total, done, zeros,
                    room,
                )  # fmt: skip
        if total < rows * (end - begin) and call[at.RING] > steps:
            _clear_ended(number, call, layers, lengths, first, last, begin, end)
        done += total
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
                    _h(number, call, layers, layer, 0, sequence))  # fmt: skip
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
                place = _h(number, call, layers, layer, steps, sequence)
                copy(number, units, place, layers[layer, at.H_LAST] + target)
            if layers[layer, at.C_LAST]:
                place = (steps * layers[layer, at.C_STEP] + sequence * call[at.H_ROW]) * one
                copy(number, units, layers[layer, at.C] + place, layers[layer, at.C_LAST] + target)


# --- chunks ---------------------------------------------------------------------------------------


@inner
def _open_chunk(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, done: int, zeros: int, room: int,
) -> None:  # fmt: skip
    """Layer by layer: only W, where it is there, is stepped."""
    one, gates = size(number), call[at.GATES]
    seen = room + call[at.LAYERS] * (last - first) * call[at.BLOCK] * gates * one
    top = call[at.LAYERS] - 1
    for layer in range(top + 1):
        drives = _drives(number, call, layers, layer, first, last, lengths, done, room)
        _drive_chunk(
            number, call, layers, layer, lengths, first, last, begin, end, total, drives, seen
        )
        if layer == 0 and call[at.EDGE] == at.KNOWN_EDGE:
            _add_fed_chunk(number, call, lengths, first, last, begin, end, total, drives, seen)
        if call[at.STEPLESS]:
            _step(number, call, layers, layer, first, begin, total, drives, zeros)
            continue
        row = 0
        for t in range(begin, end):
            count = active(lengths, first, last, t)
            _step(number, call, layers, layer, first, t, count, drives + row * gates * one, zeros)
            row += count
    if call[at.V]:
        wide = call[at.SIZE_WIDTH]
        source, stride = _above(
            number, call, layers, top, lengths, first, last, begin, end, total, seen
        )
        outputs = seen + (last - first) * call[at.BLOCK] * _widest(call) * one
        spare = outputs + (last - first) * call[at.BLOCK] * wide * one
        _read_out(number, call, total, source, stride, outputs, wide)
        for t in range(begin, end):
            for sequence in range(first, first + active(lengths, first, last, t)):
                _finish_output(number, call, sequence, t, outputs)
                if call[at.SCORE]:
                    _score(number, call, sequence, t, outputs, spare)
                outputs += wide * one


@inner
def _closed_chunk(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int, total: int, done: int, zeros: int, room: int,
) -> None:  # fmt: skip
    """Step by step through all layers, because f(t-1) must be there before step t begins."""
    one, wide, units = size(number), lanes(number), call[at.UNITS]
    gates, drive, window = call[at.GATES], call[at.DRIVE], call[at.WINDOW]
    top, out_width, batch_row = call[at.LAYERS] - 1, call[at.SIZE_WIDTH], call[at.FED_ROW]
    seen = room + call[at.LAYERS] * (last - first) * call[at.BLOCK] * gates * one
    outputs = seen + (last - first) * call[at.BLOCK] * _widest(call) * one
    spare = outputs + (last - first) * call[at.BLOCK] * out_width * one
    drives = _drives(number, call, layers, 0, first, last, lengths, done, room)
    has_x = call[at.INPUT] > 0
    is_kept = has_x or layers[0, at.STORED] != 0  # or every step takes the same rows
    if has_x:
        _drive_chunk(number, call, layers, 0, lengths, first, last, begin, end, total, drives, seen)
    row, next_step = 0, begin
    if _is_plain(call, layers, lengths):
        _plain_steps(number, call, layers, first, last, begin, end, drives)
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
        _step(number, call, layers, 0, first, t, count, into, zeros)
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
            _step(number, call, layers, layer, first, t, count, into, zeros)
        source, stride = _above(
            number, call, layers, top, lengths, first, last, t, t + 1, count, seen
        )
        o, o_row = outputs, out_width
        if call[at.SIZE] <= NARROW:
            o, o_row = _output(number, call, first, t), call[at.STEPS] * call[at.SIZE]
        _read_out(number, call, count, source, stride, o, o_row)
        _feed_back(number, call, first, count, t, o, o_row, spare)
        if call[at.SCORE]:
            for sequence in range(first, first + count):
                place = _output(number, call, sequence, t)
                _score(number, call, sequence, t, place, spare)
        if is_kept:
            row += count


# --- pieces of a chunk ----------------------------------------------------------------------------


@inner
def _h(number: Number, call: Table, layers: Table, layer: int, t: int, sequence: int) -> int:
    """Where a layer's h(t-1), and so h(t) for ``t`` + 1, is."""
    place = t if call[at.RING] > call[at.STEPS] else t & 1
    place = place * call[at.H_STEP] + sequence * call[at.H_ROW]
    return layers[layer, at.H] + place * size(number)


@inner
def _widest(call: Table) -> int:
    """Numbers in the widest row that is gathered."""
    return max(call[at.INPUT], max(call[at.WIDTH], call[at.WINDOW]))


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
        return _h(number, call, layers, layer, begin + 1, first), stride
    source = _h(number, call, layers, layer, begin + 1, 0) - begin * step * size(number)
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


# --- one step -------------------------------------------------------------------------------------


@inner
def _step(
    number: Number, call: Table, layers: Table, layer: int, first: int, t: int, count: int,
    drives: int, zeros: int,
) -> None:  # fmt: skip
    """W h(t-1), and the update, for ``count`` sequences whose rows of gates are at ``drives``."""
    one, wide, cell, units = size(number), lanes(number), call[at.CELL], call[at.UNITS]
    width, gates = call[at.WIDTH], call[at.GATES]
    before = _h(number, call, layers, layer, t, first)
    h = _h(number, call, layers, layer, t + 1, first)
    c_before = layers[layer, at.C] + (t * layers[layer, at.C_STEP] + first * call[at.H_ROW]) * one
    c = c_before + layers[layer, at.C_STEP] * one
    W = layers[layer, at.W]
    if W and cell == GRU:
        product(
            number, count, 2 * width, units, before, width, 1, W, wide, units * wide,
            drives, gates, drives, gates,
        )  # fmt: skip
        product(
            number, count, width, units, before, width, 1, W + 2 * width * units * one, wide,
            units * wide, layers[layer, at.BIAS_RECURRENT], 0, drives + 3 * width * one, gates,
        )  # fmt: skip
    elif W:
        product(
            number, count, call[at.DRIVE], units, before, width, 1, W, wide, units * wide,
            drives, gates, drives, gates,
        )  # fmt: skip
    if cell < GRU:
        update(number, cell, count * width, drives, 0, before, 0, h, 0)
        return
    for _ in range(count):
        recurrent = drives + 3 * width * one if W else layers[layer, at.BIAS_RECURRENT]
        update(
            number, cell, width, drives, recurrent, before if W else zeros,
            c_before if W and cell == LSTM else zeros, h, c,
        )  # fmt: skip
        drives += gates * one
        before, h = before + width * one, h + width * one
        c_before, c = c_before + width * one, c + width * one


@inner
def _output(number: Number, call: Table, sequence: int, t: int) -> int:
    """Where o(t) of a sequence is returned."""
    return call[at.OUT] + (sequence * call[at.STEPS] + t) * call[at.SIZE] * size(number)


@inner
def _score(number: Number, call: Table, sequence: int, t: int, o: int, spare: int) -> None:
    """- log p(y | o), where it is to be."""
    one, place = size(number), sequence * call[at.STEPS] + t
    outputs, y = call[at.OUTPUTS], call[at.TARGET] + place * call[at.TARGET_BYTES]
    loss = score(number, call[at.SCORE], outputs, call[at.SIZE_WIDTH], o, y, spare)
    store(number, call[at.NLL] + place * one, loss)


@inner
def _read_out(
    number: Number, call: Table, rows: int, source: int, stride: int, target: int, target_row: int
) -> None:
    """C + V h for rows of h."""
    units, wide = call[at.UNITS], lanes(number)
    if call[at.SIZE] <= NARROW:
        narrow(
            number, rows, call[at.SIZE], units, source, stride, call[at.V], call[at.WIDTH],
            call[at.OFFSET], target, target_row,
        )  # fmt: skip
    else:
        product(
            number, rows, call[at.SIZE_WIDTH], units, source, stride, 1, call[at.V], wide,
            units * wide, call[at.OFFSET], 0, target, target_row,
        )  # fmt: skip


@inner
def _finish_output(number: Number, call: Table, sequence: int, t: int, o: int) -> None:
    """Add s f(t-1) to the row at ``o``, and return it as the output of step ``t``."""
    one, features = size(number), call[at.FEATURES]
    if call[at.SKIP]:
        fed = call[at.FED] + sequence * call[at.FED_ROW] * one
        add_product(
            number, features, call[at.SKIP], fed + (t + call[at.LAGS] - 1) * features * one, o
        )
    copy(number, call[at.SIZE], o, _output(number, call, sequence, t))


@inner
def _feed_back(
    number: Number, call: Table, first: int, count: int, t: int, o: int, o_row: int, spare: int
) -> None:
    """Finish o(t), and put f(t) where the next steps will read it, for ``count`` sequences."""
    one, features, outputs, kind = size(number), call[at.FEATURES], call[at.SIZE], call[at.FEED]
    skip, forced, steps = call[at.SKIP], call[at.FORCED], call[at.STEPS]
    width, components = call[at.SIZE_WIDTH], call[at.COMPONENTS]
    target = _output(number, call, first, t)
    f = call[at.FED] + (first * call[at.FED_ROW] + (t + call[at.LAGS]) * features) * one
    f_row, target_row, o_row = call[at.FED_ROW] * one, steps * outputs * one, o_row * one
    noise, noise_row = call[at.NOISE], call[at.NOISE_ROW] * one
    noise += first * noise_row + t * call[at.NOISE_STEP] * one
    weight, weight_row = forced, call[at.FORCED_ROW] * one
    weight += first * weight_row + t * call[at.FORCED_STEP] * one
    truth, truth_row = call[at.VALUES], steps * features * one
    truth += first * truth_row + t * features * one
    for _ in range(count):
        if skip:
            add_product(number, features, skip, f - features * one, o)
        if o != target:
            copy(number, outputs, o, target)
        g = spare if forced else f
        if kind == LOCATION:
            copy(number, features, o, g)
        else:
            feed(
                number, kind, features, width, components, call[at.SHARPENING], o, noise, g,
                spare + features * one,
            )  # fmt: skip
        if forced:
            mix(number, features, load(number, weight), truth, g, f)
        o, target, f = o + o_row, target + target_row, f + f_row
        noise, weight, truth = noise + noise_row, weight + weight_row, truth + truth_row


@inner
def _is_plain(call: Table, layers: Table, lengths: Table) -> bool:
    """Whether :func:`_plain_steps` does all that is asked for."""
    return (
        call[at.LAYERS] == 1
        and call[at.CELL] < GRU
        and call[at.SIZE] <= NARROW
        and call[at.FEED] == LOCATION
        and call[at.FORCED] == call[at.SKIP] == layers[0, at.MASK] == len(lengths) == 0
    )


@inner
def _plain_steps(
    number: Number, call: Table, layers: Table, first: int, last: int, begin: int, end: int,
    drive: int,
) -> None:  # fmt: skip
    """The steps of one plain layer that feeds its location back: little is done in one.

    So everything that is the same from step to step is looked up before.
    """
    one, count, cell, units = size(number), last - first, call[at.CELL], call[at.UNITS]
    wide = lanes(number)
    width, window, features = call[at.WIDTH], call[at.WINDOW], call[at.FEATURES]
    fed_row, R, W, outputs = call[at.FED_ROW], call[at.R], layers[0, at.W], call[at.SIZE]
    has_x = call[at.INPUT] > 0
    start, start_row = layers[0, at.BIAS], width if has_x else 0
    o, o_row = _output(number, call, first, begin), call[at.STEPS] * outputs
    fed = call[at.FED] + (first * fed_row + begin * features) * one
    ahead, h_step = call[at.LAGS] * features * one, call[at.H_STEP] * one
    before = _h(number, call, layers, 0, begin, first)
    h = _h(number, call, layers, 0, begin + 1, first)
    is_ring = call[at.RING] <= call[at.STEPS]
    for t in range(begin, end):
        if has_x:
            start = drive
        product(
            number, count, width, window, fed, fed_row, 1, R, wide, window * wide, start,
            start_row, drive, width,
        )  # fmt: skip
        if W:
            product(
                number, count, width, units, before, width, 1, W, wide, units * wide, drive, width,
                drive, width,
            )  # fmt: skip
        update(number, cell, count * width, drive, 0, before, 0, h, 0)
        _read_out(number, call, count, h, width, o, o_row)
        if call[at.SCORE]:
            for sequence in range(first, last):
                place = _output(number, call, sequence, t)
                _score(number, call, sequence, t, place, 0)  # what is fed as it is needs no room
        source, target = o, fed + ahead
        for _ in range(count):
            for index in range(features):
                store(number, target + index * one, load(number, source + index * one))
            source, target = source + o_row * one, target + fed_row * one
        o, fed = o + outputs * one, fed + features * one
        before, h = h, before if is_ring else h + h_step
        if has_x:
            drive += count * width * one


@inner
def _clear_ended(
    number: Number, call: Table, layers: Table, lengths: Table, first: int, last: int, begin: int,
    end: int,
) -> None:  # fmt: skip
    """Zeros for h behind each sequence's length; o and f were made of zeros."""
    for t in range(begin, end):
        for sequence in range(first + active(lengths, first, last, t), last):
            place = _h(number, call, layers, call[at.LAYERS] - 1, t + 1, sequence)
            clear(number, call[at.WIDTH], place)
