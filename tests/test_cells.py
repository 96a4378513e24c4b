"""Cells: their equations, parameters, initial values, and what a layer does with them."""

import math

import pytest
import torch
from torch import Tensor

from freerun.cells import CELLS, RecurrentLayer

INPUTS, HIDDEN, FED = 3, 4, 2


def layer(cell: str, fed_size: int = FED, recurrent: bool = True) -> RecurrentLayer:
    return RecurrentLayer(CELLS[cell], INPUTS, HIDDEN, fed_size, recurrent).double()


def update(
    cell: str, drive: list[float], recurrent: list[float], memory: list[float]
) -> list[float]:
    """One unit, one number a gate."""

    def row(values: list[float]) -> Tensor:
        return torch.tensor([values], dtype=torch.float64)

    parts = tuple(row([part]) for part in memory)
    return [part.item() for part in CELLS[cell].update(row(drive), row(recurrent), parts)]


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


@pytest.mark.parametrize("a", [-1.3, 0.4])
def test_simple_cells_by_hand(a: float) -> None:
    assert update("tanh", [a - 0.5], [0.5], [9.0]) == pytest.approx([math.tanh(a)])
    assert update("relu", [a - 0.5], [0.5], [9.0]) == pytest.approx([max(a, 0.0)])
    assert update("identity", [a - 0.5], [0.5], [9.0]) == pytest.approx([a])


def test_the_gru_by_hand() -> None:
    """Gates r, z, n; the reset gate is applied after the product with W (PyTorch's form)."""
    r, z = sigmoid(0.3 + 0.1), sigmoid(-0.6 + 0.2)
    n = math.tanh(0.9 + r * -0.7)
    found = update("gru", [0.3, -0.6, 0.9], [0.1, 0.2, -0.7], [0.5])
    assert found == pytest.approx([(1 - z) * n + z * 0.5])


def test_the_lstm_by_hand() -> None:
    """Gates i, f, g, o; memory h, c."""
    i, f, o = sigmoid(0.3 + 0.1), sigmoid(-0.6 + 0.2), sigmoid(0.2 - 0.3)
    g = math.tanh(0.9 - 0.7)
    c = f * 0.8 + i * g
    found = update("lstm", [0.3, -0.6, 0.9, 0.2], [0.1, 0.2, -0.7, -0.3], [0.5, 0.8])
    assert found == pytest.approx([o * math.tanh(c), c])


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_is_registered_under_its_own_name(name: str) -> None:
    assert CELLS[name].name == name


@pytest.mark.parametrize("name", CELLS)
def test_updates_are_elementwise_over_any_leading_axes(name: str) -> None:
    cell = CELLS[name]
    drive = torch.randn(5, 3, cell.gates * HIDDEN, dtype=torch.float64)
    recurrent = torch.randn_like(drive)
    memory = tuple(torch.randn(5, 3, HIDDEN, dtype=torch.float64) for _ in range(cell.memory))
    whole = cell.update(drive, recurrent, memory)
    assert len(whole) == cell.memory
    for row in range(5):
        one = cell.update(drive[row], recurrent[row], tuple(part[row] for part in memory))
        for part, wanted in zip(one, whole, strict=True):
            torch.testing.assert_close(part, wanted[row])


@pytest.mark.parametrize("name", CELLS)
def test_parameters_have_a_block_of_rows_for_every_gate(name: str) -> None:
    cell, rows = CELLS[name], CELLS[name].gates * HIDDEN
    shapes = {key: tuple(value.shape) for key, value in layer(name).named_parameters()}
    wanted = {
        "weight_ih": (rows, INPUTS),
        "weight_hh": (rows, HIDDEN),
        "weight_fh": (rows, FED),
        "bias_ih": (rows,),
    }
    if cell.recurrent_bias:
        wanted["bias_hh"] = (rows,)
    assert shapes == wanted
    bare = layer(name, 0, recurrent=False)
    assert {key for key, _ in bare.named_parameters()} == set(wanted) - {"weight_hh", "weight_fh"}


