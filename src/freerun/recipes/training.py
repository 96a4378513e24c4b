"""Training by a recipe."""

import os
from collections.abc import Mapping
from typing import Any

import torch

from freerun.data import Sequences
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing
from freerun.recipes.building import build
from freerun.recipes.holding_back import hold_back, validation
from freerun.recipes.recipe import Recipe
from freerun.recipes.starting import can_start, start_linear
from freerun.training import History, Optimizer, fit

__all__ = ["begin", "train", "windows"]


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
    begin(net, recipe, seen, seed)
    history = fit(
        net,
        windows(recipe, seen, net.context),
        valid,
        forcing=forcing,
        epochs=1 if recipe.epochs is None else recipe.epochs,
        batch_size=recipe.batch_size,
        optimizer=Optimizer(lr=recipe.lr),
        validation=validation(recipe),
        seed=seed,
        out=out,
        resume=resume,
        overwrite=overwrite,
        notes=notes,
        progress=progress,
        schedule_epochs=recipe.schedule_epochs,
    )
    return net, history


def begin(net: RecurrentNetwork, recipe: Recipe, seen: Sequences, seed: int) -> None:
    """Give the network its first weights, where they are not those it was built with."""
    if recipe.start == "linear" and can_start(net):
        start_linear(net, seen, recipe.difference or 0, seed)


def windows(recipe: Recipe, seen: Sequences, reach: int) -> Sequences:
    """The windows to train on.

    Of forecasts those with all their lags, if there are any; a text that is shorter than a window
    is learned from as a whole.
    """
    if recipe.window is None:
        return seen
    cut = seen.windows(recipe.window, recipe.stride or 1, drop_last=recipe.task != "text")
    if recipe.task == "forecast":
        keep = cut.start - cut.origin >= reach
    else:
        keep = (cut.lengths == recipe.window) | torch.isin(cut.start, seen.start)
    return cut[keep.nonzero().squeeze(1)] if bool(keep.any()) else cut
