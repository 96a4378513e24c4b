"""What the tail of the data decides, and what it leaves alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import freerun as fr
from freerun.recipes.choosing import NARROWEST, WIDEST, choose
from freerun.recipes.recipe import FORECAST, Recipe

QUICK = replace(FORECAST, hidden_size=8)


def seasonal(steps: int = 240, noise: float = 0.3, seed: int = 0) -> fr.Sequences:
    """A random pattern of twelve steps again and again, on a wandering level."""
    rng = np.random.default_rng(seed)
    pattern = np.tile(rng.normal(size=12), steps // 12 + 1)[:steps]
    level = np.cumsum(0.1 * rng.normal(size=steps))
    return fr.Sequences(None, 5 * pattern + level + noise * rng.normal(size=steps), season=12)


@pytest.fixture(scope="module")
def chosen() -> tuple[Recipe, float, float]:
    choice = choose(QUICK, seasonal(), fr.TeacherForcing(), seed=0)
    assert choice.skill is not None
    return choice.recipe, choice.widening, choice.skill.value


def test_nothing_is_left_open(chosen: tuple[Recipe, float, float]) -> None:
    recipe, widening, skill = chosen
    for name in ("output_lags", "window", "stride", "horizon", "difference", "epochs"):
        assert getattr(recipe, name) is not None
    assert recipe.validate is None  # all of the data are trained on in the end
    assert NARROWEST <= widening <= WIDEST
    assert skill > 0
    assert recipe.output_lags is not None
    assert recipe.difference is not None
    assert recipe.output_lags > recipe.difference


def test_the_same_seed_chooses_the_same() -> None:
    first, again = (choose(QUICK, seasonal(), fr.TeacherForcing(), seed=3) for _ in range(2))
    assert first == again


def test_the_global_generator_is_neither_read_nor_changed() -> None:
    before = torch.random.get_rng_state()
    choose(QUICK, seasonal(120), fr.TeacherForcing(), seed=0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_differences_are_taken_over_a_season_where_it_repeats_on_any_level() -> None:
    """Twelve numbers again and again, each turn a hundred higher: only differences go on."""
    rng = np.random.default_rng(0)
    turns = np.tile(rng.normal(size=12), 20) + np.repeat(100.0 * np.arange(20), 12)
    choice = choose(QUICK, fr.Sequences(None, turns, season=12), fr.TeacherForcing(), seed=0)
    assert choice.recipe.difference == 12
    assert choice.skill is not None
    assert choice.skill.value > 0.9


@pytest.mark.parametrize("asked", [{"epochs": 3}, {"validate": 0.3}, {"epochs": 0}])
def test_what_was_asked_for_is_not_chosen(asked: dict[str, float]) -> None:
    recipe = replace(QUICK, **asked)  # type: ignore[arg-type]
    choice = choose(recipe, seasonal(), fr.TeacherForcing(), seed=0)
    assert choice.skill is None
    assert choice.widening == 1
    for name, value in asked.items():
        assert getattr(choice.recipe, name) == value


def test_a_series_too_short_for_a_tail_is_trained_on_as_it_is() -> None:
    short = fr.Sequences(None, torch.arange(9.0).sin())
    choice = choose(QUICK, short, fr.TeacherForcing(), seed=0)
    assert choice.recipe.epochs is not None
    assert choice.recipe.window is not None
    assert choice.recipe.window <= 9


def test_bands_that_are_too_narrow_on_the_tail_are_widened() -> None:
    """The tail swings five times as far as what came before it."""
    rng = np.random.default_rng(0)
    calm, wild = rng.normal(size=300), 5 * rng.normal(size=75)
    choice = choose(QUICK, fr.Sequences(None, np.concatenate([calm, wild])), fr.TeacherForcing(), 0)
    assert choice.widening > 2
