"""Measures of an attractor: by hand where that is short, and on systems where they are known."""

import math
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.dynamics import spectrum_distance, state_space_divergence, valid_prediction_time
from freerun.dynamics.spectra import _smoothed


@cache
def lorenz(seed: int, steps: int = 20_000) -> Tensor:
    return fr.datasets.lorenz63(steps, seed=seed)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


# --- where a path goes ----------------------------------------------------------------------------


def dense(truth: Tensor, generated: Tensor, bins: int) -> float:
    """D_stsp as it is defined, over every bin of two variables."""
    edges = []
    for values in truth.T:
        margin = 0.1 * float(values.std(correction=0))
        edges.append((float(values.min()) - margin, float(values.max()) + margin))
    shares = []
    for points in (truth, generated):
        counts = torch.full((bins, bins), 1e-5, dtype=torch.float64)
        for point in points.tolist():
            cell = [
                int((v - lo) / (hi - lo) * bins) for v, (lo, hi) in zip(point, edges, strict=True)
            ]
            inside = all(lo <= v <= hi for v, (lo, hi) in zip(point, edges, strict=True))
            if inside:
                counts[cell[0], cell[1]] += 1
        shares.append(counts / (len(points) + 1e-5 * bins**2))
    return float((shares[0] * (shares[0] / shares[1]).log()).sum())


def test_bins_are_as_defined() -> None:
    truth, generated = drawn(200, 2), 1.5 * drawn(300, 2, seed=1) + 0.3
    found = state_space_divergence(truth, generated, bins=7)
    assert found == pytest.approx(dense(truth, generated, 7), rel=1e-10)


def test_the_truth_is_no_distance_from_itself() -> None:
    assert state_space_divergence(lorenz(0), lorenz(0)) == 0
    assert state_space_divergence(lorenz(0), lorenz(0).flip(0)) == pytest.approx(0, abs=1e-12)


def test_of_another_path_it_is_small_and_of_a_shifted_one_large() -> None:
    long = lorenz(0, 100_000), lorenz(1, 100_000)
    assert 0 < state_space_divergence(*long) < 0.15
    assert state_space_divergence(long[0], long[1] + 5) > 5
    # Few points leave bins empty that the other visits: then it is not small.
    assert 0.1 < state_space_divergence(lorenz(0), lorenz(1)) < 0.7


def test_what_leaves_or_is_not_finite_costs() -> None:
    truth = lorenz(0)
    worst = state_space_divergence(truth, truth + 1e6)
    assert worst > 10
    assert state_space_divergence(truth, truth * math.nan) == pytest.approx(worst, rel=1e-6)
    half = torch.cat([truth, truth * math.inf])
    assert state_space_divergence(truth, half) == pytest.approx(math.log(2), abs=1e-3)


def test_many_variables_are_compared_as_mixtures() -> None:
    truth, other = (fr.datasets.lorenz96(5000, size=6, seed=seed) for seed in (0, 1))
    assert state_space_divergence(truth, truth) == 0
    near, far = state_space_divergence(truth, other), state_space_divergence(truth, other + 4)
    assert abs(near) < 0.1
    assert far > 10 * abs(near)
    assert state_space_divergence(truth, truth * math.nan) == math.inf
    lost = torch.cat([truth, truth * math.nan])
    assert state_space_divergence(truth, lost) == pytest.approx(math.log(2), abs=1e-9)


def test_a_mixture_of_one_gaussian_has_a_known_divergence() -> None:
    """Between N(0, s^2) and N(m, s^2) it is m^2 / 2 s^2; both clouds are points here."""
    truth = torch.tensor([[1.0], [-1.0]]).double().repeat(50, 1) * 1e-9
    generated = truth + 2e-9
    found = state_space_divergence(truth, generated, method="mixture", scale=10.0)
    # 2 standard deviations of the truth apart, at a width of 10; 2000 draws give it to 1/10.
    assert found == pytest.approx(2**2 / (2 * 10**2), rel=0.25)


# --- at which frequencies it moves ----------------------------------------------------------------


def test_hellinger_by_hand() -> None:
    """Two pure frequencies share nothing; a half-half mixture and one of them share 1/sqrt(2)."""
    t = torch.arange(64).double()
    slow, fast = torch.sin(2 * math.pi * 4 * t / 64), torch.sin(2 * math.pi * 9 * t / 64)
    assert spectrum_distance(slow, fast, smoothing=0) == pytest.approx(1, abs=1e-9)
    expected = math.sqrt(1 - math.sqrt(0.5))
    assert spectrum_distance(slow, slow + fast, smoothing=0) == pytest.approx(expected, abs=1e-9)
    assert spectrum_distance(slow, 5 - 3 * slow.roll(7), smoothing=0) < 1e-6


def test_smoothing_is_a_gaussian_mirrored_at_the_ends() -> None:
    values = torch.zeros(50, 2).double()
    values[20, 0], values[1, 1] = 1.0, 1.0
    found = _smoothed(values, 2.0)
    weights = (-0.5 * (torch.arange(-8, 9).double() / 2).square()).exp()
    weights /= weights.sum()
    torch.testing.assert_close(found[12:29, 0], weights)
    torch.testing.assert_close(found.sum(0), torch.ones(2).double())
    # At 0 it gets what lies 1 away, and what lies 2 away behind the mirror.
    assert float(found[0, 1]) == pytest.approx(float(weights[7] + weights[6]))
    wide = _smoothed(drawn(10, 1).abs(), 20.0)
    assert wide.shape == (10, 1)


