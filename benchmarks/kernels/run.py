"""A run, from the first case to the last."""

import datetime
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.kernels.case import Case
from benchmarks.kernels.environment import describe
from benchmarks.kernels.markdown import document
from benchmarks.kernels.measuring import measure
from benchmarks.kernels.peers import PEERS
from benchmarks.kernels.rate import matrix_product_rate
from benchmarks.kernels.results import write_json, write_whole
from benchmarks.kernels.summary import Row, rows_of
from benchmarks.kernels.text import header, line, summary
from benchmarks.kernels.turns import Schedule

__all__ = ["run"]


def run(
    cases: Sequence[Case],
    schedule: Schedule,
    threads: int,
    compiles: bool = True,
    json_path: Path | None = None,
    markdown_path: Path | None = None,
) -> int:
    """Measure every case, print each as it is done, and write what was asked for.

    After each case what there is stands beside ``json_path``, as ``.partial``. Stopped by Ctrl-C
    the run keeps what it has; then no Markdown is written.

    Returns:
        The exit code: 0, or 1 where someone failed or did other work than the reference.
    """
    began = time.monotonic()
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    content: dict[str, Any] = {
        "format": 1,
        "complete": False,
        "environment": {"date": today, **describe(threads)},
        "rate": {"start": matrix_product_rate()},
        "seconds": 0.0,
        "rows": [],
    }
    _say_beginning(content, len(cases))
    partial = None if json_path is None else json_path.with_name(f"{json_path.name}.partial")
    try:
        _measure_all(cases, schedule, compiles, content, partial)
        content["complete"] = True
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
    content["rate"]["end"] = matrix_product_rate()
    content["seconds"] = time.monotonic() - began
    rows = rows_of(content)
    rates = ", ".join(f"{rate['best'] / 1e9:.1f}" for rate in content["rate"].values())
    print(summary(rows))
    print(f"\nmatrix products at start and end: {rates} GFLOP/s; {content['seconds']:.0f} s in all")
    if json_path is not None and partial is not None:
        write_json(json_path, content)
        partial.unlink(missing_ok=True)
    if markdown_path is not None and content["complete"]:
        write_whole(markdown_path, document(content))
    return int(any(row.figures["failed"] for row in rows))


def _measure_all(
    cases: Sequence[Case],
    schedule: Schedule,
    compiles: bool,
    content: dict[str, Any],
    partial: Path | None,
) -> None:
    rate, group = content["rate"]["start"]["best"], None
    for case in cases:
        figures = measure(case, schedule, rate, compiles)
        content["rows"].append(figures)
        row = Row(case, figures, rate)
        if row.group != group:
            group = row.group
            print(header(row))
        print(line(row), flush=True)
        if partial is not None:
            write_json(partial, content)


def _say_beginning(content: dict[str, Any], cases: int) -> None:
    found = content["environment"]
    print(f"{found['processor']}, {found['system']}, {found['instructions']}")
    print(f"{found['threads']} threads, pinned to {found['processors']} processors")
    print(f"load of the machine before: {found['load']}")
    versions = [f"{name} {number or 'missing'}" for name, number in found["versions"].items()]
    print(f"Python {found['python']}, {', '.join(versions)}")
    for peer in PEERS:
        if missing := peer.missing():
            print(f"MISSING: {peer.name} does not take part, not installed: {', '.join(missing)}")
    print(f"matrix products: {content['rate']['start']['best'] / 1e9:.1f} GFLOP/s")
    print(f"{cases} cells", flush=True)
