"""Lyapunov spectra of networks whose exponents are known, and of systems whose are published."""

import cmath
import math
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.data.equations import lorenz63_field, lorenz96_field
from freerun.dynamics import LyapunovSpectrum, jacobians, lyapunov_spectrum, system_spectrum
from freerun.dynamics import lyapunov as module
from freerun.dynamics.exponents import spectrum_of
from freerun.dynamics.linearisation import rowwise_jacobian
from freerun.state import State


def linear(matrix: Tensor, recurrence: str = "output") -> fr.RecurrentNetwork:
    """f(t) = M f(t-1), or h(t) = M h(t-1), exactly."""
    size = len(matrix)
    inputs = 0 if recurrence == "output" else 1
    net = fr.RecurrentNetwork(inputs, size, fr.heads.Point(size), "identity", recurrence).double()
    first = net.layers[0]
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        if recurrence == "output":
            assert first.weight_fh is not None
            first.weight_fh.copy_(matrix)
            net.output.weight.copy_(torch.eye(size))
        else:
            assert first.weight_hh is not None
            first.weight_hh.copy_(matrix)
    return net


def turned(values: list[float]) -> Tensor:
    """A matrix that is not normal, with these eigenvalues."""
    g = torch.Generator().manual_seed(0)
    basis = torch.randn(len(values), len(values), generator=g).double()
    return basis @ torch.diag(torch.tensor(values).double()) @ basis.inverse()


@pytest.mark.parametrize("recurrence", ["output", "hidden"])
def test_of_a_linear_network_they_are_the_logs_of_its_eigenvalues(recurrence: str) -> None:
    values = [1.05, -0.9, 0.6, 0.2]
    inputs = None if recurrence == "output" else torch.zeros(600, 1)
    found = lyapunov_spectrum(linear(turned(values), recurrence), 400, inputs=inputs)
    expected = torch.tensor(values).double().abs().log()
    # What is left of the start decays as (0.9 / 1.05)^200.
    torch.testing.assert_close(found.exponents, expected, atol=1e-10, rtol=0)
    assert found.unit == "step"
    two = lyapunov_spectrum(linear(turned(values), recurrence), 400, inputs=inputs, count=2)
    torch.testing.assert_close(two.exponents, expected[:2], atol=1e-10, rtol=0)
    assert two.size == 4


def test_axes_that_never_mix_are_found_in_order() -> None:
    found = lyapunov_spectrum(linear(torch.diag(torch.tensor([0.1, 0.5])).double()), 50, count=1)
    assert found.largest == pytest.approx(math.log(0.5), abs=1e-9)


@pytest.mark.parametrize("cell", ["identity", "relu"])
def test_of_an_orthogonal_network_they_are_0(cell: str) -> None:
    """The identity cell always; ReLU too where nothing falls below 0: a permutation of what is."""
    matrix = torch.eye(5).roll(1, 0).double()
    net = linear(matrix, "hidden")
    if cell == "relu":
        net = fr.RecurrentNetwork(1, 5, fr.heads.Point(1), "relu").double()
        with torch.no_grad():
            assert net.layers[0].weight_hh is not None
            net.layers[0].weight_hh.copy_(matrix)
            net.layers[0].bias_ih.zero_()
    state = State(((torch.arange(1.0, 6).double()[None],),))
    found = lyapunov_spectrum(net, 100, inputs=torch.zeros(300, 1), state=state)
    torch.testing.assert_close(found.exponents, torch.zeros(5).double(), atol=1e-12, rtol=0)
    assert found.dimension == 5


def test_a_step_that_forgets_all_has_minus_infinity() -> None:
    found = lyapunov_spectrum(linear(torch.zeros(2, 2).double()), 5, washout=0)
    assert found.exponents.tolist() == [-math.inf, -math.inf]
    assert found.dimension == 0
    assert found.lyapunov_time == math.inf


def test_pieces_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(1, 4, fr.heads.Point(2), "lstm", "both", input_lags=2).double()
    data = torch.randn(2, 30, 1).double(), torch.randn(2, 30, 2).double()
    inputs = torch.randn(2, 25, 1).double()
    whole = lyapunov_spectrum(net, 20, data, inputs, washout=5)
    monkeypatch.setattr(module, "NUMBERS", 1000)  # 5 steps at a time
    parts = lyapunov_spectrum(net, 20, data, inputs, washout=5)
    torch.testing.assert_close(parts.running, whole.running, atol=1e-12, rtol=0)
    assert whole.by_sequence.shape == (2, 10)
    torch.testing.assert_close(whole.by_sequence.mean(0), whole.exponents)
    torch.testing.assert_close(whole.running[-1], whole.exponents)


