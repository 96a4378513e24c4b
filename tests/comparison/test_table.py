"""What is shown of a comparison: tables, sentences, the picture."""

import csv
import io
import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

import freerun as fr
from freerun.comparison import Comparison, Spread
from freerun.comparison.naming import name_of
from freerun.comparison.picture import save_pictures
from freerun.comparison.table import columns, delimited, latex, plus_minus, rows, sentences
from tests.comparison.examples import Explodes, outcome

BASE = [outcome("Base", 0, 1.0, 2.0), outcome("Base", 1, 1.1, 2.2), outcome("Base", 2, 0.9, 1.8)]


def beside(*free: float, name: str = "Other", failures: tuple[int, ...] = ()) -> Comparison:
    others = [
        outcome(name, seed, 1.5, error, "diverged" if seed in failures else None)
        for seed, error in enumerate(free)
    ]
    return Comparison((*BASE, *others), 6)


def test_a_row_is_of_the_trials_that_did_not_fail() -> None:
    found = beside(1.0, 1.2, 500.0, failures=(2,))
    row = found.rows[1]
    assert (row.forcing, row.seeds, row.failed) == ("Other", 3, 1)
    assert row.free_running.mean == pytest.approx(1.1)
    assert row.ahead[5].mean == pytest.approx(1.1 + 5 / 6)
    assert row.ratio.mean == pytest.approx(1.1 / 1.5)


def test_pairs_are_of_the_same_seed_and_of_those_that_both_have() -> None:
    """The baseline fails on one seed, the other on another: one pair is left, that of seed 1."""
    failed = replace(BASE[0], failure="not finite")
    others = [outcome("Other", 0), outcome("Other", 1, free=1.1), outcome("Other", 2)]
    others[2] = replace(others[2], failure="diverged")
    found = Comparison((failed, *BASE[1:], *others), 6)
    assert found.rows[1].free_running_beside.count == 1
    assert found.rows[1].free_running_beside.ratio == pytest.approx(0.5)
    assert "is 0.50 times that of Base on the one seed that both have." in sentences(found)[1]


def test_the_order_of_outcomes_pairs_nothing_else() -> None:
    others = [outcome("Other", seed, free=0.5 * BASE[seed].free_running) for seed in (2, 0, 1)]
    found = Comparison((*BASE, *others), 6)
    row = found.rows[1].free_running_beside
    assert (row.ratio, row.low, row.high) == pytest.approx((0.5, 0.5, 0.5))


def test_sentences_say_what_seeds_make_alone() -> None:
    lower, within = beside(1.0, 1.1, 0.88), beside(2.2, 2.0, 1.9)
    assert sentences(lower)[1] == (
        "Running free over 6 steps, the error of Other is lower than that of Base: "
        "0.50 (0.48 to 0.51) times it, over 3 seeds."
    )
    assert "differ within the spread of seeds: 1.02 (0.79 to 1.31)" in sentences(within)[1]
    assert "One step ahead, the error of Other is higher than that of Base" in sentences(within)[0]
    failed = sentences(beside(1.0, 1.1, 9.0, failures=(2,)))
    assert "over the 2 of 3 seeds on which neither failed." in failed[1]
    assert failed[2] == "Other failed on 1 of 3 seeds: 1 running free (diverged)."
    none = sentences(beside(9.0, 9.0, 9.0, failures=(0, 1, 2)))
    assert "cannot be set beside that of Base: there is no seed on which neither" in none[1]


def test_of_one_seed_nothing_can_be_said() -> None:
    found = Comparison((BASE[0], outcome("Other", 0, free=0.1)), 6)
    assert sentences(found)[-1] == "Of one seed nothing can be said of differences: use more."
    assert "95 %" not in found.table()
    assert "spread" not in found.table()


def test_the_table_in_markdown() -> None:
    lines = beside(1.0, 1.1, 0.88).table().splitlines()
    assert lines[0] == (
        "| forcing | one step | 5 ahead | 6 ahead | 1 to 6 | ratio | beside Base | seconds "
        "| failed |"
    )
    assert lines[2] == (
        "| Base | 1.00 ± 0.10 | 2.83 ± 0.20 | 3.00 ± 0.20 | 2.00 ± 0.20 | 2 | 1 | 0.5 | 0 of 3 |"
    )
    assert lines[3].endswith("| 0.50 (0.48 to 0.51) | 0.5 | 0 of 3 |")
    assert lines[4] == "| trivial: mean | 4 | 4 | 4 | 4 | 1 |  |  |  |"
    assert len({line.count("|") for line in lines[:5]}) == 1
    assert "Trials that failed are in no mean" in beside(1, 1, 9, failures=(2,)).table()
    assert "Trials that failed" not in beside(1, 1, 1).table()


