"""Where units of a series' own mean something."""

from dataclasses import replace

import pytest
import torch

from freerun._checks import ArgumentError
from freerun.data import Levels, Sequences
from freerun.recipes.leveling import levels_for
from freerun.recipes.recipe import FORECAST

MANY = Sequences(None, [[1.0, 3.0], [100.0, 300.0]])


def test_several_series_are_leveled() -> None:
    recipe, levels, data = levels_for(FORECAST, MANY)
    assert recipe == FORECAST
    assert torch.equal(levels.center, Levels.of(MANY).center)
    assert data.y_flat is not None
    assert data.y_flat.flatten().tolist() == [-1.0, 1.0, -1.0, 1.0]


@pytest.mark.parametrize(
    ("scale", "head", "count"),
    [
        ("all", "Gaussian", 2),
        ("series", "Gaussian", 1),
        ("series", "Poisson", 2),
        ("series", "NegativeBinomial", 2),
    ],
)
def test_elsewhere_the_recipe_says_that_they_are_not(scale: str, head: str, count: int) -> None:
    recipe, levels, data = levels_for(replace(FORECAST, scale=scale, head=head), MANY[:count])
    assert recipe.scale == "all"
    assert levels.center.tolist() == [[0.0]] * count
    assert levels.spread.tolist() == [[1.0]] * count
    assert data.y_flat is MANY.y_flat


def test_another_scale_is_refused() -> None:
    with pytest.raises(ArgumentError, match="freerun: scale must be one of 'series', 'all', got"):
        levels_for(replace(FORECAST, scale="each"), MANY)
