"""Which classes are taken for which."""

from dataclasses import dataclass

import torch
from torch import Tensor

from freerun.prediction import predict
from freerun.report.subject import Subject

__all__ = ["Answers", "Confusion", "answers", "confusion_of"]

MOST_CLASSES = 24
"""More are no table that anyone reads: then only the commonest mistakes are listed."""

MOST_MISTAKES = 10


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network said of every case that has a true class.

    Attributes:
        probabilities: ``(cases, classes)``.
        truth: ``(cases,)``.
        sequence: Which sequence of the data each case is of, ``(cases,)``.
    """

    probabilities: Tensor
    truth: Tensor
    sequence: Tensor

    @property
    def likeliest(self) -> Tensor:
        """The class that is said, ``(cases,)``."""
        return self.probabilities.argmax(-1)


def answers(subject: Subject) -> Answers:
    """Ask the network for every sequence, or for every step of each."""
    said = predict(subject.net, subject.data)
    if isinstance(said, Tensor):
        labels = subject.data.labels
        assert labels is not None
        return Answers(said.double(), labels, torch.arange(len(labels)))
    truth = torch.cat([y for _, y in subject.data])
    number = torch.repeat_interleave(torch.arange(len(said)), subject.data.lengths)
    there = truth >= 0
    return Answers(torch.cat(said).double()[there], truth[there], number[there])


@dataclass(frozen=True)
class Confusion:
    """How often each class was taken for each.

    Attributes:
        classes: Names of those in the table.
        counts: A row for each true class, a column for each one said; empty with too many classes.
        recall: Of each true class, the share that was found; None where there was none.
        precision: Of each class said, the share that was right.
        accuracy: Of all, the share that was right.
        mistakes: The commonest: the true class, the one said, and how often.
        total: Cases in all.
    """

    classes: list[str]
    counts: list[list[int]]
    recall: list[float | None]
    precision: list[float | None]
    accuracy: float
    mistakes: list[tuple[str, str, int]]
    total: int


def confusion_of(subject: Subject, said: Answers) -> Confusion:
    """Count what was taken for what."""
    size = subject.net.head.size
    pairs = torch.bincount(said.truth * size + said.likeliest, minlength=size * size)
    counts = pairs.view(size, size)
    names = [subject.named_class(number) for number in range(size)]
    wrong = counts.clone().fill_diagonal_(0).flatten()
    order = wrong.argsort(descending=True, stable=True)[:MOST_MISTAKES].tolist()
    mistakes = [
        (names[one // size], names[one % size], int(wrong[one])) for one in order if wrong[one]
    ]
    right, small = counts.diagonal(), size <= MOST_CLASSES
    return Confusion(
        names if small else [],
        counts.tolist() if small else [],
        _shares(right, counts.sum(1)) if small else [],
        _shares(right, counts.sum(0)) if small else [],
        float(right.sum() / counts.sum()),
        mistakes,
        int(counts.sum()),
    )


def _shares(right: Tensor, total: Tensor) -> list[float | None]:
    pairs = zip(right.tolist(), total.tolist(), strict=True)
    return [hit / among if among else None for hit, among in pairs]
