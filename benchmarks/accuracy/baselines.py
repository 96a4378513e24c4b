"""What forecasters are measured beside: seasonal naive, exponential smoothing and ARIMA.

Each takes one series ``(time,)``, its season and the steps ahead, and returns the forecast
``(steps,)`` and the ends of its 90 % interval, both ``(steps,)``.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.statespace.sarimax import SARIMAX
from statsmodels.tsa.stattools import kpss

from benchmarks.accuracy.series import Series

__all__ = ["BASELINES", "Forecast", "arima", "exponential_smoothing", "seasonal_naive"]

LONGEST_SEASON = 24
"""A seasonal ARIMA of a longer season takes minutes; harmonics stand in for its season."""

HARMONICS = 3
"""Of the season, where it is longer than that."""

ETS_FORMS: tuple[dict[str, Any], ...] = (
    {"error": "add", "trend": None, "seasonal": "add"},
    {"error": "add", "trend": "add", "damped_trend": True, "seasonal": "add"},
    {"error": "mul", "trend": None, "seasonal": "mul"},
    {"error": "mul", "trend": "add", "damped_trend": True, "seasonal": "mul"},
    {"error": "add", "trend": "add", "damped_trend": True, "seasonal": None},
    {"error": "mul", "trend": "add", "damped_trend": True, "seasonal": None},
)
"""ETS(A,N,A), (A,Ad,A), (M,N,M), (M,Ad,M), (A,Ad,N), (M,Ad,N) of Hyndman and Athanasopoulos."""

ARIMA_ORDERS = ((1, 0), (1, 1), (2, 1))
"""p and q; four hourly series take a minute or two."""

ARIMA_COLUMNS = ("mean", "mean_ci_lower", "mean_ci_upper")
ETS_COLUMNS = ("mean", "pi_lower", "pi_upper")

Z90 = 1.6448536269514722
"""The normal distribution's 95 % quantile."""


class Forecast(NamedTuple):
    """A forecast, and the ends of its 90 % interval, each (steps,)."""

    point: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def seasonal_naive(series: Series, season: int, steps: int) -> Forecast:
    """The last season again; its error's variance grows by the in-sample one every season."""
    point = np.resize(series[-season:], steps)
    deviation = math.sqrt(float(np.square(series[season:] - series[:-season]).mean()))
    width = Z90 * deviation * np.sqrt(np.arange(steps) // season + 1)
    return Forecast(point, point - width, point + width)


def exponential_smoothing(series: Series, season: int, steps: int) -> Forecast:
    """Of `ETS_FORMS` the one of the least AIC, fitted by maximum likelihood."""
    y, is_positive = pd.Series(series), bool(series.min() > 0)

    def fits() -> Iterator[Callable[[], Any]]:
        for form in ETS_FORMS:
            if is_positive or "mul" not in form.values():
                model = ETSModel(y, seasonal_periods=season if form["seasonal"] else None, **form)
                yield partial(model.fit, disp=False, maxiter=200)

    best, last = _least_aic(fits()), len(y) + steps - 1
    with _quiet():
        found = best.get_prediction(len(y), last, rng=np.random.default_rng(0)).summary_frame(
            alpha=0.1
        )
    return Forecast(*(found[name].to_numpy() for name in ETS_COLUMNS))


def arima(series: Series, season: int, steps: int) -> Forecast:
    """A seasonal ARIMA: differenced as KPSS's test says, of several orders the one of least AIC.

    Of a short season, (p, d, q)(0, 1, 1); a long one is given as known harmonics.
    """
    is_long = season > LONGEST_SEASON
    known = _harmonics(len(series) + steps, season) if is_long else None
    past, ahead = (None, None) if known is None else (known[: len(series)], known[len(series) :])
    d = _differences(series if is_long else series[season:] - series[:-season])

    def fits() -> Iterator[Callable[[], Any]]:
        for p, q in ARIMA_ORDERS:
            model = SARIMAX(
                series,
                exog=past,
                order=(p, d, q),
                seasonal_order=(0, 0, 0, 0) if is_long else (0, 1, 1, season),
                trend="c" if is_long and d == 0 else None,
            )
            yield partial(model.fit, disp=False, maxiter=50)

    found = _least_aic(fits()).get_forecast(steps, exog=ahead).summary_frame(alpha=0.1)
    return Forecast(*(found[name].to_numpy() for name in ARIMA_COLUMNS))


BASELINES: dict[str, Callable[[Series, int, int], Forecast]] = {
    "seasonal naive": seasonal_naive,
    "ETS": exponential_smoothing,
    "ARIMA": arima,
}
"""Every baseline by name."""


def _harmonics(steps: int, season: int) -> NDArray[np.float64]:
    """Sine and cosine of the season's first harmonics, (steps, 2 HARMONICS)."""
    phase = 2 * np.pi * np.arange(steps) / season
    waves = [wave(k * phase) for k in range(1, HARMONICS + 1) for wave in (np.sin, np.cos)]
    return np.stack(waves, -1)


def _differences(series: Series) -> int:
    """1 where KPSS's test refuses at 5 % that the level stays, 0 elsewhere."""
    with _quiet():
        return int(kpss(series, regression="c", nlags="auto")[1] < 0.05)


def _least_aic(fits: Iterator[Callable[[], Any]]) -> Any:
    """The result of the least AIC; what cannot be fitted is left out."""
    with _quiet():
        results = []
        for fit in fits:
            try:
                results.append(fit())
            except (ValueError, np.linalg.LinAlgError):
                continue
    real = [result for result in results if math.isfinite(result.aic)]
    return min(real, key=lambda result: float(result.aic))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings that a search stopped early, or began outside the stable region."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
