"""Forecasts as tables: errors, and how much of the truth lies within the 90 % intervals."""

from collections.abc import Callable
from functools import cache

from benchmarks.accuracy.baselines import BASELINES
from benchmarks.accuracy.forecasting import Runs, measure
from benchmarks.accuracy.kind import Figures, Kind, Row
from benchmarks.accuracy.series import SETS

__all__ = ["COVERAGE", "MASE"]

METHODS = {
    "freerun": "fr.Forecaster, one for all series, nothing set but the season and the seed",
    **dict.fromkeys(BASELINES, "series by series"),
}


@cache
def _measured(name: str, seeds: int) -> dict[str, Runs]:
    """Both tables are of the same forecasts."""
    return measure(name, range(seeds))


def _table(pick: Callable[[Runs], list[float]], timed: bool) -> Callable[[str, int], Row]:
    def rows(name: str, seeds: int) -> Row:
        found = _measured(name, seeds)
        return {
            method: Figures(pick(found[method]), found[method].seconds if timed else None)
            for method in METHODS
        }

    return rows


MASE = Kind(
    name="forecasts",
    measures="mean absolute error over the seasonal naive one's within the series (MASE); all fits",
    methods=METHODS,
    sets=SETS,
    measure=_table(lambda runs: runs.mase, timed=True),
    digits=3,
)

COVERAGE = Kind(
    name="coverage",
    measures="per cent of the truth within the 90 % intervals of the same forecasts",
    methods=METHODS,
    sets=SETS,
    measure=_table(lambda runs: [100 * share for share in runs.coverage], timed=False),
)
