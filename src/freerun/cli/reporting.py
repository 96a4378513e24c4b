"""The report of a run: what is reported on, and where it is written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import freerun as fr
from freerun._checks import FreerunError
from freerun._files import write_whole
from freerun.checkpoint import HISTORY
from freerun.cli.measures import default_horizon
from freerun.cli.output import say
from freerun.cli.runs import Run, read_run
from freerun.cli.sources import Source
from freerun.report import FULL, QUICK, Effort, Subject, gather, render

__all__ = ["FILE", "history_of", "report_of", "write_report"]

FILE = "report.html"
"""The file of a run directory that holds it."""


def write_report(
    run: Run, net: fr.RecurrentNetwork, source: Source, history: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Any], out: Path, effort: Effort = FULL,
) -> None:  # fmt: skip
    """Measure, and write the page.

    Args:
        run: What is reported on.
        net: Its network.
        source: The data, leveled; what is measured on is their test part, or else the training
            part.
        history: A row for each epoch.
        figures: What `measure` found.
        out: The file to write.
        effort: How much is measured.
    """
    subject = subject_of(run, net, source, history, figures)
    write_whole(out, render(subject, gather(subject, effort)))


def report_of(
    folder: Path, net: fr.RecurrentNetwork, source: Source, history: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Any],
) -> Path | None:  # fmt: skip
    """Write the report at the end of training, within a second or two.

    Returns:
        The file. None where it could not be made, which is said in a line: a training that is done
        is not made to fail.
    """
    out = folder / FILE
    try:
        write_report(read_run(folder), net, source, history, figures, out, QUICK)
    except Exception as error:
        why = str(error) if isinstance(error, FreerunError) else f"{type(error).__name__}: {error}"
        say(f"freerun: no report was written: {' '.join(why.split())}")
        return None
    return out


def history_of(folder: Path) -> list[dict[str, Any]]:
    """A row for each epoch that a run kept.

    Raises:
        RunError: The file of them is broken.
    """
    file = folder / HISTORY
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return fr.History.rows_of(lines, file)


def subject_of(
    run: Run, net: fr.RecurrentNetwork, source: Source, history: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Any],
) -> Subject:  # fmt: skip
    """What a report needs to know of a run and its data."""
    schema, recipe = run.schema, run.recipe
    held = source.test is not None
    data = source.test if source.test is not None else source.train
    part = "part held back" if held else "training part, for nothing was held back"
    part = "whole file" if source.is_whole else part
    horizon = 1
    if run.task == "forecast":
        longest = default_horizon(data, net.context)
        horizon = min(recipe.horizon, longest) if recipe.horizon else longest
    leveled = recipe.scale == "series" and source.seen is not None
    outputs = schema.outputs if schema else run.config.get("data", {}).get("names") or ()
    return Subject(
        name=run.folder.name or str(run.folder),
        task=run.task,
        net=net,
        data=data,
        whole=source.whole,
        part=part,
        source=source.name,
        trained_on=_trained_on(run, source),
        levels=source.seen if leveled else None,
        keys=source.keys,
        inputs=tuple(schema.inputs) if schema else (),
        outputs=() if run.classes is not None else tuple(outputs),
        classes=tuple(run.classes or ()),
        times=None if source.table is None else source.table.times,
        horizon=horizon,
        widening=float((run.notes.get("choice") or {}).get("widening", 1.0)),
        unit=run.unit,
        history=history,
        settings={**recipe.to_dict(), "seed": run.config.get("training", {}).get("seed")},
        figures=figures,
    )


def _trained_on(run: Run, source: Source) -> str:
    """The training part, where these are the data of training."""
    if source.is_whole:
        return run.data or ""
    train = source.train
    kind = "series" if run.task == "forecast" else "sequence" + "s" * (len(train) > 1)
    return f"{int(train.lengths.sum())} steps of {len(train)} {kind}"
