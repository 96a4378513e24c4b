"""From measured series to points of a state space: scales, delays, and how far to stay away."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from freerun._checks import DataError, check_integer, fail
from freerun._measure import to_tensor
from freerun.data import Sequences

__all__ = ["Embedded", "check_varies", "embed", "read_pair", "read_series"]

DIMENSION = 5
"""Values side by side of one observed variable: 2 d + 1 of an attractor of dimension d = 2."""


@dataclass(frozen=True, eq=False)
class Embedded:
    """Points of several series, in units of each variable's standard deviation.

    Attributes:
        points: ``(points, dimension * variables)`` float64.
        owner: ``(points,)``, which series each is of.
        left: ``(points,)``, how many points of its series come after it.
        dimension: Values side by side.
        delay: Steps from one of them to the next.
        period: Mean period of the series, in steps.
    """

    points: Tensor
    owner: Tensor
    left: Tensor
    dimension: int
    delay: int
    period: float


def read_series(
    where: str, series: Any, name: str = "series", may_diverge: bool = False
) -> list[Tensor]:
    """One series or a list of them, each ``(time, variables)`` float64, checked to be finite.

    Of :class:`freerun.Sequences` it is the targets, whole again however they were cut. What a
    network generated ``may_diverge``: it may hold NaN and infinity.
    """
    if isinstance(series, Sequences):
        series = _stretches(where, series)
    several = isinstance(series, list) and bool(series) and getattr(series[0], "ndim", 0) > 0
    found = [to_tensor(name, one).double() for one in (series if several else [series])]
    if not several and found[0].ndim == 3:
        found = [*found[0]]
    found = [one.unsqueeze(-1) if one.ndim == 1 else one for one in found]
    widths = {one.shape[-1] for one in found}
    if any(one.ndim != 2 or not one.numel() for one in found) or len(widths) > 1:
        got = ", ".join(str(tuple(one.shape)) for one in found[:3])
        fix = "Pass a list of arrays for several series."
        fail(where, f"{name} must be (time,) or (time, variables)", got, fix)
    if not (may_diverge or all(bool(one.isfinite().all()) for one in found)):
        fix = "Fill what is missing, or pass the whole parts as a list."
        fail(where, f"{name} must be finite", "NaN or infinity", fix, DataError)
    return found


def _stretches(where: str, data: Sequences) -> list[Tensor]:
    """The targets of all samples, each step once: windows that touch or overlap are one again."""
    y = data.y_flat
    if y is None or not y.is_floating_point():
        fix = "Pass the series themselves."
        fail(where, "data must have a real-valued target per step", "classes or labels", fix)
    rows = (data.covered() & y.isfinite().all(1)).nonzero().squeeze(1)
    begins = torch.zeros(len(y), dtype=torch.bool)
    begins[data.origin] = True
    cuts = (begins[rows[1:]] | (rows.diff() > 1)).nonzero().squeeze(1) + 1
    return [y[part] for part in rows.tensor_split(cuts) if len(part)]


def read_pair(where: str, truth: Any, generated: Any) -> tuple[list[Tensor], list[Tensor]]:
    """The truth, and what was generated, of the same variables; the truth varies in all of them."""
    known = read_series(where, truth, "truth")
    made = read_series(where, generated, "generated", may_diverge=True)
    if known[0].shape[1] != made[0].shape[1]:
        got = f"{known[0].shape[1]} and {made[0].shape[1]}"
        fail(where, "truth and generated must have the same variables", got, "Match them.")
    check_varies(where, torch.cat(known))
    return known, made


def check_varies(where: str, rows: Tensor) -> None:
    """Refuse ``(time, variables)`` where a variable is constant."""
    if not bool((rows.amax(0) > rows.amin(0)).all()):
        fix = "Leave out what never changes."
        fail(where, "every variable must vary", "a constant one", fix, DataError)


def embed(
    where: str, series: list[Tensor], dimension: int | None = None, delay: int | None = None
) -> Embedded:
    """Put values of the past side by side (Packard et al. 1980; Takens 1981).

        z(t) = (s(t), s(t - delay), ..., s(t - (dimension - 1) delay))

    Args:
        where: Who asks, for the messages.
        series: From :func:`read_series`.
        dimension: By default 5 for one variable, and 1 for several, which are taken as the state.
        delay: By default the first lag at which the autocorrelation is below 1 - 1/e (Rosenstein
            et al. 1993).

    Raises:
        DataError: A variable never changes, or the longest series is too short.
    """
    rows = torch.cat(series)
    check_varies(where, rows)
    scaled = [(one - rows.mean(0)) / rows.std(0, correction=0) for one in series]
    longest = max(scaled, key=len)
    power = torch.fft.rfft(longest, 2 * len(longest), dim=0).abs().square().sum(1)
    if dimension is None:
        dimension = DIMENSION if rows.shape[1] == 1 else 1
    check_integer(where, "dimension", dimension, 1)
    delay = _delay(power) if delay is None else check_integer(where, "delay", delay, 1)
    behind = (dimension - 1) * delay
    counts = [max(0, len(one) - behind) for one in scaled]
    if max(counts) < 50:
        expected = f"the longest series must have {behind + 50} steps"
        fail(where, expected, len(longest), "Get more data, or pass a smaller delay.", DataError)
    points = [
        torch.cat([one[behind - k * delay :][:count] for k in range(dimension)], 1)
        for one, count in zip(scaled, counts, strict=True)
        if count
    ]
    left = [torch.arange(len(one)).flip(0) for one in points]
    owner = [torch.full((len(one),), number) for number, one in enumerate(points)]
    joined = torch.cat(points), torch.cat(owner), torch.cat(left)
    return Embedded(*joined, dimension, delay, _period(power))


def _delay(power: Tensor) -> int:
    """The first lag at which the autocorrelation, of padded power, is below 1 - 1/e."""
    correlation = torch.fft.irfft(power)
    below = (correlation < (1 - 1 / math.e) * correlation[0]).nonzero()
    return int(below[0])


def _period(power: Tensor) -> float:
    """1 / the mean frequency, each weighted by its power, in steps."""
    frequencies = torch.linspace(0, 0.5, len(power)).double()
    return float(power.sum() / (power * frequencies).sum())
