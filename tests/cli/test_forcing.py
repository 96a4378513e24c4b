"""Every policy through ``freerun train --forcing``."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from freerun.forcing import FORCINGS, forcing_of, read_forcing, sparse
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
