"""From an estimator's parameters to a trained network."""

import dataclasses
from typing import Any

from sklearn.utils import check_random_state

from freerun._checks import ArgumentError, check_integer
from freerun.data import Sequences
from freerun.forcing import Forcing, TeacherForcing
from freerun.recipes.recipe import Recipe
from freerun.recipes.settling import settle
from freerun.recipes.training import train

__all__ = ["fit_network", "recipe_of", "seed_of"]


def recipe_of(estimator: Any, base: Recipe) -> Recipe:
    """``base`` with what the estimator's parameters say."""
    asked = estimator.get_params(deep=False)
    names = [field.name for field in dataclasses.fields(Recipe)]
    return dataclasses.replace(base, **{name: asked[name] for name in names if name in asked})


def seed_of(random_state: Any) -> int:
    """A seed below 2^32: a whole number as it is, or one drawn as scikit-learn draws."""
    if random_state is None or hasattr(random_state, "randint"):
        return int(check_random_state(random_state).randint(2**31 - 1))
    return check_integer("estimator", "random_state", random_state, 0, 2**32 - 1)


def fit_network(
    estimator: Any, recipe: Recipe, data: Sequences, forcing: Forcing | None = None
) -> None:
    """Train, and set ``network_``, ``history_`` and ``recipe_``.

    Raises:
        KeyboardInterrupt: Ctrl-C; the estimator is fitted with the weights of that moment.
    """
    if recipe.epochs is not None:
        check_integer(type(estimator).__name__, "epochs", recipe.epochs, 0)
    check_integer(type(estimator).__name__, "batch_size", recipe.batch_size, 1)
    try:
        settled = settle(recipe, data)
        net, history = train(
            settled,
            data,
            TeacherForcing() if forcing is None else forcing,
            seed_of(estimator.random_state),
            progress=bool(estimator.progress),
        )
    except ArgumentError as error:
        raise type(error)(str(error).replace("freerun:", f"{type(estimator).__name__}:")) from error
    estimator.network_, estimator.history_, estimator.recipe_ = net, history, settled
    if history.stopped == "interrupted":
        raise KeyboardInterrupt
