"""The network of a recipe, for data of given sizes."""

import threading

import torch

from freerun.data import Sequences
from freerun.heads import HEADS
from freerun.network import RecurrentNetwork
from freerun.recipes.recipe import Recipe

__all__ = ["build"]

SEEDING = threading.Lock()
"""Initial weights come from PyTorch's one generator, which threads would draw from in turn."""


def build(recipe: Recipe, data: Sequences, seed: int) -> RecurrentNetwork:
    """Build the network of a settled recipe; the same seed gives the same initial weights."""
    outputs = data.num_classes if recipe.head == "Categorical" else data.output_size
    edge = {}
    if recipe.recurrence != "hidden":
        edge = {"output_lags": recipe.output_lags, "residual": recipe.residual}
    with SEEDING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RecurrentNetwork(
            input_size=data.input_size,
            hidden_size=recipe.hidden_size,
            head=HEADS[recipe.head](outputs),  # type: ignore[call-arg]
            cell=recipe.cell,
            recurrence=recipe.recurrence,
            readout=recipe.readout,
            num_layers=recipe.num_layers,
            bidirectional=recipe.bidirectional,
            dropout=recipe.dropout,
            input_lags=recipe.input_lags,
            **edge,  # type: ignore[arg-type]
        )
