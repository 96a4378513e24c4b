"""``freerun train``: what it keeps, what it prints, and how it is gone on with."""

import json
from pathlib import Path

import pytest

import freerun as fr
from freerun.cli.tasks import SETS
from freerun.recipes.recipe import RECIPES
from tests.cli.command_line import CommandLine

FORECAST = ["train", "forecast", "sunspots", "--hidden-size", "4", "--quiet", "--window", "60"]


def same_weights(one: Path, other: Path) -> bool:
    return (one / "weights.safetensors").read_bytes() == (
        other / "weights.safetensors"
    ).read_bytes()


@pytest.mark.parametrize("task", [task for task, sets in SETS.items() if sets])
def test_a_run_says_its_task_and_data_and_has_the_network_of_its_recipe(
    task: str, runs: Path
) -> None:
    config = json.loads((runs / task / "config.json").read_text())
    recipe, network = RECIPES[task], config["network"]
    assert (config["notes"]["task"], config["notes"]["data"]) == (task, SETS[task][0])
    assert network["hidden_size"] == config["notes"]["recipe"]["hidden_size"] == 4
    for name in ("readout", "bidirectional", "dropout"):
        assert network[name] == getattr(recipe, name)
    assert config["training"]["optimizer"]["lr"] == recipe.lr


def test_json_is_one_object_with_the_figures_of_the_run(
    freerun: CommandLine, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    ended = freerun(*FORECAST, "--out", out, "--epochs", 2, "--json")
    assert ended.code == 0
    assert ended.err == ""
    found = ended.object
    assert found["run"] == str(out)
    assert found["epochs"] == 2
    assert found["ratio"] == found["free_running_error"] / found["one_step_error"]
    assert found["trivial"].keys() == {"last value", "mean", "season"}
    assert len(found["gap"]["free_running"]) == found["horizon"] == 60
    measured = freerun("evaluate", out, "--json").object
    assert measured.items() <= found.items()


def test_progress_goes_to_standard_error_and_the_table_to_standard_output(
    freerun: CommandLine, tmp_path: Path
) -> None:
    arguments = [argument for argument in FORECAST if argument != "--quiet"]
    ended = freerun(*arguments, "--out", tmp_path / "run", "--epochs", 1)
    assert "epoch 1/1" in ended.err
    assert f"kept in {tmp_path / 'run'}" in ended.err
    assert "trivial: season" in ended.out
    assert "epoch" not in ended.out


def test_options_reach_the_network_and_the_training(freerun: CommandLine, tmp_path: Path) -> None:
    options = "--cell gru --layers 2 --recurrence both --output-lags 3 --residual --dropout 0.1"
    training = "--forcing free-running:warmup=5 --window 40 --batch-size 128 --lr 0.01 --seed 7"
    arguments = [*FORECAST, *options.split(), *training.split(), "--epochs", "1"]
    assert freerun(*arguments, "--out", tmp_path / "run").code == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    wanted = {"cell": "gru", "num_layers": 2, "recurrence": "both", "output_lags": 3}
    assert (wanted | {"residual": True, "dropout": 0.1}).items() <= config["network"].items()
    assert config["training"]["forcing"] == {"name": "FreeRunning", "warmup": 5}
    assert config["training"]["batch_size"] == 128
    assert config["training"]["seed"] == 7
    assert config["training"]["train"]["steps"] % 40 == 0


def test_labels_are_the_speaker_at_every_step(runs: Path) -> None:
    from freerun.cli.sources import load

    source = load("label", "japanese_vowels", 0.0, 0, {})
    whole, _ = fr.datasets.load("japanese_vowels")
    for (x, y), (_, speaker) in zip(source.train, whole, strict=True):
        assert x is not None
        assert y.tolist() == [int(speaker)] * len(x)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    freerun: CommandLine, tmp_path: Path
) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        freerun(*FORECAST, "--epochs", 1, "--seed", seed, "--out", tmp_path / name)
    assert same_weights(tmp_path / "one", tmp_path / "again")
    assert not same_weights(tmp_path / "one", tmp_path / "other")


def test_resuming_goes_on_to_more_epochs_with_the_settings_of_the_run(
    freerun: CommandLine, tmp_path: Path
) -> None:
    run = [*FORECAST, "--forcing", "FreeRunning:warmup=55", "--out", tmp_path / "run"]
    freerun(*run, "--epochs", 2)
    first = (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    ended = freerun(*run, "--epochs", 3, "--resume", "--json")
    assert ended.object["epochs"] == 3
    rows = (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    assert rows[:2] == first
    assert len(rows) == 3
    assert (
        "--forcing must be FreeRunning:warmup=55, as the run has it, got FreeRunning:warmup=5"
        in freerun(*run, "--forcing", "FreeRunning:warmup=5", "--epochs", 4, "--resume").mistake
    )


def test_a_run_that_is_not_there_is_begun_by_resuming(freerun: CommandLine, tmp_path: Path) -> None:
    assert freerun(*FORECAST, "--epochs", 1, "--out", tmp_path / "run", "--resume").code == 0
    fr.load(tmp_path / "run")


def test_overwriting_replaces_a_run_and_nothing_else(freerun: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "run"
    freerun(*FORECAST, "--epochs", 1, "--out", out)
    ended = freerun(*FORECAST, "--epochs", 1, "--out", out, "--hidden-size", 3, "--overwrite")
    assert ended.code == 0
    assert fr.load(out).hidden_size == 3

    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").touch()
    ended = freerun(*FORECAST, "--epochs", 1, "--out", precious, "--overwrite")
    assert "a directory without config.json" in ended.mistake
    assert [file.name for file in precious.iterdir()] == ["thesis.tex"]


def test_training_that_diverges_is_a_failure_of_work(freerun: CommandLine, tmp_path: Path) -> None:
    wild = ["--recurrence", "both", "--cell", "identity", "--lr", "1e8", "--forcing", "FreeRunning"]
    ended = freerun(*FORECAST, *wild, "--epochs", 3, "--out", tmp_path / "run")
    assert ended.code == 1
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
    assert "must be finite" in ended.err
    fr.load(tmp_path / "run")
