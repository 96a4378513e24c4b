"""``freerun evaluate``: how good a run is on data that it was not trained on."""

from typing import Annotated

import typer

from freerun._checks import fail
from freerun.cli import columns, options
from freerun.cli.output import print_json
from freerun.cli.runs import read_run

__all__ = ["evaluate"]


def evaluate(
    run: options.Run,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            help="A file like that of training, or a built-in set; by default the part held back.",
        ),
    ] = None,
    horizon: Annotated[
        int | None, options.count("--horizon", "Steps to look ahead, in forecasts.")
    ] = None,
    delimiter: columns.Delimiter = None,
    encoding: columns.Encoding = "utf-8",
    json: options.Json = False,
) -> None:
    """Measure a run on the test part of its data, beside answers that need no network.

    Classes: accuracy. Numbers: error. Text: bits per character. Forecasts: the error one step
    ahead, given the truth so far; the error running on its own outputs; and the gap between the
    two. A whole file is measured if one is given.
    """
    found = read_run(run)
    if horizon is not None and found.task != "forecast":
        got = f"{run}, which is of {found.task}"
        fail("freerun", "--horizon needs a run of forecast", got, "Leave it out.")

    import freerun as fr
    from freerun.cli.figures import print_figures
    from freerun.cli.measures import measure
    from freerun.cli.resuming import source_of
    from freerun.cli.training import using_threads

    net = fr.load(run)
    source = source_of(found, data, {"delimiter": delimiter, "encoding": encoding})
    if source.test is None:
        fix = "Pass a file to measure on."
        fail(str(run), "a part of the data held back", "--test 0 in training", fix)
    with using_threads(1):
        figures = measure(found.recipe, net, source, horizon)
    if json:
        print_json({"task": found.task, "data": source.name, "run": str(run), **figures})
        return
    part = "all of it" if source.is_whole else "held-back part"
    print_figures(found.task, source.name, figures, part)
