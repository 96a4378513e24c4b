"""The cells' equations on rows of units, forward and backward.

A row of *gates* holds what a step computes before and after its nonlinearities, in place:

    tanh, relu, identity    [a]                      width 1
    gru                     [r, z, n, W_n h + b]     width 4
    lstm                    [i, f, g, o]             width 4

and a row of their gradients, *da*:

    gru                     [da_n, da_r, da_z, d(W_n h + b)]

so that what U meets (n, r, z) and what W meets (r, z, n) each lie side by side.
"""

from typing import Any

from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.lanes import Lanes, elementwise, quick_tanh, sigmoid, tanh
from freerun.kernels.machine.memory import copy, size
from freerun.kernels.machine.sweep import sweep

__all__ = ["CELL_CODES", "GRU", "LSTM", "sweep_step", "update", "update_backward"]

TANH, RELU, IDENTITY, GRU, LSTM = range(5)
CELL_CODES = {"tanh": TANH, "relu": RELU, "identity": IDENTITY, "gru": GRU, "lstm": LSTM}
"""The cells that kernels know, as numbers that they can compare."""

tanh_forward = elementwise(quick_tanh)


@elementwise
def tanh_backward(dh: Lanes, h: Lanes) -> Lanes:
    """h = tanh a."""
    return dh * (1 - h * h)


def relu(a: Lanes) -> Lanes:
    """h = max(a, 0)."""
    return a.at_least(0.0)


def identity(a: Lanes) -> Lanes:
    """h = a."""
    return a


relu_forward = elementwise(relu)
sweep_tanh, sweep_relu, sweep_identity = sweep(quick_tanh), sweep(relu), sweep(identity)


@elementwise
def relu_backward(dh: Lanes, h: Lanes) -> Lanes:
    """h = max(a, 0)."""
    return h.where_positive(dh, 0.0)


@elementwise
def gru_forward(a_r: Lanes, a_z: Lanes, a_n: Lanes, w: Lanes, h_before: Lanes) -> Any:
    """h = (1 - z) n + z h', n = tanh(a_n + r w)."""
    r, z = sigmoid(a_r), sigmoid(a_z)
    n = tanh(a_n + r * w)
    return r, z, n, n + z * (h_before - n)


@elementwise
def gru_backward(
    dh: Lanes, later: Lanes, r: Lanes, z: Lanes, n: Lanes, w: Lanes, h_before: Lanes
) -> Any:
    """The gradients of a_n, a_r, a_z and w, and what of dh goes straight on to h'."""
    dh = dh + later
    dn = dh * (1 - z) * (1 - n * n)
    dz = dh * (h_before - n) * z * (1 - z)
    return dn, dn * w * r * (1 - r), dz, dn * r, dh * z


@elementwise
def lstm_forward(a_i: Lanes, a_f: Lanes, a_g: Lanes, a_o: Lanes, c_before: Lanes) -> Any:
    """c = f c' + i g, h = o tanh c."""
    i, f, g, o = sigmoid(a_i), sigmoid(a_f), tanh(a_g), sigmoid(a_o)
    c = f * c_before + i * g
    return i, f, g, o, c, o * tanh(c)


@elementwise
def lstm_backward(
    dh: Lanes, dc: Lanes, i: Lanes, f: Lanes, g: Lanes, o: Lanes, c: Lanes, c_before: Lanes
) -> Any:
    """The gradients of a_i, a_f, a_g, a_o, and of c'."""
    squashed = tanh(c)
    dc = dc + dh * o * (1 - squashed * squashed)
    return (
        dc * g * i * (1 - i),
        dc * c_before * f * (1 - f),
        dc * i * (1 - g * g),
        dh * squashed * o * (1 - o),
        dc * f,
    )


@inner
def update(
    number: Number, cell: int, count: int, width: int, gates: int, recurrent: int, h_before: int,
    c_before: int, h: int, c: int,
) -> None:  # fmt: skip
    """``count`` units of one row of one step, whole vectors of them, at the addresses given.

    A gate's row begins ``width`` numbers behind the one before.

    ``recurrent`` is a GRU's W_n h + b, which stands in its gates, or b alone where W = 0.
    """
    step = width * size(number)
    second, third, fourth = gates + step, gates + 2 * step, gates + 3 * step
    if cell == TANH:
        tanh_forward(number, count, (gates, h))
    elif cell == RELU:
        relu_forward(number, count, (gates, h))
    elif cell == IDENTITY:
        copy(number, count, gates, h)
    elif cell == GRU:
        gru_forward(
            number, count, (gates, second, third, recurrent, h_before, gates, second, third, h)
        )
    else:
        lstm_forward(
            number, count,
            (gates, second, third, fourth, c_before, gates, second, third, fourth, c, h),
        )  # fmt: skip


@inner
def sweep_step(
    number: Number, cell: int, rows: int, units: int, depth: int, fed: int, fed_row: int, R: int,
    R_panel: int, start: int, start_row: int, h: int, h_row: int, V: int, c: int, o: int,
    o_row: int, f: int, f_row: int,
) -> None:  # fmt: skip
    """h = g(start + R f) and o = c + V h of one output, of a cell without gates; see ``sweep``."""
    if cell == TANH:
        sweep_tanh(
            number, rows, units, depth, fed, fed_row, R, R_panel, start, start_row, h, h_row, V, c,
            o, o_row, f, f_row,
        )  # fmt: skip
    elif cell == RELU:
        sweep_relu(
            number, rows, units, depth, fed, fed_row, R, R_panel, start, start_row, h, h_row, V, c,
            o, o_row, f, f_row,
        )  # fmt: skip
    else:
        sweep_identity(
            number, rows, units, depth, fed, fed_row, R, R_panel, start, start_row, h, h_row, V, c,
            o, o_row, f, f_row,
        )  # fmt: skip


@inner
def update_backward(
    number: Number, cell: int, count: int, width: int, dh: int, carried: int, gates: int,
    recurrent: int, h_before: int, c_before: int, h: int, c: int, da: int,
) -> None:  # fmt: skip
    """The gradients of ``count`` units of one row of one step.

    ``carried`` is a row that goes from step to step beside dh: an LSTM's dc, and of a GRU's dh the
    part that reaches h' without W.
    """
    step = width * size(number)
    second, third, fourth = gates + step, gates + 2 * step, gates + 3 * step
    da_2, da_3, da_4 = da + step, da + 2 * step, da + 3 * step
    if cell == TANH:
        tanh_backward(number, count, (dh, h, da))
    elif cell == RELU:
        relu_backward(number, count, (dh, h, da))
    elif cell == IDENTITY:
        copy(number, count, dh, da)
    elif cell == GRU:
        gru_backward(
            number, count,
            (dh, carried, gates, second, third, recurrent, h_before, da, da_2, da_3, da_4, carried),
        )  # fmt: skip
    else:
        lstm_backward(
            number, count,
            (dh, carried, gates, second, third, fourth, c, c_before,
             da, da_2, da_3, da_4, carried),
        )  # fmt: skip
