"""Products with thin matrices, where tiles give way to sweeps and sums: the same numbers."""

import math

import numpy as np
import pytest
import torch
from numba import njit

import freerun as fr
from freerun.kernels import disabled
from freerun.kernels.machine.thin import NARROW, SHALLOW, narrow, spread

EXACT = 1e-12
"""Of float64: sums of some tens of terms of order 1."""


@njit
def call_spread(rows, columns, depth, a, b, start, start_row, c):  # type: ignore[no-untyped-def]
    spread(0.0, rows, columns, depth, a, depth, 1, b, 8, 8 * depth, start, start_row, c, columns)


@njit
def call_narrow(rows, columns, depth, a, width, b, start, c):  # type: ignore[no-untyped-def]
    narrow(0.0, rows, columns, depth, a, width, b, width, start, c, columns)


@pytest.mark.parametrize("depth", [0, 1, 3, SHALLOW])
@pytest.mark.parametrize("begun", ["zeros", "one row", "rows"])
def test_spread_is_a_product(depth: int, begun: str) -> None:
    draw = np.random.default_rng(0)
    rows, columns = 5, 24
    a, b = draw.standard_normal((rows, depth)), draw.standard_normal((depth, columns))
    packed = np.ascontiguousarray(b.reshape(depth, columns // 8, 8).transpose(1, 0, 2))
    start = draw.standard_normal((1 if begun == "one row" else rows, columns))
    c = np.full((rows, columns), np.nan)
    place = 0 if begun == "zeros" else start.ctypes.data
    start_row = columns if begun == "rows" else 0
    call_spread(
        rows, columns, depth, a.ctypes.data, packed.ctypes.data, place, start_row, c.ctypes.data
    )
    np.testing.assert_allclose(c, a @ b + (start if place else 0), atol=EXACT)


@pytest.mark.parametrize("depth", [1, 7, 8, 9, 24])
def test_narrow_is_a_product_whatever_stands_behind_its_rows(depth: int) -> None:
    draw = np.random.default_rng(0)
    width = math.ceil(depth / 8) * 8
    a, b = draw.standard_normal((5, width)), draw.standard_normal((NARROW, width))
    a[:, depth:], b[:, depth:] = np.nan, 0
    start, c = draw.standard_normal(NARROW), np.full((5, NARROW), np.nan)
    call_narrow(
        5, NARROW, depth, a.ctypes.data, width, b.ctypes.data, start.ctypes.data, c.ctypes.data
    )
    np.testing.assert_allclose(c, a[:, :depth] @ b[:, :depth].T + start, atol=EXACT)


@pytest.mark.parametrize("recurrence", ["output", "both"])
@pytest.mark.parametrize("inputs", [0, 2])
@pytest.mark.parametrize(("outputs", "lags"), [(1, 1), (NARROW, 2), (NARROW + 1, 2), (3, 3)])
def test_a_closed_loop_of_any_width(outputs: int, lags: int, inputs: int, recurrence: str) -> None:
    """Both sides of where tiles begin: in the outputs, and in what is fed back."""
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(
        inputs, 11, fr.heads.Point(outputs), recurrence=recurrence, output_lags=lags, residual=True
    ).double()
    x = torch.randn(3, 30, inputs).double() if inputs else None
    state = net.initial_state(3).map(torch.randn_like)
    found = fr.run(net, 30, inputs=x, state=state)
    with disabled():
        wanted = fr.run(net, 30, inputs=x, state=state)
    torch.testing.assert_close(found.y, wanted.y, rtol=1e-10, atol=1e-10)
    for ours, theirs in zip(
        found.state.tensors().values(), wanted.state.tensors().values(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
