"""Every example runs and says what it should."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import attenuation
import curricula
import freerun as fr
import mackey_glass
import memory
import narx_noe
import page
import sparse_forcing
import sunspot_policies
import temporal_order
from reproduction import Experiment, Figure, Result, Target, run_experiment

EXAMPLES = Path(__file__).parents[2] / "examples"
MODULES = (
    attenuation,
    curricula,
    mackey_glass,
    memory,
    narx_noe,
    sparse_forcing,
    sunspot_policies,
    temporal_order,
)
SHARED = {"__main__", "dots", "page", "reproduction"}
EXPERIMENTS = [module.EXPERIMENT for module in MODULES]

NAMES = [experiment.name for experiment in EXPERIMENTS]


def test_every_script_is_an_experiment_of_that_name() -> None:
    scripts = {path.stem for path in EXAMPLES.glob("*.py")} - SHARED
    assert scripts == set(NAMES)
    for module in MODULES:
        assert module.EXPERIMENT.name == module.__name__


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=NAMES)
def test_it_measures_what_its_table_shows(experiment: Experiment) -> None:
    threads = torch.get_num_threads()
    result = run_experiment(experiment, quick=True)
    assert torch.get_num_threads() == threads
    said = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert said["seeds"] == 2
    assert said["quick"] is True
    assert set(said["figures"]) == {figure.name for figure in experiment.figures}
    assert said["targets"]
    assert all(len(values) == 2 for values in said["runs"].values())
    assert all(math.isfinite(value) for values in said["runs"].values() for value in values)
    assert all(row[0] in str(result) for row in result.rows)
    if experiment.draw is not None:
        assert experiment.draw(result.runs).axes


def test_the_command_line_prints_one_object() -> None:
    command = [sys.executable, str(EXAMPLES / "attenuation.py"), "--json", "--seeds", "2"]
    command += ["--workers", "1"]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(ran.stdout)["seeds"] == 2
    assert "attenuation: 2 of 2 seeds" in ran.stderr


def test_free_running_finds_the_truth_that_the_teacher_misses() -> None:
    found = attenuation.measure(0)
    # Published spreads: 0.0025 free running, 0.026 teacher forced, of seeds like this one.
    assert found["free_1"] == pytest.approx(1.5, abs=0.01)
    assert found["forced_1"] < 1.48
    assert found["forced_1"] == pytest.approx(found["regression_1"], abs=1e-5)


def test_a_reservoir_of_regression_runs_free() -> None:
    train, test = mackey_glass.series(3000, 1), mackey_glass.series(1000, 2)
    net = mackey_glass.echo_state(train, 200, seed=0)
    errors = mackey_glass.nrmse(net, test)
    # A readout that is one step off, or not the regression's, is wrong by 1e-2 at the first step.
    assert float(errors[0]) < 1e-3


def test_a_reading_network_has_its_last_step_scored_alone() -> None:
    data = memory.adding(3, 0, every=True)
    batch = data.batch([0, 1, 2])
    assert batch.observed is not None
    assert batch.observed.sum(1).tolist() == [[1], [1], [1]]
    assert bool(batch.observed[:, -1].all())
    _, y = fr.datasets.adding(3, memory.LENGTH, seed=0)
    torch.testing.assert_close(batch.y[:, -1], y.float())


def counted(seed: int, quick: bool) -> dict[str, float]:
    return {"found": float(seed), "lost": math.inf if seed == 2 else 1.0}


def made_up(**options: Any) -> Experiment:
    return Experiment(
        "made_up", "A title.", "A source.", counted,
        [Figure("found", "what was found", "7"), Figure("lost", "what was lost", center="mean")],
        lambda runs: [Target("3 at most", f"{max(runs['found']):g}", max(runs["found"]) <= 3)],
        seeds=4, findings="It was found.", **options,
    )  # fmt: skip


def test_processes_measure_what_one_measures_in_the_order_of_the_seeds() -> None:
    one = run_experiment(EXPERIMENTS[0], 2, workers=1)
    two = run_experiment(EXPERIMENTS[0], 2, workers=2)
    assert one.runs == two.runs


def test_a_result_says_center_spread_and_targets() -> None:
    result = run_experiment(made_up(), workers=1)
    assert result.rows == [
        ("what was found", "7", "1.5 (0 to 3)"),
        ("what was lost", "-", "inf ± nan"),
    ]
    said = result.to_dict()
    assert said["figures"]["found"]["ours"] == {"median": 1.5, "least": 0.0, "greatest": 3.0}
    assert said["runs"]["lost"] == [1.0, 1.0, None, 1.0]
    assert "met: 3 at most: 3" in str(result)
    assert "MISSED: 3 at most: 4" in str(Result(made_up(), {"found": [4.0], "lost": [1.0]}, 1.0))


def test_the_page_says_what_was_kept() -> None:
    """With other findings or figures, ``python examples --page`` writes it anew."""
    kept = json.loads(page.KEPT.read_text())
    assert set(kept) == set(NAMES)
    results = page.remembered(kept)
    assert page.page(results) == page.PAGE.read_text(encoding="utf-8")
    for result in results:
        assert result.seeds == result.experiment.seeds
        if result.experiment.draw is not None:
            assert (page.PAGE.parent / "images" / page.image(result.experiment)).is_file()


def test_what_was_not_finite_is_kept_as_none() -> None:
    (result,) = page.remembered({"memory": {"seconds": 1.0, "runs": {
        figure.name: [None, 1.0] for figure in memory.EXPERIMENT.figures
    }}})  # fmt: skip
    assert result.runs["copy_gru"] == [math.inf, 1.0]
    assert "inf" in page.section(result)
