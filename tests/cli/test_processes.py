"""The command line in processes of its own: its help, its streams, and Ctrl-C."""

import json
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

import freerun as fr
from tests.cli.command_line import COMMAND, CommandLine, in_a_process

COMMANDS = [
    [],
    ["demo"],
    ["train"],
    *(["train", task] for task in ("forecast", "classify", "label", "text")),
    ["compare"],
    ["evaluate"],
    ["run"],
    ["explore"],
    ["data"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_has_a_worked_example(command: list[str], freerun: CommandLine) -> None:
    ended = freerun(*command, "--help")
    assert ended.code == 0
    assert ended.err == ""
    if command != ["train"]:
        assert f"freerun {' '.join(command) or 'demo'}" in ended.out


@pytest.mark.parametrize("command", [["train", "forecast"], ["compare"], ["explore"]], ids=" ".join)
def test_help_does_not_wait_for_torch(command: list[str]) -> None:
    script = (
        f"import sys; from freerun.cli import main; code = main([*{command}, '--help']); "
        "heavy = {'torch', 'numpy', 'matplotlib'} & set(sys.modules); "
        "print(heavy, file=sys.stderr); sys.exit(code)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == "set()\n"
    assert time.monotonic() - began < 10  # 0.2 s on a quiet machine


def test_version_and_bare_command() -> None:
    assert in_a_process("--version").out == f"freerun {version('freerun')}\n"
    bare = in_a_process()
    assert "Usage: freerun" in bare.out
    assert bare.err == ""


def test_a_mistake_and_a_result_in_a_process(runs: Path) -> None:
    missing = in_a_process("evaluate", runs / "forcast")
    assert "Did you mean" in missing.mistake
    found = in_a_process("evaluate", runs / "forecast", "--json")
    assert found.code == 0
    assert found.err == ""
    assert found.object["task"] == "forecast"


def test_ctrl_c_keeps_the_run_and_the_message_goes_on_with_it(
    tmp_path: Path, freerun: CommandLine
) -> None:
    out = tmp_path / "my run"
    options = ["--out", str(out), "--hidden-size", "4", "--epochs", "2000", "--quiet"]
    command = [*COMMAND, "train", "forecast", "sunspots", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    history = out / "history.jsonl"
    try:
        waited = time.monotonic()
        while not (history.exists() and history.read_text()):
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() - waited < 60
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        shown, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert shown == ""
    (line,) = said.splitlines()
    assert f"the run is kept in {out}; to go on: freerun train forecast sunspots --out" in line
    assert line.endswith("--quiet --resume")
    assert f"'{out}'" in line  # quoted, for there is a space in it
    fr.load(out)

    done = len(history.read_text().splitlines())
    settings = ["train", "forecast", "sunspots", "--out", out, "--hidden-size", "4", "--quiet"]
    ended = freerun(*settings, "--epochs", done + 1, "--resume", "--json")
    assert ended.code == 0
    rows = [json.loads(row)["epoch"] for row in history.read_text().splitlines()]
    assert rows == list(range(1, done + 2))
    assert ended.object["epochs"] == done + 1