def test_of_two_seeds_it_is_small_and_of_a_sine_large() -> None:
    truth = lorenz(0)
    t = torch.arange(20_000.0)[:, None].double()
    assert spectrum_distance(truth, truth) < 1e-7
    assert spectrum_distance(truth, lorenz(1)) < 0.12
    assert spectrum_distance(truth, torch.sin(0.08 * t).expand(-1, 3)) > 0.5
    assert spectrum_distance(truth[:10_000], lorenz(1)[::2]) > 0.3


def test_what_stands_still_or_diverges_is_farthest() -> None:
    truth = lorenz(0)[:500]
    assert spectrum_distance(truth, torch.full_like(truth, 0.1)) == 1
    broken = truth.clone()
    broken[400, 1] = math.inf
    assert spectrum_distance(truth, broken) == pytest.approx(1 / 3, abs=1e-6)


def test_series_of_several_lengths_are_cut_to_the_shortest() -> None:
    parts = [lorenz(0)[:600], lorenz(0)[600:1500]]
    found = spectrum_distance(parts, lorenz(1)[:700])
    same = spectrum_distance(torch.stack([parts[0], parts[1][:600]]), lorenz(1)[None, :600])
    assert found == pytest.approx(same, rel=1e-12)


# --- how long a forecast holds --------------------------------------------------------------------


def test_valid_prediction_time_by_hand() -> None:
    truth = torch.tensor([1.0, -1.0]).double().repeat(10)[:, None].repeat(1, 2)
    error = torch.zeros(20, 2).double()
    error[7] = torch.tensor([0.5, 0.2])  # sqrt((0.25 + 0.04) / 2) = 0.38
    error[12] = torch.tensor([0.5, 0.3])  # sqrt((0.25 + 0.09) / 2) = 0.41
    assert float(valid_prediction_time(truth, truth + error)) == 12
    assert float(valid_prediction_time(truth, truth + error, threshold=0.3)) == 7
    assert float(valid_prediction_time(truth, truth + error, exponent=0.25)) == 3
    assert float(valid_prediction_time(truth, truth + error, scale=[0.5, 0.5])) == 7
    assert float(valid_prediction_time(truth, truth)) == 20
    error[3, 0] = math.nan
    batch = torch.stack([truth + error, truth, truth + 1])
    assert valid_prediction_time(truth.expand(3, -1, -1), batch).tolist() == [3, 20, 0]
    assert float(valid_prediction_time(truth[:, 0], truth[:, 0] + error[:, 0])) == 3


def test_of_a_perfect_model_started_beside_the_truth() -> None:
    """An error of 1e-6 grows e-fold in a Lyapunov time: ln(0.4 / 1e-6) = 13 of them, roughly."""
    truth = lorenz(0)[:3000]
    other = fr.datasets.lorenz63(3000, washout=0, initial=truth[0] + 8e-6)
    assert 8 < float(valid_prediction_time(truth, other, exponent=0.00906)) < 19


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", [state_space_divergence, spectrum_distance])
def test_a_pair_that_does_not_fit_is_refused(measure: Any) -> None:
    name = measure.__name__
    with pytest.raises(
        fr.ArgumentError, match=rf"{name}: truth and generated must have the same v"
    ):
        measure(drawn(50, 2), drawn(50, 3))
    with pytest.raises(fr.DataError, match=rf"{name}: truth must be finite"):
        measure(drawn(50, 2) * math.nan, drawn(50, 2))
    with pytest.raises(fr.DataError, match=rf"{name}: every variable must vary"):
        measure(torch.ones(50, 2), drawn(50, 2))
    with pytest.raises(fr.ArgumentError, match=rf"{name}: generated must be \(time,\) or"):
        measure(drawn(50, 2), drawn(2, 2, 50, 2))


def test_wrong_numbers_are_refused() -> None:
    with pytest.raises(fr.ArgumentError, match=r"bins must be a whole number of 2 or more, got 1"):
        state_space_divergence(drawn(50), drawn(50), bins=1)
    with pytest.raises(fr.ArgumentError, match=r"scale must be above 0, got 0"):
        state_space_divergence(drawn(50), drawn(50), scale=0)
    with pytest.raises(
        fr.ArgumentError, match=r"method must be one of 'auto', 'bins', 'mixture', got"
    ):
        state_space_divergence(drawn(50), drawn(50), method="gmm")
    with pytest.raises(fr.DataError, match=r"spectrum_distance: 16 steps are needed, got 10"):
        spectrum_distance(drawn(10), drawn(50))
    with pytest.raises(
        fr.ArgumentError, match=r"must have the same shape, got \(5, 2\) and \(4, 2"
    ):
        valid_prediction_time(drawn(5, 2), drawn(4, 2))
    with pytest.raises(fr.ArgumentError, match=r"threshold must be above 0, got 0"):
        valid_prediction_time(drawn(5), drawn(5), threshold=0)
    with pytest.raises(fr.ArgumentError, match=r"exponent must be above 0, got -0.1"):
        valid_prediction_time(drawn(5), drawn(5), exponent=-0.1)
    with pytest.raises(fr.ArgumentError, match=r"scale must be \(2,\), above 0, got 0.0"):
        valid_prediction_time(drawn(5, 2), drawn(5, 2), scale=0.0)
    with pytest.raises(fr.ArgumentError, match=r"truth must be finite"):
        valid_prediction_time(drawn(5) * math.inf, drawn(5))
