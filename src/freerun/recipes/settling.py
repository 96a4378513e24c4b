"""What a recipe leaves open, decided by the data."""

import math
from dataclasses import replace

import torch

from freerun._checks import DataError, fail
from freerun.data import Sequences
from freerun.recipes.recipe import Recipe

__all__ = ["longest_horizon", "settle"]

UPDATES = {"classify": 600, "regress": 1000, "label": 600, "text": 12000, "forecast": 1500}
"""Steps of the optimizer that training takes, about, where nobody says how many epochs."""

EPOCHS = (20, 300)
"""Few data are not gone through for ever, and many not left after a glance."""

# Short windows mean many updates, which is what counts while a step costs more than its numbers:
# 2.6 bits of Moby-Dick after half a minute, where 50 steps and 128 sequences at a time have 2.9.
TEXT_WINDOW = 32

HORIZON = 60
"""Steps ahead that forecasts are judged by at most, where nobody says how many."""


def settle(recipe: Recipe, data: Sequences) -> Recipe:
    """Fill in what ``recipe`` leaves open.

    Args:
        recipe: The recipe.
        data: All that may be trained on, before a part is held back or windows are cut.

    Raises:
        DataError: A window is longer than every series.
    """
    if recipe.task == "forecast":
        recipe = _forecast(recipe, data)
    if recipe.task == "text" and recipe.window is None:
        recipe = replace(recipe, window=min(TEXT_WINDOW, int(data.lengths.max())))
    window = recipe.window
    if window is not None:
        if recipe.stride is None:
            stride = window if recipe.task == "text" else max(1, window // 8)
            recipe = replace(recipe, stride=stride)
        longest = int(data.lengths.max())
        if window > longest:
            expected = f"window must be at most {longest}, the steps of the longest series"
            fail("freerun", expected, window, f"Pass window={longest}, or less.", DataError)
    if recipe.epochs is None:
        recipe = replace(recipe, epochs=_epochs(recipe, data))
    return recipe


def longest_horizon(data: Sequences, lags: int = 1) -> int:
    """Steps ahead that can be measured on ``data``, whose own steps lie ahead of the lags."""
    room = data.stop - data.origin - lags
    return int(torch.minimum(room, data.lengths).max())


def _forecast(recipe: Recipe, data: Sequences) -> Recipe:
    """Lags that reach over a season where there is one, and windows that are longer than them."""
    longest = int(data.lengths.max())
    season = data.season or 1
    if recipe.output_lags is None:
        recipe = replace(recipe, output_lags=min(max(season, 8), max(1, longest // 4)))
    if recipe.window is None:
        recipe = replace(recipe, window=min(max(2 * season, 48), max(2, longest // 2)))
    return recipe


def _epochs(recipe: Recipe, data: Sequences) -> int:
    count = len(data)
    if recipe.window is not None:
        assert recipe.stride is not None
        lengths = data.lengths[data.lengths >= recipe.window]
        count = int(((lengths - recipe.window) // recipe.stride + 1).sum())
    batches = math.ceil(count / recipe.batch_size)
    least, most = EPOCHS
    return min(max(math.ceil(UPDATES[recipe.task] / batches), least), most)
