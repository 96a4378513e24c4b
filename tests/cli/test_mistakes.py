"""Mistakes: exit code 2, one clear line on standard error, and nothing made."""

import errno
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine

TRAIN = "train forecast sunspots --out {new} --window 60"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("trian", "No such command 'trian'. Did you mean 'train'?"),
        ("train forcast", "Did you mean 'forecast'?"),
        ("train forecast sunspots", "Missing option '--out'"),
        ("train forecast sunspot --out {new}", "got 'sunspot'. Did you mean 'sunspots'?"),
        (
            "train forecast moby_dick --out {new}",
            "DATA for forecast must be sunspots or a file, got moby_dick. "
            "moby_dick is for `freerun train text`.",
        ),
        ("train label sunspots --out {new}", "sunspots is for `freerun train forecast`."),
        (f"{TRAIN} --cel gru", "--cell"),
        (f"{TRAIN} --cell gruu", "Did you mean 'gru'?"),
        (f"{TRAIN} --recurrence outputs", "Did you mean 'output'?"),
        (f"{TRAIN} --recurrence hidden", "Use --recurrence output."),
        (f"{TRAIN} --head Gausian", "Did you mean 'Gaussian'?"),
        (f"{TRAIN} --head Categorical", "--head must be one of 'Point'"),
        (f"{TRAIN} --forcing FreeRuning", "Did you mean 'FreeRunning'?"),
        (f"{TRAIN} --forcing free", "'Curriculum', got 'free'. Did you mean 'FreeRunning'?"),
        (f"{TRAIN} --cell gruu", "--cell must be one of 'tanh', 'relu', 'identity', 'gru', 'lstm'"),
        (f"{TRAIN} --head gausian", "Did you mean 'Gaussian'?"),
        (f"{TRAIN} --lr -1", "--lr must be a number above 0, got -1. Use --lr 0.003, say."),
        (f"{TRAIN} --forcing FreeRunning:warm=2", "Did you mean 'warmup'?"),
        (f"{TRAIN} --forcing FreeRunning:warmup", "--forcing FreeRunning:warmup=VALUE"),
        (
            f"{TRAIN} --forcing FreeRunning:warmup=-3",
            "--forcing FreeRunning: warmup must be a whole number of 0 or more",
        ),
        (f"{TRAIN} --forcing TeacherForcing:n=2", "TeacherForcing has no arguments"),
        (
            f"{TRAIN} --epochs 0",
            "--epochs must be a whole number of 1 or more, got 0. Use --epochs 1",
        ),
        (f"{TRAIN} --epochs many", "of 1 or more, got many. Use --epochs 1"),
        (f"{TRAIN} --dropout 1", "--dropout must be a number from 0 to 0.999, got 1"),
        (f"{TRAIN} --output-lags 99999", "--output-lags must be at most 2819"),
        (f"{TRAIN} --forcing FreeRunning:warmup=60", "warmup must be below 60"),
        (f"{TRAIN} --lr 0", "--lr must be a number above 0, got 0. Use --lr 0.003"),
        (f"{TRAIN} --window 5000", "--window must be at most 2256"),
        (f"{TRAIN} --seed -1", "--seed"),
        (f"{TRAIN} --resume --overwrite", "--resume and --overwrite exclude each other"),
        ("train forecast sunspots --out {runs}/forecast", "Pass --resume to go on with it"),
        (
            "train forecast sunspots --out {runs}/forecast --resume",
            "as the run has it, got",
        ),
        (
            "train label japanese_vowels --out {new} --recurrence both --bidirectional",
            "--bidirectional needs",
        ),
        ("evaluate {runs}/forcast", "Did you mean {runs}/forecast?"),
        ("evaluate {runs}/forecast/config.json", "a file. Did you mean {runs}/forecast?"),
        ("evaluate {runs}/classify --horizon 9", "--horizon needs a run of forecast"),
        ("train text moby_dick --out {runs}/forecast --resume", "the task must be forecast"),
        ("train forecast sunspots --out {runs} --overwrite", "without config.json"),
        ("evaluate {new}", "got {new}, where nothing is"),
        ("evaluate {runs}", "a directory without config.json"),
        (
            "evaluate {runs}/text sunspots",
            "DATA for text must be moby_dick or a file, got sunspots",
        ),
        ("evaluate {runs}/forecast --horizon 0", "--horizon must be a whole number of 1 or more"),
        ("evaluate {runs}/forecast --horizon 9999", "--horizon must be at most 564"),
        ("run {runs}/forecast --steps -5", "--steps"),
        ("run {runs}/forecast --steps 5 --paths 0", "--paths"),
        ("run {runs}/forecast --steps 5 --paths 3", "Train with --head Gaussian"),
        (
            "run {runs}/spread --steps 5 --paths 3 --draw mean",
            "--paths above 1 must be drawn, for all",
        ),
        ("run {runs}/forecast --steps 5 --draw median", "--draw must be one of 'mean', 'sample'"),
        (
            "run {runs}/forecast --steps 5 --prompt x",
            "--prompt, --temperature, --top-k and --top-p need a run of text",
        ),
        ("run {runs}/forecast --steps 5 --out {runs}", "got the directory"),
        ("run {runs}/text --steps 5 --prompt \N{SNOWMAN}", "characters that the run knows"),
        ("run {runs}/text --steps 5 --temperature 0", "--temperature must be a number from"),
        ("run {runs}/text --steps 5 --draw mean --top-k 3", "samples to draw"),
        ("run {runs}/classify --steps 5", "goes on by itself, got {runs}/classify, which is of"),
        ("demo --seed x", "--seed"),
    ],
)
def test_a_mistake_is_answered_in_one_line(
    command: str, said: str, freerun: CommandLine, runs: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    quiet = ["--quiet"] if command.startswith(("train ", "demo")) else []
    arguments = [part.format(new=new, runs=runs) for part in command.split()]
    assert said.format(runs=runs, new=new) in freerun(*arguments, *quiet).mistake
    assert not new.exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 1}', '{"notes": {"task": "x"}}'])
def test_a_run_that_is_not_one_of_the_command_line_is_refused(
    content: str, freerun: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(content)
    assert str(tmp_path) in freerun("evaluate", tmp_path).mistake


@pytest.mark.parametrize(
    "command",
    [
        *(f"{TRAIN} --forcing free-running:warmup={value}" for value in ("-1", "x", "2.5", "60")),
        *(f"{TRAIN} --{option}" for option in ("lr nan", "cell rnn", "head normal", "window 9999")),
        f"{TRAIN} --recurrence hidden",
        "train forecast data --out {new}",
        "evaluate {runs}/forecast --horizon 9999",
        "evaluate {runs}/forecast x",
        "run {runs}/text --steps 5 --top-p 2",
        "run {runs}/spread --steps 5 --paths 3 --draw mean",
    ],
)
def test_a_mistake_names_what_was_typed_and_nothing_of_python(
    command: str, freerun: CommandLine, runs: Path, tmp_path: Path
) -> None:
    typed = [part.format(new=tmp_path / "new", runs=runs) for part in command.split()]
    mistake = freerun(*typed).mistake
    assert re.match(r"freerun: (--[a-z]|DATA)", mistake)
    names = "NAME|ARG|lr=|length=|drop_last|recurrence=|RecurrentNetwork|Optimizer|exposure_gap"
    assert not re.search(names, mistake)


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
def test_a_place_that_cannot_be_written_was_named_wrongly(
    command: str, freerun: CommandLine, runs: Path
) -> None:
    ended = freerun(*command.format(runs=runs).split())
    assert ended.code == 2
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
