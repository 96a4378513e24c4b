"""``freerun evaluate``: how good a run is on the part of the data it was not trained on."""

from typing import Annotated

import typer

from freerun._checks import fail
from freerun.cli import options
from freerun.cli.output import print_json
from freerun.cli.runs import read_notes

__all__ = ["evaluate"]


def evaluate(
    run: options.Run,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA", help="A built-in set; by default the one it was trained on."
        ),
    ] = None,
    horizon: Annotated[
        int | None, options.count("--horizon", "Steps to look ahead, in forecasts; 60 by default.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Measure a run on the test part of its data, beside answers that need no network.

    Classes: accuracy. Text: bits per character. Forecasts: the error one step ahead, given the
    truth so far; the error running on its own outputs; and the gap between the two.
    """
    task, trained_on, config = read_notes(run)
    if horizon is not None and task != "forecast":
        got = f"{run}, which is of {task}"
        fail("freerun", "--horizon needs a run of forecast", got, "Leave it out.")

    import freerun as fr
    from freerun.cli.figures import print_figures
    from freerun.cli.measures import HORIZON, measure
    from freerun.cli.sources import check_same_classes, load
    from freerun.cli.training import using_threads

    source = load(task, data or trained_on)
    net = fr.load(run)
    check_same_classes(config["data"]["classes"], source.test)
    with using_threads(1):
        figures = measure(task, net, source, horizon or HORIZON)
    if json:
        print_json({"task": task, "data": source.name, "run": str(run), **figures})
        return
    print_figures(task, source.name, figures)
