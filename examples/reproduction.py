"""What the examples share: one measurement per seed, over processes, put beside what is published.

An experiment is a function of a seed that returns named numbers. ``main`` runs it from the command
line, prints the table, and says which targets are met; ``python examples`` writes them all to a
page.
"""

import argparse
import json
import math
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

if TYPE_CHECKING:
    from matplotlib import figure

__all__ = [
    "Experiment", "Figure", "Picture", "Result", "Runs", "Target", "main", "run_experiment",
]  # fmt: skip

Picture: TypeAlias = "figure.Figure"
Runs = Mapping[str, Sequence[float]]
"""What was measured under each name: a number for each seed."""


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Args:
        name: the name under which an experiment measures it.
        label: what the table calls it.
        published: what the paper says, as it says it; empty where it says nothing.
        center: ``"mean"`` (and standard deviation), or ``"median"`` (and least to greatest).
        form: how to write a number, as in ``format(value, form)``.
    """

    name: str
    label: str
    published: str = ""
    center: str = "median"
    form: str = ".3g"

    def summary(self, values: Sequence[float]) -> dict[str, float]:
        """Center and spread over the seeds."""
        if self.center == "mean":
            seen = torch.tensor(values, dtype=torch.float64)
            return {"mean": float(seen.mean()), "s.d.": float(seen.std(correction=0))}
        return {"median": statistics.median(values), "least": min(values), "greatest": max(values)}

    def text(self, values: Sequence[float]) -> str:
        """The same, in words."""
        center, *spread = (format(value, self.form) for value in self.summary(values).values())
        return (
            f"{center} ± {spread[0]}" if len(spread) == 1 else f"{center} ({' to '.join(spread)})"
        )


@dataclass(frozen=True)
class Target:
    """What was to be reached, and whether it was."""

    what: str
    found: str
    met: bool


@dataclass(frozen=True)
class Experiment:
    """One published result.

    Args:
        name: the script's.
        title: what is claimed.
        source: paper and section.
        measure: ``(seed, quick) -> {name: number}``; ``quick`` asks for seconds, not for figures.
        figures: the rows of the table.
        targets: from what was measured to what was to be reached.
        seeds: how many there are by default.
        findings: what was found, for the page.
        draw: a picture for the page, or None.
    """

    name: str
    title: str
    source: str
    measure: Callable[[int, bool], dict[str, float]]
    figures: Sequence[Figure]
    targets: Callable[[Runs], Sequence[Target]]
    seeds: int
    findings: str
    draw: Callable[[Runs], Picture] | None = None


@dataclass(frozen=True)
class Result:
    """What an experiment measured, and how many seconds of one core that took."""

    experiment: Experiment
    runs: Runs
    seconds: float
    quick: bool = False
    targets: Sequence[Target] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", self.experiment.targets(self.runs))

    @property
    def seeds(self) -> int:
        """How many there were."""
        return len(next(iter(self.runs.values())))

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Label, published, ours."""
        figures = self.experiment.figures
        return [(f.label, f.published or "-", f.text(self.runs[f.name])) for f in figures]

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON; None stands for what is not finite."""
        return {
            "experiment": self.experiment.name,
            "title": self.experiment.title,
            "source": self.experiment.source,
            "seeds": self.seeds,
            "quick": self.quick,
            "seconds": round(self.seconds, 1),
            "figures": {
                figure.name: {
                    "label": figure.label,
                    "published": figure.published or None,
                    "ours": _plain(figure.summary(self.runs[figure.name])),
                }
                for figure in self.experiment.figures
            },
            "targets": [vars(target) for target in self.targets],
            "runs": {name: list(_plain(values)) for name, values in self.runs.items()},
        }

    def __str__(self) -> str:
        lines = [("", "published", "freerun"), *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        targets = [
            f"{'met' if target.met else 'MISSED'}: {target.what}: {target.found}"
            for target in self.targets
        ]
        head = [self.experiment.title, self.experiment.source]
        foot = f"{self.seeds} seeds, {self.seconds:.0f} s of one core"
        foot += ", quick: the figures mean nothing" if self.quick else ""
        return "\n".join([*head, "", *table, "", *targets, foot])


def run_experiment(
    experiment: Experiment, seeds: int | None = None, quick: bool = False, workers: int = 2
) -> Result:
    """Measure over the seeds 0, 1, ...; each worker is a process that computes on one thread."""
    seeds = seeds or (2 if quick else experiment.seeds)
    measure = partial(_measured, experiment.measure, quick)
    found: list[tuple[dict[str, float], float]] = []
    with ExitStack() as stack:
        if workers == 1 or quick:
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(1)
            each: Iterable[tuple[dict[str, float], float]] = map(measure, range(seeds))
        else:
            # Not forked: threads of PyTorch that are there already would not survive it.
            fresh = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(workers, fresh, torch.set_num_threads, (1,))
            each = stack.enter_context(pool).map(measure, range(seeds))
        for one in each:
            found.append(one)
            said = f"{experiment.name}: {len(found)} of {seeds} seeds"
            print(said, file=sys.stderr, flush=True)
    runs = {name: [numbers[name] for numbers, _ in found] for name in found[0][0]}
    return Result(experiment, runs, sum(seconds for _, seconds in found), quick)


def main(experiment: Experiment) -> None:
    """The command line of one experiment."""
    parser = argparse.ArgumentParser(description=f"{experiment.title} {experiment.source}")
    parser.add_argument("--seeds", type=int, help=f"how many; {experiment.seeds}")
    parser.add_argument("--workers", type=int, default=2, help="processes; 2")
    parser.add_argument("--quick", action="store_true", help="in seconds; the figures mean nothing")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    asked = parser.parse_args()
    result = run_experiment(experiment, asked.seeds, asked.quick, asked.workers)
    print(json.dumps(result.to_dict()) if asked.json else result)


def _measured(
    measure: Callable[[int, bool], dict[str, float]], quick: bool, seed: int
) -> tuple[dict[str, float], float]:
    """What was measured, and the processor's seconds, whoever else is at work."""
    began = time.process_time()
    return measure(seed, quick), time.process_time() - began


def _plain(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: _plain(value) for name, value in values.items()}
    if isinstance(values, Sequence):
        return [_plain(value) for value in values]
    return values if math.isfinite(values) else None
