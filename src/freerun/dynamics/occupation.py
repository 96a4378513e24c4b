"""Whether a generated path visits the same parts of state space as the truth, as often."""

import math
from typing import Any

import torch
from torch import Tensor

from freerun._checks import check_choice, check_integer, check_number, fail

from .embedding import read_pair

__all__ = ["state_space_divergence"]

SMOOTHING = 1e-5
"""Added to the count of every bin: what one path never visits would make D infinite."""

MOST_BINNED = 5
"""Variables up to which space is divided into bins; in more, hardly any bin is visited twice."""

CENTRES, DRAWS = 2000, 2000
"""Kernels of a mixture at most, evenly thinned; and points drawn to compare two mixtures at."""


def state_space_divergence(
    truth: Any, generated: Any, bins: int = 30, scale: float = 1.0, method: str = "auto"
) -> float:
    """Compare where two paths spend their time: D_stsp, 0 where they agree.

        D = sum over bins of p log(p / q)      p of the truth, q of what was generated

    Order in time plays no part: a network that has the attractor right, but not the weather of
    tomorrow, is near 0. Short-term errors (:func:`valid_prediction_time`) may say otherwise; report
    both.

    Up to 5 variables each is divided into ``bins`` bins over [min - 0.1 sigma, max + 0.1 sigma] of
    the truth, and 1e-5 is added to the count of every bin. Points outside are in no bin but count
    in the total, and so do NaN and infinity: to leave costs. In 6 variables and more, p and q are
    mixtures of Gaussians of width ``scale`` standard deviations around the points, and D the mean
    of log(p / q) at 2000 points drawn from p, always the same ones.

    Figures from other bins, or other widths, cannot be compared.

    Args:
        truth: ``(time,)``, ``(time, variables)``, ``(series, time, variables)``, a list of arrays,
            one for each series, or :class:`freerun.Sequences`, whose windows are put together.
        generated: The same variables, in the same units; any length, better as long.
        bins: Per variable.
        scale: Width of the Gaussians, in the truth's standard deviations.
        method: ``"bins"``, ``"mixture"``, or by the number of variables, ``"auto"``.

    Returns:
        D, in nats; 0 or more with bins, and nearly so with mixtures. Infinite for a mixture with
        nothing finite in it.

    Raises:
        ArgumentError: A shape or a number does not fit.
        DataError: The truth holds NaN, or a variable of it never changes.

    Example:
        >>> from freerun.data import datasets
        >>> truth, other = (datasets.lorenz63(5000, seed=seed) for seed in (0, 1))
        >>> state_space_divergence(truth, other) < state_space_divergence(truth, other + 5)
        True

    Source: Koppe et al. 2019; Hess et al. 2023 (bins); Brenner et al. 2022 (mixtures). They leave
    points outside out of the total too, so that a path that is half gone, and right before that,
    is as near as one that stays; counting them is our own.
    """
    where = "state_space_divergence"
    known, made = (torch.cat(series) for series in read_pair(where, truth, generated))
    check_integer(where, "bins", bins, 2)
    if check_number(where, "scale", scale, 0.0) == 0:
        fail(where, "scale must be above 0", scale, "Pass scale=1.0.")
    check_choice(where, "method", method, ("auto", "bins", "mixture"))
    if method == "bins" or (method == "auto" and known.shape[1] <= MOST_BINNED):
        return _binned(known, made, bins)
    return _mixed(known, made, scale)


def _binned(known: Tensor, made: Tensor, bins: int) -> float:
    """D over all bins, by those alone that one of the two visits."""
    margin = 0.1 * known.std(0, correction=0)
    low, high = known.amin(0) - margin, known.amax(0) + margin
    places = [_places(points, low, high, bins) for points in (known, made)]
    visited, which = torch.cat(places).unique(return_inverse=True)
    first = which[: len(places[0])].bincount(minlength=len(visited)).double()
    second = which[len(places[0]) :].bincount(minlength=len(visited)).double()
    count = float(bins) ** known.shape[1]
    p, q = (
        (counts + SMOOTHING) / (len(points) + SMOOTHING * count)
        for counts, points in ((first, known), (second, made))
    )
    empty_p, empty_q = (SMOOTHING / (len(one) + SMOOTHING * count) for one in (known, made))
    rest = (count - len(visited)) * empty_p * math.log(empty_p / empty_q)
    return float((p * (p / q).log()).sum()) + rest


def _places(points: Tensor, low: Tensor, high: Tensor, bins: int) -> Tensor:
    """The number of the bin of every point that lies in one."""
    inside = ((points >= low) & (points <= high)).all(1)  # NaN is not
    cells = ((points[inside] - low) / (high - low) * bins).long().clamp(max=bins - 1)
    return (cells * bins ** torch.arange(points.shape[1])).sum(1)


def _mixed(known: Tensor, made: Tensor, scale: float) -> float:
    """D between mixtures of Gaussians, at points drawn from the truth's."""
    spread = known.std(0, correction=0)
    finite = made[made.isfinite().all(1)]
    if not len(finite):
        return math.inf
    first, second = (_thinned(points / spread) for points in (known, finite))
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randint(len(first), (DRAWS,), generator=generator)
    noise = torch.randn(DRAWS, first.shape[1], generator=generator, dtype=torch.float64)
    drawn = first[chosen] + scale * noise
    lost = math.log(len(finite) / len(made))
    return float((_density(drawn, first, scale) - _density(drawn, second, scale)).mean()) - lost


def _thinned(points: Tensor) -> Tensor:
    count = min(CENTRES, len(points))
    return points[torch.linspace(0, len(points) - 1, count).round().long()]


def _density(at: Tensor, centres: Tensor, scale: float) -> Tensor:
    """log of the mean of exp(-|x - c|^2 / 2 scale^2), without the factor that cancels."""
    exponents = -torch.cdist(at, centres).square() / (2 * scale**2)
    return exponents.logsumexp(1) - math.log(len(centres))
