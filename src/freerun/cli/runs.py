"""Runs on disk, as commands find them."""

import difflib
import json
import os
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
    if (resume or overwrite) and os.path.lexists(out) and not (out / "config.json").is_file():
        fix = "Use another --out; nothing but a run is gone on with or replaced."
        fail("freerun", "--out must be a run directory", _what_is_at(out), fix, RunError)
    if os.path.lexists(out) and not (resume or overwrite):
        fix = "Pass --resume to go on with it, --overwrite to replace it, or another --out."
        fail("freerun", "--out must be a new directory", f"{out}, which is there", fix, RunError)


def read_notes(run: Path) -> tuple[str, str, dict[str, Any]]:
    """Read which task a run is of, its data, and its whole configuration.

    Raises:
        RunError: There is no run, or the command line did not train it.
    """
    file = run / "config.json"
    if not file.is_file():
        fail("freerun", "RUN must be a run directory", _what_is_at(run), _nearest(run), RunError)
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


def _what_is_at(path: Path) -> str:
    """What there is where a run is wanted."""
    if path.is_dir():
        return f"{path}, a directory without config.json"
    return f"{path}, a file" if os.path.lexists(path) else f"{path}, where nothing is"


def _nearest(run: Path) -> str:
    """Say which run was meant, perhaps: one beside it, or one in it."""
    if run.is_file() and (run.parent / "config.json").is_file():
        return f"Did you mean {run.parent}?"
    try:
        beside = [folder for folder in run.parent.iterdir() if (folder / "config.json").is_file()]
    except OSError:
        beside = []
    near = difflib.get_close_matches(run.name, [folder.name for folder in beside], n=1, cutoff=0.5)
    if near:
        return f"Did you mean {run.parent / near[0]}?"
    return "Pass the --out of `freerun train`."
