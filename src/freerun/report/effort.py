"""How much is measured for a report: in full, or within a second or two."""

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Effort"]


@dataclass(frozen=True)
class Effort:
    """How many of everything; always the same ones, evenly thinned from all there are.

    Attributes:
        origins: Starts of forecasts that calibration and the worst ones are taken from.
        paths: Drawn from each of them.
        shown: Stretches whose paths are drawn.
        sequences: Whose gradients are followed back.
        ends: Steps of each from which they are.
        lags: How far back.
        characters: Of text whose surprise is shown.
        written: Units of text in each sample.
    """

    origins: int
    paths: int
    shown: int
    sequences: int
    ends: int
    lags: int
    characters: int
    written: int


FULL = Effort(
    origins=256, paths=200, shown=16, sequences=16, ends=8, lags=50, characters=900, written=400
)
QUICK = Effort(
    origins=48, paths=100, shown=12, sequences=4, ends=4, lags=30, characters=600, written=300
)
