"""What is said of a run."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.kernels.case import Case
from benchmarks.kernels.claims import claims
from benchmarks.kernels.figures import spread
from benchmarks.kernels.grids import closed, hidden, output, whole_grid
from benchmarks.kernels.markdown import document
from benchmarks.kernels.peers import OURS, peers_for
from benchmarks.kernels.results import write_json, write_whole
from benchmarks.kernels.summary import losing, rows_of
from benchmarks.kernels.text import header, line, summary


def figures(case: Case, ours: float, **others: list[float]) -> dict[str, Any]:
    """Made-up figures: ours in seconds, others as the ratios of their rounds."""
    names = {"torch_nn": "torch.nn", "eager": "eager loop", "limit": "limit, whole"}
    ratios = {names.get(name, name): spread(rounds) for name, rounds in others.items()}
    times = {
        name: {**{key: ours * part for key, part in found.items()}, "rounds": 3, "difference": 1e-7}
        for name, found in ratios.items()
    }
    times[OURS] = {"q1": ours, "median": ours, "q3": ours, "rounds": 3, "difference": 1e-7}
    peers = [name for name in ratios if not name.startswith("limit")]
    fastest = min(peers, key=lambda name: ratios[name]["median"])
    return {
        "case": case.as_json(), "times": times, "ratios": ratios, "fastest": fastest,
        "absent": {"torch.compile": "unrolls the loop"}, "failed": {}, "operations": case.products,
        "others": 0.01,
    }  # fmt: skip


def content(*rows: dict[str, Any]) -> dict[str, Any]:
    environment = {
        "date": "2026-01-01", "threads": 2, "processors": 2, "processor": "A processor",
        "system": "Linux", "instructions": "AVX2", "python": "3.11", "load": 0.0,
        "versions": {"torch": "2.13.0", "jax": None},
    }  # fmt: skip
    rate = {"start": {"best": 1e11}, "end": {"best": 2e11}}
    return {
        "format": 1, "complete": True, "environment": environment, "rate": rate, "seconds": 60.0,
        "rows": list(rows),
    }  # fmt: skip


WON = figures(hidden("tanh", 32, 50, 256), 0.01, torch_nn=[3.0, 3.0], JAX=[5.0, 5.0])
LOST = figures(output("free", 8, 50, 64, 1), 0.01, JAX=[0.4, 0.5, 0.6], eager=[20.0])
NOISY = figures(output("free", 1, 50, 64, 1), 0.01, JAX=[0.8, 0.9, 1.2], eager=[20.0])


def test_cells_that_lose_are_counted_with_their_noise() -> None:
    rows = rows_of(content(WON, LOST, NOISY))
    assert [row.case for row in losing(rows)] == [rows[1].case, rows[2].case]
    text = summary(rows)
    assert "2 cells where a peer is faster" in text
    assert "0.50x (0.45-0.55) JAX: output recurrence, free-running BPTT" in text
    assert "0.90x (0.85-1.05) JAX, within the noise" in text


def test_targets_are_judged_by_ratios_shares_and_what_was_not_measured() -> None:
    rows = rows_of(content(WON, LOST, NOISY))
    found = {(claim.work, claim.figure): claim for claim in claims(rows)}
    mean = found["hidden recurrence, tanh", "geometric mean over the fastest peer"]
    assert mean.found == pytest.approx(3)
    assert (mean.reached, mean.cells) == (True, 1)
    slower = found[
        "output recurrence, free running", "cells slower than the fastest peer, beyond the noise"
    ]
    assert (slower.found, slower.reached, slower.cells) == (1, False, 2)
    eager = found[
        "output recurrence, free running, B H <= 2048", "geometric mean over the eager loop"
    ]
    assert eager.reached is True
    assert eager.found == pytest.approx(20)
    assert found["Session.step", "slowest, a step"].reached is None


def test_the_share_is_of_the_better_rate_and_the_limit_is_the_faster_one() -> None:
    case = output("teacher", 8, 50, 256, 8)
    (row,) = rows_of(content(figures(case, 0.01, JAX=[2.0], limit=[0.8])))
    assert row.share == pytest.approx(case.products / 0.01 / 2e11)
    assert row.share_of_limit == 0.8


def test_every_row_names_everyone_who_could_have_taken_part() -> None:
    (row,) = rows_of(content(WON))
    assert all(peer.name in header(row) for peer in peers_for("hidden"))
    assert "10.0 (10.0-10.0)" in line(row)
    assert "30.0 (30.0-30.0) 3.00x" in line(row)


def test_the_document_has_every_table_and_the_cells_that_lose() -> None:
    step = figures(closed("both", 1, 5000, 64), 4e-7, JAX=[3.0], eager=[25.0])
    text = document(content(WON, LOST, step))
    assert "## Hidden recurrence, tanh, forward and backward" in text
    assert "1 of 3 cells." in text
    assert "| both | 1 | 5000 | 64 | 1 | 0.400 (0.400-0.400) |" in text
    assert "torch 2.13.0, jax not installed" in text
    assert all(row.count("|") > 2 for row in text.splitlines() if row.startswith("|"))


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kernels.json"
    write_json(path, content(WON, LOST))
    assert json.loads(path.read_text()) == content(WON, LOST)
    with pytest.raises(TypeError):
        write_json(path, content({"case": object()}))
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    assert json.loads(path.read_text()) == content(WON, LOST)
    assert [file.name for file in path.parent.iterdir()] == ["kernels.json"]


def test_cells_measured_beside_others_work_are_marked() -> None:
    quiet, loud = rows_of(content(WON, WON | {"others": 0.4}))
    assert "DISTURBED" not in line(quiet)
    assert "DISTURBED: others took 40 %" in line(loud)
    assert "1 of 2 cells were measured while other processes" in document(
        content(WON, loud.figures)
    )


def test_every_case_of_the_grid_belongs_to_a_table() -> None:
    rows = rows_of(content(*(figures(case, 0.01, JAX=[2.0]) for case in whole_grid())))
    assert len({row.group for row in rows}) == 9
