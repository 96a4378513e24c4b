"""Runs on disk, as commands find them."""

import difflib
import json
from pathlib import Path
from typing import Any

from freerun._checks import RunError, fail
from freerun.cli.recipes import RECIPES

__all__ = ["check_out", "read_notes"]


def check_out(out: Path, resume: bool, overwrite: bool) -> None:
    """Refuse at once what training would refuse after it has read its data.

    Raises:
        RunError: Something is there, and nobody said what shall become of it.
    """
    if resume and overwrite:
        fail("freerun", "--resume and --overwrite exclude each other", "both", "Choose one.")
    if (out.exists() or out.is_symlink()) and not (resume or overwrite):
        fix = "Pass --resume to go on with it, --overwrite to replace it, or another --out."
        fail(str(out), "a new directory", "something is there", fix, RunError)


def read_notes(run: Path) -> tuple[str, str, dict[str, Any]]:
    """Read which task a run is of, its data, and its whole configuration.

    Raises:
        RunError: There is no run, or the command line did not train it.
    """
    file = run / "config.json"
    if not file.is_file():
        got = "a directory without config.json" if run.is_dir() else "nothing there"
        fail(str(run), "a run directory", got, _nearest(run), RunError)
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        notes = config.get("notes", {})
        task, data = notes.get("task"), notes.get("data")
    except (OSError, ValueError, AttributeError) as error:
        fail(str(file), "a run's configuration", str(error), "Train the run again.", RunError)
    if task not in RECIPES or not isinstance(data, str):
        fix = "Train it with `freerun train`, or use fr.load and fr.evaluate."
        fail(str(run), "a run that says its task and data", "one that does not", fix, RunError)
    return task, data, config


def _nearest(run: Path) -> str:
    """Say which run was meant, perhaps: one beside it."""
    try:
        beside = [folder for folder in run.parent.iterdir() if (folder / "config.json").is_file()]
    except OSError:
        beside = []
    near = difflib.get_close_matches(run.name, [folder.name for folder in beside], n=1, cutoff=0.5)
    if near:
        return f"Did you mean {run.parent / near[0]}?"
    return "Pass the --out of `freerun train`."
