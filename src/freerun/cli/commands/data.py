"""``freerun data``: the sets that ship, and files: what is in them, and in which form."""

from pathlib import Path
from typing import Annotated, Any

import typer

from freerun._checks import fail
from freerun.cli import columns, options
from freerun.cli.output import print_json, say
from freerun.cli.tasks import SETS, TASKS

__all__ = ["convert", "data", "describe"]

File = Annotated[
    str, typer.Argument(metavar="FILE", help="CSV, Parquet, .npz, .npy, .ts, text; a directory.")
]
Task = Annotated[
    str | None,
    options.word("--task", "What is to be learned from it; guessed by default.", TASKS),
]


def data(context: typer.Context, json: options.Json = False) -> None:
    """List the built-in data sets; describe or convert files."""
    if context.invoked_subcommand is not None:
        return
    from dataclasses import asdict

    from freerun.data import datasets

    described = [datasets.describe(name) for name in datasets.names()]
    tasks = {name: _tasks(name) for name in datasets.names()}
    if json:
        print_json({"sets": [{**asdict(one), "tasks": tasks[one.name]} for one in described]})
        return
    for one in described:
        rows = [("train", ", ".join(tasks[one.name])), ("size", one.size), ("predict", one.task)]
        print(f"{one.name}: {one.title}")
        for label, text in [*rows, ("licence", one.licence), ("source", one.source)]:
            print(f"  {label:<8} {text}")


def describe(
    file: File,
    task: Task = None,
    target: columns.Target = None,
    time: columns.Time = None,
    series: columns.Series = None,
    known: columns.Known = None,
    observed: columns.Observed = None,
    layout: columns.Layout = "long",
    missing: columns.Missing = "refuse",
    unit: columns.Unit = "characters",
    delimiter: columns.Delimiter = None,
    encoding: columns.Encoding = "utf-8",
    json: options.Json = False,
) -> None:
    """Say how a file is understood: its columns, its series, its steps, and what was guessed."""
    table = columns.read_file(
        file, task, quiet=json, target=target, time=time, series=series, known=known,
        observed=observed, layout=layout, missing=missing, unit=unit, delimiter=delimiter,
        encoding=encoding,
    )  # fmt: skip
    sequences = table.sequences
    if json:
        lengths = sequences.lengths
        print_json({
            "file": file,
            "series": len(sequences),
            "steps": int(lengths.sum()),
            "shortest": int(lengths.min()),
            "longest": int(lengths.max()),
            "inputs": list(table.schema.inputs),
            "outputs": list(table.schema.outputs),
            "schema": table.schema.to_dict(),
            "guessed": list(table.guessed),
        })  # fmt: skip
        return
    print(f"{file}: {sequences}")
    for line in table.schema.describe():
        print(f"  {line}")
    if table.times is not None:
        from freerun.data.tables import show_time

        print(f"  from {show_time(table.times.min())} to {show_time(table.times.max())}")


def convert(
    file: File,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A .csv, .tsv, .parquet or .npz.")],
    task: Task = None,
    target: columns.Target = None,
    time: columns.Time = None,
    series: columns.Series = None,
    known: columns.Known = None,
    observed: columns.Observed = None,
    layout: columns.Layout = "long",
    missing: columns.Missing = "refuse",
    delimiter: columns.Delimiter = None,
    encoding: columns.Encoding = "utf-8",
    json: options.Json = False,
) -> None:
    """Write a file as a table of a row per step, or as arrays: with gaps filled, if so asked."""
    from freerun._files import write_whole
    from freerun.data.tables import FORMS, table_bytes

    if out.suffix.lower() not in FORMS:
        fix = f"Use {out.with_suffix('.csv')}, say."
        fail("freerun", f"OUT must end with {', '.join(FORMS)}", out, fix)
    if out.is_dir():
        fail("freerun", "OUT must be a file", f"the directory {out}", f"Use {out / 'data.csv'}.")
    table = columns.read_file(
        file, task, quiet=json, target=target, time=time, series=series, known=known,
        observed=observed, layout=layout, missing=missing, delimiter=delimiter, encoding=encoding,
    )  # fmt: skip
    write_whole(out, table_bytes(table, out.suffix.lower()))
    result: dict[str, Any] = {"file": file, "out": str(out), "series": len(table.sequences)}
    if json:
        print_json({**result, "steps": int(table.sequences.lengths.sum())})
        return
    say(f"written to {out}")


def _tasks(name: str) -> list[str]:
    return [task for task, sets in SETS.items() if name in sets]
