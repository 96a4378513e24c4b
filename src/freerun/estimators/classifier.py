"""Classes of whole sequences."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from freerun.data import Sequences
from freerun.estimators._fitting import fit_network, raise_if_interrupted, recipe_of
from freerun.estimators._kept import Kept
from freerun.estimators._labels import (
    check_classes,
    kept_labels,
    known_codes,
    known_labels,
    read_labels,
)
from freerun.estimators._reading import forget_features, given, read_x
from freerun.estimators._sequences import asked, means_at_end, summaries
from freerun.recipes.recipe import CLASSIFY

__all__ = ["SequenceClassifier"]


class SequenceClassifier(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClassifierMixin, Kept, BaseEstimator
):
    """Read a sequence, and say which class it is of.

        h(t) = cell(x(t), h(t-1))          from both ends, where ``bidirectional``
        p(class) = softmax(c + V h(last))

    ``transform`` gives h(last), the fixed-size summary, for any other method to go on with.

    X is ``(sequences, time, channels)``, or a list of arrays ``(time, channels)`` or ``(time,)`` of
    any lengths, or as scikit-learn has it ``(sequences, features)``, which is one channel with a
    step for each feature. A `freerun.Table` or `freerun.Sequences` brings its classes along.
    Channels are standardised.

    Args:
        hidden_size: Units in each layer and direction.
        cell: ``"tanh"``, ``"relu"``, ``"gru"`` or ``"lstm"``.
        num_layers: Layers upon each other.
        bidirectional: Read from both ends.
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
        >>> t = np.arange(30.0)
        >>> X = [np.sin(t[: 20 + n] * (0.3 + 0.5 * (n % 2))) for n in range(10)]
        >>> model = fr.SequenceClassifier(16, epochs=20).fit(X, ["slow", "fast"] * 5)
        >>> model.predict(X[:2])
        array(['slow', 'fast'], dtype='<U4')
        >>> model.transform(X).shape
        (10, 32)

    Source: Goodfellow et al. 2016, section 10.2, figure 10.5.
    """

    _task = "classify"

    def __init__(
        self,
        hidden_size: int = CLASSIFY.hidden_size,
        cell: str = CLASSIFY.cell,
        num_layers: int = CLASSIFY.num_layers,
        bidirectional: bool = CLASSIFY.bidirectional,
        dropout: float = CLASSIFY.dropout,
        input_lags: int = CLASSIFY.input_lags,
        epochs: int | None = CLASSIFY.epochs,
        batch_size: int = CLASSIFY.batch_size,
        lr: float = CLASSIFY.lr,
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

    def fit(self, X: Any, y: Any = None) -> "SequenceClassifier":
        """Train.

        Args:
            X: Sequences; see the class.
            y: A label for each, of any kind; None where X has them.

        Returns:
            Itself.

        Raises:
            ValueError: Data that cannot be used (`freerun.ArgumentError` and `DataError` are such).
            KeyboardInterrupt: Ctrl-C; it is fitted with the weights of that moment.
        """
        where = "SequenceClassifier.fit"
        forget_features(self)
        known = given(X)
        if known is None:
            series = read_x(self, where, X, reset=True)
            self.classes_, codes = read_labels(self, where, y, len(series))
            names = [str(one) for one in self.classes_]
            data = Sequences(series, codes, target="sequence", classes=names, dtype=torch.float64)
        else:
            data = known
            self.classes_ = known_labels(where, data, "sequence", y)
        check_classes(where, len(self.classes_))
        self.n_channels_in_ = data.input_size
        fit_network(self, recipe_of(self, CLASSIFY), data)
        raise_if_interrupted(self)
        return self

    def predict_proba(self, X: Any) -> "np.ndarray[Any, Any]":
        """Probabilities of the classes, ``(sequences, classes)``, in the order of ``classes_``."""
        check_is_fitted(self, "network_")
        found = means_at_end(self.network_, asked(self, "SequenceClassifier", X))
        return found / found.sum(1, keepdims=True)

    def predict(self, X: Any) -> "np.ndarray[Any, Any]":
        """The likeliest class of each sequence, ``(sequences,)``."""
        likeliest = self.predict_proba(X).argmax(1)
        return self.classes_[likeliest]

    def transform(self, X: Any) -> "np.ndarray[Any, Any]":
        """The fixed-size summary h(last), ``(sequences, features)``: twice as wide if both ways."""
        check_is_fitted(self, "network_")
        return summaries(self.network_, asked(self, "SequenceClassifier", X))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Share of the sequences whose class is right."""
        known = given(X)
        if known is None or y is not None:
            return float(super().score(X, y, sample_weight))
        where = "SequenceClassifier.score"
        truth = known_codes(where, known, "sequence", known.labels, self.classes_)
        found = self.predict_proba(X).argmax(1)
        return float(accuracy_score(truth, found, sample_weight=sample_weight))

    @property
    def _n_features_out(self) -> int:
        return self.recipe_.hidden_size * (2 if self.recipe_.bidirectional else 1)

    def _learned(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        return {"labels": self.classes_.tolist(), "labels_are": str(self.classes_.dtype)}, {}

    def _recall(self, config: dict[str, Any], path: Path) -> None:
        self.classes_ = kept_labels(config)
        self.n_channels_in_ = self.network_.input_size

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
