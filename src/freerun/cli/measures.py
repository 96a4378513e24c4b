"""How good a run is, beside what needs no network: the figures of `freerun evaluate`."""

import math
from typing import Any

import torch
from torch import Tensor

import freerun as fr
from freerun._checks import fail
from freerun.cli.sources import Source

__all__ = ["HORIZON", "check_horizon", "measure"]

HORIZON = 60
"""Steps that forecasts look ahead, where nobody says how many."""

TEXT_PIECE = 500
"""Characters of a text that are measured in one go, the first few of them without their past."""


def measure(
    task: str, net: fr.RecurrentNetwork, source: Source, horizon: int = HORIZON
) -> dict[str, Any]:
    """Measure ``net`` on the test part, in the user's units.

    Returns:
        classify, label: ``accuracy``, and ``free_running_accuracy`` where outputs recur. text:
        ``bits_per_character`` and ``accuracy``, given the true text so far. forecast:
        ``one_step_error``, ``free_running_error`` over ``horizon`` steps, their ``ratio``,
        ``crossing`` (the first step ahead where a trivial forecast is better, or None),
        ``steps_ahead_better`` (at how many none is), and ``gap``, the errors by step ahead. For
        each, ``trivial``: the same figures of answers that need no network.
    """
    if task == "forecast":
        return _forecast(net, source, horizon)
    if task == "text":
        return _text(net, source)
    measured = fr.evaluate(net, source.test)
    share = _shares(_labels(source.train), net.head.size)
    hits = (_labels(source.test) == share.argmax()).double().mean()
    free = {"free_running_accuracy": measured["free_accuracy"]} if net.has_output_edge else {}
    return {
        "accuracy": measured["accuracy"],
        **free,
        "loss": measured["loss"],
        "trivial": {"most frequent class": {"accuracy": float(hits)}},
    }


def _forecast(net: fr.RecurrentNetwork, source: Source, horizon: int) -> dict[str, Any]:
    check_horizon(source, net.output_lags, horizon)
    gap = fr.exposure_gap(net, source.test, horizon)
    one, free = _overall(gap.teacher_forced), _overall(gap.free_running)
    return {
        "horizon": horizon,
        "one_step_error": one,
        "free_running_error": free,
        "ratio": free / one,
        "crossing": gap.crossing,
        "steps_ahead_better": int((gap.free_running <= gap.best_trivial).sum()),
        "trivial": {
            name: {"one_step_error": float(errors[0]), "free_running_error": _overall(errors)}
            for name, errors in gap.trivial.items()
        },
        "gap": gap.to_dict(),
    }


def check_horizon(source: Source, lags: int, horizon: int = HORIZON) -> None:
    """Refuse a horizon beyond the part held back, or more lags than leave room for it."""
    test = source.test
    longest = int(test.lengths.max())
    if horizon > longest:
        expected = f"--horizon must be at most {longest}, the steps of the part held back"
        fail("freerun", expected, horizon, f"Use --horizon {longest} or less.")
    most = int((test.stop - test.origin).max()) - horizon
    if lags > most:
        expected = f"--output-lags must be at most {most}, to be measured {horizon} steps ahead"
        fail("freerun", expected, lags, f"Use --output-lags {most} or less.")


def _text(net: fr.RecurrentNetwork, source: Source) -> dict[str, Any]:
    pieces = source.test.windows(TEXT_PIECE, TEXT_PIECE, drop_last=False)
    measured = fr.evaluate(net, pieces)
    return {
        "bits_per_character": measured["bits"],
        "accuracy": measured["accuracy"],
        "trivial": {
            name: {"bits_per_character": _frequency_bits(source, net.head.size, order)}
            for name, order in (("frequency of characters", 1), ("frequency of pairs", 2))
        },
    }


def _overall(errors: Tensor) -> float:
    """The root mean square over all steps ahead."""
    return float(errors.square().mean().sqrt())


def _labels(data: fr.Sequences) -> Tensor:
    return data.labels if data.labels is not None else _targets(data)


def _targets(data: fr.Sequences) -> Tensor:
    assert data.y_flat is not None
    return data.y_flat[data.covered()]


def _shares(classes: Tensor, count: int) -> Tensor:
    """How often each class is there, plus one half for those that are never seen."""
    counts = torch.bincount(classes, minlength=count).double() + 0.5
    return counts / counts.sum()


def _frequency_bits(source: Source, classes: int, order: int) -> float:
    """Bits a character of the test text, from how often characters, or pairs of them, are seen."""
    seen, asked = _targets(source.train), _targets(source.test)
    nats = -_shares(seen, classes).log()[asked]
    if order == 2:
        pairs = _shares(seen[:-1] * classes + seen[1:], classes**2).view(classes, classes)
        nats = -(pairs / pairs.sum(1, keepdim=True)).log()[asked[:-1], asked[1:]]
    return float(nats.mean()) / math.log(2)
