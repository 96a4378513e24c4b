"""``freerun compare``: one network by several forcing policies, side by side."""

import inspect
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from freerun._checks import RunError, fail
from freerun.cli import options
from freerun.cli.commands.train import (
    LEFT_OUT,
    READING,
    reading_options,
    recipe_options,
    recipe_with,
    with_options,
)
from freerun.cli.output import print_json, say
from freerun.recipes.recipe import COMPARE

__all__ = ["command"]

FIGURES = "figures.json"

NOT_HERE = {*LEFT_OUT["forecast"], "forcing", "validate", "patience"}
"""A best epoch that each policy chooses for itself is one more thing in which they differ."""

MOST_WORKERS = 8
"""By default: each takes some hundred megabytes."""

DOCUMENTED = """Train one network by several forcing policies, and say which differences are real.

    Every policy has the same network, data, epochs and batches, and begins from the same weights,
    seed by seed. Printed are the one-step error, fed the truth, the error running free at several
    steps ahead, their ratio, the time and the failures, as means over the seeds; and each policy
    beside the first, with a 95 % interval. Differences that the choice of seeds makes alone are
    called within the spread of seeds.

    Networks begin at random unless --start linear is passed, for a linear forecast to begin from
    hides what forcing does; lags reach no further than the horizon unless --output-lags is passed.
    A policy that diverges is a finding: it is counted, and the exit code is 0 unless every trial
    failed.
    """

Forcings = Annotated[
    list[str] | None,
    typer.Option(
        "--forcing",
        metavar="NAME[:ARG=VALUE]",
        help="A policy, as for `freerun train forecast`; once for each. The first is the one that "
        "the others are set beside.",
        show_default=False,
    ),
]
Seeds = Annotated[int, options.count("--seeds", "Trials of each policy, from seeds 0, 1, ...")]
Workers = Annotated[
    int | None,
    options.count("--workers", "Processes; as many as there are cores, 8 at most, by default."),
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="A directory to make for table.md, table.csv, table.tex, figures.json and the "
        "picture; printed only, by default.",
        show_default=False,
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the comparison that is in --out.")
]


def command() -> Callable[..., None]:
    """The function behind ``freerun compare``."""
    parameters = {
        "data": (options.Data, inspect.Parameter.empty),
        "forcing": (Forcings, None),
        "seeds": (Seeds, 5),
        "workers": (Workers, None),
        "out": (Out, None),
        **recipe_options(COMPARE, NOT_HERE),
        **reading_options(NOT_HERE),
        "test": (options.Test, 0.2),
        "overwrite": (Overwrite, False),
        "quiet": (options.Quiet, False),
        "json": (options.Json, False),
    }

    def compare(**given: Any) -> None:
        _compare(given)

    return with_options(compare, "compare", DOCUMENTED, parameters)


def _compare(given: Mapping[str, Any]) -> None:
    out: Path | None = given["out"]
    _check_out(out, given["overwrite"])
    texts = given["forcing"] or []
    if not texts:
        fix = "Use --forcing TeacherForcing --forcing FreeRunning."
        fail("freerun", "--forcing must be given, once for each policy", "none", fix)
    if given["test"] == 0:
        expected = "--test must be above 0, for policies are measured on the part held back"
        fail("freerun", expected, 0, "Use --test 0.2, say.")

    from freerun.cli.comparing import (
        about,
        compare,
        keeping,
        print_comparison,
        read_forcings,
        settle_for,
    )
    from freerun.cli.sources import load

    policies = read_forcings(texts)
    how = {name: given[name] for name in READING if name in given}
    quiet = given["quiet"]
    source = load("forecast", given["data"], given["test"], 0, how, quiet or given["json"])
    recipe, source = settle_for(recipe_with(COMPARE, given), source, policies)
    workers = given["workers"] or min(MOST_WORKERS, _cores())
    with keeping(out, given["overwrite"]) as keep:
        found = compare(recipe, source, policies, given["seeds"], workers, quiet)
        result = about(recipe, source, policies, found)
        keep(found, result)
    if given["json"]:
        print_json(result)
    else:
        print_comparison(source.name, found)
        if out is not None:
            say(f"kept in {out}", quiet)
    if found.failed == len(found.outcomes):
        raise typer.Exit(1)


def _check_out(out: Path | None, overwrite: bool) -> None:
    """Refuse at once what would be refused when all the work is done."""
    if out is None:
        if overwrite:
            fail("freerun", "--overwrite needs an --out", "none", "Add --out, or leave it out.")
        return
    if not os.path.lexists(out):
        return
    if not overwrite:
        fix = "Pass --overwrite to replace it, or another --out."
        fail("freerun", "--out must be a new directory", f"{out}, which is there", fix, RunError)
    if not ((out / FIGURES).is_file() and (out / "table.md").is_file()):
        fix = "Use another --out; nothing but a comparison is replaced."
        fail("freerun", "--out must be a comparison", f"{out}, which is none", fix, RunError)


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
