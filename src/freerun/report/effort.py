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
        products: Multiplications that drawing all paths may take, about; of a large network fewer
            paths are drawn, but never below 20.
    """

    origins: int
    paths: int
    shown: int
    sequences: int
    ends: int
    lags: int
    characters: int
    written: int
    products: float

    def paths_of(self, parameters: int, horizon: int) -> int:
        """How many paths to draw from each origin.

        Example:
            >>> QUICK.paths_of(parameters=10_000, horizon=60), QUICK.paths_of(400_000, 60)
            (100, 20)
        """
        affordable = self.products / (self.origins * horizon * parameters)
        return max(20, min(self.paths, int(affordable)))


FULL = Effort(
    origins=256,
    paths=200,
    shown=16,
    sequences=16,
    ends=8,
    lags=50,
    characters=900,
    written=400,
    products=1e12,
)
QUICK = Effort(
    origins=48,
    paths=100,
    shown=12,
    sequences=4,
    ends=4,
    lags=30,
    characters=600,
    written=300,
    products=2e10,
)
