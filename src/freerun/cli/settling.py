"""What was asked of `freerun train`, checked as a whole, in the command line's own words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from freerun._checks import RunError, fail
from freerun.cells import CELLS
from freerun.cli.measures import check_horizon
from freerun.cli.policies import read_forcing
from freerun.cli.reading import choose
from freerun.cli.recipes import Recipe
from freerun.cli.sources import Source
from freerun.cli.validating import hold_back, validation
from freerun.network import RECURRENCES

__all__ = ["check_same", "settle"]

REAL_HEADS = ("Point", "Gaussian", "StudentT", "Laplace")


def settle(recipe: Recipe, source: Source, seed: int) -> Recipe:
    """Return ``recipe`` with every name as the library has it.

    Raises:
        ArgumentError: Something in it means nothing, alone, together, or for these data.
    """
    heads = REAL_HEADS if recipe.task == "forecast" else ("Categorical",)
    recipe = replace(
        recipe,
        cell=choose("--cell", recipe.cell, CELLS),
        recurrence=choose("--recurrence", recipe.recurrence, RECURRENCES),
        head=choose("--head", recipe.head, heads),
    )
    _check_edges(recipe, source)
    data, _ = hold_back(recipe.task, source.train, recipe.validate, seed)
    longest = int(data.lengths.max())
    if recipe.window is not None and recipe.window > longest:
        expected = (
            f"--window must be at most {longest}, the steps of the longest series to train on"
        )
        fail("freerun", expected, recipe.window, f"Use --window {longest} or less.")
    warmup = getattr(read_forcing(recipe.forcing), "warmup", 0)
    steps = recipe.window or longest
    if recipe.recurrence != "hidden" and warmup >= steps:
        expected = f"--forcing: warmup must be below {steps}, the steps of the longest sequence"
        fail("freerun", expected, warmup, f"Use warmup={steps // 2}, say.")
    if recipe.task == "forecast":
        check_horizon(source, recipe.output_lags)
    return recipe


def _check_edges(recipe: Recipe, source: Source) -> None:
    """Refuse a recurrence that does not go with the data or with --bidirectional."""
    if recipe.recurrence == "hidden" and not source.train.input_size:
        expected = f"--recurrence must be output or both, for {source.name} has no inputs to read"
        fail("freerun", expected, "hidden", "Use --recurrence output.")
    if recipe.recurrence != "hidden" and recipe.bidirectional:
        expected = "--bidirectional needs --recurrence hidden, for outputs are fed back in time"
        fail("freerun", expected, recipe.recurrence, "Leave out one of the two.")


OPTIONS = {
    "--hidden-size": "hidden_size",
    "--cell": "cell",
    "--layers": "num_layers",
    "--bidirectional": "bidirectional",
    "--recurrence": "recurrence",
    "--output-lags": "output_lags",
    "--residual": "residual",
    "--dropout": "dropout",
    "--head": "head",
    "--batch-size": "batch_size",
    "--lr": "lr",
    "--seed": "seed",
}
"""Under what name the configuration of a run keeps what an option said."""


def check_same(config: Mapping[str, Any], recipe: Recipe, data: str, seed: int) -> None:
    """Refuse to go on with a run that was trained otherwise; `fit` knows what is not said here.

    Raises:
        RunError: An option is not what it was; it is named.
    """
    notes, network, training = config["notes"], config["network"], config["training"]
    kept = {**network, **training, "head": network["head"]["name"]}
    kept["lr"] = training["optimizer"]["lr"]
    now = {**vars(recipe), "seed": seed}
    pairs: list[tuple[str, Any, Any]] = [
        ("the task", notes["task"], recipe.task),
        ("DATA", notes["data"], data),
        ("--validate", notes.get("validate"), recipe.validate),
    ]
    if recipe.validate is not None:
        pairs += [("--patience", training["validation"]["patience"], validation(recipe).patience)]
    if recipe.recurrence == "hidden":
        now |= {"output_lags": kept["output_lags"], "residual": kept["residual"]}
    pairs += [(option, kept[name], now[name]) for option, name in OPTIONS.items()]
    for option, old, new in pairs:
        if old != new:
            fix = f"Give {option} as it was, or another --out."
            old, new = ("none" if value is None else value for value in (old, new))
            fail("freerun", f"{option} must be {old}, as the run has it", new, fix, RunError)
