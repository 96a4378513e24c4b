"""Numbers of whole sequences."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_array, check_is_fitted

from freerun._checks import check_choice, fail
from freerun.data import Sequences
from freerun.estimators._fitting import fit_network, raise_if_interrupted, recipe_of
from freerun.estimators._kept import Kept
from freerun.estimators._reading import forget_features, given, read_x
from freerun.estimators._sequences import asked, means_at_end, summaries
from freerun.recipes.recipe import REGRESS

__all__ = ["SequenceRegressor"]

HEADS = ("Point", "Gaussian", "StudentT", "Laplace")


class SequenceRegressor(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, RegressorMixin, Kept, BaseEstimator
):
    """Read a sequence, and say a number, or several.

        h(t) = cell(x(t), h(t-1))          from both ends, where ``bidirectional``
        y    = c + V h(last)               least squares; or the mean of the head's distribution

    ``transform`` gives h(last), the fixed-size summary. X is as `SequenceClassifier` takes it; y is
    ``(sequences,)`` or ``(sequences, outputs)``. Channels and targets are standardised.

    Args:
        hidden_size: Units in each layer and direction.
        cell: ``"tanh"``, ``"relu"``, ``"gru"`` or ``"lstm"``.
        head: ``"Point"`` (squared error), ``"Gaussian"``, ``"StudentT"`` or ``"Laplace"``.
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
        network_: The trained `freerun.RecurrentNetwork`.
        history_: What training measured.
        recipe_: What the data decided, and all else that was trained with.
        n_channels_in_: Channels of a sequence.

    Example:
        >>> import numpy as np, freerun as fr
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(40, 6, 1))
        >>> y = X.sum((1, 2))
        >>> fr.SequenceRegressor(16, epochs=100).fit(X, y).score(X, y) > 0.9
        True

    Source: Goodfellow et al. 2016, section 10.2, figure 10.5.
    """

    _task = "regress"

    def __init__(
        self,
        hidden_size: int = REGRESS.hidden_size,
        cell: str = REGRESS.cell,
        head: str = REGRESS.head,
        num_layers: int = REGRESS.num_layers,
        bidirectional: bool = REGRESS.bidirectional,
        dropout: float = REGRESS.dropout,
        input_lags: int = REGRESS.input_lags,
        epochs: int | None = REGRESS.epochs,
        batch_size: int = REGRESS.batch_size,
        lr: float = REGRESS.lr,
        validate: float | None = None,
        patience: int | None = None,
        random_state: Any = 0,
        progress: bool = False,
    ) -> None:
        self.hidden_size = hidden_size
        self.cell = cell
        self.head = head
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

    def fit(self, X: Any, y: Any = None) -> "SequenceRegressor":
        """Train.

        Args:
            X: Sequences; see the class.
            y: Numbers for each; None where X has them.

        Returns:
            Itself.

        Raises:
            ValueError: Data that cannot be used (`freerun.ArgumentError` and `DataError` are such).
            KeyboardInterrupt: Ctrl-C; it is fitted with the weights of that moment.
        """
        where = "SequenceRegressor.fit"
        check_choice("SequenceRegressor", "head", self.head, HEADS)
        forget_features(self)
        data = given(X)
        if data is None:
            series = read_x(self, where, X, reset=True)
            y = _targets(self, where, y, len(series))
            self._flat = y.ndim == 1
            y = y.reshape(len(series), -1)
            data = Sequences(series, y, target="sequence", dtype=torch.float64)
        elif y is not None:
            fail(where, "Sequences and tables have their own y", "another y", "Leave y out.")
        else:
            _check_numbers(where, data)
            self._flat = data.output_size == 1
        self.n_channels_in_ = data.input_size
        fit_network(self, recipe_of(self, REGRESS), data)
        raise_if_interrupted(self)
        return self

    def predict(self, X: Any) -> "np.ndarray[Any, Any]":
        """The mean for each sequence: (sequences,), or (sequences, outputs) as y was."""
        check_is_fitted(self, "network_")
        found = means_at_end(self.network_, asked(self, "SequenceRegressor", X))
        return found[:, 0] if self._flat else found

    def transform(self, X: Any) -> "np.ndarray[Any, Any]":
        """The fixed-size summary h(last), ``(sequences, features)``: twice as wide if both ways."""
        check_is_fitted(self, "network_")
        return summaries(self.network_, asked(self, "SequenceRegressor", X))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """R^2, the share of the variance that is explained."""
        known = given(X)
        if known is not None and y is None:
            _check_numbers("SequenceRegressor.score", known)
            assert known.labels is not None
            y = known.labels.numpy()
        return float(super().score(X, y, sample_weight))

    @property
    def _n_features_out(self) -> int:
        return self.recipe_.hidden_size * (2 if self.recipe_.bidirectional else 1)

    def _learned(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        return {"flat": self._flat}, {}

    def _recall(self, config: dict[str, Any], path: Path) -> None:
        self.n_channels_in_ = self.network_.input_size
        self._flat = bool(config["notes"].get("flat", self.network_.head.outputs == 1))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        tags.target_tags.multi_output = True
        return tags


def _check_numbers(where: str, data: Sequences) -> None:
    if data.num_classes is not None or data.target != "sequence":
        got = "classes" if data.num_classes is not None else f"one per {data.target}"
        fix = "Read it with task='regress'."
        fail(where, "sequences must have numbers, one row per sequence", got, fix)


def _targets(estimator: Any, where: str, y: Any, count: int) -> "np.ndarray[Any, Any]":
    if y is None:
        # Word for word what scikit-learn's own checks look for.
        name = type(estimator).__name__
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    if y.ndim == 2 and y.shape[1] == 1:
        from sklearn.utils.validation import column_or_1d

        y = column_or_1d(y, warn=True)
    if len(y) != count or y.ndim > 2:
        fix = "Pass one row for each."
        fail(where, f"y must have {count} rows, one for each sequence", y.shape, fix)
    return y
