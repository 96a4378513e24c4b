"""From a file to a model, a table and a forecast: training, measuring and running on one's own."""

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars
import pytest
import torch

import freerun as fr
from tests.cli.command_line import CommandLine

DAYS, AHEAD = 120, 10
QUICK = ["--epochs", "1", "--hidden-size", "4", "--quiet"]
SALES = ["--target", "units", "--known", "price"]


def rows_of(days: range, with_units: bool) -> list[list[object]]:
    """Two stores, a hundred apart, whose sales follow the week and the price."""
    found = []
    for store, size in (("north", 10.0), ("south", 1000.0)):
        for day in days:
            price = 1 + 0.5 * (day % 3)
            units = size * (2 + np.sin(2 * np.pi * day / 7)) / price
            when = date(2023, 12, 1) + timedelta(days=day)
            found.append([when, store, price, *([round(units, 4)] if with_units else [])])
    return found


def write(file: Path, header: str, rows: list[list[object]]) -> Path:
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([header.split(","), *rows])
    return file


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    return write(tmp_path / "sales.csv", "day,store,price,units", rows_of(range(DAYS), True))


@pytest.fixture
def ahead(tmp_path: Path) -> Path:
    rows = rows_of(range(DAYS, DAYS + AHEAD), False)
    return write(tmp_path / "ahead.csv", "day,store,price", rows)


@pytest.fixture
def run(freerun: CommandLine, sales: Path, tmp_path: Path) -> Path:
    out = tmp_path / "run"
    ended = freerun("train", "forecast", sales, *SALES, *QUICK, "--out", out)
    assert ended.code == 0, ended.err
    return out


def test_a_run_keeps_what_the_columns_mean_and_what_was_decided(run: Path, sales: Path) -> None:
    notes = json.loads((run / "config.json").read_text())["notes"]
    assert notes["data"] == str(sales)
    assert [one["name"] for one in notes["schema"]["known"]] == ["price"]
    assert notes["recipe"]["scale"] == "series"
    for name in ("output_lags", "window", "epochs", "horizon"):
        assert notes["recipe"][name] >= 1
    assert (run / "ends.safetensors").is_file()


def test_a_forecast_carries_the_times_and_the_series_on(
    freerun: CommandLine, run: Path, ahead: Path
) -> None:
    ended = freerun("run", run, "--steps", AHEAD, "--inputs", ahead)
    header, *rows = csv.reader(io.StringIO(ended.out))
    assert header == ["store", "day", "units"]
    assert [row[:2] for row in rows] == [
        [store, str(when)] for when, store, _ in rows_of(range(DAYS, DAYS + AHEAD), False)
    ]
    sizes = np.array([float(row[2]) for row in rows]).reshape(2, AHEAD).mean(1)
    assert sizes[1] > 20 * sizes[0]  # each in its own units


def test_a_forecast_is_that_of_the_estimator(freerun: CommandLine, run: Path, ahead: Path) -> None:
    model = fr.Forecaster.load(run)
    inputs = polars.read_csv(ahead, try_parse_dates=True)
    wanted = np.concatenate(model.predict(AHEAD, inputs))
    found = freerun("run", run, "--steps", AHEAD, "--inputs", ahead, "--json").object
    assert found["series"] == ["north", "south"]
    np.testing.assert_allclose(np.array(found["y"]).reshape(-1), wanted, rtol=1e-5)


def test_it_goes_on_from_other_series_too(
    freerun: CommandLine, run: Path, ahead: Path, tmp_path: Path
) -> None:
    rows = [[when, "west", p, u] for when, store, p, u in rows_of(range(DAYS), True)
            if store == "south"]  # fmt: skip
    other = write(tmp_path / "west.csv", "day,store,price,units", rows)
    west = [[when, "west", p] for when, store, p in rows_of(range(DAYS, DAYS + AHEAD), False)
            if store == "south"]  # fmt: skip
    coming = write(tmp_path / "west_ahead.csv", "day,store,price", west)
    known = freerun("run", run, "--steps", 5, "--inputs", ahead, "--json").object
    found = freerun("run", run, "--steps", 5, "--data", other, "--inputs", coming, "--json").object
    np.testing.assert_allclose(found["y"], known["y"][1], rtol=1e-5)


def test_files_are_written_as_their_names_say(
    freerun: CommandLine, run: Path, ahead: Path, tmp_path: Path
) -> None:
    asked = ["run", run, "--steps", 3, "--inputs", ahead, "--paths", 5]
    assert freerun(*asked, "--out", tmp_path / "f.parquet").code == 0
    assert freerun(*asked, "--out", tmp_path / "f.csv").code == 0
    frame = polars.read_parquet(tmp_path / "f.parquet")
    assert frame["day"].dtype == polars.Date
    assert frame.columns[:6] == ["store", "day", "units mean", "units 5%", "units 50%", "units 95%"]
    text = polars.read_csv(tmp_path / "f.csv", try_parse_dates=True)
    assert text.columns == frame.columns
    np.testing.assert_allclose(text["units 95%"], frame["units 95%"], rtol=1e-6)


