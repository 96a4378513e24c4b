"""``freerun report``: a run on one page."""

from pathlib import Path
from typing import Annotated

import typer

from freerun._checks import RunError, fail
from freerun.cli import columns, options
from freerun.cli.output import print_json, say
from freerun.cli.runs import read_run

__all__ = ["report"]

SUFFIXES = (".html", ".htm")


def report(
    run: options.Run,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            help="A file like that of training, or a built-in set; by default the part held back.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file to write; by default report.html in RUN, which it replaces.",
            show_default=False,
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    delimiter: columns.Delimiter = None,
    encoding: columns.Encoding = "utf-8",
    json: options.Json = False,
) -> None:
    """Write a page about a run: what was trained on what, and how good it is.

    One HTML file that needs no network. Forecasts: paths fed the truth and running free, errors by
    step ahead, intervals. Classes: what is taken for what. Text: samples, and what surprises. For
    each residuals or worst cases, the curves of training, the flow of gradients and the graph.

    Every training ends with one, from fewer starts and paths; this one looks more closely.
    """
    found = read_run(run)
    file = _file(run, out)

    import freerun as fr
    from freerun.cli.measures import measure
    from freerun.cli.reporting import history_of, write_report
    from freerun.cli.resuming import source_of
    from freerun.cli.training import using_threads

    net = fr.load(run)
    source = source_of(found, data, {"delimiter": delimiter, "encoding": encoding})
    with using_threads(1):
        figures = measure(found.recipe, net, source)
        write_report(found, net, source, history_of(run), figures, file)
    if show:
        typer.launch(str(file))
    if json:
        size = file.stat().st_size
        print_json({"task": found.task, "data": source.name, "run": str(run), "report": str(file),
                    "bytes": size})  # fmt: skip
        return
    say(f"written to {file}")


def _file(run: Path, out: Path | None) -> Path:
    """Where to write."""
    if out is None:
        return run / "report.html"
    if out.is_dir():
        fix = f"Use --out {out / 'report.html'}, say."
        fail("freerun", "--out must be a file", f"the directory {out}", fix)
    if out.suffix.lower() not in SUFFIXES:
        fix = f"Use --out {out.with_suffix('.html')}, say."
        fail("freerun", "--out must end with .html", out, fix)
    if not out.parent.is_dir():
        fix = "Make it, or choose another --out."
        got = f"{out.parent}, which is not there"
        fail("freerun", "--out must lie in a directory that is there", got, fix, RunError)
    return out
