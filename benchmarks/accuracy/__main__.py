"""The command line; ``make accuracy`` runs it in an environment that has what it needs.

    python -m benchmarks.accuracy --only classification --seeds 5
    python -m benchmarks.accuracy --only GunPoint sunspots

Everything runs on one thread. How the settings of freerun's estimators were chosen is said where
they are, in ``freerun/recipes``.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from benchmarks.accuracy.threads import pin

if TYPE_CHECKING:
    from benchmarks.accuracy.kind import Kind, Row


def main() -> int:
    pin()  # before the imports below
    import torch

    import freerun as fr
    from benchmarks.accuracy.classification import CLASSIFICATION
    from benchmarks.accuracy.forecasts import COVERAGE, MASE
    from benchmarks.accuracy.table import cell, table
    from benchmarks.accuracy.text import TEXT

    kinds = (CLASSIFICATION, MASE, COVERAGE, TEXT)
    options = _options(kinds)
    fr.kernels.warm()  # so that no compiling is timed
    found: dict[str, dict[str, Row]] = {}
    for kind in kinds:
        for name in _asked(kind, options.only):
            print(f"{kind.name}: {name}", end=" ... ", file=sys.stderr, flush=True)
            torch.set_num_threads(1)
            row = found.setdefault(kind.name, {})[name] = kind.measure(name, options.seeds)
            print(" | ".join(cell(row[one], kind.digits) for one in row), file=sys.stderr)
            if torch.get_num_threads() != 1:
                raise RuntimeError(f"{name}: threads were changed on the way, seconds mean nothing")
        if kind.name in found and not options.json:
            print(table(kind, found[kind.name]) + "\n", flush=True)
    if options.json:
        print(json.dumps(_plain(found)))
    return 0


def _options(kinds: Sequence["Kind"]) -> argparse.Namespace:
    names = list(dict.fromkeys(name for kind in kinds for name in (kind.name, *kind.sets)))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description="How well freerun predicts, beside other libraries on the same data.",
    )
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each; 5")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, help=", ".join(names))
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error("--seeds must be 1 or more")
    return options


def _asked(kind: "Kind", only: list[str] | None) -> tuple[str, ...]:
    """The data sets of a kind that ``--only`` names, itself or by their kind."""
    if only is None or kind.name in only:
        return kind.sets
    return tuple(name for name in kind.sets if name in only)


def _plain(found: dict[str, dict[str, "Row"]]) -> dict[str, object]:
    """The figures as JSON knows them: kind, data set, method."""
    return {
        kind: {
            name: {method: asdict(figures) for method, figures in row.items()}
            for name, row in rows.items()
        }
        for kind, rows in found.items()
    }


if __name__ == "__main__":
    sys.exit(main())
