"""A training that is killed at any moment leaves a run that is whole, or none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its trainings")
def test_a_killed_training_is_whole_and_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.training.killed", str(tmp_path), "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    trials = json.loads(done.stdout)["trials"]
    assert len(trials) == 20
    for trial in trials:
        assert trial["ended"], done.stderr
        assert trial["same"]
        assert trial["left"] == []
        assert trial["killed"] >= 1
    # The moments were spread: they struck at many places.
    assert len({str(place) for trial in trials for place in trial["positions"]}) >= 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its replacements")
def test_a_killed_replacement_leaves_the_old_run_or_the_new_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.training.replaced", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for trial in (*found["True"], *found["False"]):
        assert trial["whole"]
        assert trial["left"] == []
    assert sum(trial["killed"] for trial in found["True"]) >= 20 + 4
    assert sum(trial["killed"] for trial in found["False"]) >= 20 + 6
    if found["able"]:  # otherwise a reader may come between two renames
        assert not any(trial["absent"] for trial in found["True"])
    assert any(trial["absent"] for trial in found["False"])
