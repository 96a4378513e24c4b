"""Data that the tests of the estimators share, and estimators that learn a little in no time."""

from typing import Any

import numpy as np

import freerun as fr

__all__ = ["Array", "autoregressive", "forecaster", "labelled", "ragged", "small", "waves"]

Array = np.ndarray[Any, Any]

SMALL: dict[str, Any] = {"hidden_size": 4, "epochs": 2}

KINDS: dict[str, Any] = {
    "forecast": fr.Forecaster,
    "classify": fr.SequenceClassifier,
    "regress": fr.SequenceRegressor,
    "label": fr.SequenceLabeler,
    "text": fr.TextModel,
}
"""The estimator of every task."""


def small(task: str, **parameters: Any) -> Any:
    """An estimator of a few units that is trained for two epochs."""
    return KINDS[task](**{**SMALL, **parameters})


def forecaster(**parameters: Any) -> fr.Forecaster:
    found: fr.Forecaster = small("forecast", **parameters)
    return found


def ragged(count: int = 12, channels: int = 2) -> list[Array]:
    """Sequences of 3 to 7 steps, (time, channels) each."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3 + n % 5, channels)) for n in range(count)]


def labelled(X: list[Array]) -> list[Array]:
    """Whether the sum so far of the first channel is above zero, in words, for every step."""
    return [np.where(x[:, 0].cumsum() > 0, "above", "below") for x in X]


def waves(steps: int = 60, count: int = 3) -> list[Array]:
    """Series of different lengths, sizes and places."""
    rng = np.random.default_rng(1)
    t = np.arange(steps)
    sizes = 10.0 ** np.arange(count)
    return [
        size * (5 + np.sin(t[: steps - 7 * n] / 2) + 0.1 * rng.normal(size=steps - 7 * n))
        for n, size in enumerate(sizes)
    ]


def autoregressive(steps: int, decay: float = 0.8, seed: int = 0) -> Array:
    """y(t) = decay y(t-1) + e(t), e of unit variance."""
    e = np.random.default_rng(seed).normal(size=steps)
    y = np.zeros(steps)
    for t in range(1, steps):
        y[t] = decay * y[t - 1] + e[t]
    return y
