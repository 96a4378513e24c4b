"""A model of text: what comes next, given all that came before."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from freerun._checks import DataError, check_choice, check_integer, fail
from freerun._measure import evaluating
from freerun.closed_loop import run
from freerun.data import Sequences
from freerun.data.tables.text import UNITS, join, units_of
from freerun.estimators._fitting import fit_network, raise_if_interrupted, recipe_of, seed_of
from freerun.estimators._kept import Kept
from freerun.forcing import TeacherForcing
from freerun.heads import Sampling
from freerun.recipes.recipe import TEXT

__all__ = ["TextModel"]

PIECE = 2000
"""Units that are scored in one go; the state is handed on."""


class TextModel(Kept, BaseEstimator):
    """Learn to continue text, unit by unit, and write it.

        p(y(t) | y(1) ... y(t-1)) = softmax(c + V h(t)),  h(t) = cell(y(t-1), h(t-1))

    Args:
        unit: What a text is cut into: ``"characters"``, ``"words"`` or ``"bytes"``.
        hidden_size: Units of a layer.
        cell: ``"tanh"``, ``"relu"``, ``"gru"`` or ``"lstm"``.
        num_layers: Layers upon each other.
        dropout: Share of each layer's outputs that are dropped in training.
        window: Steps that gradients go through at once; None for 32, or a shorter text's length.
        epochs: Passes over the text; None for as many as its size asks for.
        batch_size: Windows in a step.
        lr: The learning rate at the start; it falls along a cosine.
        validate: Share, at the end of each text, that chooses the best epoch; None for none.
        patience: With ``validate``: epochs without a new best before training stops.
        random_state: Seed of weights, order, dropout and draws; None, or NumPy's RandomState.
        progress: Show progress on standard error.

    Attributes:
        vocabulary_: The units that it knows, in order.
        network_: The trained `freerun.RecurrentNetwork`.
        history_: What training measured.
        recipe_: What the data decided, and all else that was trained with.

    Example:
        >>> import freerun as fr
        >>> model = fr.TextModel(hidden_size=16, epochs=60).fit("to and fro, " * 40)
        >>> model.generate("to and", 5, temperature=0.1)
        ' fro,'
        >>> model.bits_per_character("to and fro, to and fro") < 1
        True

    Source: Goodfellow et al. 2016, section 10.2; bits per character: Graves 2013, section 3.
    """

    _task = "text"

    def __init__(
        self,
        unit: str = "characters",
        hidden_size: int = TEXT.hidden_size,
        cell: str = TEXT.cell,
        num_layers: int = TEXT.num_layers,
        dropout: float = TEXT.dropout,
        window: int | None = TEXT.window,
        epochs: int | None = TEXT.epochs,
        batch_size: int = TEXT.batch_size,
        lr: float = TEXT.lr,
        validate: float | None = None,
        patience: int | None = None,
        random_state: Any = 0,
        progress: bool = False,
    ) -> None:
        self.unit = unit
        self.hidden_size = hidden_size
        self.cell = cell
        self.num_layers = num_layers
        self.dropout = dropout
        self.window = window
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.validate = validate
        self.patience = patience
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: None = None) -> "TextModel":
        """Train.

        Args:
            X: A text, or a list of them.
            y: Nothing; scikit-learn passes it.

        Returns:
            Itself.

        Raises:
            ValueError: No text, or too little (`freerun.ArgumentError` and `DataError` are such).
            KeyboardInterrupt: Ctrl-C; it is fitted with the weights of that moment.
        """
        where = "TextModel.fit"
        check_choice(where, "unit", self.unit, UNITS)
        texts = [units_of(one, self.unit) for one in _texts(where, X)]
        self.vocabulary_ = tuple(sorted({unit for one in texts for unit in one}))
        if len(self.vocabulary_) < 2:
            got = f"{len(self.vocabulary_)} in all of it"
            fail(
                where, f"a text must have two {self.unit} or more", got, "Give it more.", DataError
            )
        codes = [self._codes(where, one) for one in texts]
        data = Sequences(None, codes, classes=self.vocabulary_)
        fit_network(self, recipe_of(self, TEXT), data)
        raise_if_interrupted(self)
        return self

    def generate(
        self,
        prompt: str = "",
        length: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        samples: int | None = None,
        random_state: Any = None,
    ) -> Any:
        """Write on from ``prompt``.

        Args:
            prompt: What was written so far.
            length: Units to write.
            temperature: Below 1 the likely is likelier, above 1 less so.
            top_k: Draw from so many likeliest units alone.
            top_p: Draw from the likeliest that make up so much (Holtzman et al. 2020).
            samples: How many texts; None for one, as a string.
            random_state: Seed of the draws; by default the model's own.

        Returns:
            What comes after the prompt: a string, or a list of ``samples`` strings.

        Raises:
            ArgumentError: The prompt has a unit that was not seen in training.
        """
        check_is_fitted(self, "network_")
        check_integer("TextModel.generate", "length", length, 1)
        units = units_of(prompt, self.unit)
        seen = self._codes("TextModel.generate", units) if units else None
        path = run(
            self.network_,
            length,
            warmup=None if seen is None else (None, torch.from_numpy(seen)),
            draw=Sampling(temperature, top_k, top_p),
            paths=1 if samples is None else samples,
            generator=seed_of(
                "TextModel.generate", self.random_state if random_state is None else random_state
            ),
        )
        drawn = [join([self.vocabulary_[n] for n in one], self.unit) for one in path.paths.tolist()]
        return drawn[0] if samples is None else drawn

    def bits_per_character(self, X: Any) -> float:
        """Bits that a character of a text costs, given all before it: less is better.

        Of several texts, the mean over all their characters; of words or bytes, the bits of all
        units over the number of characters.
        """
        check_is_fitted(self, "network_")
        texts = _texts("TextModel.bits_per_character", X)
        nats = sum(self._nats(one) for one in texts)
        return nats / math.log(2) / sum(len(one) for one in texts)

    def score(self, X: Any, y: None = None) -> float:
        """Minus the bits per character, so that more is better."""
        return -self.bits_per_character(X)

    def _nats(self, text: str) -> float:
        codes = self._codes("TextModel.bits_per_character", units_of(text, self.unit))
        net, state, total = self.network_, None, 0.0
        with evaluating(net):
            for piece in torch.from_numpy(codes).unsqueeze(0).split(PIECE, 1):
                unrolled = net(None, piece, TeacherForcing(), state=state)
                nats = net.score(unrolled.o, piece, None)
                state, total = unrolled.state, total + float(nats.double().sum())
        return total

    def _codes(self, where: str, units: Sequence[str]) -> "np.ndarray[Any, Any]":
        place = {unit: number for number, unit in enumerate(self.vocabulary_)}
        strange = next((unit for unit in units if unit not in place), None)
        if strange is not None:
            fix = "Use those of the text it was trained on."
            expected = f"a text must be of {self.unit} that were seen in training"
            fail(where, expected, repr(strange), fix)
        return np.array([place[unit] for unit in units], np.int64)

    def _learned(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        return {"labels": list(self.vocabulary_)}, {}

    def _recall(self, config: dict[str, Any], path: Path) -> None:
        self.vocabulary_ = tuple(config["notes"].get("labels") or config["data"]["classes"])
        schema = config["notes"].get("schema")
        if schema is not None:
            self.unit = schema["layout"]


def _texts(where: str, X: Any) -> list[str]:
    """One text, or several, none of them empty."""
    texts = [X] if isinstance(X, str) else X
    fix = "Pass a string, or a list of them."
    if not isinstance(texts, list | tuple | np.ndarray) or not len(texts):
        fail(where, "a text must be a string", type(X).__name__, fix)
    for one in texts:
        if not isinstance(one, str) or not one:
            got = "an empty one" if isinstance(one, str) else type(one).__name__
            fail(where, "a text must be a string with something in it", got, fix)
    return list(texts)
