"""A class at every step of a sequence."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from freerun._checks import DataError, fail
from freerun.data import Sequences
from freerun.estimators._fitting import fit_network, raise_if_interrupted, recipe_of
from freerun.estimators._kept import Kept
from freerun.estimators._labels import (
    MISSING,
    check_classes,
    kept_labels,
    known_codes,
    known_labels,
)
from freerun.estimators._reading import Arrays, forget_features, given, read_x
from freerun.estimators._sequences import asked, means_at_steps
from freerun.recipes.recipe import LABEL

__all__ = ["SequenceLabeler"]


class SequenceLabeler(Kept, BaseEstimator):
    """Say a class at every step of a sequence.

        h(t) = cell(x(t), h(t-1))          from both ends, where ``bidirectional``
        p(class at t) = softmax(c + V h(t))

    X is ``(sequences, time, channels)`` or a list of arrays ``(time, channels)`` or ``(time,)``; y
    has a label for each step of each sequence, in the same form. Channels are standardised.

    Args:
        hidden_size: Units in each layer and direction.
        cell: ``"tanh"``, ``"relu"``, ``"gru"`` or ``"lstm"``.
        num_layers: Layers upon each other.
        bidirectional: Read from both ends: right where a sequence is over before anyone asks.
        dropout: Share of each layer's outputs that are dropped in training.
        input_lags: k, each step reads x(t) ... x(t-k).
        epochs: Passes over the data; None for as many as the size of the data asks for.
        batch_size: Sequences in a step.
        lr: The learning rate at the start; it falls along a cosine.
        validate: Share of the sequences that chooses the best epoch; None for none.
        patience: With ``validate``: epochs without a new best before training stops.
        random_state: Seed of weights, order and dropout; None, or NumPy's RandomState.
        progress: Show progress on standard error.

    Attributes:
        classes_: The labels, in order.
        network_: The trained `freerun.RecurrentNetwork`.
        history_: What training measured.
        recipe_: What the data decided, and all else that was trained with.
        n_channels_in_: Channels of a sequence.

    Example:
        >>> import numpy as np, freerun as fr
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(20, 15, 1))
        >>> y = np.where(X.cumsum(1)[..., 0] > 0, "above", "below")
        >>> model = fr.SequenceLabeler(16, epochs=40).fit(X, y)
        >>> model.predict(X[:1])[0].shape, model.score(X, y) > 0.8
        ((15,), True)

    Source: Goodfellow et al. 2016, section 10.2, figure 10.3.
    """

    _task = "label"

    def __init__(
        self,
        hidden_size: int = LABEL.hidden_size,
        cell: str = LABEL.cell,
        num_layers: int = LABEL.num_layers,
        bidirectional: bool = LABEL.bidirectional,
        dropout: float = LABEL.dropout,
        input_lags: int = LABEL.input_lags,
        epochs: int | None = LABEL.epochs,
        batch_size: int = LABEL.batch_size,
        lr: float = LABEL.lr,
        validate: float | None = None,
        patience: int | None = None,
        random_state: Any = 0,
        progress: bool = False,
    ) -> None:
        self.hidden_size = hidden_size
        self.cell = cell
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.input_lags = input_lags
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.validate = validate
        self.patience = patience
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> "SequenceLabeler":
        """Train.

        Args:
            X: Sequences; see the class.
            y: Labels of any kind, one for each step of each sequence; None where X has them.

        Returns:
            Itself.

        Raises:
            ValueError: Data that cannot be used (`freerun.ArgumentError` and `DataError` are such).
            KeyboardInterrupt: Ctrl-C; it is fitted with the weights of that moment.
        """
        where = "SequenceLabeler.fit"
        forget_features(self)
        data = given(X)
        if data is None:
            series = read_x(self, where, X, reset=True)
            labels = _labels(where, y, series)
            self.classes_, codes = np.unique(np.concatenate(labels), return_inverse=True)
            cuts = np.cumsum([len(one) for one in labels])[:-1]
            names = [str(one) for one in self.classes_]
            targets = np.split(codes, cuts)
            data = Sequences(series, targets, classes=names, dtype=torch.float64)
        else:
            self.classes_ = known_labels(where, data, "step", y)
        check_classes(where, len(self.classes_))
        self.n_channels_in_ = data.input_size
        fit_network(self, recipe_of(self, LABEL), data)
        raise_if_interrupted(self)
        return self

    def predict_proba(self, X: Any) -> Arrays:
        """Probabilities at every step, ``(time, classes)`` for each sequence."""
        check_is_fitted(self, "network_")
        return means_at_steps(self.network_, asked(self, "SequenceLabeler", X))

    def predict(self, X: Any) -> Arrays:
        """The likeliest class at every step, ``(time,)`` for each sequence."""
        odds = self.predict_proba(X)
        return [self.classes_[one.argmax(1)] for one in odds]

    def score(self, X: Any, y: Any = None) -> float:
        """Share of the steps, of all sequences together, whose class is right."""
        known, where = given(X), "SequenceLabeler.score"
        if known is not None and y is None:
            codes = None if known.labels is not None else torch.cat([one for _, one in known])
            truth = known_codes(where, known, "step", codes, self.classes_)
            there = truth != MISSING
            likeliest = np.concatenate([one.argmax(1) for one in self.predict_proba(X)])
            return float((likeliest == truth)[there].mean())
        found = self.predict(X)
        wanted = _labels(where, y, found)
        return float((np.concatenate(found) == np.concatenate(wanted)).mean())

    def _learned(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        return {"labels": self.classes_.tolist(), "labels_are": str(self.classes_.dtype)}, {}

    def _recall(self, config: dict[str, Any], path: Path) -> None:
        self.classes_ = kept_labels(config)
        self.n_channels_in_ = self.network_.input_size


def _labels(where: str, y: Any, series: Arrays) -> Arrays:
    """One array of labels for each sequence, as long as it."""
    fix = "Pass a list with a label for each step of each sequence."
    if y is None or isinstance(y, str) or not isinstance(y, Iterable):
        fail(where, "y must have labels for every sequence", repr(y), fix)
    labels = [np.asarray(one) for one in y]
    if len(labels) != len(series):
        fail(where, f"y must have labels for {len(series)} sequences", len(labels), fix)
    for number, (one, x) in enumerate(zip(labels, series, strict=True)):
        if one.shape != (len(x),):
            expected = f"labels of sequence {number} must be ({len(x)},), one for each step"
            fail(where, expected, one.shape, fix)
        if one.dtype.kind == "f" and not np.isfinite(one).all():
            got = f"NaN or infinity in sequence {number}"
            fail(where, "labels must be there", got, "Leave such sequences out.", DataError)
    check_classification_targets(np.concatenate(labels))
    return labels