def test_it_starts_where_the_warm_up_ends_in_the_users_units() -> None:
    """The sum of all exponents is the mean of log |det J| along the very path of ``fr.run``."""
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(0, 8, fr.heads.Point(2), recurrence="output").double()
    net.scaling = fr.Scaling(None, None, *torch.tensor([[3.0, 1.0], [2.0, 0.5]]).double())
    seen = torch.randn(1, 5, 2).double()
    found = lyapunov_spectrum(net, 12, (None, seen), washout=0)
    start = fr.run(net, 12, (None, seen)).y
    before = torch.cat([seen[:, -1:], start[:, :-1]], 1)
    matrices = jacobians(
        net, None, net.scaling.scale_y(start), State((), net.scaling.scale_y(seen[:, -1:]))
    )
    assert len(before[0]) == 12
    expected = torch.linalg.det(matrices).abs().log().mean()
    assert found.sum == pytest.approx(float(expected), abs=1e-10)


# --- systems --------------------------------------------------------------------------------------


def test_lorenz63_has_the_published_spectrum() -> None:
    """0.9056, 0, -14.5723 (Sprott 2003). Over 200 units of time each varies by 0.008."""
    found = system_spectrum("lorenz63", 20_000)
    assert found.exponents.tolist() == pytest.approx([0.906, 0.0, -14.572], abs=0.03)
    # The divergence is constant; RK4 at h = 0.01 is off by 1e-4.
    assert found.sum == pytest.approx(-(10 + 1 + 8 / 3), abs=5e-4)
    assert found.dimension == pytest.approx(2.062, abs=0.005)
    assert found.lyapunov_time == pytest.approx(1 / 0.906, rel=0.03)


def test_they_are_per_unit_of_time_whatever_dt() -> None:
    coarse = system_spectrum("lorenz63", 4000, dt=0.05, substeps=5)
    assert coarse.largest == pytest.approx(0.906, abs=0.05)
    assert coarse.sum == pytest.approx(-(10 + 1 + 8 / 3), abs=5e-4)


def test_lorenz63_at_rest_has_its_eigenvalues() -> None:
    """rho < 1: all paths end at the origin, whose eigenvalues are known in closed form."""
    found = system_spectrum("lorenz63", 500, rho=0.5, washout=5000)
    root = math.sqrt(11**2 - 4 * 10 * (1 - 0.5))
    expected = sorted([(-11 + root) / 2, (-11 - root) / 2, -8 / 3], reverse=True)
    # RK4 at h = 0.01 is off by |lambda| (lambda h)^4 / 120.
    assert found.exponents.tolist() == pytest.approx(expected, abs=3e-5)


def test_lorenz96_has_the_published_spectrum() -> None:
    """40 places, F = 8: 1.68 (Lorenz and Emanuel 1998), and every place loses at rate 1."""
    found = system_spectrum("lorenz96", 1500)
    # 75 units of time; runs of that length vary by 0.06.
    assert found.largest == pytest.approx(1.68, abs=0.2)
    assert found.sum == pytest.approx(-40, abs=1e-3)
    assert found.dimension == pytest.approx(27.1, abs=1.0)


def test_mackey_glass_has_a_weak_chaos_and_a_flow() -> None:
    found = system_spectrum("mackey_glass", 5000)
    assert 0.004 < found.largest < 0.0075
    # The direction of the flow itself neither grows nor shrinks.
    assert abs(float(found.exponents[1])) < 4e-4
    assert found.exponents[2] < -0.02
    assert found.dimension == pytest.approx(2.1, abs=0.1)


def test_mackey_glass_at_rest_has_the_root_of_its_characteristic_equation() -> None:
    """n = 2: x = 1 is at rest, p'(1) = 0; all that is left is exp(-gamma t)."""
    found = system_spectrum("mackey_glass", 300, n=2.0, washout=3000, count=1)
    assert found.largest == pytest.approx(-0.1, abs=1e-6)


def test_mackey_glass_that_swings_to_rest_has_the_complex_root() -> None:
    """tau = 2: x = 1 is at rest, p'(1) = -0.4, and lambda = -0.4 exp(-2 lambda) - 0.1."""
    root = complex(-0.2, 0.6)
    for _ in range(50):
        value = root + 0.4 * cmath.exp(-2 * root) + 0.1
        root -= value / (1 - 0.8 * cmath.exp(-2 * root))
    found = system_spectrum("mackey_glass", 4000, tau=2.0, washout=2000, count=2)
    # The pair turns as it shrinks; only its mean is the same at every time, from the first on.
    assert found.sum / 2 == pytest.approx(root.real, abs=1e-6)


