"""One step of one layer forward, and the steps of the plainest network at one go."""

from freerun.kernels.equations.cells import GRU, LSTM, sweep_step, update
from freerun.kernels.equations.feedback import LOCATION
from freerun.kernels.loop import call as at
from freerun.kernels.loop.forward_output import place_of_output, read_out, score_step
from freerun.kernels.loop.seat import FIRST_UNIT, IS_TEAM, OWN_UNITS, SPACES
from freerun.kernels.loop.task import Table
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import lanes, load, size, store
from freerun.kernels.machine.products import product
from freerun.kernels.machine.thin import NARROW, SHALLOW

__all__ = ["is_plain", "place_of_h", "plain_steps", "take_step"]


@inner
def place_of_h(
    number: Number, call: Table, layers: Table, layer: int, t: int, sequence: int
) -> int:
    """Where a layer's h(t-1), and so h(t) for ``t`` + 1, is."""
    place = t if call[at.RING] > call[at.STEPS] else t & 1
    place = place * call[at.H_STEP] + sequence * call[at.H_ROW]
    return layers[layer, at.H] + place * size(number)


@inner
def take_step(
    number: Number, call: Table, layers: Table, layer: int, first: int, t: int, count: int,
    drives: int, seat: Table,
) -> None:  # fmt: skip
    """W h(t-1), and the update, for ``count`` sequences whose rows of gates are at ``drives``.

    Of these the units that are the seat's own.
    """
    one, wide, cell, units = size(number), lanes(number), call[at.CELL], call[at.UNITS]
    width, gates = call[at.WIDTH], call[at.GATES]
    before = place_of_h(number, call, layers, layer, t, first)
    h = place_of_h(number, call, layers, layer, t + 1, first)
    c_before = layers[layer, at.C] + (t * layers[layer, at.C_STEP] + first * call[at.H_ROW]) * one
    c = c_before + layers[layer, at.C_STEP] * one
    W, zeros, own, unit = layers[layer, at.W], seat[SPACES], seat[OWN_UNITS], seat[FIRST_UNIT]
    added = (2 * width if cell == GRU else call[at.DRIVE]) if W else 0  # columns: W h is, to U x
    step, some = (width, own) if seat[IS_TEAM] else (added, added)
    for column in range(unit, unit + added, max(step, 1)):
        place = drives + column * one
        product(
            number, count, some, units, before, width, 1, W + column * units * one, wide,
            units * wide, place, gates, place, gates,
        )  # fmt: skip
    bias = layers[layer, at.BIAS_RECURRENT] + unit * one
    if W and cell == GRU:
        column = 2 * width + unit
        product(
            number, count, own, units, before, width, 1, W + column * units * one, wide,
            units * wide, bias, 0, drives + (column + width) * one, gates,
        )  # fmt: skip
    if cell < GRU and own == width:
        update(number, cell, count * width, 0, drives, 0, before, 0, h, 0)
        return
    drives, h, c = drives + unit * one, h + unit * one, c + unit * one
    before, c_before = before + unit * one, c_before + unit * one
    for _ in range(count):
        update(
            number, cell, own, width, drives, drives + 3 * width * one if W else bias,
            before if W else zeros, c_before if W and cell == LSTM else zeros, h, c,
        )  # fmt: skip
        drives += gates * one
        before, h = before + width * one, h + width * one
        c_before, c = c_before + width * one, c + width * one


@inner
def is_plain(call: Table, layers: Table, lengths: Table) -> bool:
    """Whether :func:`plain_steps` does all that is asked for."""
    return (
        call[at.LAYERS] == 1
        and call[at.CELL] < GRU
        and call[at.SIZE] <= NARROW
        and call[at.FEED] == LOCATION
        and call[at.FORCED] == call[at.SKIP] == layers[0, at.MASK] == len(lengths) == 0
    )


@inner
def plain_steps(
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
    o, o_row = place_of_output(number, call, first, begin), call[at.STEPS] * outputs
    fed = call[at.FED] + (first * fed_row + begin * features) * one
    ahead, h_step = call[at.LAGS] * features * one, call[at.H_STEP] * one
    before = place_of_h(number, call, layers, 0, begin, first)
    h = place_of_h(number, call, layers, 0, begin + 1, first)
    is_ring = call[at.RING] <= call[at.STEPS]
    V, offset = call[at.V], call[at.OFFSET]
    is_swept = features == 1 and window <= SHALLOW
    for t in range(begin, end):
        if has_x:
            start = drive
        if is_swept:
            begun, begun_row = start, start_row
            if W:  # for which o(t-1) need not be there
                product(
                    number, count, width, units, before, width, 1, W, wide, units * wide, start,
                    start_row, drive, width,
                )  # fmt: skip
                begun, begun_row = drive, width
            sweep_step(
                number, cell, count, units, window, fed, fed_row, R, window * wide, begun,
                begun_row, h, width, V, offset, o, o_row, fed + ahead, fed_row,
            )  # fmt: skip
            if outputs > 1:
                read_out(number, call, count, h, width, o, o_row)
        else:
            product(
                number, count, width, window, fed, fed_row, 1, R, wide, window * wide, start,
                start_row, drive, width,
            )  # fmt: skip
            if W:
                product(
                    number, count, width, units, before, width, 1, W, wide, units * wide, drive,
                    width, drive, width,
                )  # fmt: skip
            update(number, cell, count * width, 0, drive, 0, before, 0, h, 0)
            read_out(number, call, count, h, width, o, o_row)
            source, target = o, fed + ahead
            for _ in range(count):
                for index in range(features):
                    store(number, target + index * one, load(number, source + index * one))
                source, target = source + o_row * one, target + fed_row * one
        if call[at.SCORE]:  # of what is fed as it is, which needs no room
            for sequence in range(first, last):
                place = place_of_output(number, call, sequence, t)
                score_step(number, call, sequence, t, place, 0)
        o, fed = o + outputs * one, fed + features * one
        before, h = h, before if is_ring else h + h_step
        if has_x:
            drive += count * width * one
