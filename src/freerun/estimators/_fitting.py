"""From an estimator's parameters to a trained network."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from freerun._checks import ArgumentError, DataError, NonFiniteError, check_integer
from freerun.data import Sequences
from freerun.forcing import TeacherForcing
from freerun.plan import Forcing
from freerun.recipes.recipe import Recipe
from freerun.recipes.settling import settle
from freerun.recipes.training import train

__all__ = [
    "fit_network",
    "plain_parameters",
    "raise_if_interrupted",
    "recipe_of",
    "seed_of",
    "speaking_as",
]

COUNTS = {"epochs": 0, "window": 1, "horizon": 1, "patience": 1}
"""Parameters that are whole numbers, from these on, or None."""


def plain_parameters(estimator: Any) -> dict[str, Any]:
    """An estimator's parameters; numbers of NumPy, as a grid has them, as Python's."""
    asked = estimator.get_params(deep=False)
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in asked.items()
    }


def recipe_of(estimator: Any, base: Recipe) -> Recipe:
    """``base`` with what the estimator's parameters say.

    Raises:
        ArgumentError: One is not a whole number that has to be one.
    """
    asked = plain_parameters(estimator)
    names = [field.name for field in dataclasses.fields(Recipe)]
    recipe = dataclasses.replace(base, **{name: asked[name] for name in names if name in asked})
    where = type(estimator).__name__
    check_integer(where, "batch_size", recipe.batch_size, 1)
    for name, least in COUNTS.items():
        if getattr(recipe, name) is not None:
            check_integer(where, name, getattr(recipe, name), least)
    return recipe


def seed_of(where: str, random_state: Any) -> int:
    """A seed below 2^32: a whole number as it is, or one drawn as scikit-learn draws."""
    if random_state is None or hasattr(random_state, "randint"):
        return int(check_random_state(random_state).randint(2**31 - 1))
    return check_integer(where, "random_state", random_state, 0, 2**32 - 1)


@contextmanager
def speaking_as(estimator: Any) -> Iterator[None]:
    """Let what the recipes refuse be said in the estimator's name."""
    try:
        yield
    except (ArgumentError, DataError, NonFiniteError) as error:
        said = str(error)
        if not said.startswith("freerun:"):
            raise
        name = type(estimator).__name__
        raise type(error)(name + said.removeprefix("freerun")) from error


def fit_network(
    estimator: Any,
    recipe: Recipe,
    data: Sequences,
    forcing: Forcing = TeacherForcing(),
    seed: int | None = None,
) -> None:
    """Train, and set ``network_``, ``history_`` and ``recipe_``.

    Ctrl-C ends training early; `raise_if_interrupted` then passes it on, once the estimator has
    noted what else it learned. The seed is that of ``random_state``, unless it was drawn before.
    """
    if seed is None:
        seed = seed_of(type(estimator).__name__, estimator.random_state)
    with speaking_as(estimator):
        settled = settle(recipe, data)
        net, history = train(
            settled,
            data,
            forcing,
            seed,
            progress=bool(estimator.progress),
        )
    estimator.network_, estimator.history_, estimator.recipe_ = net, history, settled


def raise_if_interrupted(estimator: Any) -> None:
    """Pass Ctrl-C on.

    Raises:
        KeyboardInterrupt: Training was; the estimator is fitted with the weights of that moment.
    """
    if estimator.history_.stopped == "interrupted":
        raise KeyboardInterrupt
