"""Runs on disk, as commands find them."""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freerun._checks import RunError, fail
from freerun.cli.tasks import TASKS
from freerun.recipes.recipe import Recipe

if TYPE_CHECKING:
    from freerun.data import Schema

__all__ = ["Run", "check_out", "read_run"]


@dataclass(frozen=True)
class Run:
    """A run that was trained for a task.

    Attributes:
        folder: Where it is.
        task: What it was trained for.
        data: What it was trained on, or None where it was saved from Python.
        recipe: How.
        schema: What the columns of its file meant; None where it was no file.
        notes: All that was noted.
        config: All that ``config.json`` says.
    """

    folder: Path
    task: str
    data: str | None
    recipe: Recipe
    schema: "Schema | None"
    notes: dict[str, Any]
    config: dict[str, Any]

    @property
    def classes(self) -> list[str] | None:
        """Names of the classes that it tells apart."""
        there = self.config.get("data", {}).get("classes") or self.notes.get("labels")
        return None if there is None else [str(one) for one in there]

    @property
    def unit(self) -> str:
        """What a text is cut into: characters, words or bytes."""
        kept = self.schema.layout if self.schema else self.notes.get("parameters", {}).get("unit")
        return str(kept or "characters")


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


def read_run(folder: Path) -> Run:
    """Read what a run is of.

    Raises:
        RunError: There is no run, or it does not say its task.
    """
    file = folder / "config.json"
    if not file.is_file():
        got = _what_is_at(folder)
        fail("freerun", "RUN must be a run directory", got, _nearest(folder), RunError)
    from freerun.checkpoint import read_config
    from freerun.data import Schema

    config = read_config(folder)
    try:
        notes = dict(config.get("notes", {}))
        task, recipe = notes.get("task"), Recipe(**notes.get("recipe", {}))
    except (TypeError, ValueError):
        task, recipe, notes = None, None, {}
    if task not in TASKS or recipe is None:
        fix = "Train it with `freerun train`, or use fr.load and fr.evaluate."
        fail(str(folder), "a run that says its task", "one that does not", fix, RunError)
    try:
        kept = notes.get("schema")
        schema = None if kept is None else Schema.from_dict(kept)
        for part in (config.get("data", {}), config.get("training", {}), notes.get("reading", {})):
            dict(part)
        float(notes.get("test", 0))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        fix = "Restore the run from a copy, or train it again."
        got = f"{type(error).__name__}: {error}"
        fail(str(file), "what the data were", got, fix, RunError)
    data = notes.get("data")
    data = data if isinstance(data, str) else None
    return Run(folder, task, data, recipe, schema, notes, config)


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
