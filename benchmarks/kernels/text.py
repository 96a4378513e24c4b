"""Figures as text: a row as it is measured, and the summary at the end."""

import math
from collections.abc import Iterable, Sequence

from benchmarks.kernels.claims import Claim, claims
from benchmarks.kernels.disturbance import MUCH
from benchmarks.kernels.peers import OURS, peers_for
from benchmarks.kernels.summary import Row, losing

__all__ = [
    "claim_cells",
    "differences",
    "disturbance",
    "header",
    "line",
    "sizes",
    "summary",
    "time_cell",
]

WIDTH = 29


def header(row: Row) -> str:
    """The heading of a group, its unit, and the names of the columns."""
    unit = "microseconds a step" if row.case.is_per_step else "milliseconds"
    names = [OURS, *(peer.name for peer in peers_for(row.case.family) if peer.name != OURS)]
    columns = "".join(f"{name:>{WIDTH}}" for name in names)
    title = f"\n{row.group}: {unit}, median (quartiles), and the ratio to freerun's"
    start = f"{'recurs':7}{'B':>5}{'T':>5}{'H':>4}{'O':>3}"
    return f"{title}\n{start}{columns}   fastest peer     GFLOP/s  share"


def line(row: Row) -> str:
    """One case."""
    case = row.case
    names = [OURS, *(peer.name for peer in peers_for(case.family) if peer.name != OURS)]
    times = "".join(f"{time_cell(row, name):>{WIDTH}}" for name in names)
    start = f"{case.recurrence:7}{case.B:5}{case.T:5}{case.H:4}{case.O or '-':>3}"
    end = f"   {_fastest(row):13}{_speed(row)}"
    notes = "".join(f"\n      {name}: {why}" for name, why in row.figures["failed"].items())
    if row.is_disturbed:
        end += f"   DISTURBED: others took {100 * row.figures['others']:.0f} % of the processors"
    return start + times + end + notes


def time_cell(row: Row, name: str) -> str:
    """A contestant's median and quartiles, and its ratio to freerun's; why, where there is none."""
    times = row.figures["times"].get(name)
    if times is None:
        if name in row.figures["failed"]:
            return "FAILED"
        missing = row.figures["absent"].get(name, "").startswith("not installed")
        return "missing" if missing else "-"
    factor = 1e6 if row.case.is_per_step else 1e3
    q1, median, q3 = (_short(factor * times[key]) for key in ("q1", "median", "q3"))
    ratio = row.ratio(name)
    return f"{median} ({q1}-{q3})" + ("" if ratio is None else f" {ratio['median']:.2f}x")


def sizes(row: Row) -> str:
    """The case in a few words, for lists of cells from different groups."""
    case = row.case
    return f"{row.group}, {case.recurrence} recurs: {case.name.split(' ', 3)[3]}"


def summary(rows: Sequence[Row]) -> str:
    """Targets, what was found, and every cell that lost."""
    found = claims(rows)
    widths = [
        max(len(cell) for cell in column) for column in zip(*map(claim_cells, found), strict=True)
    ]
    lines = ["", "targets"]
    for claim in found:
        cells = zip(claim_cells(claim), widths, strict=True)
        lines.append("  ".join(f"{cell:{width}}" for cell, width in cells))
    ends = ["", differences(rows), disturbance(rows)]
    return "\n".join([*lines, *_losers(losing(rows)), *_failures(rows), *ends])


def differences(rows: Sequence[Row]) -> str:
    """How far from the reference everyone's work was at most."""
    worst: dict[str, float] = {}
    for row in rows:
        for name, times in row.figures["times"].items():
            if times["difference"] is not None:
                worst[name] = max(worst.get(name, 0.0), times["difference"])
    each = ", ".join(f"{name} {difference:.1e}" for name, difference in worst.items())
    return f"largest normwise difference from the reference: {each}"


def disturbance(rows: Sequence[Row]) -> str:
    """How many cells were measured while others were running."""
    count = sum(row.is_disturbed for row in rows)
    return (
        f"{count} of {len(rows)} cells were measured while other processes took more than "
        f"{100 * MUCH:.0f} % of the processors"
    )


def claim_cells(claim: Claim) -> list[str]:
    """Work, figure, target, what was found, the verdict, and how many cells were counted."""
    number = f"{claim.found:.0f}" if claim.unit == "cells" else _short(claim.found)
    found = "-" if math.isnan(claim.found) else f"{number} {claim.unit}"
    verdict = {True: "reached", False: "NOT reached", None: "not measured"}[claim.reached]
    return [claim.work, claim.figure, claim.target, found, verdict, f"{claim.cells} cells"]


def _losers(rows: Sequence[Row]) -> Iterable[str]:
    yield f"\n{len(rows)} cells where a peer is faster"
    for row in rows:
        ratio = row.fastest
        assert ratio is not None
        noise = "" if ratio["q3"] < 1 else ", within the noise"
        spread = f"{ratio['median']:.2f}x ({ratio['q1']:.2f}-{ratio['q3']:.2f})"
        yield f"  {spread} {row.figures['fastest']}{noise}: {sizes(row)}"


def _failures(rows: Iterable[Row]) -> Iterable[str]:
    failed = [
        f"  {name}: {why}: {sizes(row)}"
        for row in rows
        for name, why in row.figures["failed"].items()
    ]
    return [f"\n{len(failed)} failures", *failed] if failed else []


def _fastest(row: Row) -> str:
    ratio = row.fastest
    if ratio is None:
        return "-"
    if row.overhead is not None:
        return f"{100 * row.overhead:+.0f} %"
    return f"{ratio['median']:.2f}x" + (" LOSES" if ratio["q3"] < 1 else "")


def _speed(row: Row) -> str:
    if row.speed is None or row.share is None:
        return f"{'-':>11}{'-':>7}"
    limit = row.share_of_limit
    beside = "" if limit is None else f", {100 * limit:.0f} % of the limit"
    return f"{row.speed / 1e9:11.1f}{100 * row.share:5.0f} %{beside}"


def _short(value: float) -> str:
    """Three digits that count."""
    if value == 0 or not math.isfinite(value):
        return f"{value:.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 4)}f}"
