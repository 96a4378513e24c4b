"""The largest exponent from data alone, on systems whose exponent is known."""

import math
from functools import cache

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.dynamics import largest_exponent
from freerun.dynamics.divergence import _neighbours
from freerun.dynamics.embedding import embed, read_series

LORENZ = 0.9056
"""Per unit of time (Sprott 2003)."""


@cache
def lorenz(dt: float, steps: int = 10_000) -> Tensor:
    return fr.datasets.lorenz63(steps, dt=dt, substeps=round(dt / 0.01))


def logistic(steps: int) -> Tensor:
    values = [0.3123]
    for _ in range(steps + 100):
        values.append(4 * values[-1] * (1 - values[-1]))
    return torch.tensor(values[-steps:], dtype=torch.float64)


def sine(steps: int = 4000, period: float = 20 * math.pi) -> Tensor:
    return torch.sin(torch.arange(steps).double() * 2 * math.pi / period)


@pytest.mark.parametrize("dt", [0.01, 0.05])
@pytest.mark.parametrize("variables", [1, 3])
def test_of_lorenz63(dt: float, variables: int) -> None:
    found = largest_exponent(lorenz(dt)[:, :variables])
    assert found.verdict == "growth"
    # Over six seeds it was 0.89 to 1.12 of it.
    assert found.exponent == pytest.approx(LORENZ * dt, rel=0.2)
    assert found.doubling_time == math.log(2) / found.exponent


def test_of_the_logistic_map() -> None:
    found = largest_exponent(logistic(5000))
    assert found.exponent == pytest.approx(math.log(2), rel=0.02)
    shortest = largest_exponent(logistic(1000))
    assert shortest.exponent == pytest.approx(math.log(2), rel=0.1)


def test_of_mackey_glass() -> None:
    found = largest_exponent(fr.datasets.mackey_glass(10_000))
    assert found.exponent == pytest.approx(0.0053, rel=0.35)


def test_units_do_not_matter_nor_does_the_form() -> None:
    path = lorenz(0.05)[:2000]
    found = largest_exponent(path)
    moved = largest_exponent(path * torch.tensor([1e3, 1.0, 1e-3]).double() + 5)
    assert moved.exponent == pytest.approx(found.exponent, rel=1e-9)
    halves = path.reshape(2, 1000, 3)
    apart = largest_exponent(halves)
    torch.testing.assert_close(largest_exponent([*halves.numpy()]).curve, apart.curve)
    assert apart.exponent == pytest.approx(LORENZ * 0.05, rel=0.3)


def test_windows_are_put_together_again() -> None:
    """Otherwise a step in two windows would be its own neighbour, and 30 steps too few."""
    path = lorenz(0.05)[:2000]
    whole = largest_exponent(path)
    for stride in (7, 30):
        data = fr.Sequences(None, path, dtype=torch.float64).windows(30, stride, drop_last=False)
        assert torch.equal(largest_exponent(data).curve, whole.curve)
    two = fr.Sequences(None, [path[:1200], path[1200:]], dtype=torch.float64)
    apart = largest_exponent([path[:1200], path[1200:]])
    assert torch.equal(largest_exponent(two.windows(50, 5)).curve, apart.curve)


def test_series_are_cut_where_a_target_is_missing() -> None:
    path = lorenz(0.05)[:2000].clone()
    path[900, 1] = math.nan
    data = fr.Sequences(None, path, missing="mask", dtype=torch.float64)
    parts = read_series("here", data)
    assert [len(part) for part in parts] == [900, 1099]
    assert torch.equal(parts[1], path[901:])
    classes = fr.Sequences(None, torch.arange(60) % 3)
    with pytest.raises(fr.ArgumentError, match=r"here: data must have a real-valued target per st"):
        read_series("here", classes)


@pytest.mark.parametrize(
    "series",
    [
        sine(),
        sine(period=50),
        sine(300),
        sine() + sine(period=20 * math.pi / math.sqrt(2)),
        torch.arange(600) % 2,
        sine() + 0.01 * torch.randn(4000, generator=torch.Generator().manual_seed(0)),
    ],
    ids=["sine", "whole-period", "short", "torus", "two-values", "noisy"],
)
def test_what_repeats_has_no_short_interval(series: Tensor) -> None:
    found = largest_exponent(series)
    assert found.verdict == "no growth"
    assert abs(found.exponent) < 1e-4
    assert found.doubling_time == math.inf


def test_of_noise_nothing_is_claimed() -> None:
    drawn = torch.randn(3000, generator=torch.Generator().manual_seed(0))
    for series in (drawn, drawn.cumsum(0)):
        found = largest_exponent(series)
        assert found.verdict == "too far"
        assert math.isnan(found.exponent)
        assert found.doubling_time == math.inf


def test_neighbours_in_time_are_no_neighbours() -> None:
    """Without a Theiler window a path's next step is its neighbour."""
    path = lorenz(0.01)[:3000]
    cloud = embed("here", [path[:1000], path[1000:]])
    for window, near in ((0, 2), (150, 160)):
        first, second, _ = _neighbours(cloud, window, 100)
        within = cloud.owner[first] == cloud.owner[second]
        assert within.any()
        assert not within.all()
        assert window < int((first - second)[within].abs().min()) < near
        assert int(cloud.left[torch.cat([first, second])].min()) >= 100


def test_an_embedding_puts_the_past_beside_the_present() -> None:
    series = read_series("here", [torch.arange(60.0), torch.arange(100.0, 130.0)])
    found = embed("here", series, dimension=3, delay=4)
    unit = torch.cat(series).std(correction=0)
    steps = (found.points * unit).diff(dim=1)
    torch.testing.assert_close(steps, torch.full((52 + 22, 2), -4.0).double())
    assert found.owner.bincount().tolist() == [52, 22]
    assert found.left[[0, 51, 52, 73]].tolist() == [51, 0, 21, 0]


def test_of_a_sine_the_period_and_the_delay_are_known() -> None:
    found = embed("here", [sine(6283).unsqueeze(1)])
    assert found.period == pytest.approx(20 * math.pi, rel=0.05)
    # cos(2 pi d / period) = 1 - 1/e at d = 8.9.
    assert found.delay == 9


def test_the_curve_and_its_line_are_drawn() -> None:
    found = largest_exponent(lorenz(0.05)[:2000])
    axes = found.plot()
    curve, _, line = axes.lines
    assert len(curve.get_xdata()) == len(found.curve)  # type: ignore[arg-type]
    drawn = torch.as_tensor(line.get_ydata())
    start, stop = found.fitted
    assert float(drawn[-1] - drawn[0]) / (stop - start) == pytest.approx(found.exponent)
    flat = largest_exponent(torch.randn(500, generator=torch.Generator().manual_seed(0)))
    assert len(flat.plot(axes).lines) == 5
    assert repr(flat) == "Divergence(nan per step, 'too far')"


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(fr.DataError, match=r"largest_exponent: every variable must vary, got a"):
        largest_exponent(torch.ones(500))
    with pytest.raises(fr.DataError, match=r"the longest series must have 54 steps, got 50"):
        largest_exponent(torch.randn(50), delay=1)
    with pytest.raises(fr.DataError, match=r"series must be finite, got NaN or infinity"):
        largest_exponent(torch.full((500,), math.nan))
    with pytest.raises(fr.ArgumentError, match=r"series must be \(time,\) or \(time, variables\)"):
        largest_exponent([torch.randn(500, 2), torch.randn(500, 3)])
    with pytest.raises(fr.ArgumentError, match=r"horizon must be a whole number from 2 to 250"):
        largest_exponent(torch.randn(500, 2), horizon=300)
