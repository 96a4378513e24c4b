"""``freerun report``, and the report at the end of a training."""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from freerun.cli import reporting
from freerun.cli.commands.train import command
from tests.cli.command_line import CommandLine

SHORT = ["--epochs", 2, "--hidden-size", 2, "--quiet"]


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """Three series with an input; the name of one would be markup."""
    file = tmp_path / "sales.csv"
    rows = ["day,store,price,units"]
    for base, store in ((10, "<i>north</i>"), (500, "south"), (30, "east")):
        for day in range(80):
            units = base + (day % 7) * base / 10 + (day * 37 % 11) / 10
            rows.append(f"{date(2024, 1, 1) + timedelta(day)},{store},{day % 5},{units}")
    file.write_text("\n".join(rows) + "\n")
    return file


def figures(file: Path) -> Any:
    page = file.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize("task", ["forecast", "spread", "classify", "label", "text"])
def test_every_training_ends_with_a_report(runs: Path, task: str) -> None:
    file = runs / task / "report.html"
    assert 0 < file.stat().st_size < 5_000_000
    assert ("calibration" in figures(file)) == (task == "spread")


def test_a_report_is_written_again_and_elsewhere(
    freerun: CommandLine, runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    found = freerun("report", runs / "spread", "--out", out, "--json").object
    assert found == {
        "task": "forecast",
        "data": "sunspots",
        "run": str(runs / "spread"),
        "report": str(out),
        "bytes": out.stat().st_size,
    }
    first = out.read_bytes()
    again = freerun("report", runs / "spread", "--out", out)
    assert (again.code, again.out) == (0, "")
    assert out.read_bytes() == first


def test_a_report_has_the_errors_of_evaluate(
    freerun: CommandLine, runs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    freerun("report", runs / "forecast", "--out", out)
    measured = freerun("evaluate", runs / "forecast", "--json").object
    (view,) = figures(out)["errors"]["views"]
    lines = {trace["name"]: trace["y"] for trace in view["traces"]}
    assert lines["free running"] == pytest.approx(measured["gap"]["free_running"], rel=1e-6)
    assert f"<dd>{measured['one_step_error']:.4g}</dd>" in out.read_text()


def test_series_of_a_file_are_in_their_units_and_their_times(
    freerun: CommandLine, sales: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    ended = freerun(
        "train", "forecast", sales, "--target", "units", "--time", "day", "--series", "store",
        "--known", "price", "--out", run, *SHORT, "--json",
    )  # fmt: skip
    assert ended.object["report"] == str(run / "report.html")
    paths = figures(run / "report.html")["paths"]
    south = [one for one in paths["views"] if one["label"].startswith("south")]
    observed = next(one for one in south[0]["traces"] if one["name"] == "observed")
    assert all(490 < value < 820 for value in observed["y"])
    assert re.fullmatch(r"2024-\d\d-\d\d", observed["x"][0])
    assert "&lt;i&gt;north&lt;/i&gt;" in (run / "report.html").read_text()
    assert "<i>north" not in (run / "report.html").read_text()

    other = tmp_path / "other.csv"
    other.write_text(sales.read_text().replace("south", "west"))
    page = tmp_path / "other.html"
    assert freerun("report", run, other, "--out", page).code == 0
    assert "whole file" in page.read_text()
    assert any("west" in one["label"] for one in figures(page)["paths"]["views"])


def test_without_a_part_held_back_the_training_part_is_measured(
    freerun: CommandLine, sales: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    freerun("train", "forecast", sales, "--target", "units", "--time", "day", "--series", "store",
            "--out", run, "--test", 0, *SHORT)  # fmt: skip
    page = (run / "report.html").read_text()
    assert "training part, for nothing was held back" in page


def test_numbers_of_whole_sequences_are_reported(freerun: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "batches.csv"
    rows = [f"b{n},{(n * step) % 7},{n % 5}.5" for n in range(20) for step in range(6)]
    file.write_text("batch,heat,yield\n" + "\n".join(rows) + "\n")
    run = tmp_path / "run"
    freerun(
        "train", "regress", file, "--target", "yield", "--series", "batch", "--out", run, *SHORT
    )
    assert "residuals" in figures(run / "report.html")


def test_no_report_is_written_where_none_is_wanted(freerun: CommandLine, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ["--out", run, "--no-report", *SHORT, "--json"]
    assert freerun("train", "label", "japanese_vowels", *options).object["report"] is None
    assert not (run / "report.html").exists()


def test_a_training_that_is_done_never_fails_for_its_report(
    freerun: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no\nreport")

    monkeypatch.setattr(reporting, "gather", broken)
    ended = freerun("train", "label", "japanese_vowels", "--out", tmp_path / "run", *SHORT)
    assert ended.code == 0
    assert ended.err == "freerun: no report was written: ZeroDivisionError: no report\n"
    assert (tmp_path / "run" / "weights.safetensors").is_file()


def test_it_is_opened_when_asked(
    freerun: CommandLine, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(typer, "launch", opened.append)
    freerun("report", runs / "label", "--out", tmp_path / "page.html", "--open")
    assert opened == [str(tmp_path / "page.html")]


def test_mistakes_are_said_in_a_line(freerun: CommandLine, runs: Path, tmp_path: Path) -> None:
    for arguments, said in (
        ((tmp_path,), "RUN must be a run directory"),
        ((runs / "label", "--out", tmp_path), "--out must be a file"),
        ((runs / "label", "--out", tmp_path / "a.pdf"), "--out must end with .html"),
        ((runs / "label", "--out", tmp_path / "no" / "a.html"), "a directory that is there"),
        ((runs / "label", tmp_path / "none.csv"), "none.csv"),
        ((runs / "text", "sunspots"), "DATA for text"),
    ):
        assert said in freerun("report", *arguments).mistake


def test_every_training_can_be_told_to_write_none() -> None:
    for task in ("forecast", "classify", "regress", "label", "text"):
        assert "no_report" in command(task).__annotations__
