"""``freerun demo`` at a tiny size: everything it does, on networks that have hardly learned."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.image import imread

import freerun as fr
from freerun.cli.demonstration import PARTS, demonstrate
from freerun.cli.report import print_report
from tests.cli.command_line import CommandLine


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "runs"


@pytest.fixture(scope="module")
def result(out: Path) -> dict[str, Any]:
    return demonstrate(out, seed=3, quiet=True, epochs=1)


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k != "seconds"}
    return value


def test_every_part_is_kept_and_measured(result: dict[str, Any], out: Path) -> None:
    parts = result["parts"]
    assert parts.keys() == PARTS.keys()
    for name, part in parts.items():
        net = fr.load(out / name)
        assert part["run"] == str(out / name)
        assert net.recurrence == PARTS[name][1].recurrence
    assert [PARTS[name][1].recurrence for name in parts] == [
        "hidden",
        "hidden",
        "both",
        "output",
        "output",
    ]
    assert all(0 < parts[name]["accuracy"] <= 1 for name in ("classify", "label"))
    assert parts["text"]["sample"].startswith("Call me Ishmael. ")
    for name in ("forecast_teacher_forced", "forecast_free_running"):
        assert math.isfinite(parts[name]["ratio"])
        assert len(parts[name]["gap"]["free_running"]) == 60


def test_the_forecasts_differ_in_forcing_alone() -> None:
    forced, free = PARTS["forecast_teacher_forced"][1], PARTS["forecast_free_running"][1]
    assert replace(forced, forcing=free.forcing) == free
    assert (forced.forcing, free.forcing) == ("TeacherForcing", "FreeRunning")


def test_the_picture_is_one(result: dict[str, Any]) -> None:
    pixels = imread(result["picture"])
    assert pixels.shape[0] > 500
    assert pixels.shape[1] > 1000
    assert pixels.std() > 0.05  # something is drawn


def test_again_with_the_same_seed_it_replaces_its_runs_and_finds_the_same(
    result: dict[str, Any], out: Path
) -> None:
    threads = torch.get_num_threads()
    again = demonstrate(out, seed=3, quiet=True, epochs=1)
    assert without_times(again) == without_times(result)
    assert torch.get_num_threads() == threads


def test_the_report_is_plain_and_says_what_to_compare_with(
    result: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    print_report(result)
    shown = capsys.readouterr().out
    assert shown.isascii()
    assert all(len(line) <= 100 for line in shown.splitlines() if line.startswith(("|", "+")))
    for words in ("trivial: 11 years ago", "60 months free", "bits", "right", "ratio"):
        assert words in shown


def test_the_command_prints_one_object(
    freerun: CommandLine, result: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def short(*arguments: object) -> dict[str, Any]:
        asked.append(arguments)
        return result

    monkeypatch.setattr("freerun.cli.demonstration.demonstrate", short)
    ended = freerun("demo", "--json", "--seed", 3, "--quiet")
    assert ended.object == result
    assert ended.err == ""
    assert asked == [(Path("runs/demo"), 3, True)]
    assert "Moby-Dick" in freerun("demo", "--quiet").out
