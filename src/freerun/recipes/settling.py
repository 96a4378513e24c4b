"""What a recipe leaves open, decided by the data."""

import math
from dataclasses import replace

import torch

from freerun._checks import DataError, fail
from freerun.data import Sequences
from freerun.recipes.recipe import Recipe

__all__ = ["longest_horizon", "settle"]

FEWEST_PASSES = 4
"""Times that series are gone through at least; of many, fewer windows are cut then."""

NO_SEASON = 12
"""Stands for a season where there is none."""

UPDATES = {"classify": 600, "regress": 600, "label": 360, "text": 3000, "forecast": 1000}
"""Steps of the optimizer that training takes, about, where nobody says how many epochs."""

EPOCHS = {
    "classify": (20, 300),
    "regress": (20, 300),
    "label": (20, 300),
    "text": (4, 300),
    "forecast": (FEWEST_PASSES, 100),
}
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
            recipe = replace(recipe, stride=_stride(recipe, data))
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
    """A horizon of two seasons, lags that reach over two, and windows as long as the horizon."""
    steps = int(data.lengths.median())
    season = data.season if data.season and data.season < steps // 2 else None
    if recipe.horizon is None:
        horizon = min(HORIZON, max(8, 2 * (season or NO_SEASON)), max(1, steps // 8))
        recipe = replace(recipe, horizon=horizon)
    horizon, difference = recipe.horizon or 1, recipe.difference or 0
    lags = recipe.output_lags
    if lags is None:
        lags = min(2 * (season or NO_SEASON), max(1, (steps - difference) // 3)) + difference
    window = recipe.window
    if window is None:
        window = min(max(4, min(horizon, 64)), max(2, (steps - lags) // 2))
    return replace(recipe, difference=difference, output_lags=lags, window=window)


def _windows(recipe: Recipe, data: Sequences, stride: int) -> int:
    assert recipe.window is not None
    spare = data.lengths - recipe.window
    if recipe.task == "text":
        spare = spare.clamp(min=0)  # a text that is shorter is one
    return int((spare[spare >= 0] // stride + 1).sum())


def _stride(recipe: Recipe, data: Sequences) -> int:
    """Text goes on where a window ends; of series every window counts, as far as time allows."""
    assert recipe.window is not None
    if recipe.task == "text":
        return recipe.window
    most = UPDATES[recipe.task] * recipe.batch_size // FEWEST_PASSES
    return max(1, math.ceil(_windows(recipe, data, 1) / most))


def _epochs(recipe: Recipe, data: Sequences) -> int:
    count = len(data) if recipe.window is None else _windows(recipe, data, recipe.stride or 1)
    batches = math.ceil(max(count, 1) / recipe.batch_size)
    least, most = EPOCHS[recipe.task]
    return min(max(math.ceil(UPDATES[recipe.task] / batches), least), most)
