"""Errors by step ahead: what `exposure_gap` measured, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass

from freerun.exposure import Gap
from freerun.report.measured.numbers import Numbers, plain

__all__ = ["Errors", "errors_of"]


@dataclass(frozen=True)
class Errors:
    """Root mean squared errors, a number for each step ahead.

    Attributes:
        steps: 1 to the horizon.
        forced: One step ahead, fed the truth up to there.
        free: Running on the network's own mean.
        ratio: The second over the first.
        trivial: Of each forecast that needs no network.
        crossing: The first step where one of those is better than running free, or None.
        better: At how many steps none is.
        origins: Over how many starts.
        unit: Of what.
        overall: Root of the mean square over all steps, running free.
        overall_forced: The same, fed the truth.
        overall_trivial: The same of each trivial forecast.
        by_output: Of each of several outputs over all steps: fed the truth, and running free.
    """

    steps: list[int]
    forced: Numbers
    free: Numbers
    ratio: Numbers
    trivial: dict[str, Numbers]
    crossing: int | None
    better: int
    origins: int
    unit: str
    overall: float
    overall_forced: float
    overall_trivial: dict[str, float]
    by_output: dict[str, tuple[float, float]]


def errors_of(gap: Gap, unit: str, outputs: Sequence[str]) -> Errors:
    """The errors of a gap; ``outputs`` has their names."""
    return Errors(
        gap.steps.tolist(),
        plain(gap.teacher_forced),
        plain(gap.free_running),
        plain(gap.ratio),
        {name: plain(values) for name, values in gap.trivial.items()},
        gap.crossing,
        int((gap.free_running <= gap.best_trivial).sum()),
        gap.origins,
        unit,
        float(gap.free_running.square().mean().sqrt()),
        float(gap.teacher_forced.square().mean().sqrt()),
        {name: float(one.square().mean().sqrt()) for name, one in gap.trivial.items()},
        dict(zip(outputs, _by_output(gap), strict=True)) if len(outputs) > 1 else {},
    )


def _by_output(gap: Gap) -> list[tuple[float, float]]:
    """Both errors of each output, over all steps."""
    forced, free = (
        gap.by_output[name].square().mean(0).sqrt().tolist()
        for name in ("teacher_forced", "free_running")
    )
    return list(zip(forced, free, strict=True))
