"""``freerun evaluate``, ``freerun run`` and ``freerun data``: figures and paths of a kept run."""

import csv
import io
from pathlib import Path

import pytest
import torch

import freerun as fr
from tests.cli.command_line import CommandLine


def test_a_forecast_is_measured_as_the_library_measures_it(
    freerun: CommandLine, runs: Path
) -> None:
    found = freerun("evaluate", runs / "forecast", "--horizon", 24, "--json").object
    _, test = fr.datasets.load("sunspots")
    gap = fr.exposure_gap(fr.load(runs / "forecast"), test, 24)
    assert found["gap"] == gap.to_dict()
    assert found["crossing"] == gap.crossing
    assert found["free_running_error"] == pytest.approx(
        float(gap.free_running.square().mean().sqrt())
    )


def test_classes_are_measured_as_the_library_measures_them(
    freerun: CommandLine, runs: Path
) -> None:
    _, test = fr.datasets.load("japanese_vowels")
    found = freerun("evaluate", runs / "classify", "japanese_vowels", "--json").object
    assert found["accuracy"] == fr.evaluate(fr.load(runs / "classify"), test)["accuracy"]
    # The training part has 30 utterances of every speaker; the first speaker has 31 of the test.
    assert found["trivial"]["most frequent class"]["accuracy"] == pytest.approx(31 / 370)
    assert 0 < freerun("evaluate", runs / "label", "--json").object["accuracy"] < 1


def test_text_is_measured_in_bits_beside_its_frequencies(freerun: CommandLine, runs: Path) -> None:
    found = freerun("evaluate", runs / "text", "--json").object
    single, pairs = (row["bits_per_character"] for row in found["trivial"].values())
    assert pairs < single < 6
    assert 1 < found["bits_per_character"] < 6.3  # log2(78): no character preferred
    table = freerun("evaluate", runs / "text").out
    assert f"{found['bits_per_character']:.2f}" in table
    assert "frequency of pairs" in table


def test_a_forecast_goes_on_where_the_data_end(freerun: CommandLine, runs: Path) -> None:
    ended = freerun("run", runs / "forecast", "--steps", 5)
    header, *rows = csv.reader(io.StringIO(ended.out))
    assert header == ["step", "sunspot number"]
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5"]
    _, test = fr.datasets.load("sunspots")
    path = fr.run(fr.load(runs / "forecast"), 5, warmup=(None, test.y_flat))
    torch.testing.assert_close(
        torch.tensor([float(row[1]) for row in rows]), path.y[:, 0], rtol=1e-5, atol=1e-4
    )  # six digits are printed


def test_paths_come_with_their_quantiles_and_follow_the_seed(
    freerun: CommandLine, runs: Path, tmp_path: Path
) -> None:
    several = ["run", runs / "spread", "--steps", 3, "--paths", 4]
    found = freerun(*several, "--json").object
    assert found["draw"] == "sample"
    assert torch.tensor(found["each_path"]).shape == (4, 3, 1)
    low, middle, high = (torch.tensor(found["quantiles"][q]) for q in ("0.05", "0.5", "0.95"))
    assert bool(((low <= middle) & (middle <= high)).all())
    assert freerun(*several, "--json").object == found
    assert freerun(*several, "--json", "--seed", 1).object["y"] != found["y"]

    file = tmp_path / "paths.csv"
    ended = freerun(*several, "--out", file, "--json")
    assert ended.object == {**found, "out": str(file)}
    header, *rows = csv.reader(io.StringIO(file.read_text()))
    assert header[1:5] == [f"sunspot number {what}" for what in ("mean", "5%", "50%", "95%")]
    assert len(header) == 1 + 4 + 4
    assert len(rows) == 3


def test_text_goes_on_from_a_prompt(freerun: CommandLine, runs: Path, tmp_path: Path) -> None:
    asked = ["run", runs / "text", "--steps", 20, "--prompt", "Call me"]
    found = freerun(*asked, "--json").object
    (text,) = found["texts"]
    assert len(text) == 20
    assert freerun(*asked).out == f"Call me{text}\n"
    assert freerun(*asked, "--seed", 1, "--json").object["texts"] != [text]
    assert freerun(*asked, "--top-k", 1, "--json").object == {
        **freerun(*asked, "--top-k", 1, "--seed", 5, "--json").object,
        "seed": 0,
    }
    assert len(freerun(*asked, "--paths", 3, "--json").object["texts"]) == 3
    assert len(freerun("run", runs / "text", "--steps", 4, "--draw", "mean").out) == 5
    freerun(*asked, "--out", tmp_path / "text.txt")
    assert (tmp_path / "text.txt").read_text() == f"Call me{text}\n"


def test_data_lists_the_sets_and_their_tasks(freerun: CommandLine) -> None:
    found = freerun("data", "--json").object["sets"]
    assert {one["name"]: one["tasks"] for one in found} == {
        "japanese_vowels": ["classify", "label"],
        "moby_dick": ["text"],
        "sunspots": ["forecast"],
    }
    assert "moby_dick: Moby-Dick" in freerun("data").out
