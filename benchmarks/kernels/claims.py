"""What was asked of the kernels, and whether a run shows it."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.kernels.figures import geometric_mean
from benchmarks.kernels.summary import Row

__all__ = ["Claim", "claims"]


@dataclass(frozen=True)
class Claim:
    """A figure over some cells, and the target for it.

    Attributes:
        work: which cells.
        figure: what of them.
        target: at least, or at most, so much, in words.
        found: what the run shows; NaN where it has no such cell.
        reached: whether that is the target or better; None where nothing was found.
        cells: how many were counted.
        unit: of ``found``: ``"x"``, ``"%"``, ``"us"`` or ``"cells"``.
    """

    work: str
    figure: str
    target: str
    found: float
    reached: bool | None
    cells: int
    unit: str


Choice = Callable[[Row], bool]
Figure = Callable[[Row], float | None]


def claims(rows: Sequence[Row]) -> list[Claim]:
    """Every target, with what was found."""
    return [*_training(rows), *_closed(rows)]


def _training(rows: Sequence[Row]) -> Iterator[Claim]:
    for cell, target in (("tanh", 2.5), ("gru", 1.5), ("lstm", 1.5)):
        part = [row for row in rows if row.case.family == "hidden" and row.case.cell == cell]
        work = f"hidden recurrence, {cell}"
        yield _mean(work, "over the fastest peer", part, fastest, target)
        yield _none_slower(work, part)
        if cell == "tanh":
            wide = [row for row in part if row.case.H >= 128 and row.case.B >= 32]
            yield _share(f"{work}, H >= 128, B >= 32", "matrix products", wide, _product_share)
    for family, work in (
        ("free", "output recurrence, free running"),
        ("teacher", "output recurrence, teacher forced"),
    ):
        part = [row for row in rows if row.case.family == family]
        small = [row for row in part if row.case.B * row.case.H <= 2048]
        if family == "free":
            yield _mean(work, "over JAX", part, over("JAX"), 2.5)
        yield _none_slower(work, part)
        target = 15 if family == "free" else 5
        yield _mean(
            f"{work}, B H <= 2048", "over the eager loop", small, over("eager loop"), target
        )
        if family == "teacher":
            wide = [row for row in part if row.case.H >= 128 and row.case.B >= 8]
            yield _share(f"{work}, H >= 128, B >= 8", "measured limit", wide, _limit_share)


def _closed(rows: Sequence[Row]) -> Iterator[Claim]:
    looped = [row for row in rows if row.case.family == "closed"]
    for edge in ("both", "output"):
        work = f"closed loop, one path, recurrence {edge}"
        part = [row for row in looped if row.case.B == 1 and row.case.recurrence == edge]
        yield _most(work, "slowest, a step", part, _microseconds, 0.5, "us")
        yield _least(work, "least over JAX", part, over("JAX"), 3)
        yield _least(work, "least over the eager loop", part, over("eager loop"), 20)
    called = [row for row in rows if row.case.family == "session"]
    yield _most("Session.step", "slowest, a step", called, _microseconds, 10, "us")
    many = [row for row in looped if row.case.B > 1]
    for edge, (H, target) in itertools.product(("both", "output"), ((64, 2.0), (256, 1.0))):
        part = [row for row in many if (row.case.recurrence, row.case.H) == (edge, H)]
        work = f"closed loop, 1000 paths, H = {H}, recurrence {edge}"
        yield _least(work, "least over JAX", part, over("JAX"), target)
    trained = [row for row in rows if row.case.family == "fit"]
    figure = "most beyond forward, loss and backward"
    yield _most("a training step of fit", figure, trained, _overhead, 25, "%")


# --- figures of a row -----------------------------------------------------------------------------


def fastest(row: Row) -> float | None:
    """The fastest peer's time over ours."""
    return None if row.fastest is None else row.fastest["median"]


def over(peer: str) -> Figure:
    """A peer's time over ours."""

    def figure(row: Row) -> float | None:
        found = row.ratio(peer)
        return None if found is None else found["median"]

    return figure


def _microseconds(row: Row) -> float | None:
    seconds = row.seconds()
    return None if seconds is None else 1e6 * seconds


def _product_share(row: Row) -> float | None:
    return None if row.share is None else 100 * row.share


def _limit_share(row: Row) -> float | None:
    return None if row.share_of_limit is None else 100 * row.share_of_limit


def _overhead(row: Row) -> float | None:
    return None if row.overhead is None else 100 * row.overhead


# --- kinds of claims ------------------------------------------------------------------------------


def _values(rows: Iterable[Row], figure: Figure) -> list[float]:
    return [value for row in rows if (value := figure(row)) is not None]


def _mean(work: str, text: str, rows: Iterable[Row], figure: Figure, target: float) -> Claim:
    values = _values(rows, figure)
    found = geometric_mean(values)
    reached = found >= target if values else None
    aim = f">= {target:g} x"
    return Claim(work, f"geometric mean {text}", aim, found, reached, len(values), "x")


def _least(work: str, text: str, rows: Iterable[Row], figure: Figure, target: float) -> Claim:
    values = _values(rows, figure)
    found = min(values, default=math.nan)
    reached = found >= target if values else None
    return Claim(work, text, f">= {target:g} x", found, reached, len(values), "x")


def _most(
    work: str, text: str, rows: Iterable[Row], figure: Figure, target: float, unit: str
) -> Claim:
    values = _values(rows, figure)
    found = max(values, default=math.nan)
    reached = found <= target if values else None
    return Claim(work, text, f"<= {target:g} {unit}", found, reached, len(values), unit)


def _share(work: str, of: str, rows: Iterable[Row], figure: Figure) -> Claim:
    values = _values(rows, figure)
    found = min(values, default=math.nan)
    reached = found >= 75 if values else None
    text = f"least share of the {of}{' rate' if of == 'matrix products' else ''}"
    return Claim(work, text, ">= 75 %", found, reached, len(values), "%")


def _none_slower(work: str, rows: Iterable[Row]) -> Claim:
    """How many cells lose by more than the noise shown: even their upper quartile is below 1."""
    spreads = [row.fastest for row in rows if row.fastest is not None]
    found = sum(spread["q3"] < 1 for spread in spreads)
    reached = found == 0 if spreads else None
    text = "cells slower than the fastest peer, beyond the noise"
    return Claim(
        work, text, "0 cells", found if spreads else math.nan, reached, len(spreads), "cells"
    )
