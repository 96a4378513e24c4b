"""Training as the command line does it: a recipe and data in, a run directory out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import freerun as fr
from freerun.cli.output import Stopped
from freerun.cli.policies import read_forcing
from freerun.cli.recipes import Recipe
from freerun.cli.runs import read_notes
from freerun.cli.settling import check_same, settle
from freerun.cli.sources import Source
from freerun.cli.validating import hold_back, validation
from freerun.heads import HEADS

__all__ = ["Keeping", "build", "chosen", "train", "using_threads"]


@dataclass(frozen=True)
class Keeping:
    """Where a run is kept, and what becomes of one that is there."""

    out: Path
    resume: bool = False
    overwrite: bool = False


def build(recipe: Recipe, data: fr.Sequences, seed: int) -> fr.RecurrentNetwork:
    """Build the network of a recipe for data; the same seed gives the same initial weights."""
    outputs = data.num_classes if recipe.head == "Categorical" else data.output_size
    edge = {}
    if recipe.recurrence != "hidden":
        edge = {"output_lags": recipe.output_lags, "residual": recipe.residual}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return fr.RecurrentNetwork(
            input_size=data.input_size,
            hidden_size=recipe.hidden_size,
            head=HEADS[recipe.head](outputs),  # type: ignore[call-arg]
            cell=recipe.cell,
            recurrence=recipe.recurrence,
            readout=recipe.readout,
            num_layers=recipe.num_layers,
            bidirectional=recipe.bidirectional,
            dropout=recipe.dropout,
            **edge,  # type: ignore[arg-type]
        )


def train(
    recipe: Recipe, source: Source, keeping: Keeping, seed: int = 0, quiet: bool = False
) -> tuple[fr.RecurrentNetwork, fr.History]:
    """Train the network of a recipe, and keep it with what `evaluate` and `run` need to know.

    Raises:
        Stopped: Ctrl-C; the run is kept as it was after the last step.
    """
    recipe = settle(recipe, source, seed)
    if keeping.resume and os.path.lexists(keeping.out):
        check_same(read_notes(keeping.out)[2], recipe, source.name, seed)
    net = build(recipe, source.train, seed)
    data, valid = hold_back(recipe.task, source.train, recipe.validate, seed)
    if recipe.window is not None:
        data = data.windows(recipe.window, recipe.stride)
    held = {} if recipe.validate is None else {"validate": recipe.validate}
    history = fr.fit(
        net,
        data,
        valid,
        forcing=read_forcing(recipe.forcing),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        optimizer=fr.Optimizer(lr=recipe.lr),
        validation=validation(recipe),
        seed=seed,
        out=keeping.out,
        resume=keeping.resume,
        overwrite=keeping.overwrite,
        notes={"task": recipe.task, "data": source.name, **held},
        progress=not quiet,
    )
    if history.stopped == "interrupted":
        kept = f"stopped after {len(history)} of {recipe.epochs} epochs"
        raise Stopped(f"{kept}; the run is kept in {keeping.out}", resumable=True)
    return net, history


def chosen(history: fr.History) -> dict[str, Any]:
    """Which epoch is kept, and why: nothing where no part was held back to choose it."""
    if history.monitor is None:
        return {}
    best = history.best
    return {
        "stopped": history.stopped,
        "best_epoch": history.best_epoch,
        "monitor": history.monitor,
        "best": None if best is None else best[history.monitor],
    }


@contextmanager
def using_threads(count: int) -> Iterator[None]:
    """Let PyTorch use so many threads: for small layers, more of them only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