def test_the_part_held_back_is_measured_again_alike(
    freerun: CommandLine, sales: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    found = freerun("train", "forecast", sales, *SALES, *QUICK, "--out", run, "--json").object
    held = freerun("evaluate", run, "--json").object
    assert held.items() <= found.items()
    assert held["unit"] == "standard deviations of each series"
    assert held["horizon"] == 96 // 8  # an eighth of the part to train on
    other = freerun("evaluate", run, sales, "--json").object  # all of the file, in its own levels
    assert other["free_running_error"] != held["free_running_error"]


def test_what_is_resumed_ends_as_what_was_not_interrupted(
    freerun: CommandLine, sales: Path, tmp_path: Path
) -> None:
    train = ["train", "forecast", sales, *SALES, "--hidden-size", 4, "--quiet"]
    freerun(*train, "--epochs", 1, "--out", tmp_path / "parts")
    assert freerun(*train, "--epochs", 1, "--out", tmp_path / "parts", "--resume").code == 0
    mistake = freerun(*train, "--epochs", 2, "--out", tmp_path / "parts", "--resume", "--window",
                      9).mistake  # fmt: skip
    assert "--window must be" in mistake
    assert "as the run has it" in mistake


def test_classes_labels_numbers_and_text_are_learned_from_files(
    freerun: CommandLine, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    rows: list[list[object]] = []
    for name in range(30):
        up = name % 2 == 0
        for step in range(8):
            value = (1 if up else -1) * step + rng.normal()
            rows.append([name, round(value, 3), "up" if up else "down", 2.5 * up + 0.1 * name])
    file = write(tmp_path / "rows.csv", "case,value,way,height", rows)
    for task, target, figure in (
        ("classify", "way", "accuracy"),
        ("regress", "height", "error"),
        ("label", "way", "accuracy"),
    ):
        out = tmp_path / task
        found = freerun("train", task, file, "--series", "case", "--target", target, "--known",
                        "value", *QUICK, "--out", out, "--json").object  # fmt: skip
        assert found["trivial"]
        measured = freerun("evaluate", out, "--json").object
        assert measured[figure] == found[figure]
    text = tmp_path / "text.txt"
    text.write_text("to and fro, " * 100)
    found = freerun("train", "text", text, "--unit", "words", *QUICK, "--out", tmp_path / "words",
                    "--json").object  # fmt: skip
    assert found["bits_per_character"] > 0
    shown = freerun("run", tmp_path / "words", "--prompt", "to and", "--steps", 4).out
    assert shown.startswith("to and")


def test_nothing_is_measured_where_nothing_is_held_back(
    freerun: CommandLine, sales: Path, tmp_path: Path
) -> None:
    train = ["train", "forecast", sales, *SALES, *QUICK, "--test", 0, "--out", tmp_path / "run"]
    ended = freerun(*train)
    assert "Nothing was held back" in ended.out
    assert "Pass a file to measure on" in freerun("evaluate", tmp_path / "run").mistake


def test_settings_come_from_a_file_and_what_is_typed_goes_before(
    freerun: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('hidden-size = 3\nepochs = 1\ncell = "lstm"\nresidual = true\nlr = 0.02\n')
    train = ["train", "forecast", "sunspots", "--config", file, "--quiet", "--cell", "relu",
             "--recurrence", "output", "--window", 60]  # fmt: skip
    assert freerun(*train, "--out", tmp_path / "run").code == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    network = {"hidden_size": 3, "cell": "relu", "residual": True}
    assert network.items() <= config["network"].items()
    assert network.items() <= config["notes"]["recipe"].items()
    assert config["training"]["optimizer"]["lr"] == 0.02

    file.write_text("hiden-size = 3\n")
    assert "Did you mean hidden-size?" in freerun(*train, "--out", tmp_path / "new").mistake
    file.write_text("epochs = 0\n")
    assert (
        "--epochs must be a whole number of 1" in freerun(*train, "--out", tmp_path / "n").mistake
    )


def test_info_says_what_a_run_is(freerun: CommandLine, run: Path, sales: Path) -> None:
    shown = freerun("info", run).out
    for part in (str(sales), "'price'", "'units'", "hidden_size=4", "1 epochs"):
        assert part in shown
    found = freerun("info", run, "--json").object
    assert (found["task"], found["epochs"], found["inputs"]) == ("forecast", 1, ["price"])
    weights = fr.load(run).state_dict().values()
    assert found["parameters"] == sum(one.numel() for one in weights if isinstance(
        one, torch.Tensor)) - len(fr.load(run).get_extra_state())  # fmt: skip
