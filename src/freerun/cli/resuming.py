"""The data of a run, read again as they were for training; or others, read alike."""

from collections.abc import Mapping
from typing import Any

import freerun as fr
from freerun._checks import fail
from freerun.cli.columns import read_file
from freerun.cli.runs import Run
from freerun.cli.sources import Source, is_file, load

__all__ = ["schema_of", "source_of"]


def schema_of(run: Run) -> fr.Schema | None:
    """What the columns of its file meant; None for a set that ships."""
    kept = run.notes.get("schema")
    return None if kept is None else fr.Schema.from_dict(kept)


def source_of(run: Run, data: str | None, how: Mapping[str, Any]) -> Source:
    """The data to measure a run on, leveled as it was trained.

    Args:
        run: The run.
        data: Other data, all of which are to be measured on; None for the part held back.
        how: Arguments of `freerun.read`, for other data.
    """
    schema = schema_of(run)
    if data is not None and is_file(data):
        extra = {name: value for name, value in how.items() if value is not None}
        if schema is not None:
            table = read_file(data, run.task, True, schema=schema, **extra)
        else:
            table = read_file(data, run.task, True, **extra)
        whole = table.sequences
        return Source(data, whole, whole, whole, table).leveled(run.recipe.scale)
    name = data or run.data
    if name is None:
        fix = "Pass a file to measure on."
        fail(str(run.folder), "a run that says its data", "one saved from Python", fix)
    kept = {name: value for name, value in run.notes.get("reading", {}).items() if value}
    if schema is not None and is_file(name):
        kept["schema"] = schema
    seed = run.config.get("training", {}).get("seed", 0)
    return load(run.task, name, run.notes.get("test", 0.0), seed, kept).leveled(run.recipe.scale)