@pytest.mark.parametrize("name", CELLS)
def test_recurrent_weights_start_orthogonal_gate_by_gate(name: str) -> None:
    torch.manual_seed(0)
    weight = layer(name).weight_hh
    assert weight is not None
    for gate in weight.split(HIDDEN):
        # Initialised in float32.
        torch.testing.assert_close(gate @ gate.T, torch.eye(4).double(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", CELLS)
def test_other_weights_start_uniform_in_a_bound_that_counts_all_a_gate_reads(name: str) -> None:
    torch.manual_seed(0)
    wide = RecurrentLayer(CELLS[name], 100, 100, 56, True)
    bound = math.sqrt(6 / (100 + 56 + 100))
    assert wide.weight_fh is not None
    for weight in (wide.weight_ih, wide.weight_fh):
        assert weight.abs().max() <= bound
        # At least 5600 draws: the largest misses the bound by more than 1 % once in e^56 tries,
        assert weight.abs().max() > 0.99 * bound
        # and the variance, bound^2 / 3, is met within 10 %, some eight standard errors.
        assert weight.var().item() == pytest.approx(bound**2 / 3, rel=0.1)


@pytest.mark.parametrize("name", CELLS)
def test_biases_start_at_0_and_the_forget_gates_at_1(name: str) -> None:
    cell, one = CELLS[name], layer(name)
    wanted = torch.zeros(cell.gates, HIDDEN, dtype=torch.float64)
    if cell.forget_gate is not None:
        wanted[cell.forget_gate] = 1
    assert torch.equal(one.bias_ih.reshape(cell.gates, HIDDEN), wanted)
    if one.bias_hh is not None:
        assert not one.bias_hh.any()
    assert (CELLS["lstm"].forget_gate, CELLS["gru"].recurrent_bias) == (1, True)


@pytest.mark.parametrize("name", CELLS)
def test_drive_and_step_are_the_equation(name: str) -> None:
    torch.manual_seed(0)
    one = layer(name)
    with torch.no_grad():
        for parameter in one.parameters():
            parameter.normal_()
    x, f = torch.randn(5, INPUTS).double(), torch.randn(5, FED).double()
    assert one.weight_fh is not None
    assert one.weight_hh is not None
    drive = one.drive(x, f)
    wanted = x @ one.weight_ih.T + f @ one.weight_fh.T + one.bias_ih
    torch.testing.assert_close(drive, wanted)
    torch.testing.assert_close(one.drive(x, None), wanted - f @ one.weight_fh.T)
    memory = tuple(torch.randn(5, HIDDEN).double() for _ in range(one.cell.memory))
    recurrent = memory[0] @ one.weight_hh.T
    if one.bias_hh is not None:
        recurrent = recurrent + one.bias_hh
    for part, expected in zip(
        one.step(drive, memory), one.cell.update(drive, recurrent, memory), strict=True
    ):
        torch.testing.assert_close(part, expected)


@pytest.mark.parametrize("name", CELLS)
def test_a_step_without_past_is_a_step_from_zeros(name: str) -> None:
    torch.manual_seed(0)
    one = layer(name)
    with torch.no_grad():
        for parameter in one.parameters():
            parameter.normal_()
    drive = torch.randn(5, 3, one.cell.gates * HIDDEN, dtype=torch.float64)
    found = one.step_without_past(drive)
    wanted = one.step(drive, one.zeros(5, 3))
    for part, expected in zip(found, wanted, strict=True):
        torch.testing.assert_close(part, expected)


def test_gates_without_past_are_those_of_the_design() -> None:
    """GRU: h = (1 - z) n; LSTM: c = i g, h = o tanh c."""
    gru, lstm = layer("gru", 0, False), layer("lstm", 0, False)
    with torch.no_grad():
        for one in (gru, lstm):
            for parameter in one.parameters():
                parameter.normal_()
    drive = torch.randn(2, 3 * HIDDEN, dtype=torch.float64)
    assert gru.bias_hh is not None
    r, z, n = drive.chunk(3, -1)
    b_r, b_z, b_n = gru.bias_hh.chunk(3)
    z = torch.sigmoid(z + b_z)
    n = torch.tanh(n + torch.sigmoid(r + b_r) * b_n)
    torch.testing.assert_close(gru.step_without_past(drive)[0], (1 - z) * n)
    drive = torch.randn(2, 4 * HIDDEN, dtype=torch.float64)
    i, _, g, o = drive.chunk(4, -1)
    c = torch.sigmoid(i) * torch.tanh(g)
    h, found = lstm.step_without_past(drive)
    torch.testing.assert_close(found, c)
    torch.testing.assert_close(h, torch.sigmoid(o) * torch.tanh(c))


def test_a_layer_says_what_it_is() -> None:
    assert repr(layer("gru", 0)) == "RecurrentLayer(gru, hidden_size=4, weight_ih, weight_hh)"
