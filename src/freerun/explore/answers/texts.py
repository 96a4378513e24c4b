"""Runs of text: the true text, and what the network writes in its place."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from freerun._checks import check_integer, check_number
from freerun._measure import evaluating
from freerun.closed_loop import draw_noise, outputs_of, run
from freerun.explore.answers.errors import listed, running_mean, worse_from
from freerun.explore.answers.leaving import follow, state_at
from freerun.explore.answers.requests import MOST_AROUND, MOST_STEPS, WHERE, TextRequest
from freerun.heads import Sampling
from freerun.network import RecurrentNetwork

__all__ = ["Text", "TextAnswer", "Texts"]


@dataclass(frozen=True, eq=False)
class Text:
    """One text as classes.

    Attributes:
        name: What it is called.
        codes: The classes, (time,).
        trained_on: The number of its units that were trained on, the first ones.
    """

    name: str
    codes: Tensor
    trained_on: int


@dataclass(frozen=True, eq=False)
class Texts:
    """A network that writes, and the texts to see it on.

    Attributes:
        net: The network; its outputs are fed back.
        texts: One or more.
        classes: The units that it knows.
        unit: ``"characters"``, ``"words"`` or ``"bytes"``.
        shares: How often each class is in the text of training, (classes,), none of them 0.
    """

    net: RecurrentNetwork
    texts: tuple[Text, ...]
    classes: tuple[str, ...]
    unit: str
    shares: Tensor

    def about(self) -> dict[str, Any]:
        """What the page needs to know, for JSON."""
        return {
            "task": "text",
            "series": [
                {"name": one.name, "steps": len(one.codes), "trained_on": one.trained_on}
                for one in self.texts
            ],
            "unit": self.unit,
            "classes": len(self.classes),
            "horizon": 120,
            "samples": True,
            "most": {"horizon": MOST_STEPS, "top_k": len(self.classes), "around": MOST_AROUND},
        }

    def first(self) -> TextRequest:
        """The request that the page begins with: where training ended, as far as there is room."""
        one = self.texts[0]
        horizon = max(1, min(120, len(one.codes) // 4))
        origin = max(1, min(one.trained_on + horizon // 2, len(one.codes) - horizon))
        return TextRequest(origin, horizon)

    def answer(self, asked: TextRequest) -> "TextAnswer":
        """What the network writes from the leaving point on, and how surprised it is, in bits.

            s(t) = - log2 p(unit(t) | what it was fed before)

        Of the true text its surprise is measured on the truth, on its own text, and on the mixed
        one: what it was fed before is all that differs.

        Raises:
            ArgumentError: There is no such text or place, or a number is out of range.
        """
        self._check(asked)
        net, codes = self.net, self.texts[asked.series].codes
        truth = codes[asked.origin : asked.origin + asked.horizon]
        sampling = Sampling(float(asked.temperature), asked.top_k or None)
        with evaluating(net):
            state = state_at(net, None, codes, asked.origin)
            noise = draw_noise(net, 1, len(truth), torch.Generator().manual_seed(asked.seed))
            taught = follow(net, state, None, truth, 1.0).o[0]
            partly = follow(net, state, None, truth, float(asked.share), sampling, noise).o[0]
        mixed = outputs_of(net, partly, None, sampling, noise[0])
        free = run(net, len(truth), state=state, draw=sampling, generator=asked.seed).y
        with evaluating(net):
            alone = follow(net, state, None, free, 1.0).o[0]
        return TextAnswer(
            asked,
            codes[max(0, asked.origin - asked.around) : asked.origin],
            truth,
            free,
            mixed,
            {
                "one_step": _surprise(taught, truth),
                "free": _surprise(alone, truth),
                "mixed": _surprise(partly, truth),
            },
            {"free": _surprise(alone, free), "mixed": _surprise(partly, mixed)},
            -self.shares[truth].log2(),
            self.classes,
            self.unit,
        )

    def _check(self, asked: TextRequest) -> None:
        check_integer(WHERE, "series", asked.series, 0, len(self.texts) - 1)
        steps = len(self.texts[asked.series].codes)
        check_integer(WHERE, "origin", asked.origin, 1, steps - 1)
        check_integer(WHERE, "horizon", asked.horizon, 1, MOST_STEPS)
        check_integer(WHERE, "top_k", asked.top_k, 0, len(self.classes))
        check_integer(WHERE, "seed", asked.seed, 0, 2**32 - 1)
        check_integer(WHERE, "around", asked.around, 0, MOST_AROUND)
        check_number(WHERE, "share", asked.share, 0, 1)
        check_number(WHERE, "temperature", asked.temperature, 0.01, 100)


def _surprise(o: Tensor, codes: Tensor) -> Tensor:
    """Bits that each of the units costs, (steps,) float64."""
    nats = -log_softmax(o.double(), -1).gather(-1, codes.unsqueeze(-1)).squeeze(-1)
    return nats / math.log(2)


@dataclass(frozen=True, eq=False)
class TextAnswer:
    """Texts from the leaving point on, as classes (steps,), and surprises in bits (steps,).

    Attributes:
        asked: What was asked for.
        before: The true text before.
        truth: The true text.
        free: What the network writes on its own.
        mixed: What it draws while it is fed a share of the truth.
        bits: Surprise at the true text, having been fed the truth, its own text, or the mixture.
        own_bits: Surprise at what it drew itself, running free and mixed.
        trivial: Surprise at the true text of who knows how frequent each unit is, and no more.
        classes: The units.
        unit: What they are.
    """

    asked: TextRequest
    before: Tensor
    truth: Tensor
    free: Tensor
    mixed: Tensor
    bits: dict[str, Tensor]
    own_bits: dict[str, Tensor]
    trivial: Tensor
    classes: tuple[str, ...]
    unit: str

    @cached_property
    def errors(self) -> dict[str, Tensor]:
        """Bits a unit so far, (steps,)."""
        return {name: running_mean(bits) for name, bits in self.bits.items()}

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        trivial = running_mean(self.trivial)
        step, name = worse_from(self.errors["free"], {"frequency": trivial})
        texts = {"before": self.before, "truth": self.truth, "free": self.free, "mixed": self.mixed}
        return {
            "origin": self.asked.origin,
            **{name: [self._shown(code) for code in codes] for name, codes in texts.items()},
            "so_far": {name: listed(bits) for name, bits in self.errors.items()},
            "bits": {name: listed(bits) for name, bits in self.bits.items()},
            "own_bits": {name: listed(bits) for name, bits in self.own_bits.items()},
            "errors": {name: listed(one[-1:])[0] for name, one in self.errors.items()},
            "trivial": {"frequency": {"path": listed(trivial), "error": listed(trivial[-1:])[0]}},
            "worse_from": step,
            "worse_than": name,
        }

    def _shown(self, code: Any) -> str:
        """One unit as it can be read; bytes beyond ASCII as two hexadecimal digits."""
        name = self.classes[int(code)]
        if self.unit != "bytes":
            return name
        byte = int(name, 16)
        return chr(byte) if 32 <= byte < 127 or byte == 10 else f"\\x{name}"
