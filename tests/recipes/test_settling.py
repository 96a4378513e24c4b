"""What a recipe leaves open, decided by the data."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from freerun._checks import DataError
from freerun.data import Sequences
from freerun.recipes.recipe import CLASSIFY, FORECAST, LABEL, RECIPES, REGRESS, TEXT
from freerun.recipes.settling import EPOCHS, UPDATES, longest_horizon, settle


def series(*lengths: int, season: int | None = None) -> Sequences:
    return Sequences(None, [torch.randn(n) for n in lengths], season=season)


def sequences(count: int) -> Sequences:
    return Sequences([torch.randn(5, 1)] * count, [0, 1] * (count // 2), target="sequence")


def text(*lengths: int) -> Sequences:
    return Sequences(None, [torch.arange(n) % 3 for n in lengths], classes=("a", "b", "c"))


def data_for(task: str) -> Sequences:
    return {"forecast": series(100), "text": text(500)}.get(task, sequences(40))


@pytest.mark.parametrize("task", RECIPES)
def test_nothing_is_left_open_and_settling_again_changes_nothing(task: str) -> None:
    settled = settle(RECIPES[task], data_for(task))
    assert settled.epochs is not None
    assert settled.output_lags is not None
    if task in ("forecast", "text"):
        assert settled.window is not None
        assert settled.stride is not None
    assert settle(settled, data_for(task)) == settled


@pytest.mark.parametrize("task", RECIPES)
def test_what_was_said_is_kept(task: str) -> None:
    recipe = replace(
        RECIPES[task], epochs=7, window=3, stride=2, output_lags=5, horizon=4, difference=1
    )
    assert settle(recipe, data_for(task)) == recipe


def test_lags_and_windows_reach_over_a_season() -> None:
    settled = settle(FORECAST, series(400, season=24))
    assert settled.output_lags is not None
    assert settled.output_lags >= 24
    assert settled.horizon is not None
    assert settled.horizon >= 24


@pytest.mark.parametrize("length", [2, 3, 5, 10])
def test_short_series_have_short_lags_and_windows(length: int) -> None:
    settled = settle(FORECAST, series(length, season=12))
    assert settled.output_lags is not None
    assert settled.window is not None
    assert 1 <= settled.output_lags < length
    assert settled.window <= length


def test_a_window_longer_than_every_series_is_refused() -> None:
    message = "window must be at most 50, the steps of the longest series, got 51. Pass window=50"
    with pytest.raises(DataError, match=message):
        settle(replace(FORECAST, window=51), series(50, 20))
    settle(replace(FORECAST, window=50), series(50, 20))


@pytest.mark.parametrize(
    ("recipe", "data", "batches"),
    [
        (CLASSIFY, sequences(160), 10),
        (REGRESS, sequences(164), 11),
        (LABEL, sequences(320), 10),
        # Windows of 10 steps, 5 apart: 13 of 70 steps, and none of what is shorter.
        (replace(FORECAST, window=10, stride=5, batch_size=3), series(70, 4, 9), 5),
        # A short text is learned from as a whole.
        (replace(TEXT, window=10, batch_size=8), text(960, 5), 13),
    ],
)
def test_epochs_are_as_many_as_the_updates_take(recipe: Any, data: Any, batches: int) -> None:
    wanted = -(-UPDATES[recipe.task] // batches)
    least, most = EPOCHS[recipe.task]
    assert settle(recipe, data).epochs == min(max(wanted, least), most)


def test_epochs_are_neither_few_nor_many() -> None:
    assert settle(CLASSIFY, sequences(2)).epochs == EPOCHS["classify"][1]
    assert settle(CLASSIFY, sequences(16 * 1000)).epochs == EPOCHS["classify"][0]


def test_the_longest_horizon_leaves_room_for_the_lags() -> None:
    data = series(50, 20)
    assert longest_horizon(data, 8) == 42
    _, test = data.split(0.8)
    assert longest_horizon(test, 8) == 10  # its lags lie before it
