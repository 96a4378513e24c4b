"""What the tail of the data decides, and what it leaves alone."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import freerun as fr
from freerun.forcing import spell_forcing
from freerun.recipes import choosing, policies
from freerun.recipes.building import build
from freerun.recipes.choosing import NARROWEST, WIDEST, Choice, choose
from freerun.recipes.holding_back import hold_back
from freerun.recipes.recipe import FORECAST, Recipe
from freerun.recipes.training import train

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


TWO = ("TeacherForcing", "NoisyTeacherForcing:scale=0.3")


@pytest.fixture
def short_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two policies that are soon tried."""
    monkeypatch.setattr(policies, "AUTO", TWO)


OPEN = replace(QUICK, forcing="auto", start="random", hidden_size=4, lr=0.02)


def chosen_by_error(recipe: Recipe, monkeypatch: pytest.MonkeyPatch, better: str) -> Choice:
    """What is chosen where the tail finds the policy ``better`` the better one."""
    trained: list[str] = []

    def noting(recipe: Recipe, data: fr.Sequences, forcing: fr.forcing.Forcing, *rest, **more):  # type: ignore[no-untyped-def]
        trained.append(spell_forcing(forcing))
        return train(recipe, data, forcing, *rest, **more)

    monkeypatch.setattr(choosing, "train", noting)
    monkeypatch.setattr(choosing, "_error", lambda *_: 1.0 if trained[-1:] == [better] else 2.0)
    return choose(recipe, seasonal(96), "auto", seed=0)


@pytest.mark.usefixtures("short_list")
@pytest.mark.parametrize("better", TWO)
@pytest.mark.parametrize(
    "asked", [{}, {"epochs": 2}, {"validate": 0.3}, {"validate": 0.3, "epochs": 2}]
)
def test_an_open_policy_is_chosen_whatever_else_is_asked(
    asked: dict[str, float], better: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(OPEN, **asked)  # type: ignore[arg-type]
    choice = chosen_by_error(recipe, monkeypatch, better)
    assert choice.recipe.forcing == better == spell_forcing(choice.forcing)
    assert choice.tried == {one: 1.0 if one == better else 2.0 for one in TWO}
    assert choice.recipe.patience is None
    for name, value in asked.items():
        assert getattr(choice.recipe, name) == value
    assert (choice.skill is None) is bool(asked)


@pytest.mark.usefixtures("short_list")
@pytest.mark.parametrize("asked", [{}, {"epochs": 3}, {"validate": 0.3}])
def test_every_policy_begins_alike_has_all_epochs_and_none_sees_the_tail(
    asked: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Recipe, int, int]] = []

    def training(recipe: Recipe, data: fr.Sequences, forcing: fr.forcing.Forcing, seed: int, **_):  # type: ignore[no-untyped-def]
        part = hold_back(recipe, data, seed)[0]
        seen.append((recipe, seed, int(part.stop.max())))
        return build(recipe, data, seed), fr.History(best_epoch=1)

    monkeypatch.setattr(choosing, "train", training)
    choose(replace(OPEN, **asked), seasonal(96), "auto", seed=5)  # type: ignore[arg-type]
    assert len(seen) == 2
    assert seen[0] == seen[1]
    recipe, seed, last = seen[0]
    assert seed == 5
    assert last < 96 - (recipe.horizon or 0)
    assert recipe.epochs == asked.get("epochs", recipe.epochs)
    # With epochs given nothing stops early, for nothing is measured; with validate as was asked.
    assert recipe.patience == (None if asked else recipe.epochs)


@pytest.mark.usefixtures("short_list")
def test_where_the_linear_start_is_best_the_policy_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No training is found to better it."""
    monkeypatch.setattr(choosing, "MARGIN", 0.0)
    recipe = replace(OPEN, start="linear", hidden_size=8)
    choice = chosen_by_error(recipe, monkeypatch, TWO[1])
    assert choice.recipe.epochs == 0
    assert choice.forcing == fr.TeacherForcing()
    assert choice.recipe.forcing == "TeacherForcing"
    assert choice.tried == {TWO[0]: 2.0, TWO[1]: 1.0}


@pytest.mark.parametrize(("steps", "asked"), [(9, {}), (9, {"epochs": 2}), (96, {"epochs": 0})])
def test_where_nothing_can_be_compared_the_simplest_policy_is_kept(
    steps: int, asked: dict[str, int]
) -> None:
    recipe = replace(OPEN, horizon=4, **asked)  # type: ignore[arg-type]
    choice = choose(recipe, fr.Sequences(None, torch.arange(float(steps)).sin()), "auto", 0)
    assert choice.forcing == fr.TeacherForcing()
    assert choice.recipe.forcing == "TeacherForcing"
    assert choice.tried == {}


def test_the_training_that_follows_is_forced_as_the_one_that_was_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A curriculum whose second half came too late keeps it out: it is not moved forward."""
    policy = fr.Curriculum([fr.TeacherForcing(), fr.FreeRunning()], at=[0.5])
    monkeypatch.setattr(choosing, "train", lambda recipe, data, forcing, seed, **_: (
        build(recipe, data, seed), fr.History(best_epoch=3)))  # fmt: skip
    choice = choose(replace(OPEN, forcing=spell_forcing(policy)), seasonal(96), policy, seed=0)
    assert choice.recipe.epochs == 3
    assert choice.recipe.schedule_epochs is not None
    assert choice.recipe.schedule_epochs > 20
    net, _ = train(choice.recipe, seasonal(96), policy, 0, progress=False)
    same, _ = train(choice.recipe, seasonal(96), fr.TeacherForcing(), 0, progress=False)
    for one, other in zip(net.parameters(), same.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.usefixtures("short_list")
def test_a_choice_is_what_json_says_of_it() -> None:
    choice = choose(OPEN, seasonal(96), "auto", seed=0)
    assert len(choice.tried) == 2
    kept = json.loads(json.dumps(choice.to_dict()))
    assert Choice.from_dict(kept, choice.recipe) == choice


def test_ctrl_c_ends_all_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def training(recipe: Recipe, data: fr.Sequences, forcing: object, seed: int, **_):  # type: ignore[no-untyped-def]
        calls.append(1)
        return build(recipe, data, seed), fr.History(stopped="interrupted")

    monkeypatch.setattr(choosing, "train", training)
    with pytest.raises(KeyboardInterrupt):
        choose(OPEN, seasonal(96), "auto", seed=0)
    assert len(calls) == 1
