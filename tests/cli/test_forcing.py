"""Every policy through ``freerun train --forcing``."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import freerun as fr
from freerun.cli import training
from freerun.forcing import FORCINGS, forcing_of, read_forcing, sparse
from freerun.recipes import policies
from tests.cli.command_line import CommandLine

TRAIN = ["train", "forecast", "sunspots", "--epochs", "1", "--hidden-size", "4", "--window", "40"]

TINY = ["--output-lags", "4", "--quiet"]

SPELLINGS = (
    "TeacherForcing",
    "free-running:warmup=20",
    "scheduled-sampling:schedule=inverse-sigmoid(k=5),through=False",
    "ScheduledSampling:schedule=0.5,feed=sample",
    "sparse-teacher-forcing:every=lyapunov",
    "SparseTeacherForcing:every=8",
    "GeneralizedTeacherForcing:alpha=adaptive,every=2",
    "generalized-teacher-forcing:alpha=0.2",
    "noisy-teacher-forcing:scale=0.2",
    "horizon-curriculum:start=5",
    "ProfessorForcing:hidden_size=4,least=0",
    "data-as-demonstrator:keep=2",
    "Curriculum:policies=[TeacherForcing,FreeRunning(warmup=3)],at=[0.5]",
)


def test_every_policy_is_tried() -> None:
    assert {type(read_forcing(spelling)).__name__ for spelling in SPELLINGS} == set(FORCINGS)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_policy_trains(
    spelling: str, freerun: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = SimpleNamespace(doubling_time=10.0)
    monkeypatch.setattr(sparse, "largest_exponent", lambda train: found)
    out = tmp_path / "run"
    ended = freerun(*TRAIN, *TINY, "--head", "Gaussian", "--forcing", spelling, "--out", out)
    assert ended.code == 0, ended.err
    config = json.loads((out / "config.json").read_text())
    assert forcing_of(config["training"]["forcing"]) == read_forcing(spelling)
    assert read_forcing(config["notes"]["recipe"]["forcing"]) == read_forcing(spelling)


@pytest.mark.parametrize(
    ("spelling", "said"),
    [
        ("SparseTeacherForcing:every=2", "every must be --output-lags 4 or more"),
        ("ScheduledSampling:feed=sample", "feed='sample' needs a head with a spread, got a Point"),
        ("ProfessorForcing:feed=sample", "feed='sample' needs a head with a spread, got a Point"),
        ("GeneralizedTeacherForcing:alpha=adaptive", "needs --recurrence output"),
        ("FreeRunning:warmup=40", "warmup must be below 40, the steps of the longest sequence"),
        ("Curriculum:policies=[TeacherForcing,FreeRunning],at=[1]", "must give every policy a "),
        ("Curriculum:policies=[TeacherForcing,FreeRunning(warmup=40)],at=[0.5]",
            "warmup must leave a step to run freely, got 40"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_answered_in_one_line_and_writes_nothing(
    spelling: str, said: str, freerun: CommandLine, tmp_path: Path
) -> None:
    command = [*TRAIN, *TINY, "--head", "Point", "--recurrence", "both"]
    mistake = freerun(*command, "--forcing", spelling, "--out", tmp_path / "run").mistake
    assert mistake.startswith("freerun: --forcing")
    assert said in mistake
    assert not list(tmp_path.iterdir())


OPEN = [*TRAIN, "--output-lags", "4", "--batch-size", "512", "--forcing", "Auto"]


@pytest.fixture
def second_of_two(monkeypatch: pytest.MonkeyPatch) -> str:
    """The policy that is chosen, by a margin that everything passes."""
    monkeypatch.setattr(policies, "AUTO", ("TeacherForcing", "NoisyTeacherForcing:scale=0.3"))
    monkeypatch.setattr(policies, "MARGIN", 1e9)
    return "NoisyTeacherForcing:scale=0.3"


def test_what_is_chosen_is_said_kept_and_shown(
    second_of_two: str, freerun: CommandLine, tmp_path: Path
) -> None:
    ended = freerun(*OPEN, "--out", tmp_path / "run")
    assert ended.code == 0, ended.err
    said = f"chosen by its error running free: --forcing {second_of_two}, before 1 other"
    assert said in ended.err.splitlines()
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert forcing_of(config["training"]["forcing"]) == read_forcing(second_of_two)
    assert config["notes"]["recipe"]["forcing"] == second_of_two
    assert config["notes"]["asked"]["forcing"] == "auto"
    assert list(config["notes"]["choice"]["tried"]) == ["TeacherForcing", second_of_two]
    assert f"forcing={second_of_two}" in freerun("info", tmp_path / "run").out
    assert fr.Forecaster.load(tmp_path / "run").recipe_.forcing == second_of_two


def test_a_run_goes_on_with_the_policy_that_it_chose(
    second_of_two: str, freerun: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = [*OPEN, "--quiet", "--out", tmp_path / "run"]
    assert freerun(*run).code == 0

    def again(*_: object) -> None:
        raise AssertionError("it chose anew")

    monkeypatch.setattr(training, "choose", again)
    monkeypatch.setattr(policies, "AUTO", ("TeacherForcing",))
    ended = freerun(*run, "--epochs", 3, "--resume", "--json")
    assert ended.code == 0, ended.err
    assert ended.object["epochs"] == 3
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["notes"]["recipe"]["forcing"] == second_of_two
    mistake = freerun(*run, "--window", 30, "--resume").mistake
    assert "--window must be 40, as the run has it, got 30" in mistake
    mistake = freerun(*run, "--validate", 0.2, "--resume").mistake
    assert "--validate must be none, as the run has it, got 0.2" in mistake


def test_a_run_whose_policy_was_given_is_not_gone_on_with_by_choice(
    freerun: CommandLine, tmp_path: Path
) -> None:
    out = ["--out", tmp_path / "run"]
    assert freerun(*TRAIN, *TINY, *out).code == 0
    mistake = freerun(*TRAIN, *TINY, *out, "--forcing", "auto", "--resume").mistake
    assert "--forcing must be TeacherForcing, as the run has it, got auto" in mistake


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("train text moby_dick", "--forcing must be a policy to text, for only forecasts choose "),
        ("train label japanese_vowels", "--forcing must be a policy to label, for only forecasts "),
        ("compare sunspots --forcing TeacherForcing", "--forcing must be a policy to compare, got"),
    ],
)
def test_only_forecasts_choose_a_policy(
    command: str, said: str, freerun: CommandLine, tmp_path: Path
) -> None:
    ended = freerun(*command.split(), "--forcing", "auto", "--out", tmp_path / "run", "--quiet")
    assert said in ended.mistake
    assert "'auto'" in ended.mistake
    assert not list(tmp_path.iterdir())