def test_one_step_ahead_there_is_nothing_to_run() -> None:
    found = Comparison((outcome("Base", 0, horizon=1), outcome("Other", 0, horizon=1)), 1)
    assert columns(found) == ["forcing", "one step", "ratio", "beside Base", "seconds", "failed"]
    assert all(len(row) == 6 for row in rows(found))


def test_the_table_in_latex() -> None:
    found = beside(1.0, 1.1, 0.88, name="Other:rate_of=50%")
    shown = latex(found)
    assert r"Other:rate\_of=50\% & $1.5$" not in shown
    assert r"  Other:rate\_of=50\% & 1.5 &" in shown
    assert r"1.00 $\pm$ 0.10" in shown
    body = [line for line in shown.splitlines() if line.endswith(r"\\")]
    assert {line.count("&") for line in body} == {8}
    assert shown.count(r"\midrule") == 2
    assert "\\begin{tabular}{lrrrrrrrr}" in shown
    assert shown.splitlines()[0].startswith("% Root mean squared errors")
    assert shown.isascii()


def test_the_table_as_csv_holds_every_figure() -> None:
    found = beside(1.0, 1.1, 9.0, failures=(2,))
    base, other = csv.DictReader(io.StringIO(delimited(found)))
    assert float(base["free_running_mean"]) == pytest.approx(2)
    assert float(base["free_running_at_5_sd"]) == pytest.approx(0.2)
    assert (other["forcing"], other["diverged"], other["free_running_beside_pairs"]) == (
        "Other", "1", "2",
    )  # fmt: skip
    assert float(other["free_running_beside_ratio"]) == pytest.approx(0.5)
    none = list(csv.DictReader(io.StringIO(delimited(beside(9, 9, 9, failures=(0, 1, 2))))))[1]
    assert none["free_running_mean"] == ""


def test_the_object_is_json() -> None:
    found = beside(1.0, float("inf"), 9.0, failures=(1,)).to_dict()
    json.dumps(found, allow_nan=False)
    assert found["trials"][4]["free_running"] is None
    assert found["rows"][1]["free_running_verdict"] == "within the spread of seeds"
    assert found["rows"][1]["failed"] == found["failed"] == 1


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([44.41, 47.53, 48.0], "46.6 ± 2.0"),
        ([0.00123, 0.00125], "0.001240 ± 0.000014"),
        ([1e9, 1.2e9], "1.1e+09 ± 1.4e+08"),
        ([100, 900, 5000], "2000 ± 2629"),
        ([3.0, 3.0], "3"),
        ([5.0], "5"),
        ([], "-"),
    ],
)
def test_figures_have_the_digits_that_mean_something(values: list[float], shown: str) -> None:
    assert plus_minus(Spread.of(values)) == shown


def test_names_say_what_is_not_the_default() -> None:
    assert name_of(fr.TeacherForcing()) == "TeacherForcing"
    assert name_of(fr.FreeRunning(3)) == "FreeRunning:warmup=3"
    assert name_of(Explodes(1)) == "Explodes"


def test_lines_differ_without_colour_and_are_named_at_their_ends() -> None:
    found = beside(1.0, 1.1, 9.0, failures=(2,))
    ax = found.plot()
    base, other, trivial = ax.lines
    assert base.get_linestyle() != other.get_linestyle()
    assert base.get_marker() != other.get_marker()
    assert np.asarray(base.get_ydata()).tolist() == list(BASE[0].by_step)  # seed 0 is the median
    assert set(np.asarray(trivial.get_ydata()).tolist()) == {4.0}
    names = [text.get_text() for text in ax.texts]
    assert names == ["Other (1 of 3 failed)", "Base", "best trivial forecast"]
    places = [text.xyann[1] for text in ax.texts]  # type: ignore[attr-defined]
    assert all(b - a >= 0.0549 for a, b in itertools.pairwise(places))
    assert len(ax.collections) == 2  # bands
    assert ax.get_yscale() == "linear"


def test_errors_far_apart_have_a_logarithmic_axis() -> None:
    assert beside(300.0, 300.0, 300.0).plot().get_yscale() == "log"


def test_pictures_are_whole_and_the_same_again(tmp_path: Path) -> None:
    found = beside(1.0, 1.1, 0.88)
    save_pictures(found, tmp_path)
    assert imread(tmp_path / "picture.png").std() > 0.05
    drawn = (tmp_path / "picture.svg").read_bytes()
    save_pictures(found, tmp_path)
    assert (tmp_path / "picture.svg").read_bytes() == drawn
    failed = [replace(one, failure="diverged", by_step=()) for one in BASE]
    save_pictures(Comparison(tuple(failed), 6), tmp_path)  # there is nothing to draw
