"""Text: what the network writes, and how much each character of a true text surprises it."""

import math
from dataclasses import dataclass

import torch

from freerun._measure import evaluating, fitting, scaled_batch
from freerun.closed_loop import run
from freerun.data.tables import join
from freerun.forcing import TeacherForcing
from freerun.heads import Sampling
from freerun.report.effort import Effort
from freerun.report.measured.numbers import thinned
from freerun.report.subject import Subject

__all__ = ["Sample", "Surprise", "Unit", "pieces_of", "samples_of", "surprise_of"]

TEMPERATURES = (0.5, 0.8, 1.0)
PROMPT, WARMUP, GUESSES, PIECE = 60, 100, 3, 60


@dataclass(frozen=True)
class Sample:
    """A continuation, drawn.

    Attributes:
        temperature: Below 1 the likely is likelier.
        prompt: What it goes on from: the beginning of the text that is measured on.
        text: What the network wrote.
    """

    temperature: float
    prompt: str
    text: str


@dataclass(frozen=True)
class Unit:
    """A character, word or byte of a true text.

    Attributes:
        text: It.
        bits: - log2 of the probability that the network gave it, given all before.
        guesses: What it held likeliest, and how likely.
    """

    text: str
    bits: float
    guesses: list[tuple[str, float]]


@dataclass(frozen=True)
class Surprise:
    """A stretch of a true text.

    Attributes:
        units: Its characters, words or bytes.
        mean: Mean bits.
    """

    units: list[Unit]
    mean: float


def samples_of(subject: Subject, effort: Effort) -> list[Sample]:
    """Continue the beginning of the text at several temperatures; always the same draws."""
    data = subject.data
    assert data.y_flat is not None
    first = int(data.start[0])
    seen = data.y_flat[first : min(first + PROMPT, int(data.stop[0]))]
    found = []
    for temperature in TEMPERATURES:
        path = run(
            subject.net, effort.written, warmup=(None, seen), draw=Sampling(temperature),
            generator=torch.Generator().manual_seed(0),
        )  # fmt: skip
        found.append(Sample(temperature, _text(subject, seen), _text(subject, path.y)))
    return found


def surprise_of(subject: Subject, effort: Effort) -> Surprise:
    """Go through the beginning of the text, fed the truth."""
    net, data = subject.net, subject.data
    first = data[[0]]
    length = min(int(first.lengths[0]), effort.characters)
    warmup = min(WARMUP, int(first.start[0] - first.origin[0]))
    window = first.windows(warmup + length, reach_back=warmup)[:1]
    batch = scaled_batch(net, window.batch([0], net.context))
    with evaluating(net):
        o = net(batch.x, batch.y, TeacherForcing(), state=batch.state).o[0, warmup:]
    y = batch.y[0, warmup:]
    logs = o.double().log_softmax(-1)
    bits = (-logs.gather(1, y[:, None]).squeeze(1) / math.log(2)).tolist()
    likely, which = logs.exp().topk(min(GUESSES, logs.shape[1]))
    texts = [_text(subject, one[None]) for one in y]
    units = [
        Unit(
            text, bit, [(_text(subject, torch.tensor([k])), p) for k, p in zip(ks, ps, strict=True)]
        )
        for text, bit, ks, ps in zip(texts, bits, which.tolist(), likely.tolist(), strict=True)
    ]
    return Surprise(units, sum(bits) / len(bits))


def pieces_of(subject: Subject, effort: Effort) -> list[tuple[str, float]]:
    """Pieces of the text, and the mean bits of each: after a warm-up, evenly thinned."""
    net = subject.net
    length = min(WARMUP + PIECE, int(subject.data.lengths.max()))
    windows = subject.data.windows(length, PIECE, reach_back=WARMUP)
    windows = windows[thinned(len(windows), 4 * effort.origins)]
    found = []
    with evaluating(net):
        for batch in windows.batches(fitting(net, length), context=net.context):
            ready = scaled_batch(net, batch)
            o = net(ready.x, ready.y, TeacherForcing(), state=ready.state).o
            bits = net.score(o, ready.y, None).double()[:, -PIECE:].mean(1) / math.log(2)
            found += [
                (_text(subject, y[-PIECE:]), bit)
                for y, bit in zip(ready.y, bits.tolist(), strict=True)
            ]
    return found


def _text(subject: Subject, classes: torch.Tensor) -> str:
    return join([subject.named_class(number) for number in classes.tolist()], subject.unit)
