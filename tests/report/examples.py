"""What reports are made of in the tests: small networks that nobody trained, on small data."""

import math
from collections.abc import Callable
from dataclasses import replace as replace
from functools import cache

import torch

import freerun as fr
from freerun.data import Levels
from freerun.report import QUICK, Contents, Subject, gather

MARKUP = "<img src=x onerror=alert(1)>&amp;</script>"
"""A name that would be markup, a script and its end, were it not escaped."""

EFFORT = replace(QUICK, origins=12, paths=40, shown=4, characters=120, written=40, lags=5)


def waves(series: int = 2, steps: int = 90) -> fr.Sequences:
    """Noisy waves at different levels, with an input each; the last 30 steps are to measure on."""
    draws = torch.Generator().manual_seed(0)
    times = torch.arange(float(steps))
    x = [torch.randn(steps, 1, generator=draws) for _ in range(series)]
    y = [
        100.0 * number + (times / 4 + number).sin()[:, None] + 0.2 * one
        for number, one in enumerate(x)
    ]
    return fr.Sequences(x, y, names=("units",))


def forecast(head: fr.heads.Head | None = None, series: int = 2) -> Subject:
    torch.manual_seed(0)
    whole = waves(series)
    train, test = whole.split(60)
    seen = Levels.of(train)
    net = fr.RecurrentNetwork(1, 4, head or fr.heads.Gaussian(1), recurrence="output")
    return Subject(
        name="waves", task="forecast", net=net.eval(), data=seen.remove(test), whole=whole,
        part="part held back", source="waves.csv", levels=seen, outputs=("units",), horizon=8,
        keys=tuple("abcdefgh"[:series]), inputs=("price",), history=history(),
        settings={"start": "random"},
    )  # fmt: skip


def history(epochs: int = 3) -> list[dict[str, float]]:
    return [
        {"epoch": n, "train_loss": 1 / n, "gradient_norm": 0.5, "seconds": 0.1, "lr": 1e-3}
        for n in range(1, epochs + 1)
    ]


def classify(task: str = "classify", classes: tuple[str, ...] = ("low", "high")) -> Subject:
    torch.manual_seed(0)
    draws = torch.Generator().manual_seed(0)
    x = [torch.randn(length, 2, generator=draws) for length in (5, 9, 7, 6, 8, 7)]
    labels = [int(one.mean() > 0) for one in x]
    if task == "classify":
        data = fr.Sequences(x, labels, target="sequence", classes=classes)
    else:
        steps = [torch.full((len(one),), label) for one, label in zip(x, labels, strict=True)]
        data = fr.Sequences(x, steps, classes=classes)
    readout = "last" if task == "classify" else "every"
    net = fr.RecurrentNetwork(2, 4, fr.heads.Categorical(len(classes)), readout=readout)
    return Subject(
        name="tones", task=task, net=net.eval(), data=data, whole=data, part="part held back",
        source="tones.csv", classes=classes, keys=tuple("abcdef"), history=history(),
        figures={"accuracy": 0.5, "trivial": {"most frequent class": {"accuracy": 0.25}}},
    )  # fmt: skip


def regress() -> Subject:
    torch.manual_seed(0)
    draws = torch.Generator().manual_seed(0)
    x = [torch.randn(length, 2, generator=draws) for length in (5, 9, 7, 6)]
    y = torch.stack([one.mean() for one in x])
    data = fr.Sequences(x, y, target="sequence", names=("yield",))
    net = fr.RecurrentNetwork(2, 4, fr.heads.Point(1), readout="last")
    return Subject(
        name="batches", task="regress", net=net.eval(), data=data, whole=data,
        part="part held back", source="batches.csv", outputs=("yield",), history=history(),
        figures={"error": 1.0, "trivial": {"mean": {"error": 2.0}}},
    )  # fmt: skip


def text(letters: str = "<b>&\n ") -> Subject:
    torch.manual_seed(0)
    draws = torch.Generator().manual_seed(0)
    y = torch.randint(len(letters), (600,), generator=draws)
    whole = fr.Sequences(None, [y], classes=tuple(letters))
    _, test = whole.split(200)
    net = fr.RecurrentNetwork(
        0, 8, fr.heads.Categorical(len(letters)), cell="gru", recurrence="both"
    )
    return Subject(
        name="book", task="text", net=net.eval(), data=test, whole=whole, part="part held back",
        source="book.txt", classes=tuple(letters), history=history(),
        figures={
            "bits_per_character": math.log2(len(letters)),
            "trivial": {"frequency of pairs": {"bits_per_character": 1.0}},
        },
    )  # fmt: skip


def label() -> Subject:
    return classify("label")


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "forecast": forecast,
    "classify": classify,
    "label": label,
    "regress": regress,
    "text": text,
}


@cache
def measured(task: str) -> tuple[Subject, Contents]:
    """A subject of ``task``, and all that is measured of it; measured once."""
    subject = SUBJECTS[task]()
    return subject, gather(subject, EFFORT)
