"""Where a network does worst: what to look at first."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from freerun.prediction import predict
from freerun.report.measured.classes import Answers
from freerun.report.measured.forecasts import Forecasts
from freerun.report.subject import Subject

__all__ = ["Worst", "worst_forecasts", "worst_numbers", "worst_sequences", "worst_text"]

COUNT = 10


@dataclass(frozen=True)
class Worst:
    """A table, the worst row first.

    Attributes:
        columns: What its columns are called.
        rows: Words and numbers.
    """

    columns: list[str]
    rows: list[list[Any]]


def worst_forecasts(subject: Subject, found: Forecasts) -> Worst:
    """The origins with the largest error running free; of neighbours only the worst."""
    errors = found.errors
    half = found.horizon // 2
    rows: list[list[Any]] = []
    taken: list[int] = []
    for one in errors.nan_to_num(nan=-1.0).argsort(descending=True, stable=True).tolist():
        first = int(found.first[one])
        if errors[one].isnan() or any(abs(first - other) <= half for other in taken):
            continue
        taken.append(first)
        named = [subject.key(first)] if len(subject.whole) > 1 else []
        rows.append([*named, subject.when(first), float(errors[one])])
        if len(rows) == COUNT:
            break
    named = ["series"] if len(subject.whole) > 1 else []
    return Worst([*named, "from", f"error over {found.horizon} steps"], rows)


def worst_sequences(subject: Subject, said: Answers) -> Worst:
    """The sequences to whose true classes the network gave the least probability."""
    given = said.probabilities.gather(1, said.truth[:, None]).squeeze(1)
    if subject.net.readout == "last":
        rows = [
            [
                subject.key(int(subject.data.start[one])),
                int(subject.data.lengths[one]),
                subject.named_class(int(said.truth[one])),
                subject.named_class(int(said.likeliest[one])),
                float(given[one]),
            ]
            for one in given.argsort(stable=True)[:COUNT].tolist()
        ]
        return Worst(["sequence", "steps", "true", "said", "probability of the true"], rows)
    count = len(subject.data)
    cases = torch.bincount(said.sequence, minlength=count)
    right = torch.bincount(said.sequence, (said.likeliest == said.truth).double(), count) / cases
    mean = torch.bincount(said.sequence, given, count) / cases
    order = mean.nan_to_num(nan=2.0).argsort(stable=True)[:COUNT].tolist()
    rows = [
        [subject.key(int(subject.data.start[one])), int(cases[one]), float(right[one]),
         float(mean[one])]
        for one in order if cases[one]
    ]  # fmt: skip
    return Worst(["sequence", "steps", "right", "mean probability of the true"], rows)


def worst_numbers(subject: Subject) -> Worst:
    """The sequences whose number is furthest from what was said."""
    said = predict(subject.net, subject.data)
    truth = subject.data.labels
    assert isinstance(said, Tensor)
    assert truth is not None
    off = (said.double() - truth.double()).square().mean(1).sqrt()
    rows = [
        [subject.key(int(subject.data.start[one])), int(subject.data.lengths[one]),
         *truth[one].tolist(), *said[one].tolist(), float(off[one])]
        for one in off.argsort(descending=True, stable=True)[:COUNT].tolist()
    ]  # fmt: skip
    names = [subject.output(number) for number in range(truth.shape[1])]
    columns = ["sequence", "steps", *(f"{name}, true" for name in names)]
    return Worst([*columns, *(f"{name}, said" for name in names), "error"], rows)


def worst_text(stretches: list[tuple[str, float]], unit: str) -> Worst:
    """The pieces of text that surprised the network most."""
    ranked = sorted(stretches, key=lambda one: -one[1])[:COUNT]
    return Worst(["text", f"bits for each of its {unit}"], [[text, bits] for text, bits in ranked])
