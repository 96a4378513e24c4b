"""Forecasts that need no network: the last value, the mean, the season before."""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from freerun.data import Sequences

__all__ = ["trivial_forecasts"]

Forecast = tuple[Tensor, Tensor]
"""The forecast, and whether there was anything to make it from; bool of y's shape."""


def trivial_forecasts(
    windows: Sequences, warmup: int, horizon: int, season: int | None
) -> dict[str, Forecast]:
    """Forecast ``horizon`` steps from what each series showed before.

        last value    y-hat(t+k) = y(t)
        mean          y-hat(t+k) = mean of y(1) ... y(t), for classes their frequencies
        season        y-hat(t+k) = y(t+k - season), the last whole season repeated

    Args:
        windows: Each of ``warmup`` steps before its origin and ``horizon`` after it, in the user's
            units; what lies before in the same series is known too.
        warmup: Steps before the origin.
        horizon: Steps after it.
        season: Steps in a season; each origin must have so many before it. None for no season.

    Returns:
        For each name the forecast, ``(windows, horizon, outputs)`` or probabilities ``(windows,
        horizon, classes)``, and whether there is one, bool of y's shape.
    """
    y = windows.y_flat
    assert y is not None
    first = windows.start + warmup
    observed = y >= 0 if windows.num_classes is not None else ~y.isnan()
    every = [-1] * (y.ndim - 1)
    latest = _latest(observed)[first - 1].unsqueeze(1)
    found = {
        "last value": _of_rows(windows, latest.expand(-1, horizon, *every)),
        "mean": _mean(windows, observed, first, horizon),
    }
    if season is not None:
        rows = first.unsqueeze(1) - season + torch.arange(horizon) % season
        rows = rows.view(*rows.shape, *[1] * (y.ndim - 1))
        found["season"] = _of_rows(windows, rows.expand(-1, -1, *y.shape[1:]))
    return found


def _latest(observed: Tensor) -> Tensor:
    """The last row up to each where something was observed, -1 where nothing was: of y's shape."""
    rows = torch.arange(len(observed)).view(-1, *[1] * (observed.ndim - 1))
    return torch.where(observed, rows, -1).cummax(0).values


def _of_rows(windows: Sequences, rows: Tensor) -> Forecast:
    """y of rows of the storage, ``(windows, horizon, ...)``; known where the series has them."""
    y = windows.y_flat
    assert y is not None
    known = rows >= windows.origin.view(-1, *[1] * (rows.ndim - 1))
    inside = rows.clamp(min=0)
    if windows.num_classes is None:
        values = y.gather(0, inside.flatten(0, 1)).view(rows.shape)
        return values, known & ~values.isnan()
    classes = y[inside]
    known = known & (classes >= 0)
    return one_hot(classes.clamp(min=0), windows.num_classes).to(torch.float32), known


def _mean(windows: Sequences, observed: Tensor, first: Tensor, horizon: int) -> Forecast:
    """Of all that each series showed before ``first``."""
    y, begin = windows.y_flat, windows.origin
    assert y is not None
    if windows.num_classes is None:
        sums = _running(torch.where(observed, y.double(), 0))
        counts = _running(observed.double())
        count = counts[first] - counts[begin]
        mean = (sums[first] - sums[begin]) / count
        known = count > 0
    else:
        # Rows in the order of class, then time: what one class counts lies between two places.
        total, rows = len(y), observed.nonzero().squeeze(1)
        order = (y[rows] * total + rows).sort().values
        base = torch.arange(windows.num_classes) * total
        ends = (torch.searchsorted(order, base + row.unsqueeze(1)) for row in (begin, first))
        before, after = ends
        count = (after - before).double()
        mean, known = count / count.sum(-1, keepdim=True), count.sum(-1) > 0
    mean = mean.unsqueeze(1).expand(-1, horizon, -1)
    return mean, known.unsqueeze(1).expand(-1, horizon, *known.shape[1:])


def _running(values: Tensor) -> Tensor:
    """The sum of the rows before each, and of all of them: one row more."""
    return torch.cat([torch.zeros_like(values[:1]), values.cumsum(0)])
