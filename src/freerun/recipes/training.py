"""Training by a recipe."""

import os
from collections.abc import Mapping
from typing import Any

from freerun.data import Sequences
from freerun.forcing import Forcing
from freerun.network import RecurrentNetwork
from freerun.recipes.building import build
from freerun.recipes.holding_back import hold_back, validation
from freerun.recipes.recipe import Recipe
from freerun.training import History, Optimizer, fit

__all__ = ["train"]


def train(
    recipe: Recipe,
    data: Sequences,
    forcing: Forcing,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    notes: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> tuple[RecurrentNetwork, History]:
    """Build the network of a settled recipe and train it on ``data``.

    Args:
        recipe: What `settle` returned.
        data: All that may be trained on; what chooses the best epoch is held back from it.
        forcing: What the output edge carries.
        seed: Of the initial weights, the part held back, and everything that `fit` draws.
        out: Where the run is kept.
        resume: Go on with the run that is there, as :func:`freerun.fit` does.
        overwrite: Replace it.
        notes: What the run shall say besides.
        progress: Show progress on standard error.
    """
    net = build(recipe, data, seed)
    seen, valid = hold_back(recipe, data, seed)
    if recipe.window is not None:
        seen = seen.windows(recipe.window, recipe.stride or 1)
    history = fit(
        net,
        seen,
        valid,
        forcing=forcing,
        epochs=recipe.epochs or 1,
        batch_size=recipe.batch_size,
        optimizer=Optimizer(lr=recipe.lr),
        validation=validation(recipe),
        seed=seed,
        out=out,
        resume=resume,
        overwrite=overwrite,
        notes=notes,
        progress=progress,
    )
    return net, history
