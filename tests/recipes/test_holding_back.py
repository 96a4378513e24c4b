"""What is held back, and how it chooses the epoch."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from freerun._checks import ArgumentError
from freerun.data import Sequences
from freerun.recipes.holding_back import TEXT_PIECE, hold_back, split, validation
from freerun.recipes.recipe import CLASSIFY, FORECAST, LABEL, RECIPES, TEXT

SERIES = Sequences(None, [torch.arange(50.0), torch.arange(30.0)])
WHOLE = Sequences([torch.full((3, 1), float(n)) for n in range(20)], [0, 1] * 10, target="sequence")


def test_series_give_their_ends() -> None:
    first, last = hold_back(replace(FORECAST, validate=0.2), SERIES, 0)
    assert last is not None
    assert first.lengths.tolist() == [40, 24]
    assert last.lengths.tolist() == [10, 6]
    assert last[0][1].flatten().tolist() == list(range(40, 50))
    assert torch.equal(last.origin, SERIES.origin)


def test_sequences_that_end_are_given_whole_and_by_seed() -> None:
    recipe = replace(CLASSIFY, validate=0.2)
    first, last = hold_back(recipe, WHOLE, 0)
    assert last is not None
    assert (len(first), len(last)) == (16, 4)
    assert last.labels is not None
    assert last.labels.bincount().tolist() == [2, 2]

    def held(seed: int) -> list[int]:
        part = hold_back(recipe, WHOLE, seed)[1]
        assert part is not None
        return part.start.tolist()

    assert held(1) == held(1)
    assert len({tuple(held(seed)) for seed in range(5)}) > 1


def test_labels_of_steps_are_of_sequences_that_end() -> None:
    data = Sequences([torch.zeros(4, 1)] * 10, [torch.arange(4) % 2] * 10)
    first, last = split("label", data, 0.3, 0)
    assert (len(first), len(last)) == (7, 3)
    _, held = hold_back(replace(LABEL, validate=0.3), data, 0)
    assert held is not None
    assert held.lengths.tolist() == [4] * 3


def test_texts_are_measured_piece_by_piece_to_their_end() -> None:
    data = Sequences(None, [torch.arange(6000) % 3], classes=("a", "b", "c"))
    _, last = hold_back(replace(TEXT, validate=0.2), data, 0)
    assert last is not None
    assert int(last.lengths.sum()) == 1200
    assert int(last.lengths.max()) == TEXT_PIECE
    assert last.lengths.tolist() == [500, 500, 200]


@pytest.mark.parametrize("task", RECIPES)
def test_nothing_is_held_back_unless_asked(task: str) -> None:
    recipe = RECIPES[task]
    data, held = hold_back(recipe, SERIES, 0)
    assert data is SERIES
    assert held is None
    assert validation(recipe).horizon is None


@pytest.mark.parametrize("share", [0, 0.0, 1, 1.0, 2, -1, -0.2, True, "0.2", float("nan")])
def test_what_is_no_share_is_refused(share: Any) -> None:
    message = "freerun: validate must be a share above 0 and below 1, got "
    with pytest.raises(ArgumentError, match=message):
        hold_back(replace(FORECAST, validate=share), SERIES, 0)


def test_too_little_on_either_side_is_refused() -> None:
    message = (
        "validate must leave a part on either side, got 0.01 of 20 sequences. Use validate=0.2"
    )
    with pytest.raises(ArgumentError, match=message):
        hold_back(replace(CLASSIFY, validate=0.01), WHOLE, 0)
    message = "validate must hold back 11 steps or more, to be measured 11 steps ahead, got 10."
    with pytest.raises(ArgumentError, match=message):
        hold_back(replace(FORECAST, validate=0.2, horizon=11), SERIES, 0)
    hold_back(replace(FORECAST, validate=0.2, horizon=10), SERIES, 0)


def test_forecasts_are_judged_by_their_horizon_and_others_have_none() -> None:
    recipe = replace(FORECAST, validate=0.2, horizon=7, patience=3)
    assert (validation(recipe).horizon, validation(recipe).patience) == (7, 3)
    other = validation(replace(CLASSIFY, validate=0.2, horizon=7))
    assert other.horizon is None
    assert other.patience == 20
