"""``freerun train --validate``: a part of the training data chooses the best epoch."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import freerun as fr
from freerun.cli.sources import load
from freerun.cli.tasks import SETS
from freerun.recipes.holding_back import hold_back
from freerun.recipes.recipe import CLASSIFY, FORECAST, LABEL, TEXT, Recipe
from tests.cli.command_line import CommandLine

FORECASTS = ["train", "forecast", "sunspots", "--hidden-size", "4", "--quiet", "--window", "60"]


def training_part(task: str) -> fr.Sequences:
    return load(task, SETS[task][0], 0.0, 0, {}).train


@pytest.mark.parametrize("recipe", [FORECAST, TEXT])
def test_the_last_part_of_a_series_is_held_back(recipe: Recipe) -> None:
    data = training_part(recipe.task)
    train, valid = hold_back(replace(recipe, validate=0.2), data, seed=0)
    assert valid is not None
    steps = int(data.lengths)
    assert int(train.lengths.sum()) == int(train.stop.max()) == pytest.approx(0.8 * steps, abs=1)
    assert int(valid.start.min()) == int(train.stop.max())
    assert int(valid.stop.max()) == steps


@pytest.mark.parametrize("recipe", [CLASSIFY, LABEL])
def test_a_share_of_whole_sequences_is_held_back(recipe: Recipe) -> None:
    data = training_part(recipe.task)
    train, valid = hold_back(replace(recipe, validate=0.2), data, seed=0)
    assert valid is not None
    assert (len(train), len(valid)) == (216, 54)
    assert not set(train.start.tolist()) & set(valid.start.tolist())
    again = hold_back(replace(recipe, validate=0.2), data, seed=0)[1]
    assert again is not None
    assert again.start.tolist() == valid.start.tolist()


def test_nothing_is_held_back_unasked() -> None:
    data = training_part("forecast")
    assert hold_back(replace(FORECAST, validate=None), data, seed=0) == (data, None)


def test_forecasts_stop_early_on_their_error_running_free(
    freerun: CommandLine, tmp_path: Path
) -> None:
    options = ["--validate", 0.2, "--patience", 1, "--lr", 0.05, "--batch-size", 512]
    run = [*FORECASTS, *options, "--out", tmp_path / "run", "--epochs", 30]
    found = freerun(*run, "--json").object
    history = (tmp_path / "run" / "history.jsonl").read_text()
    rows = [json.loads(row) for row in history.splitlines()]
    errors = [row["valid_free_error"] for row in rows]
    assert found["stopped"] == "patience"
    assert found["best_epoch"] == found["epochs"] - 1 == errors.index(min(errors)) + 1
    assert found["monitor"] == "valid_free_error"
    assert found["best"] == min(errors)
    validation = json.loads((tmp_path / "run" / "config.json").read_text())["training"][
        "validation"
    ]
    assert (validation["horizon"], validation["patience"]) == (60, 1)

    for option, value in (("--validate", 0.3), ("--patience", 5)):
        mistake = freerun(*run, option, value, "--resume").mistake
        assert f"{option} must be" in mistake
        assert "as the run has it" in mistake
    assert "--validate must be none, as" in freerun(*_without_validation(freerun, tmp_path)).mistake


def _without_validation(freerun: CommandLine, tmp_path: Path) -> list[object]:
    """A run that holds nothing back, and a way of going on with it that would."""
    run = [*FORECASTS, "--out", tmp_path / "whole", "--epochs", 1]
    assert freerun(*run).code == 0
    return [*run, "--validate", 0.2, "--resume"]


@pytest.mark.parametrize(
    ("task", "measure"),
    [
        ("forecast sunspots --batch-size 512", "error running free"),
        ("classify japanese_vowels", "loss"),
        ("label japanese_vowels", "loss"),
        ("label japanese_vowels --recurrence both", "error running free"),
        ("text moby_dick --batch-size 512", "loss"),
    ],
)
def test_the_best_epoch_is_shown(
    task: str, measure: str, freerun: CommandLine, tmp_path: Path
) -> None:
    command = ["train", *task.split(), "--hidden-size", 4, "--epochs", 1, "--quiet"]
    shown = freerun(*command, "--validate", 0.1, "--out", tmp_path / "run").out
    assert "Best on the part held back for validation: epoch 1 of 1" in shown
    assert measure in shown.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--validate 0", "--validate must be a number above 0 and below 1, got 0. Use"),
        ("--validate 20%", "got 20%. Use --validate 0.2, say."),
        ("--validate 0.01", "--validate must hold back 60 steps or more, to be measured 60 steps"),
        ("--validate 0.99", "--window must be at most 22"),
        ("--patience 5", "--patience needs a part to measure on, got no --validate. Add"),
        ("--validate 0.2 --patience 0", "--patience must be a whole number of 1 or more"),
    ],
)
def test_a_part_that_cannot_be_held_back_is_refused(
    options: str, said: str, freerun: CommandLine, tmp_path: Path
) -> None:
    assert said in freerun(*FORECASTS, *options.split(), "--out", tmp_path / "run").mistake
    assert not (tmp_path / "run").exists()


def test_too_small_a_share_of_sequences_is_refused(freerun: CommandLine, tmp_path: Path) -> None:
    command = ["train", "classify", "japanese_vowels", "--validate", "0.0001"]
    mistake = freerun(*command, "--out", tmp_path / "run").mistake
    assert mistake.startswith("freerun: --validate must ")


def test_the_help_has_a_worked_example(freerun: CommandLine) -> None:
    words = " ".join(freerun("train", "forecast", "--help").out.replace("│", " ").split())
    assert "--target units --known price --out runs/sales --validate 0.2" in words
