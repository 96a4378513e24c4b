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
from benchmarks.accuracy.series import SETS, Series, SeriesSet, load_series

__all__ = ["Row", "measure"]

LEVELS = (0.05, 0.5, 0.95)
"""The quantiles that are asked for: the ends of the 90 % interval, and its middle."""

Method = Callable[[list[Series], int, int], list[Forecast]]
"""From series, their season and the steps ahead to a forecast of each."""


@dataclass(frozen=True)
class Row:
    """How well one method forecasts one set.

    Attributes:
        name: The set.
        method: ``"freerun"``, or one of `BASELINES`.
        mase: Mean absolute error over the seasonal naive one's within the series, mean over
            horizon, series and origins; over seeds their mean.
        mase_spread: Standard deviation of that over the seeds; 0 of one.
        coverage: Share of the truth that lies within the 90 % intervals.
        coverage_spread: Standard deviation of that over the seeds.
        seconds: To fit and forecast the whole set, all origins; over seeds their mean.
    """

    name: str
    method: str
    mase: float
    mase_spread: float
    coverage: float
    coverage_spread: float
    seconds: float


class Measured(NamedTuple):
    """What one run of a method has on one set, as `Row` says it."""

    mase: float
    coverage: float
    seconds: float


def measure(seeds: Sequence[int], sets: Sequence[str] = SETS) -> list[Row]:
    """Measure every method on every set.

    Args:
        seeds: Of freerun's networks; the other methods draw nothing that matters.
        sets: Names out of `SETS`.

    Returns:
        For each set the baselines, then freerun.
    """
    rows = []
    for name in sets:
        data = load_series(name)
        for method, forecast in BASELINES.items():
            rows.append(_row(name, method, [_measured(data, _one_by_one(forecast))]))
        rows.append(_row(name, "freerun", [_measured(data, _freerun(seed)) for seed in seeds]))
    return rows


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


def _row(name: str, method: str, runs: Sequence[Measured]) -> Row:
    """The mean over the runs, and their spread."""
    mases, coverages, seconds = zip(*runs, strict=True)
    is_one = len(runs) == 1
    return Row(
        name,
        method,
        statistics.mean(mases),
        0.0 if is_one else statistics.stdev(mases),
        statistics.mean(coverages),
        0.0 if is_one else statistics.stdev(coverages),
        statistics.mean(seconds),
    )
