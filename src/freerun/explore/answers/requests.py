"""What can be asked, as values, and how much of it at once."""

from dataclasses import dataclass

__all__ = ["MOST_AROUND", "MOST_PATHS", "MOST_STEPS", "WHERE", "ForecastRequest", "TextRequest"]

WHERE = "explore"
"""Who refuses a request."""

MOST_STEPS, MOST_PATHS, MOST_AROUND = 300, 200, 1000
"""Of one request, so that its answer comes while the pointer is still being dragged."""


@dataclass(frozen=True)
class ForecastRequest:
    """Where a network shall leave the truth, and how.

    Attributes:
        origin: How many steps it is shown before.
        horizon: Steps to look ahead; fewer where the series ends before.
        series: Which series.
        output: Which output.
        share: w, the share of the truth in what is fed after the leaving point, on the mixed path.
        paths: How many paths to sample; fewer than 2 give no band.
        coverage: Share of them that the band holds.
        spread: How many times as far from the free run they lie as `freerun run` has them.
        seed: Of their noise.
        around: Steps of the truth to return before the leaving point, and after the horizon.
    """

    origin: int
    horizon: int = 60
    series: int = 0
    output: int = 0
    share: float = 0.5
    paths: int = 100
    coverage: float = 0.9
    spread: float = 1.0
    seed: int = 0
    around: int = 0


@dataclass(frozen=True)
class TextRequest:
    """Where a network shall leave the true text, and how.

    Attributes:
        origin: How many units it is shown before.
        horizon: Units to go on; fewer where the text ends before.
        series: Which text.
        share: w, the share of the truth in what is fed after the leaving point, on the mixed path.
        temperature: Of the draws: below 1 the likely is likelier, above 1 less so.
        top_k: Draw from so many likeliest units; 0 for all.
        seed: Of the draws.
        around: Units of the truth to return before the leaving point.
    """

    origin: int
    horizon: int = 120
    series: int = 0
    share: float = 0.5
    temperature: float = 1.0
    top_k: int = 0
    seed: int = 0
    around: int = 0
