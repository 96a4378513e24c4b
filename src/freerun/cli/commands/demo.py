"""``freerun demo``: the recurrences of the book, trained on real data within a minute or so."""

from pathlib import Path
from typing import Annotated

import typer

from freerun.cli import options
from freerun.cli.output import print_json, say

__all__ = ["demo"]


def demo(
    out: Annotated[Path, typer.Option(help="Where the runs and the picture go.")] = Path(
        "runs/demo"
    ),
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train every recurrence on data that ship, and show what running free costs.

    Speakers told from a whole utterance and at each of its steps, a text continued, and sunspots
    forecast: trained teacher forced, and trained as it will run. It takes about a minute; run
    again, it replaces its own runs.
    """
    say("Loading PyTorch; then five small networks are trained, in about a minute.", quiet)

    from freerun.cli.demonstration import demonstrate
    from freerun.cli.report import print_report

    result = demonstrate(out, seed, quiet)
    if json:
        print_json(result)
        return
    print_report(result)
