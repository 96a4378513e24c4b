"""How good a run is, beside what needs no network: the figures of `freerun evaluate`."""

import math
from typing import Any

import torch
from torch import Tensor

import freerun as fr
from freerun._checks import DataError, fail
from freerun.cli.sources import Source
from freerun.recipes.holding_back import TEXT_PIECE
from freerun.recipes.recipe import Recipe
from freerun.recipes.settling import HORIZON, longest_horizon

__all__ = ["check_horizon", "default_horizon", "measure"]


def measure(
    recipe: Recipe, net: fr.RecurrentNetwork, source: Source, horizon: int | None = None
) -> dict[str, Any]:
    """Measure ``net`` on the test part of a leveled source, in the user's units.

    Returns:
        classify, label: ``accuracy``, and ``free_running_accuracy`` where outputs recur. regress:
        ``error``. text: ``bits_per_character`` and ``accuracy``, given the true text so far.
        forecast: ``one_step_error``, ``free_running_error`` over ``horizon`` steps, their
        ``ratio``, ``crossing`` (the first step ahead where a trivial forecast is better, or None),
        ``steps_ahead_better`` (at how many none is), and ``gap``, the errors by step ahead;
        ``unit`` says of what. For each, ``trivial``: the same figures of answers that need no
        network. Nothing where nothing is held back.
    """
    if source.test is None:
        return {}
    if recipe.task == "forecast":
        return _forecast(net, source, source.test, horizon or recipe.horizon or HORIZON)
    if recipe.task == "text":
        return _text(net, source.train, source.test)
    measured = fr.evaluate(net, source.test)
    if recipe.task == "regress":
        return _regress(measured, source.train, source.test)
    share = _shares(_labels(source.train), net.head.size)
    hits = (_labels(source.test) == share.argmax()).double().mean()
    free = {"free_running_accuracy": measured["free_accuracy"]} if net.has_output_edge else {}
    return {
        "accuracy": measured["accuracy"],
        **free,
        "loss": measured["loss"],
        "trivial": {"most frequent class": {"accuracy": float(hits)}},
    }


def _forecast(
    net: fr.RecurrentNetwork, source: Source, test: fr.Sequences, horizon: int
) -> dict[str, Any]:
    check_horizon(source.name, test, net.context, horizon)
    gap = fr.exposure_gap(net, test, horizon)
    one, free = _overall(gap.teacher_forced), _overall(gap.free_running)
    many = len(source.whole) > 1
    return {
        "horizon": horizon,
        "unit": "standard deviations of each series" if many else "as in the data",
        "one_step_error": one,
        "free_running_error": free,
        "ratio": free / one if one else None,
        "crossing": gap.crossing,
        "steps_ahead_better": int((gap.free_running <= gap.best_trivial).sum()),
        "trivial": {
            name: {"one_step_error": float(errors[0]), "free_running_error": _overall(errors)}
            for name, errors in gap.trivial.items()
        },
        "gap": gap.to_dict(),
    }


def default_horizon(test: fr.Sequences, lags: int) -> int:
    """Steps ahead to measure over where nobody says: 60, or as many as there are."""
    return min(HORIZON, max(1, longest_horizon(test, lags)))


def check_horizon(name: str, test: fr.Sequences, lags: int, horizon: int) -> None:
    """Refuse a horizon that cannot be measured on ``test``, which lies in the data ``name``."""
    longest = longest_horizon(test, lags)
    if longest < 1:
        got = f"{int((test.stop - test.origin).max())} at most"
        expected = f"a series must have {lags + 1} steps or more to be measured, {lags} to begin on"
        fail(name, expected, got, "Give it a longer series.", DataError)
    if horizon > longest:
        expected = f"--horizon must be at most {longest}, the steps that can be measured"
        fail("freerun", expected, horizon, f"Use --horizon {longest} or less.")


def _regress(measured: dict[str, float], train: fr.Sequences, test: fr.Sequences) -> dict[str, Any]:
    assert train.labels is not None
    assert test.labels is not None
    off = test.labels.double() - train.labels.double().mean(0)
    return {
        "error": measured["error"],
        "loss": measured["loss"],
        "trivial": {"mean": {"error": float(off.square().mean().sqrt())}},
    }


def _text(net: fr.RecurrentNetwork, train: fr.Sequences, test: fr.Sequences) -> dict[str, Any]:
    pieces = test.windows(TEXT_PIECE, TEXT_PIECE, drop_last=False)
    measured = fr.evaluate(net, pieces)
    return {
        "bits_per_character": measured["bits"],
        "accuracy": measured["accuracy"],
        "trivial": {
            name: {"bits_per_character": _frequency_bits(train, test, net.head.size, order)}
            for name, order in (("frequency of characters", 1), ("frequency of pairs", 2))
        },
    }


def _overall(errors: Tensor) -> float:
    """The root mean square over all steps ahead."""
    return float(errors.square().mean().sqrt())


def _labels(data: fr.Sequences) -> Tensor:
    labels = data.labels if data.labels is not None else _targets(data)
    return labels[labels >= 0]


def _targets(data: fr.Sequences) -> Tensor:
    assert data.y_flat is not None
    return data.y_flat[data.covered()]


def _shares(classes: Tensor, count: int) -> Tensor:
    """How often each class is there, plus one half for those that are never seen."""
    counts = torch.bincount(classes, minlength=count).double() + 0.5
    return counts / counts.sum()


def _frequency_bits(train: fr.Sequences, test: fr.Sequences, classes: int, order: int) -> float:
    """Bits a character of the test text, from how often characters, or pairs of them, are seen."""
    seen, asked = _targets(train), _targets(test)
    nats = -_shares(seen, classes).log()[asked]
    if order == 2 and len(asked) > 1:
        # By the pairs that there are: of words there would be too many to count all.
        pairs, counts = (seen[:-1] * classes + seen[1:]).unique(return_counts=True)
        wanted = asked[:-1] * classes + asked[1:]
        place = torch.searchsorted(pairs, wanted).clamp_max(len(pairs) - 1)
        found = torch.where(pairs[place] == wanted, counts[place], 0).double() + 0.5
        before = torch.bincount(seen[:-1], minlength=classes).double()[asked[:-1]] + 0.5 * classes
        nats = -(found / before).log()
    return float(nats.mean()) / math.log(2)
