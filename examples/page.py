"""All experiments, and the page that is written from them.

    python examples                   # measure all, then write docs/results.md
    python examples --only memory     # measure one again; the others as they were
    python examples --page            # measure nothing, only write

What was measured is kept in ``examples/results.json``.
"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

import attenuation
import curricula
import mackey_glass
import memory
import narx_noe
import sparse_forcing
import sunspot_policies
import temporal_order
from reproduction import Experiment, Result, run_experiment

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "examples" / "results.json"
PAGE = ROOT / "docs" / "results.md"
EXPERIMENTS = {
    module.EXPERIMENT.name: module.EXPERIMENT
    for module in (
        attenuation,
        narx_noe,
        sparse_forcing,
        curricula,
        memory,
        temporal_order,
        mackey_glass,
        sunspot_policies,
    )
}

INTRODUCTION = """\
# Published results

Each section is a script of `examples/`, which prints these figures. `python examples` measures
all of them and writes this page. What was missed is said. A figure is the median over seeds with
the least and the greatest, or mean ± standard deviation.
"""


def main() -> None:
    """Measure what was asked for, keep it, write the page."""
    about = "Measure all experiments and write the page."
    parser = argparse.ArgumentParser(prog="python examples", description=about)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=EXPERIMENTS)
    parser.add_argument("--page", action="store_true", help="measure nothing, only write")
    parser.add_argument("--workers", type=int, default=2, help="processes; 2")
    asked = parser.parse_args()
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in [] if asked.page else (asked.only or EXPERIMENTS):
        result = run_experiment(EXPERIMENTS[name], workers=asked.workers)
        print(result, end="\n\n", flush=True)
        kept[name] = {key: result.to_dict()[key] for key in ("seconds", "runs")}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    results = remembered(kept)
    PAGE.write_text(page(results), encoding="utf-8")
    for result in results:
        draw(result)
    print(f"{PAGE.relative_to(ROOT)} is written", file=sys.stderr)


def remembered(kept: dict[str, Any]) -> list[Result]:
    """Results as they were kept; None stood for what was not finite."""
    return [
        Result(
            experiment,
            {
                name: [math.inf if value is None else value for value in values]
                for name, values in kept[experiment.name]["runs"].items()
            },
            kept[experiment.name]["seconds"],
        )
        for experiment in EXPERIMENTS.values()
        if experiment.name in kept
    ]


def page(results: list[Result]) -> str:
    """The whole page, in Markdown."""
    return "\n".join([INTRODUCTION, *(section(result) for result in results)])


def section(result: Result) -> str:
    """One experiment: table, targets, picture, findings."""
    experiment = result.experiment
    head, *rows = [("", "published", "freerun"), *result.rows]
    table = [f"| {' | '.join(row)} |" for row in (head, ("---",) * 3, *rows)]
    targets = [
        f"- {'met' if target.met else '**missed**'}: {target.what}: {target.found}"
        for target in result.targets
    ]
    picture = [f"![{experiment.title}](images/{image(experiment)})", ""] if experiment.draw else []
    run = f"`python examples/{experiment.name}.py`: {result.seeds} seeds, "
    run += f"{result.seconds:.0f} seconds of one core."
    parts = [
        f"## {experiment.title.rstrip('.')}",
        "",
        experiment.source,
        "",
        *table,
        "",
        *targets,
        "",
    ]
    return "\n".join([*parts, *picture, experiment.findings, "", run, ""])


def image(experiment: Experiment) -> str:
    """The name of its picture."""
    return f"result_{experiment.name}.png"


def draw(result: Result) -> None:
    """Its picture, where it has one."""
    if result.experiment.draw is not None:
        picture = result.experiment.draw(result.runs)
        picture.savefig(PAGE.parent / "images" / image(result.experiment), dpi=80)
