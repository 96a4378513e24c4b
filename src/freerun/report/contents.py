"""All numbers of a report: which sections a task has, and what is in them."""

from dataclasses import dataclass
from typing import Any

from freerun.exposure import exposure_gap
from freerun.report.effort import FULL, Effort
from freerun.report.measured.calibration import (
    Intervals,
    Reliability,
    intervals_of,
    reliability_of,
)
from freerun.report.measured.classes import Confusion, answers, confusion_of
from freerun.report.measured.errors import Errors, errors_of
from freerun.report.measured.forecasts import forecasts
from freerun.report.measured.gradients import Gradients, gradients_of
from freerun.report.measured.paths import Stretch, stretches
from freerun.report.measured.residuals import Residuals, residuals_of
from freerun.report.measured.text import Sample, Surprise, pieces_of, samples_of, surprise_of
from freerun.report.measured.worst import (
    Worst,
    worst_forecasts,
    worst_numbers,
    worst_sequences,
    worst_text,
)
from freerun.report.pictures import Pictures, pictures_of
from freerun.report.subject import Subject

__all__ = ["Contents", "gather"]


@dataclass(frozen=True)
class Contents:
    """What was measured; None for what the task or the network does not have."""

    errors: Errors | None = None
    stretches: list[Stretch] | None = None
    intervals: Intervals | None = None
    residuals: list[Residuals] | None = None
    confusion: Confusion | None = None
    reliability: Reliability | None = None
    samples: list[Sample] | None = None
    surprise: Surprise | None = None
    worst: Worst | None = None
    gradients: Gradients | None = None
    pictures: Pictures | None = None


def gather(subject: Subject, effort: Effort = FULL) -> Contents:
    """Measure all that a report of ``subject`` says.

    Raises:
        DataError: The data are too short to be measured on.
    """
    measure = {"forecast": _forecast, "regress": _regress, "text": _text}
    found = measure.get(subject.task, _classes)(subject, effort)
    return Contents(
        **found, gradients=gradients_of(subject, effort), pictures=pictures_of(subject.net)
    )


def _forecast(subject: Subject, effort: Effort) -> dict[str, Any]:
    gap = exposure_gap(subject.net, subject.data, subject.horizon)
    unit = (
        "standard deviations of each series" if subject.levels is not None else "units of the data"
    )
    found = forecasts(subject, gap.warmup, effort)
    paths = found.paths
    return {
        "errors": errors_of(gap, unit, [subject.output(n) for n in range(found.truth.shape[2])]),
        "stretches": stretches(subject, found, effort.shown),
        "intervals": None if paths is None else intervals_of(paths, found.truth),
        "residuals": residuals_of(subject),
        "worst": worst_forecasts(subject, found),
    }


def _regress(subject: Subject, effort: Effort) -> dict[str, Any]:
    return {"residuals": residuals_of(subject), "worst": worst_numbers(subject)}


def _classes(subject: Subject, effort: Effort) -> dict[str, Any]:
    said = answers(subject)
    return {
        "confusion": confusion_of(subject, said),
        "reliability": reliability_of(said.probabilities, said.truth),
        "worst": worst_sequences(subject, said),
    }


def _text(subject: Subject, effort: Effort) -> dict[str, Any]:
    return {
        "samples": samples_of(subject, effort),
        "surprise": surprise_of(subject, effort),
        "worst": worst_text(pieces_of(subject, effort), subject.unit),
    }
