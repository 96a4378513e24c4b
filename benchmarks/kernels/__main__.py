"""The command line. Nothing that computes is imported before threads are pinned."""

import argparse
import sys
from pathlib import Path

from benchmarks.kernels import environment
from benchmarks.kernels.case import FAMILIES
from benchmarks.kernels.grids import CELLS, chosen, quick_grid, whole_grid


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kernels",
        description="freerun beside its peers: the same work, compared before it is timed.",
    )
    parser.add_argument("--quick", action="store_true", help="a thinned grid")
    parser.add_argument("--family", nargs="+", choices=FAMILIES, help="kinds of work")
    parser.add_argument("--cell", "--cells", nargs="+", choices=CELLS, help="update equations")
    parser.add_argument("--recurrence", nargs="+", choices=("hidden", "output", "both"))
    for size, what in (("B", "sequences or paths"), ("T", "steps"), ("H", "hidden units")):
        parser.add_argument(f"--{size}", nargs="+", type=int, help=what)
    parser.add_argument("--O", nargs="+", type=int, help="outputs")
    parser.add_argument("--seconds", type=float, help="of timing for each case; 0.8, quick 0.6")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--markdown", type=Path, help="write the tables there")
    parser.add_argument("--list", action="store_true", help="name the cases, and do nothing")
    options = parser.parse_args()

    grid = quick_grid() if options.quick else whole_grid()
    names = ("family", "cell", "recurrence", "B", "T", "H", "O")
    cases = chosen(grid, {name: getattr(options, name) for name in names})
    if not cases:
        parser.error("no case of the grid has all of that; --list names them")
    if options.list:
        print("\n".join(case.name for case in cases))
        return 0

    environment.pin(options.threads)
    from benchmarks.kernels.run import run
    from benchmarks.kernels.turns import Schedule

    seconds = options.seconds or (0.6 if options.quick else 0.8)
    compiles = not (options.no_compile or options.quick)
    schedule = Schedule(seconds, turn=0.015 if options.quick else 0.03)
    return run(cases, schedule, options.threads, compiles, options.json, options.markdown)


if __name__ == "__main__":
    sys.exit(main())
