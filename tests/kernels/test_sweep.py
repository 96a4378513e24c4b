"""Steps through one value fed back, in one sweep: the same numbers as step by step."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from numba import njit

import freerun as fr
from freerun.heads import Head
from freerun.kernels import disabled
from freerun.kernels.equations.cells import sweep_tanh
from freerun.kernels.machine.thin import SHALLOW

EXACT: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-10}


@njit
def call_sweep(rows, units, depth, a, r, start, start_row, h, width, v, offset, o, f):  # type: ignore[no-untyped-def]
    sweep_tanh(
        0.0, rows, units, depth, a, depth, r, 8 * depth, start, start_row, h, width, v, offset,
        o, 2, f, 3,
    )  # fmt: skip


@pytest.mark.parametrize("depth", [1, 2, SHALLOW])
@pytest.mark.parametrize("units", [1, 7, 8, 9, 24])
@pytest.mark.parametrize("has_rows", [False, True])
def test_a_sweep_is_a_step_whatever_stands_behind_its_units(
    units: int, depth: int, has_rows: bool
) -> None:
    draw, rows = np.random.default_rng(0), 3
    width = math.ceil(units / 8) * 8
    a, r = draw.standard_normal((rows, depth)), draw.standard_normal((depth, width))
    start, v = draw.standard_normal((rows if has_rows else 1, width)), np.zeros(width)
    start[:, units:], v[:units] = np.nan, draw.standard_normal(units)
    packed = np.ascontiguousarray(r.reshape(depth, width // 8, 8).transpose(1, 0, 2))
    offset, h = np.array([0.5]), np.full((rows, width), np.nan)
    o, f = np.full((rows, 2), 7.0), np.full((rows, 3), 7.0)
    call_sweep(
        rows, units, depth, a.ctypes.data, packed.ctypes.data, start.ctypes.data,
        width if has_rows else 0, h.ctypes.data, width, v.ctypes.data, offset.ctypes.data,
        o.ctypes.data, f.ctypes.data,
    )  # fmt: skip
    wanted = np.tanh(start + a @ r)[:, :units]
    np.testing.assert_allclose(h[:, :units], wanted, atol=1e-12)
    np.testing.assert_allclose(o[:, 0], 0.5 + wanted @ v[:units], atol=1e-12)
    assert np.array_equal(f[:, 0], o[:, 0])
    assert (o[:, 1:] == 7).all()
    assert (f[:, 1:] == 7).all()


def network(
    cell: str, head: Head, lags: int, inputs: int = 2, hidden: int = 11, recurrence: str = "output"
) -> fr.RecurrentNetwork:
    torch.manual_seed(0)
    return fr.RecurrentNetwork(
        inputs, hidden, head, cell=cell, recurrence=recurrence, output_lags=lags
    ).double()


@pytest.mark.parametrize("head", [fr.heads.Point(1), fr.heads.Gaussian(1)], ids=str)
@pytest.mark.parametrize("lags", [1, 3, SHALLOW + 1])
@pytest.mark.parametrize("inputs", [0, 2])
@pytest.mark.parametrize("cell", ["tanh", "relu", "identity"])
@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_a_closed_loop(recurrence: str, cell: str, inputs: int, lags: int, head: Head) -> None:
    net = network(cell, head, lags, inputs, recurrence=recurrence)
    with torch.no_grad():
        for one in net.parameters():
            one.mul_(0.5)
    x = torch.randn(5, 20, inputs).double() if inputs else None
    state = net.initial_state(5).map(torch.randn_like)
    found = fr.run(net, 20, inputs=x, state=state)
    with disabled():
        wanted = fr.run(net, 20, inputs=x, state=state)
    torch.testing.assert_close(found.y, wanted.y, **EXACT)
    ours, theirs = found.state.tensors(), wanted.state.tensors()
    for name, part in theirs.items():
        torch.testing.assert_close(ours[name], part, **EXACT)


@pytest.mark.parametrize("hidden", [8, 11])
@pytest.mark.parametrize("head", [fr.heads.Point(1), fr.heads.Gaussian(1)], ids=str)
@pytest.mark.parametrize("cell", ["tanh", "relu"])
@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_training_through_it(recurrence: str, cell: str, head: Head, hidden: int) -> None:
    net = network(cell, head, 2, hidden=hidden, recurrence=recurrence)
    x, y = torch.randn(4, 9, 2).double(), torch.randn(4, 9, 1).double()
    found = []
    for path in (None, disabled()):
        net.zero_grad()
        if path is None:
            loss = net.backpropagate(x, y, fr.FreeRunning())
        else:
            with path:
                loss = net.backpropagate(x, y, fr.FreeRunning())
        found.append([loss, *(one.grad for one in net.parameters() if one.grad is not None)])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, **EXACT)


def test_what_is_infinite_is_squashed() -> None:
    """What the sum of a padded row would make of it does not come into o."""
    net = network("tanh", fr.heads.Point(1), 1, 0, hidden=3)
    state = net.initial_state(1).map(lambda part: torch.full_like(part, torch.inf))
    assert bool(fr.run(net, 3, state=state).y.isfinite().all())
