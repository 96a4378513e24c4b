"""How much better than a trivial forecast a network is, running on its own outputs."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from freerun.data import Sequences
from freerun.exposure import exposure_gap
from freerun.network import RecurrentNetwork
from freerun.recipes.holding_back import hold_back
from freerun.recipes.recipe import Recipe
from freerun.recipes.settling import HORIZON, longest_horizon

__all__ = ["Skill", "skill"]


@dataclass(frozen=True)
class Skill:
    """1 - (mean squared error) / (that of the best trivial forecast), over all steps ahead.

    Where that one makes no error, as on a constant series, it is 1 for no error and 0 for any.

    Attributes:
        value: The skill: 1 is perfect, at 0 and below a trivial forecast is as good.
        horizon: Steps ahead.
        error: Root mean squared error running free.
        trivial: Name of the best trivial forecast.
        trivial_error: Its error.

    Source: Murphy 1988.
    """

    value: float
    horizon: int
    error: float
    trivial: str
    trivial_error: float

    @classmethod
    def measure(cls, net: RecurrentNetwork, data: Sequences, horizon: int | None) -> "Skill":
        """Measure over many origins in ``data``; without a horizon 60 steps, or as many as fit."""
        if horizon is None:
            horizon = min(HORIZON, max(1, longest_horizon(data, net.context)))
        gap = exposure_gap(net, data, horizon)
        squares = {name: _square(errors) for name, errors in gap.trivial.items()}
        best = min(squares, key=squares.__getitem__)
        free, least = _square(gap.free_running), squares[best]
        # As scikit-learn's R^2 has it, a perfect forecast beside a perfect one has skill 1.
        value = 1 - free / least if least > 0 else float(free == 0)
        return cls(value, horizon, free**0.5, best, least**0.5)

    def __str__(self) -> str:
        beside = f"an error of {self.error:.4g} over {self.horizon} steps ahead beside"
        trivial = f"{self.trivial_error:.4g} of the trivial forecast {self.trivial!r}"
        if self.value > 0:
            return f"{beside} {trivial}, on the part held back"
        return f"no better than trivial on the part held back, {beside} {trivial}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return asdict(self)


def _square(errors: Tensor) -> float:
    """The mean square over the steps ahead, infinite without any; NaN is what was not observed."""
    found = float(errors.square().nanmean())
    return math.inf if math.isnan(found) else found


def skill(net: RecurrentNetwork, recipe: Recipe, data: Sequences) -> Skill | None:
    """The skill on the part that ``recipe`` holds back from ``data``; None where it holds none."""
    _, valid = hold_back(recipe, data, 0)  # of series it is the end: nothing is drawn
    return None if valid is None else Skill.measure(net, valid, recipe.horizon)
