"""Mistakes: exit code 2, one clear line on standard error, and nothing made."""

import errno
import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine

TRAIN = "train forecast sunspots --out {new}"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("trian", "No such command 'trian'. Did you mean 'train'?"),
        ("train forcast", "Did you mean 'forecast'?"),
        ("train forecast sunspots", "Missing option '--out'"),
        ("train forecast sunspot --out {new}", "Did you mean 'sunspots'?"),
        (
            "train forecast moby_dick --out {new}",
            "DATA for forecast must be sunspots, got moby_dick. Use text.",
        ),
        ("train label sunspots --out {new}", "Use forecast."),
        (f"{TRAIN} --cel gru", "--cell"),
        (f"{TRAIN} --cell gruu", "Did you mean 'gru'?"),
        (f"{TRAIN} --recurrence outputs", "Did you mean 'output'?"),
        (f"{TRAIN} --recurrence hidden", "Use recurrence='output' or 'both'"),
        (f"{TRAIN} --head Gausian", "Did you mean 'Gaussian'?"),
        (f"{TRAIN} --head Categorical", "--head must be one of 'Point'"),
        (f"{TRAIN} --forcing FreeRuning", "Did you mean 'FreeRunning'?"),
        (
            f"{TRAIN} --forcing free",
            "--forcing must be one of 'TeacherForcing', 'FreeRunning', got"
            " 'free'. Did you mean 'FreeRunning'?",
        ),
        (f"{TRAIN} --cell gruu", "--cell must be one of 'tanh', 'relu', 'identity', 'gru', 'lstm'"),
        (f"{TRAIN} --head gausian", "Did you mean 'Gaussian'?"),
        (f"{TRAIN} --lr -1", "lr must be above 0, got -1.0. Pass lr=0.003, say."),
        (f"{TRAIN} --forcing FreeRunning:warm=2", "Did you mean 'warmup'?"),
        (f"{TRAIN} --forcing FreeRunning:warmup", "--forcing FreeRunning:warmup=VALUE"),
        (f"{TRAIN} --forcing FreeRunning:warmup=-3", "warmup must be a whole number of 0 or more"),
        (f"{TRAIN} --forcing TeacherForcing:n=2", "TeacherForcing has no arguments"),
        (f"{TRAIN} --epochs 0", "--epochs"),
        (f"{TRAIN} --epochs many", "--epochs"),
        (f"{TRAIN} --lr 0", "lr must be above 0"),
        (f"{TRAIN} --window 5000", "--window must be at most 2256"),
        (f"{TRAIN} --seed -1", "--seed"),
        (f"{TRAIN} --resume --overwrite", "--resume and --overwrite exclude each other"),
        ("train forecast sunspots --out {runs}/forecast", "Pass --resume to go on with it"),
        ("train forecast sunspots --out {runs}/forecast --resume", "as the run has it"),
        ("train label japanese_vowels --out {new} --recurrence both --bidirectional", "an output"),
        ("evaluate {runs}/forcast", "Did you mean {runs}/forecast?"),
        ("evaluate {new}", "got nothing there"),
        ("evaluate {runs}", "a directory without config.json"),
        ("evaluate {runs}/text sunspots", "DATA for text must be moby_dick, got sunspots"),
        ("evaluate {runs}/forecast --horizon 0", "--horizon"),
        ("evaluate {runs}/forecast --horizon 9999", "--horizon must be at most 564"),
        ("run {runs}/forecast", "Missing option '--steps'"),
        ("run {runs}/forecast --steps -5", "--steps"),
        ("run {runs}/forecast --steps 5 --paths 0", "--paths"),
        ("run {runs}/forecast --steps 5 --paths 3", "Train with --head Gaussian"),
        ("run {runs}/spread --steps 5 --paths 3 --draw mean", "several paths must be drawn"),
        ("run {runs}/forecast --steps 5 --draw median", "--draw"),
        ("run {runs}/forecast --steps 5 --prompt x", "a run of text, for options of text"),
        ("run {runs}/forecast --steps 5 --out {runs}", "got the directory"),
        ("run {runs}/text --steps 5 --prompt \N{SNOWMAN}", "characters that the run knows"),
        ("run {runs}/text --steps 5 --temperature 0", "temperature must be"),
        ("run {runs}/text --steps 5 --draw mean --top-k 3", "samples to draw"),
        ("run {runs}/classify --steps 5", "goes on by itself, got classify"),
        ("demo --seed x", "--seed"),
    ],
)
def test_a_mistake_is_answered_in_one_line(
    command: str, said: str, freerun: CommandLine, runs: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    quiet = ["--quiet"] if command.startswith(("train ", "demo")) else []
    arguments = [part.format(new=new, runs=runs) for part in command.split()]
    assert said.format(runs=runs) in freerun(*arguments, *quiet).mistake
    assert not new.exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 1}', '{"notes": {"task": "x"}}'])
def test_a_run_that_is_not_one_of_the_command_line_is_refused(
    content: str, freerun: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(content)
    assert str(tmp_path) in freerun("evaluate", tmp_path).mistake


def test_a_run_cut_short_is_refused(freerun: CommandLine, runs: Path, tmp_path: Path) -> None:
    for name in ("config.json", "weights.safetensors"):
        content = (runs / "forecast" / name).read_bytes()
        (tmp_path / name).write_bytes(content if name == "config.json" else content[:-9])
    assert "weights.safetensors" in freerun("evaluate", tmp_path).mistake


def test_what_nobody_thought_of_is_one_line_too(
    freerun: CommandLine, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, "the disk is on fire")

    monkeypatch.setattr("freerun.cli.measures.measure", broken)
    ended = freerun("evaluate", runs / "forecast")
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line.startswith("freerun: failed with OSError: [Errno 5] the disk is on fire")
    monkeypatch.setenv("FREERUN_TRACEBACK", "1")
    with pytest.raises(OSError, match="fire"):
        freerun("evaluate", runs / "forecast")


@pytest.mark.parametrize(
    "command",
    [
        "demo --quiet --out {runs}/classify/config.json",
        "train forecast sunspots --quiet --out {runs}/classify/config.json/new",
        "run {runs}/forecast --steps 5 --out {runs}/nowhere/path.csv",
    ],
)
def test_a_place_that_cannot_be_written_is_a_failure_of_work(
    command: str, freerun: CommandLine, runs: Path
) -> None:
    ended = freerun(*command.format(runs=runs).split())
    assert ended.code == 1
    assert ended.out == ""
    (line,) = ended.err.splitlines()
    assert "a place that can be written" in line


def test_a_full_disk_is_a_failure_of_work(
    freerun: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    ended = freerun("train", "forecast", "sunspots", "--quiet", "--out", tmp_path / "run")
    assert ended.code == 1
    assert "no space left on device" in ended.err


def test_a_run_without_its_weights_is_bad_input(
    freerun: CommandLine, runs: Path, tmp_path: Path
) -> None:
    shutil.copy(runs / "forecast" / "config.json", tmp_path)
    assert "no such file" in freerun("evaluate", tmp_path).mistake
