"""Stretches of the data with what the network said of them: fed the truth, and running free."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from freerun.report.measured.forecasts import Forecasts
from freerun.report.measured.numbers import Numbers, plain, thinned
from freerun.report.subject import Subject

__all__ = ["BANDS", "Stretch", "stretches"]

BANDS = {"50 %": (0.25, 0.75), "90 %": (0.05, 0.95)}


@dataclass(frozen=True)
class Stretch:
    """One output of one series about one origin, in the user's units.

    Attributes:
        title: Which.
        output: What is drawn.
        error: Root mean squared error running free, in units of the series' own level.
        before: Times of the observed steps before the origin.
        seen: What was observed then.
        ahead: Times of the steps after it.
        truth: What was observed there.
        forced: One step ahead, fed the truth.
        free: On the network's own mean.
        bands: For each name the lower and the upper end over drawn paths; none without a spread.
    """

    title: str
    output: str
    error: float
    before: list[Any]
    seen: Numbers
    ahead: list[Any]
    truth: Numbers
    forced: Numbers
    free: Numbers
    bands: dict[str, tuple[Numbers, Numbers]]


def stretches(subject: Subject, found: Forecasts, most: int) -> list[Stretch]:
    """The worst of the forecasts, and others evenly thinned: ``most`` in all, at least one."""
    outputs = found.truth.shape[2]
    most = max(1, most // outputs)
    errors = found.errors
    ranked = errors.nan_to_num(nan=-1.0).argsort(descending=True, stable=True).tolist()
    worst = ranked[: most // 4] if len(ranked) > most else []
    others = [one for one in range(len(errors)) if one not in worst]
    chosen = [others[one] for one in thinned(len(others), most - len(worst))]
    named = [(one, "") for one in chosen]
    named += [(one, f"worst {rank}: ") for rank, one in enumerate(worst, start=1)]
    return [
        _stretch(subject, found, one, output, prefix)
        for one, prefix in named
        for output in range(outputs)
    ]


def _stretch(subject: Subject, found: Forecasts, one: int, output: int, prefix: str) -> Stretch:
    first, horizon = int(found.first[one]), found.horizon
    y = subject.whole.y_flat if subject.data.y_flat is None else subject.data.y_flat
    assert y is not None
    number = subject.number(first)
    begin = max(int(subject.whole.origin[number]), first - min(2 * horizon, 200))
    center, spread = _level(subject, number, output)

    def back(values: Tensor) -> Numbers:
        return plain(values.double() * spread + center)

    bands = {}
    if found.paths is not None:
        drawn = found.paths[one, :, :, output]
        for name, ends in BANDS.items():
            low, high = drawn.quantile(torch.tensor(ends, dtype=drawn.dtype), dim=0)
            bands[name] = (back(low), back(high))
    key, output_name = subject.key(first), subject.output(output)
    several = found.truth.shape[2] > 1
    where = ", ".join(filter(None, (output_name if several else "", key)))
    start = f"from {subject.when(first)}"
    return Stretch(
        f"{prefix}{where + ', ' if where else ''}{start}",
        output_name,
        float(found.errors[one]),
        [subject.when(row) for row in range(begin, first)],
        back(y[begin:first, output]),
        [subject.when(row) for row in range(first, first + horizon)],
        back(found.truth[one, :, output]),
        back(found.forced[one, :, output]),
        back(found.free[one, :, output]),
        bands,
    )


def _level(subject: Subject, number: int, output: int) -> tuple[float, float]:
    if subject.levels is None:
        return 0.0, 1.0
    return (
        float(subject.levels.center[number, output]),
        float(subject.levels.spread[number, output]),
    )
