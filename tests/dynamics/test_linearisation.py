"""Jacobians along a path against autograd through the whole unroll, and what is made of them."""

import math
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.cells import CELLS
from freerun.dynamics import jacobian_norms, jacobians, mean_growth, spectral_radius
from freerun.dynamics.linearisation import rowwise_jacobian
from freerun.state import State

NETWORKS: list[dict[str, Any]] = [
    *({"cell": cell, "recurrence": "both", "num_layers": 2} for cell in CELLS),
    {"cell": "gru", "recurrence": "both", "output_lags": 3, "input_lags": 2, "residual": True},
    {"cell": "relu", "recurrence": "output", "output_lags": 2, "residual": True},
    {"cell": "lstm", "recurrence": "output", "num_layers": 2, "input_lags": 1},
    {"cell": "lstm", "recurrence": "hidden"},
    {"cell": "tanh", "recurrence": "hidden", "input_lags": 1},
    {"cell": "gru", "recurrence": "hidden", "num_layers": 2, "readout": "last"},
    {"cell": "tanh", "recurrence": "both", "head": fr.heads.Categorical(3)},
    {"cell": "tanh", "recurrence": "output", "head": fr.heads.GaussianMixture(2, 3)},
    {"cell": "tanh", "recurrence": "output", "head": fr.heads.Poisson(2)},
    {"cell": "tanh", "recurrence": "both", "input_size": 0, "dropout": 0.5},
]


def network(**options: Any) -> fr.RecurrentNetwork:
    torch.manual_seed(0)
    head = options.pop("head", fr.heads.Gaussian(2))
    net = fr.RecurrentNetwork(options.pop("input_size", 2), 4, head, **options).double()
    torch.nn.init.normal_(net.output.weight, std=0.5)  # a residual network starts from zeros
    return net


def start(net: fr.RecurrentNetwork, batch: int = 3, steps: int = 5) -> tuple[Tensor | None, State]:
    g = torch.Generator().manual_seed(1)

    def draw(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=g, dtype=torch.float64) * 0.5

    x = torch.randn(batch, steps, net.input_size, generator=g, dtype=torch.float64)
    return x if net.input_size else None, net.initial_state(batch).map(draw)


def vector(state: State) -> Tensor:
    """The state as the documentation orders it: ``State.tensors()``, but for the inputs."""
    named = state.tensors()
    return torch.cat([part.flatten(1) for name, part in named.items() if name != "inputs"], 1)


