"""Forecasts of series, many steps ahead, on the network's own outputs."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from freerun._checks import ArgumentError, DataError, check_choice, check_integer, fail
from freerun.data import Levels, Schema, Sequences
from freerun.estimators._fitting import (
    fit_network,
    raise_if_interrupted,
    recipe_of,
    seed_of,
    speaking_as,
)
from freerun.estimators._kept import Kept
from freerun.estimators._series import Form, Given, ahead, read_series
from freerun.forcing import read_forcing, spell_forcing
from freerun.path import Path as FreePath
from freerun.plan import Forcing
from freerun.recipes.choosing import choose
from freerun.recipes.ends import FILE, Ends, go_on
from freerun.recipes.leveling import levels_for
from freerun.recipes.policies import WORD, is_open
from freerun.recipes.recipe import FORECAST
from freerun.recipes.skill import Skill, skill

__all__ = ["Forecaster"]

HEADS = ("StudentT", "Gaussian", "Laplace", "Point", "Poisson", "NegativeBinomial")
RECURRENCES, STARTS = ("output", "both"), ("linear", "random")


class Forecaster(Kept, BaseEstimator):
    """Forecast one series or many, as far ahead as you like, with bands.

        a(t) = b + U x(t) + W h(t-1) + R f(t-1)        U x where there are inputs known ahead
        y(t) ~ p(y | c + V h(t) + s f(t-1))            W = 0 for ``recurrence="output"``

    One network learns from all series, each in units of its own mean and standard deviation. It
    then runs on its own outputs: on their mean for ``predict``, on draws for ``sample`` and
    ``quantiles``. Series that it has never seen are forecast from their own past.

    A series is ``(time,)`` or ``(time, outputs)``; several are a list of these. Answers have the
    same form, as NumPy arrays; the index and the names of a frame are not looked at, but those of a
    `freerun.Table`, which brings series, inputs and season along, are. Inputs are known ahead,
    ``(time, inputs)`` beside each series, and ``predict`` needs those of the steps to come.

    Where nothing is said about epochs, the tail of the series decides: of the best linear
    forecasts, which one training begins from; how long it goes on from there, if at all; and how
    far apart the bands must lie to hold nine tenths of the truth. The network is then trained on
    all of the data.

    Args:
        season: Steps in a season, such as 12 for months; None for what a table says, or for none.
        hidden_size: Units of a layer.
        cell: ``"tanh"``, ``"relu"``, ``"gru"`` or ``"lstm"``.
        recurrence: ``"output"`` or ``"both"``.
        head: ``"StudentT"``, ``"Gaussian"``, ``"Laplace"``; ``"Point"`` (squared error) has no
            bands; ``"Poisson"`` and ``"NegativeBinomial"`` are for counts.
        output_lags: How many past values are fed; None for what the season asks for.
        residual: Learn the change from step to step.
        num_layers: Layers upon each other.
        dropout: Share of each layer's outputs that are dropped in training.
        input_lags: k, each step reads x(t) ... x(t-k).
        forcing: What is fed back in training: a policy such as ``freerun.FreeRunning(10)``, or the
            spelling of one; ``"auto"`` for the best of a few of them on the part that chooses.
        window: Steps that gradients go through at once; None for what the lags ask for.
        start: ``"linear"`` to begin from the best linear forecast, where the network can hold it:
            rectified units, output recurrence, one layer; ``"random"``.
        scale: ``"series"`` for units of each series' own, ``"all"`` for one unit of all.
        epochs: Passes over the data; None for as many as the tail of the data asks for.
        batch_size: Windows in a step.
        lr: The learning rate at the start; it falls along a cosine.
        horizon: Steps ahead that it is judged by; None for 60, or fewer where series are short.
        validate: Share, at the end of each series, that chooses the best epoch and is not trained
            on; None for none, where ``epochs`` says how many, else for the way above.
        patience: Epochs without a new best before training stops.
        random_state: Seed of weights, order and draws; None, or NumPy's RandomState.
        progress: Show progress on standard error.

    Attributes:
        network_: The trained `freerun.RecurrentNetwork`; it works in the series' own units.
        history_: What training measured.
        recipe_: What the data decided, and all else that was trained with.
        widening_: How many times as far from the forecast paths lie as the network's own.
        tried_: Where ``forcing="auto"``, the errors running free that policies had on the part that
            chose among them, by their spelling, None of one that failed; else empty. What was
            chosen is ``recipe_.forcing``.
        skill_: How much better than the best trivial forecast it was on the part held back, a
            `freerun.estimators.Skill`; None where none was.

    Example:
        >>> import numpy as np, freerun as fr
        >>> t = np.arange(300)
        >>> y = 10 + np.sin(2 * np.pi * t / 12)
        >>> model = fr.Forecaster(season=12, epochs=20).fit(y[:276])
        >>> model.predict(24).shape, model.quantiles(24, (0.05, 0.95)).shape
        ((24,), (2, 24))

    Source: Goodfellow et al. 2016, section 10.2, figures 10.4 and 10.6; one network for many series
    in units of their own: Salinas et al. 2020, DeepAR, section 3.3.
    """

    _task = "forecast"

    def __init__(
        self,
        season: int | None = None,
        hidden_size: int = FORECAST.hidden_size,
        cell: str = FORECAST.cell,
        recurrence: str = FORECAST.recurrence,
        head: str = FORECAST.head,
        output_lags: int | None = FORECAST.output_lags,
        residual: bool = FORECAST.residual,
        num_layers: int = FORECAST.num_layers,
        dropout: float = FORECAST.dropout,
        input_lags: int = FORECAST.input_lags,
        forcing: str | Forcing = FORECAST.forcing,
        window: int | None = FORECAST.window,
        start: str = FORECAST.start,
        scale: str = FORECAST.scale,
        epochs: int | None = FORECAST.epochs,
        batch_size: int = FORECAST.batch_size,
        lr: float = FORECAST.lr,
        horizon: int | None = FORECAST.horizon,
        validate: float | None = FORECAST.validate,
        patience: int | None = FORECAST.patience,
        random_state: Any = 0,
        progress: bool = False,
    ) -> None:
        self.season = season
        self.hidden_size = hidden_size
        self.cell = cell
        self.recurrence = recurrence
        self.head = head
        self.output_lags = output_lags
        self.residual = residual
        self.num_layers = num_layers
        self.dropout = dropout
        self.input_lags = input_lags
        self.forcing = forcing
        self.window = window
        self.start = start
        self.scale = scale
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.horizon = horizon
        self.validate = validate
        self.patience = patience
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> "Forecaster":
        """Train.

        Args:
            X: Series; see the class.
            y: Inputs known ahead, beside each series, (time, inputs); None where there are none.
                (The names are scikit-learn's, whose tools pass them so.)

        Returns:
            Itself.

        Raises:
            ValueError: Data that cannot be used (`freerun.ArgumentError` and `DataError` are such).
            KeyboardInterrupt: Ctrl-C; in the last training, it is fitted with the weights of then.

        Warns:
            UserWarning: On the part held back it is no better than a trivial forecast.
        """
        check_choice("Forecaster", "head", self.head, HEADS)
        check_choice("Forecaster", "recurrence", self.recurrence, RECURRENCES)
        check_choice("Forecaster", "start", self.start, STARTS)
        policy, seed = _policy(self.forcing), seed_of("Forecaster", self.random_state)
        spelled = policy if isinstance(policy, str) else spell_forcing(policy)
        recipe = replace(recipe_of(self, FORECAST), forcing=spelled)
        found = read_series("Forecaster.fit", X, y, self.season)
        longest = int(found.sequences.lengths.max())
        if longest < 2:
            fix = "Pass (time,) or (time, outputs), or a list of these."
            fail("Forecaster.fit", "a series must have two steps or more", longest, fix, DataError)
        with speaking_as(self):
            recipe, levels, data = levels_for(recipe, found.sequences)
            choice = choose(recipe, data, policy, seed, bool(self.progress))
        fit_network(self, choice.recipe, data, choice.forcing, seed)
        self._remember(found, Ends.of(self.network_, data, levels, found.keys, found.times))
        self.widening_, self.skill_, self.tried_ = choice.widening, choice.skill, choice.tried
        raise_if_interrupted(self)
        self.skill_ = choice.skill or skill(self.network_, self.recipe_, data)
        if self.skill_ is not None and self.skill_.value <= 0:
            warnings.warn(f"Forecaster: {self.skill_}", UserWarning, stacklevel=2)
        return self

    def predict(
        self, steps: int, inputs: Any = None, series: Any = None, past_inputs: Any = None
    ) -> Any:
        """Forecast ``steps`` beyond the end, on the network's own mean.

        Args:
            steps: How many.
            inputs: Inputs of these steps, (steps, inputs), or a list of them for several series.
            series: Series to go on from, seen in training or not; by default those of training.
            past_inputs: Inputs beside ``series``.

        Returns:
            ``(steps,)`` or ``(steps, outputs)``, in the user's units; a list for several series.

        Raises:
            ValueError: Inputs are missing or too short, or data cannot be used.
        """
        path, form = self._run(steps, inputs, series, past_inputs)
        return _answer(path.y, form)

    def sample(
        self, steps: int, paths: int = 100, inputs: Any = None, series: Any = None,
        past_inputs: Any = None, random_state: Any = None,
    ) -> Any:  # fmt: skip
        """Draw paths that the future may take: ``(paths, steps)``, and outputs last.

        Args:
            steps: How many steps.
            paths: How many paths.
            inputs: As `predict` takes them, with ``series`` and ``past_inputs``.
            series: Series to go on from.
            past_inputs: Inputs beside ``series``.
            random_state: Seed of the draws; by default the forecaster's own.
        """
        how = self._draws("Forecaster.sample", paths, 1, random_state)
        path, form = self._run(steps, inputs, series, past_inputs, **how)
        return _answer(path.paths, form)

    def quantiles(
        self, steps: int, q: Any = (0.05, 0.5, 0.95), paths: int = 1000, inputs: Any = None,
        series: Any = None, past_inputs: Any = None, random_state: Any = None,
    ) -> Any:  # fmt: skip
        """Quantiles over drawn paths, step by step: ``(len(q), steps)``, and outputs last.

        Args:
            steps: How many steps.
            q: Which, from 0 to 1; the default is the median in a band of 90 %.
            paths: How many paths they are taken over; only the quantiles are kept.
            inputs: As `predict` takes them, with ``series`` and ``past_inputs``.
            series: Series to go on from.
            past_inputs: Inputs beside ``series``.
            random_state: Seed of the draws; by default the forecaster's own.
        """
        how = self._draws("Forecaster.quantiles", paths, 2, random_state)
        how |= {"quantiles": q, "keep_paths": False}
        path, form = self._run(steps, inputs, series, past_inputs, **how)
        assert path.quantiles is not None
        return _answer(path.quantiles, form)

    def score(self, X: Any, y: Any = None) -> float:
        """How much better than the best trivial forecast it runs on its own outputs over X.

            1 - (mean squared error) / (that of the best of: last value, mean, season before)

        Over ``horizon`` steps ahead, from many origins. 1 is perfect; at 0 and below a network is
        not needed.

        Args:
            X: Series, as `fit` takes them.
            y: Inputs beside them.

        Source: skill score, Murphy 1988.
        """
        check_is_fitted(self, "network_")
        found = self._given("Forecaster.score", X, y)
        data = self._levels(found.sequences).remove(found.sequences)
        return Skill.measure(self.network_, data, self.recipe_.horizon).value

    def _run(
        self, steps: int, inputs: Any, series: Any, past_inputs: Any, **how: Any
    ) -> tuple[FreePath, Form]:
        """Run on, and say in which form the answers are due."""
        check_is_fitted(self, "network_")
        check_integer("Forecaster", "steps", steps, 1)
        ends, form = self._ends, self._form
        if series is not None:
            found = self._given("Forecaster", series, past_inputs)
            levels = self._levels(found.sequences)
            data = levels.remove(found.sequences)
            ends = Ends.of(self.network_, data, levels, found.keys, found.times)
            form = found.form
        elif past_inputs is not None:
            fix = "Pass series as well."
            fail("Forecaster", "past_inputs stand beside series", "no series", fix)
        size = self.network_.input_size
        coming = ahead("Forecaster", size, inputs, steps, ends, form.many, self.schema_)
        return go_on(self.network_, ends, steps, coming, self.widening_, **how), form

    def _given(self, where: str, series: Any, inputs: Any) -> Given:
        found = read_series(where, series, inputs, self.season)
        net, sizes = self.network_, found.sequences
        if (sizes.input_size, sizes.output_size) != (net.input_size, net.head.outputs):
            expected = f"series of {net.head.outputs} outputs and {net.input_size} inputs"
            got = f"{sizes.output_size} and {sizes.input_size}"
            fail(where, f"{expected}, as in training", got, "Pass such series.")
        return found

    def _levels(self, data: Sequences) -> Levels:
        if self.recipe_.scale == "series":
            return Levels.of(data)
        return Levels.none(len(data), data.output_size or 1)

    def _draws(self, where: str, paths: int, least: int, random_state: Any) -> dict[str, Any]:
        """How `freerun.run` draws."""
        check_is_fitted(self, "network_")
        check_integer(where, "paths", paths, least)
        if not self.network_.head.can_sample:
            fix = "Use predict, or train with head='Gaussian'."
            fail(where, "a head must have a spread to draw from", repr(self.head), fix)
        seed = seed_of(where, self.random_state if random_state is None else random_state)
        return {"draw": "sample", "paths": paths, "generator": seed}

    def _remember(self, found: Given, ends: Ends) -> None:
        self._ends, self._form, self.schema_ = ends, found.form, found.schema

    def _learned(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        schema = None if self.schema_ is None else self.schema_.to_dict()
        kept = None if self.skill_ is None else self.skill_.to_dict()
        choice = {"widening": self.widening_, "skill": kept, "tried": self.tried_}
        notes = {**self._form._asdict(), "schema": schema, "choice": choice}
        return notes, {FILE: self._ends.to_bytes()}

    def _recall(self, config: dict[str, Any], path: Path) -> None:
        notes = config["notes"]
        self._ends = Ends.read(path)
        many, flat = len(self._ends) > 1, self.network_.head.outputs == 1
        self._form = Form(bool(notes.get("many", many)), bool(notes.get("flat", flat)))
        schema = notes.get("schema")
        self.schema_ = None if schema is None else Schema.from_dict(schema)
        choice = notes.get("choice") or {}
        kept, self.widening_ = choice.get("skill"), float(choice.get("widening", 1.0))
        self.skill_ = None if kept is None else Skill(**kept)
        self.tried_ = dict(choice.get("tried") or {})


def _answer(values: torch.Tensor, form: Form) -> Any:
    """The user's form: one series or a list, with or without an axis of outputs."""
    found = values.double().numpy()
    found = found[..., 0] if form.flat else found
    return list(found) if form.many else found[0]


def _policy(forcing: Any) -> Forcing | str:
    """The policy; ``"auto"`` where it is to be chosen."""
    if is_open(forcing):
        return WORD
    if not isinstance(forcing, str):
        policy: Forcing = forcing
        return policy
    try:
        return read_forcing(forcing)
    except ArgumentError as error:
        raise ArgumentError(f"Forecaster: {str(error).removeprefix('freerun: ')}") from None
