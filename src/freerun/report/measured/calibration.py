"""Whether what is said to be likely is: intervals of forecasts, and probabilities of classes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from freerun.report.measured.numbers import Numbers, plain

__all__ = ["Intervals", "Reliability", "intervals_of", "ranks", "reliability_of"]

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
BINS = 10


@dataclass(frozen=True)
class Intervals:
    """How much of the truth lies in central intervals that say how much shall.

        covered(p) = share of targets with |u - 1/2| <= p / 2
        u          = (paths below the truth + half of those level with it + 1/2) / (paths + 1)

    Attributes:
        levels: p.
        one_step: Covered at the first step ahead.
        free: Covered over all steps of a free run.
        by_step: Of the 90 % interval, covered at each step ahead.
        ranks_one: Share of u in each tenth of [0, 1], at the first step ahead.
        ranks_free: The same over all steps.
        origins: Over how many starts.
        paths: Of how many paths each.

    Source: Gneiting, Balabdaoui and Raftery 2007, section 3.
    """

    levels: list[float]
    one_step: Numbers
    free: Numbers
    by_step: Numbers
    ranks_one: Numbers
    ranks_free: Numbers
    origins: int
    paths: int


def intervals_of(paths: Tensor, truth: Tensor) -> Intervals:
    """Measure drawn paths.

    Args:
        paths: ``(origins, paths, horizon, outputs)``.
        truth: ``(origins, horizon, outputs)``, NaN where missing.
    """
    u = ranks(paths, truth)
    return Intervals(
        list(LEVELS),
        plain([_covered(u[:, :1], level) for level in LEVELS]),
        plain([_covered(u, level) for level in LEVELS]),
        plain([_covered(u[:, k], 0.9) for k in range(u.shape[1])]),
        _tenths(u[:, :1]),
        _tenths(u),
        len(paths),
        paths.shape[1],
    )


def ranks(paths: Tensor, truth: Tensor) -> Tensor:
    """u of every target, ``(origins, horizon, outputs)``; NaN where it is missing.

    Example:
        >>> paths = torch.arange(9.0).view(1, 9, 1, 1)
        >>> ranks(paths, torch.tensor([[[4.0]]])).item()
        0.5
    """
    wide = truth.unsqueeze(1)
    below = (paths < wide).sum(1) + 0.5 * (paths == wide).sum(1)
    u = (below + 0.5) / (paths.shape[1] + 1)
    return torch.where(truth.isnan(), torch.nan, u.double())


def _covered(u: Tensor, level: float) -> float:
    seen = u[~u.isnan()]
    return float(((seen - 0.5).abs() <= level / 2).double().mean())


def _tenths(u: Tensor) -> Numbers:
    seen = u[~u.isnan()]
    counts = torch.bincount((seen * BINS).long().clamp(0, BINS - 1), minlength=BINS)
    return plain(counts.double() / max(1, len(seen)))


@dataclass(frozen=True)
class Reliability:
    """How often the likeliest class is right, by how likely it was said to be.

    Attributes:
        said: Mean probability of the likeliest class in each tenth; None where there was none.
        right: Share of them that was right.
        counts: How many there were.
        error: Mean distance of the two, weighted by how many: the expected calibration error.

    Source: Guo et al. 2017, section 2.
    """

    said: Numbers
    right: Numbers
    counts: list[int]
    error: float


def reliability_of(probabilities: Tensor, truth: Tensor) -> Reliability:
    """Measure probabilities ``(cases, classes)`` of ``truth``, ``(cases,)``."""
    confidence, likeliest = probabilities.double().max(-1)
    hit = (likeliest == truth).double()
    place = (confidence * BINS).long().clamp(0, BINS - 1)
    counts = torch.bincount(place, minlength=BINS).double()
    said = torch.bincount(place, confidence, BINS) / counts
    right = torch.bincount(place, hit, BINS) / counts
    off = ((said - right).abs() * counts).nansum() / counts.sum()
    return Reliability(plain(said), plain(right), counts.long().tolist(), float(off))
