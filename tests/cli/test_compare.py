"""``freerun compare``: what it prints, keeps, refuses, and how it ends."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from freerun.cli import comparing
from freerun.comparison import Comparison
from freerun.forcing import FORCINGS
from tests.cli.bad_files import sales
from tests.cli.command_line import COMMAND, CommandLine, Ended
from tests.comparison.examples import Explodes, outcome

SMALL = ["--hidden-size", "4", "--epochs", "1", "--output-lags", "12", "--horizon", "6",
         "--batch-size", "256"]  # fmt: skip
TWO = ["--forcing", "TeacherForcing", "--forcing", "free-running"]


ROOT = Path(__file__).parents[2]


class Compare:
    def __init__(self, command_line: CommandLine) -> None:
        self.command_line = command_line

    def __call__(self, *options: object, workers: int = 1) -> Ended:
        how = [*SMALL, "--workers", workers, "--seeds", 2]
        return self.command_line("compare", "sunspots", *how, *options)


@pytest.fixture
def compare(freerun: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Compare:
    monkeypatch.setitem(FORCINGS, "Explodes", Explodes)
    return Compare(freerun)


def test_it_prints_a_table_and_what_it_says(compare: Compare) -> None:
    ended = compare(*TWO)
    assert ended.code == 0
    for words in (
        "sunspots, held-back part: root mean squared error, mean ± s.d. of 2 seeds",
        "| forcing  ",
        "| TeacherForcing  ",
        "| trivial: mean  ",
        "beside TeacherForcing",
        "0 of 2",
        "One step ahead, ",
        "Running free over 6 steps, ",
        " over 2 seeds.",
    ):
        assert words in ended.out
    assert all(len(line) <= 100 for line in ended.out.splitlines() if line.startswith(("|", "+")))
    first, *_, last = ended.err.splitlines()
    assert first.startswith("[1/4] TeacherForcing, seed 0: error running free ")
    assert last.startswith("[4/4] FreeRunning, seed 1: ")


def test_one_object_and_the_files(compare: Compare, tmp_path: Path) -> None:
    out = tmp_path / "papers" / "one"
    ended = compare(*TWO, "--forcing", "Explodes", "--json", "--quiet", "--out", out)
    assert (ended.code, ended.err) == (0, "")
    found = ended.object
    assert (found["task"], found["data"], found["horizon"]) == ("compare", "sunspots", 6)
    assert found["baseline"] == "TeacherForcing"
    assert [row["forcing"] for row in found["rows"]] == [
        "TeacherForcing",
        "FreeRunning",
        "Explodes",
    ]
    assert found["forcings"]["FreeRunning"] == "FreeRunning"
    assert [row["failed"] for row in found["rows"]] == [0, 0, 1]
    assert "must be finite" in found["trials"][5]["reason"]
    assert found["recipe"]["start"] == "random"
    assert "forcing" not in found["recipe"]
    assert sorted(path.name for path in out.iterdir()) == sorted(comparing.FILES)
    assert json.loads((out / "figures.json").read_text()) == found
    assert (out / "table.md").read_text().startswith("| forcing | one step |")
    assert "\\toprule" in (out / "table.tex").read_text()
    assert (out / "table.csv").read_text().count("\n") == 4
    assert os.listdir(out.parent) == ["one"]


def test_the_seeds_and_the_policies_alone_decide(compare: Compare) -> None:
    def errors(found: dict[str, Any]) -> list[Any]:
        return [(one["forcing"], one["seed"], one["by_step"]) for one in found["trials"]]

    one = compare(*TWO, "--forcing", "Explodes", "--json").object
    two = compare(*TWO, "--forcing", "Explodes", "--json", workers=2).object
    assert errors(one) == errors(two)


def test_all_that_fail_make_it_fail(compare: Compare, tmp_path: Path) -> None:
    out = tmp_path / "one"
    ended = compare("--forcing", "Explodes:seed=-1", "--out", out)
    assert ended.code == 1
    assert "Explodes:seed=-1 failed on 2 of 2 seeds: 2 in training (not finite)." in ended.out
    assert sorted(path.name for path in out.iterdir()) == sorted(comparing.FILES)


def test_nothing_but_a_comparison_is_replaced_and_that_only_when_asked(
    compare: Compare, tmp_path: Path
) -> None:
    out = tmp_path / "one"
    assert compare(*TWO, "--out", out).code == 0
    before = (out / "figures.json").read_bytes()
    assert "--out must be a new directory" in compare(*TWO, "--out", out).mistake
    assert (out / "figures.json").read_bytes() == before
    assert compare("--forcing", "FreeRunning", "--out", out, "--overwrite").code == 0
    assert json.loads((out / "figures.json").read_text())["baseline"] == "FreeRunning"
    (out / "table.md").unlink()
    mistake = compare(*TWO, "--out", out, "--overwrite").mistake
    assert "--out must be a comparison" in mistake


def test_what_fails_at_work_leaves_nothing(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(comparing, "save_pictures", full)
    ended = compare(*TWO, "--out", tmp_path / "one")
    assert ended.code == 1
    assert "no space left on device" in ended.err
    assert os.listdir(tmp_path) == []


def test_lags_reach_no_further_than_it_runs_unless_they_are_asked_for(freerun: CommandLine) -> None:
    command = ["compare", "sunspots", *TWO[:2], "--seeds", 1, "--epochs", 1, "--json", "--quiet"]
    found = freerun(*command, "--hidden-size", 2, "--batch-size", 256).object["recipe"]
    assert (found["horizon"], found["output_lags"], found["window"]) == (60, 60, 60)


def test_the_commands_of_the_page_are_taken(
    freerun: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def compared(*given: Any) -> Comparison:
        asked.append(given)
        return Comparison((outcome("TeacherForcing", 0), outcome("FreeRunning", 0)), 6)

    monkeypatch.setattr(comparing, "compare", compared)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.csv").write_text(sales())
    pages = [ROOT / "docs" / "comparing.md", ROOT / "README.md"]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    commands = re.findall(r"^\$ freerun (compare .*)$", text, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        ended = freerun(*shlex.split(command))
        assert ended.code == 0, ended.err
    assert [list(policies) for _, _, policies, *_ in asked[:2]] == [
        ["TeacherForcing", "FreeRunning", "FreeRunning:warmup=30"],
        ["TeacherForcing", "FreeRunning"],
    ]
    assert {path.name for path in tmp_path.iterdir()} == {
        "sales.csv", "sales_compared", "sunspots_compared",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes as Linux has them")
def test_ctrl_c_ends_every_worker_and_leaves_nothing(tmp_path: Path) -> None:
    options = [*SMALL, *TWO, "--workers", "2", "--seeds", "500", "--out", str(tmp_path / "one")]
    process = subprocess.Popen(
        [*COMMAND, "compare", "sunspots", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("[1/1000] "), line
        os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it: to all of them
        shown, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert shown == ""
        assert said.splitlines()[-1] == "freerun: stopped"
        assert "Traceback" not in said
        assert os.listdir(tmp_path) == []
        waited = time.monotonic()
        while time.monotonic() - waited < 20:
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)
        pytest.fail("workers go on")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
