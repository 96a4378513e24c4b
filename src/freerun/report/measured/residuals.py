"""What is left of the truth once it was predicted."""

from dataclasses import dataclass

import torch
from torch import Tensor

from freerun.prediction import predict
from freerun.report.measured.numbers import Numbers, plain
from freerun.report.subject import Subject

__all__ = ["Residuals", "autocorrelation", "residuals_of"]

BINS, MOST_LAGS = 31, 40


@dataclass(frozen=True)
class Residuals:
    """Truth less prediction, one output, in units of the levels.

    Attributes:
        output: Which.
        mean: Their mean.
        deviation: Their standard deviation.
        count: How many.
        centers: Middles of the bins of their histogram.
        shares: Share in each bin; what is further off is in the outermost ones.
        lags: 1, 2, ...; none where each sequence has one target.
        correlations: Of residuals so many steps apart.
        bound: 95 % of these would lie below it, were the residuals independent.
    """

    output: str
    mean: float
    deviation: float
    count: int
    centers: Numbers
    shares: Numbers
    lags: list[int]
    correlations: Numbers
    bound: float


def residuals_of(subject: Subject) -> list[Residuals]:
    """For each output: one step ahead, fed the truth, where outputs are fed back."""
    means = predict(subject.net, subject.data)
    if isinstance(means, Tensor):
        assert subject.data.labels is not None
        series = [(subject.data.labels.double() - means.double())]
        return [_one(subject, series, output, False) for output in range(means.shape[1])]
    series = [y.double() - mean for (_, y), mean in zip(subject.data, means, strict=True)]
    return [_one(subject, series, output, True) for output in range(series[0].shape[1])]


def _one(subject: Subject, series: list[Tensor], output: int, in_time: bool) -> Residuals:
    columns = [one[:, output] for one in series]
    found = torch.cat(columns)
    found = found[found.isfinite()]
    mean, deviation = float(found.mean()), float(found.std(correction=0))
    # Four deviations to either side: a few residuals further off shall not flatten all others.
    edge = 4 * deviation or 1.0
    place = ((found - mean + edge) / (2 * edge) * BINS).long().clamp(0, BINS - 1)
    shares = torch.bincount(place, minlength=BINS).double() / max(1, len(found))
    centers = mean - edge + (torch.arange(BINS) + 0.5) * 2 * edge / BINS
    longest = max(len(one) for one in columns)
    lags = list(range(1, min(MOST_LAGS, longest // 4) + 1)) if in_time else []
    return Residuals(
        subject.output(output), mean, deviation, len(found), plain(centers), plain(shares), lags,
        plain([autocorrelation(columns, lag) for lag in lags]), 1.96 / max(1, len(found)) ** 0.5,
    )  # fmt: skip


def autocorrelation(series: list[Tensor], lag: int) -> float:
    """Correlation of what is ``lag`` steps apart, over all series; missing values do not count.

    Example:
        >>> round(autocorrelation([torch.tensor([1.0, -1.0] * 50)], 1), 2)
        -1.0
    """
    every = torch.cat(series)
    mean = every[every.isfinite()].mean()
    pairs = torch.cat([torch.stack([one[:-lag], one[lag:]]) for one in series if len(one) > lag], 1)
    first, second = (pairs[:, pairs.isfinite().all(0)] - mean).double()
    variance = (every[every.isfinite()].double() - mean).square().mean()
    return float((first * second).mean() / variance) if len(first) else float("nan")