def test_mackey_glass_by_hand_with_the_shortest_delay() -> None:
    """tau = h: x(t - tau + h) is x(t), and what its slope there was is that at t."""
    found = system_spectrum("mackey_glass", 200, tau=1.0, substeps=1, count=3, n=1.0)
    # dx/dt = 0.2 x(t-1) / (1 + x(t-1)) - 0.1 x rests at 1, where p' = 0.05 and
    # lambda = 0.05 exp(-lambda) - 0.1 has the root -0.0477.
    root = -0.0477
    for _ in range(50):
        root = 0.05 * math.exp(-root) - 0.1
    assert found.largest == pytest.approx(root, abs=2e-5)


def test_fields_are_differentiated_rightly() -> None:
    """Lorenz-63's Jacobian in closed form; Lorenz-96's by its definition, place by place."""
    states = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).double()

    def field(states: Tensor) -> Tensor:
        x, y, z = states.unbind(-1)
        return torch.stack(lorenz63_field(x, y, z, 10.0, 28.0, 2.0), -1)

    x, y, z = states[1].tolist()
    expected = torch.tensor([[-10, 10, 0], [28 - z, -1, -x], [y, x, -2]]).double()
    torch.testing.assert_close(rowwise_jacobian(field, states)[1], expected)
    places = torch.arange(5.0).double()
    ring = rowwise_jacobian(lorenz96_field(5, 8.0), places[None])[0]
    # dx_2/dt = (x_3 - x_0) x_1 - x_2 + F
    assert ring[2].tolist() == [-1.0, 3.0, -1.0, 1.0, 0.0]


# --- the result -----------------------------------------------------------------------------------


def made(exponents: list[float], size: int | None = None) -> LyapunovSpectrum:
    logs = torch.tensor(exponents).double().expand(2, 3, len(exponents))
    return spectrum_of(logs, "step", size or len(exponents))


@pytest.mark.parametrize(
    ("exponents", "size", "expected"),
    [
        ([0.5, 0.0, -2.0], 3, 2.25),
        ([-0.1, -0.5], 2, 0.0),
        ([0.1, -0.05], 2, 2.0),
        ([0.1, -0.05], 3, None),
        ([0.5, -math.inf], 2, 1.0),
    ],
)
def test_kaplan_and_yorkes_dimension(
    exponents: list[float], size: int, expected: float | None
) -> None:
    found = made(exponents, size).dimension
    assert found == (None if expected is None else pytest.approx(expected))


def test_it_plots_how_they_converge() -> None:
    spectrum = made([0.5, -0.5])
    axes = spectrum.plot()
    assert [len(line.get_xdata()) for line in axes.lines[:2]] == [3, 3]  # type: ignore[arg-type]
    assert axes.get_ylabel() == "exponent per step"
    assert repr(spectrum) == "LyapunovSpectrum(0.5, -0.5 per step; 2 in all)"
    assert spectrum.plot(axes) is axes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "lyapunov_spectrum: steps must be a whole number of 1 or more, got 0"),
        ({"count": 3}, "lyapunov_spectrum: count must be a whole number from 1 to 2, got 3"),
        ({"washout": -1}, "lyapunov_spectrum: washout must be a whole number of 0 or more"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    net = linear(torch.eye(2).double())
    with pytest.raises(fr.ArgumentError, match=message):
        lyapunov_spectrum(net, **arguments)


def test_what_has_no_spectrum_is_refused() -> None:
    two_way = fr.RecurrentNetwork(1, 3, fr.heads.Point(1), bidirectional=True)
    with pytest.raises(fr.ArgumentError, match=r"lyapunov_spectrum: a network must run forward"):
        lyapunov_spectrum(two_way)
    growing = linear(torch.eye(2).double() * 100)
    with pytest.raises(fr.NonFiniteError, match=r"lyapunov_spectrum: the path must stay finite"):
        lyapunov_spectrum(growing, 400, (None, torch.ones(3, 2)))
    with pytest.raises(fr.ArgumentError, match=r"system_spectrum: name must be one of 'lorenz63'"):
        system_spectrum("lorenz")
    with pytest.raises(fr.ArgumentError, match=r"parameters of lorenz63 are dt, sigma.* got size"):
        system_spectrum("lorenz63", 5, size=4)
    with pytest.raises(fr.ArgumentError, match=r"count must be a whole number from 1 to 3, got 4"):
        system_spectrum("lorenz63", 5, count=4)
    with pytest.raises(fr.ArgumentError, match=r"tau must be a whole number of dt / substeps"):
        system_spectrum("mackey_glass", 5, tau=17.05)
