"""Forecasts beside seasonal naive, exponential smoothing and ARIMA: errors and 90 % intervals.

Every method is fitted anew at each origin, on what was observed up to there, and forecasts the
horizon once. Nothing is set but the season. Beside freerun's one network for all series of a set,
the others are fitted series by series.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

import freerun as fr
from benchmarks.accuracy.baselines import BASELINES, Forecast
from benchmarks.accuracy.series import Series, SeriesSet, load_series

__all__ = ["Runs", "measure"]

LEVELS = (0.05, 0.5, 0.95)
"""The quantiles that are asked for: the ends of the 90 % interval, and its middle."""

Method = Callable[[list[Series], int, int], list[Forecast]]
"""From series, their season and the steps ahead to a forecast of each."""


@dataclass(frozen=True)
class Runs:
    """How well one method forecasts one set: an entry for each seed, or one where none is drawn.

    Attributes:
        mase: Mean absolute error over the seasonal naive one's within the series, mean over
            horizon, series and origins.
        coverage: Share of the truth that lies within the 90 % intervals.
        seconds: To fit and forecast the whole set, all origins; mean over the seeds.
    """

    mase: list[float]
    coverage: list[float]
    seconds: float


class Measured(NamedTuple):
    """What one run of a method has on one set, as `Runs` says it."""

    mase: float
    coverage: float
    seconds: float


def measure(name: str, seeds: Sequence[int]) -> dict[str, Runs]:
    """Measure every method on a set.

    Args:
        name: One of `SETS`.
        seeds: Of freerun's networks; the other methods draw nothing that matters.

    Returns:
        By method, freerun first.
    """
    data = load_series(name)
    found = {"freerun": _runs([_measured(data, _freerun(seed)) for seed in seeds])}
    for method, forecast in BASELINES.items():
        found[method] = _runs([_measured(data, _one_by_one(forecast))])
    return found


def _freerun(seed: int) -> Method:
    """One network for all series, with nothing set but the season."""

    def forecasts(series: list[Series], season: int, steps: int) -> list[Forecast]:
        model = fr.Forecaster(season=season, random_state=seed).fit(series)
        points, bands = model.predict(steps), model.quantiles(steps, LEVELS)
        return [
            Forecast(np.asarray(point), np.asarray(band[0]), np.asarray(band[-1]))
            for point, band in zip(points, bands, strict=True)
        ]

    return forecasts


def _one_by_one(forecast: Callable[[Series, int, int], Forecast]) -> Method:
    """A method for one series, for many."""
    return lambda series, season, steps: [forecast(one, season, steps) for one in series]


def _measured(data: SeriesSet, method: Method) -> Measured:
    """Fit and forecast at every origin; origins and series count alike."""
    errors, inside, seconds = [], [], 0.0
    for origin in data.origins:
        past, ahead = data.cut(origin)
        began = time.perf_counter()
        forecasts = method(past, data.season, data.horizon)
        seconds += time.perf_counter() - began
        for seen, truth, found in zip(past, ahead, forecasts, strict=True):
            naive = np.abs(seen[data.season :] - seen[: -data.season]).mean()
            errors.append(float(np.abs(truth - found.point).mean() / naive))
            inside.append(float(((found.low <= truth) & (truth <= found.high)).mean()))
    return Measured(statistics.mean(errors), statistics.mean(inside), seconds)


def _runs(runs: Sequence[Measured]) -> Runs:
    mases, coverages, seconds = zip(*runs, strict=True)
    return Runs(list(mases), list(coverages), statistics.mean(seconds))
