"""The data of a run, read again as they were for training; or others, read alike."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from freerun._checks import DataError, fail
from freerun.cli.columns import read_file
from freerun.cli.runs import Run
from freerun.cli.sources import Source, fingerprint, is_file, load

__all__ = ["source_of"]


def source_of(run: Run, data: str | None, how: Mapping[str, Any]) -> Source:
    """The data to measure a run on, leveled as it was trained.

    Args:
        run: The run.
        data: Other data, all of which are to be measured on; None for the part held back.
        how: Arguments of `freerun.read`, for other data.

    Raises:
        DataError: They cannot be used, or are not those of training any more.
    """
    if data is not None and is_file(data):
        extra = {name: value for name, value in how.items() if value is not None}
        if run.schema is not None:
            extra["schema"] = run.schema
        table = read_file(data, run.task, True, True, **extra)
        if table.schema.task != run.task:
            fix = "Pass data like those of training."
            fail(data, f"data to {run.task}", f"data to {table.schema.task}", fix, DataError)
        whole = table.sequences
        source = Source(data, whole, whole, whole, table)
    else:
        source = _again(run, data)
    _check_fits(run, source)
    return source.leveled(run.recipe.scale)


def _again(run: Run, data: str | None) -> Source:
    """The data of training, or a set that ships."""
    name = data or run.data
    if name is None:
        fix = "Pass a file to measure on."
        fail(str(run.folder), "a run that says its data", "one saved from Python", fix)
    if data is None and run.schema is not None and not os.path.lexists(name):
        fix = "Pass a file to measure on, or go to the directory that it was trained in."
        there = f"nothing at {Path(name).absolute()}"
        fail(str(run.folder), "the data of training must still be there", there, fix, DataError)
    kept = {name: value for name, value in run.notes.get("reading", {}).items() if value}
    if run.schema is not None and is_file(name):
        kept["schema"] = run.schema
    seed = run.config.get("training", {}).get("seed", 0)
    source = load(run.task, name, run.notes.get("test", 0.0), seed, kept)
    held = run.notes.get("held_back")
    if data is None and held is not None and held != fingerprint(source.test):
        fix = f"Bring them back, or pass the file as DATA, to measure on all of {name}."
        fail(name, "data must be as they were in training", "others", fix, DataError)
    return source


def _check_fits(run: Run, source: Source) -> None:
    """Refuse data of other channels or classes than those that a run was trained on."""
    whole = source.whole
    inputs, head = run.config["network"]["input_size"], run.config["network"]["head"]
    if whole.input_size != inputs:
        expected = f"data must have the {inputs} inputs of the run"
        fail(source.name, expected, whole.input_size, "Pass data like those of training.")
    if run.classes is not None:
        if whole.classes is not None and run.classes != list(whole.classes):
            fix = "Leave DATA out to use those that the run was trained on."
            expected = "its classes must be those of the run"
            fail(f"freerun: DATA {source.name}", expected, f"{len(whole.classes)} others", fix)
    elif whole.output_size != head.get("outputs", whole.output_size):
        expected = f"data must have the {head['outputs']} outputs of the run"
        fail(source.name, expected, whole.output_size, "Pass data like those of training.")