def through_the_unroll(net: fr.RecurrentNetwork, x: Tensor | None, state: State, n: int) -> Tensor:
    """d state(n) / d state(0), row by row, by autograd through one unroll of n steps."""
    state = state.map(lambda part: part.clone().requires_grad_())
    after = vector(net(x, state=state, steps=n, noise=fr.Noise()).state)
    parts = [part for name, part in state.tensors().items() if name != "inputs"]
    rows = []
    for column in after.sum(0):
        filled = torch.autograd.grad(
            column, parts, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        rows.append(torch.cat([one.flatten(1) for one in filled], 1))
    return torch.stack(rows, 1)


@pytest.mark.parametrize("options", NETWORKS, ids=str)
@pytest.mark.parametrize("on_kernels", [True, False], ids=["kernels", "reference"])
def test_their_product_is_the_gradient_of_the_whole_path(
    options: dict[str, Any], on_kernels: bool
) -> None:
    net = network(**options)
    x, state = start(net)
    with fr.kernels.disabled():
        expected = through_the_unroll(net.eval(), x, state, 5)
    with nullcontext() if on_kernels else fr.kernels.disabled():
        found = jacobians(net.train(), x, state=state, steps=5)
    product = found[:, 0]
    for matrix in found.unbind(1)[1:]:
        product = matrix @ product
    # Rounding of some hundred float64 operations.
    torch.testing.assert_close(product, expected, atol=1e-12, rtol=1e-10)
    assert not found.requires_grad
    assert all(parameter.grad is None for parameter in net.parameters())


@pytest.mark.parametrize(
    "options", [one for one in NETWORKS if one["recurrence"] != "hidden"], ids=str
)
def test_along_the_truth_each_step_is_one_of_the_closed_loop(options: dict[str, Any]) -> None:
    net = network(**options)
    x, state = start(net)
    if net.head.outputs is None:
        y = torch.randint(3, (3, 5), generator=torch.Generator().manual_seed(2))
    else:
        y = torch.rand(3, 5, 2, generator=torch.Generator().manual_seed(2)).double()
        y = y.round() if isinstance(net.head, fr.heads.Poisson) else y
    found = jacobians(net, x, y, state=state)
    net.eval()
    for t in range(5):
        seen, told = None if x is None else x[:, t : t + 1], y[:, t : t + 1]
        expected = through_the_unroll(net, seen, state, 1)
        torch.testing.assert_close(found[:, t], expected, atol=1e-12, rtol=1e-10)
        state = net(seen, told, state=state).state.detach()


def test_what_is_missing_of_the_truth_is_the_networks_own_mean() -> None:
    net = network(recurrence="both")
    x, state = start(net)
    free = jacobians(net, x, state=state)
    nothing = torch.zeros(3, 5, dtype=torch.bool)
    y = torch.full((3, 5, 2), math.nan).double()
    torch.testing.assert_close(jacobians(net, x, y, state, mask=nothing), free)


@pytest.mark.parametrize(
    "options", [{"recurrence": "both"}, {"cell": "lstm", "recurrence": "both"}]
)
def test_behind_its_length_a_sequence_keeps_its_state(options: dict[str, Any]) -> None:
    net = network(**options)
    x, state = start(net)
    assert x is not None
    y = torch.randn(3, 5, 2, generator=torch.Generator().manual_seed(2)).double()
    lengths = torch.tensor([5, 2, 0])
    padded_x, padded_y = x.clone(), y.clone()
    for row, length in enumerate(lengths):
        padded_x[row, length:], padded_y[row, length:] = math.nan, math.nan
    whole = jacobians(net, x, y, state)
    size = whole.shape[-1]
    found = jacobians(net, padded_x, padded_y, state, lengths=lengths)
    for row, length in enumerate(lengths):
        assert torch.equal(found[row, :length], whole[row, :length])
        assert torch.equal(
            found[row, length:], torch.eye(size).double().expand(5 - length, size, size)
        )
    growth = mean_growth(found, lengths)
    assert growth[1] == pytest.approx(float(mean_growth(whole[1:2, :2])), rel=1e-12)
    assert growth[2] == 1


def test_memory_is_bounded_by_taking_rows_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(recurrence="both", input_lags=1)
    x, state = start(net)
    whole = jacobians(net, x, state=state)
    pieces = []

    def step_of_a_piece(step: Any, rows: Tensor) -> Tensor:
        pieces.append(len(rows))
        return rowwise_jacobian(step, rows)

    where = "freerun.dynamics.linearisation"
    monkeypatch.setattr(f"{where}.fitting", lambda *_: 4)
    monkeypatch.setattr(f"{where}.rowwise_jacobian", step_of_a_piece)
    torch.testing.assert_close(jacobians(net, x, state=state), whole, atol=1e-14, rtol=0)
    assert pieces == [4, 4, 4, 3]


def test_the_network_is_left_as_it_is() -> None:
    net = network(recurrence="both", dropout=0.5).train()
    x, state = start(net)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    drawn = torch.get_rng_state()
    jacobians(net, x, state=state)
    assert net.training
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_growth_is_the_norm_of_the_product() -> None:
    g = torch.Generator().manual_seed(0)
    matrices = torch.randn(2, 7, 3, 3, generator=g).double()
    product = torch.eye(3).double()
    for matrix in matrices[1]:
        product = matrix @ product
    expected = float(torch.linalg.matrix_norm(product, 2)) ** (1 / 7)
    assert float(mean_growth(matrices)[1]) == pytest.approx(expected, rel=1e-12)


def test_growth_neither_overflows_nor_underflows() -> None:
    many = torch.eye(2).repeat(1, 3000, 1, 1) * torch.tensor([1e3, 1e-3])[:, None, None, None]
    torch.testing.assert_close(mean_growth(many), torch.tensor([1e3, 1e-3]).double())
    assert mean_growth(torch.zeros(1, 5, 2, 2)).tolist() == [0.0]


def test_norm_and_radius_of_a_matrix_that_is_not_normal() -> None:
    shear = torch.tensor([[0.5, 10.0], [0.0, -0.8]]).expand(1, 2, 2, 2)
    assert spectral_radius(shear)[0].tolist() == pytest.approx([0.8, 0.8], rel=1e-6)
    largest = torch.linalg.svdvals(shear[0, 0].double())[0]
    assert jacobian_norms(shear)[0].tolist() == pytest.approx([float(largest)] * 2)


def test_what_does_not_fit_is_refused() -> None:
    two_way = fr.RecurrentNetwork(1, 3, fr.heads.Point(1), bidirectional=True)
    with pytest.raises(fr.ArgumentError, match=r"jacobians: a network must run forward in time, "):
        jacobians(two_way, torch.zeros(1, 4, 1))
    net = network(recurrence="both")
    with pytest.raises(fr.ArgumentError, match=r"jacobians: x must be \(batch, time, 2\), got"):
        jacobians(net, torch.zeros(1, 4, 3).double())
    with pytest.raises(fr.ArgumentError, match=r"jacobians: x and y must have the same batch"):
        jacobians(net, torch.zeros(1, 4, 2).double(), torch.zeros(1, 5, 2).double())
    with pytest.raises(fr.ArgumentError, match=r"mean_growth: jacobians must be \(batch, time, D"):
        mean_growth(torch.zeros(3, 2, 2))
    with pytest.raises(fr.ArgumentError, match=r"mean_growth: lengths must be \(1,\), got \(2,\)"):
        mean_growth(torch.zeros(1, 3, 2, 2), torch.tensor([1, 2]))


def test_a_path_that_diverges_is_refused() -> None:
    net = fr.RecurrentNetwork(0, 1, fr.heads.Point(1), cell="identity", recurrence="output")
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(1e10)
    state = State((), torch.ones(1, 1, 1))
    with pytest.raises(fr.NonFiniteError, match=r"path must stay finite, got one that does not at"):
        jacobians(net, state=state, steps=10)
