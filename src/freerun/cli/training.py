"""Training as the command line does it: a recipe and data in, a run directory out."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

import freerun as fr
from freerun._checks import ArgumentError, RunError, fail
from freerun._files import write_whole
from freerun.cli.learnable import check_learnable
from freerun.cli.output import Stopped, say
from freerun.cli.runs import Run, read_run
from freerun.cli.settling import check_same, settled
from freerun.cli.sources import Source, fingerprint
from freerun.cli.wording import as_options
from freerun.forcing import FORCINGS, read_forcing
from freerun.recipes import training
from freerun.recipes.choosing import Choice, choose
from freerun.recipes.ends import FILE, Ends
from freerun.recipes.policies import WORD
from freerun.recipes.recipe import Recipe
from freerun.recipes.settling import settle

__all__ = ["Keeping", "chosen", "train", "using_threads"]


@dataclass(frozen=True)
class Keeping:
    """Where a run is kept, what becomes of one that is there, and how its data were read."""

    out: Path
    resume: bool = False
    overwrite: bool = False
    test: float = 0.0
    how: Mapping[str, Any] = field(default_factory=dict)


def train(
    recipe: Recipe, source: Source, keeping: Keeping, seed: int = 0, quiet: bool = False
) -> tuple[fr.RecurrentNetwork, fr.History, Source, Recipe]:
    """Train the network of a recipe, and keep it with what `evaluate` and `run` need to know.

    Returns:
        The network, what was measured, the source in the network's units, the settled recipe.

    Raises:
        Stopped: Ctrl-C; the run is kept as it was after the last step.
    """
    if source.table is not None:
        check_learnable(source.name, source.table, source.train)
    recipe = settled(recipe, source, seed)
    held = fingerprint(source.test)
    source = source.leveled(recipe.scale)
    asked, run = recipe, None
    if keeping.resume and os.path.lexists(keeping.out):
        run = read_run(keeping.out)
    choice = _choice(asked, source, run, seed, quiet)
    recipe, forcing = choice.recipe, choice.forcing
    _say_short(recipe, source, quiet)
    notes = _notes(choice, asked, source, keeping, held)
    if run is not None:
        check_same(run, notes, seed)
    with _refusing_forcing():
        net, history = training.train(
            recipe,
            source.train,
            forcing,
            seed,
            out=keeping.out,
            resume=keeping.resume,
            overwrite=keeping.overwrite,
            notes=notes,
            progress=not quiet,
        )
    if recipe.task == "forecast":
        write_whole(keeping.out / FILE, ends_of(net, source).to_bytes())
    if history.stopped == "interrupted":
        kept = f"stopped after {len(history)} of {recipe.epochs} epochs"
        raise Stopped(f"{kept}; the run is kept in {keeping.out}", resumable=True)
    return net, history, source, recipe


def _choice(recipe: Recipe, source: Source, run: Run | None, seed: int, quiet: bool) -> Choice:
    """What the data decide; of a run that chose its policy, what they have decided."""
    if run is not None and recipe.forcing == WORD:
        kept = run.recipe if recipe.epochs is None else replace(run.recipe, epochs=recipe.epochs)
        try:
            return Choice.from_dict(run.notes["choice"], kept)
        except (LookupError, TypeError, AttributeError) as error:
            got, fix = f"{type(error).__name__}: {error}", "Restore it, or pass --overwrite."
            fail(str(run.folder), "a run that says what was chosen", got, fix, RunError)
    forcing = WORD if recipe.forcing == WORD else read_forcing(recipe.forcing, "--forcing")
    if recipe.task != "forecast":
        assert not isinstance(forcing, str)
        return Choice(settle(recipe, source.train), forcing)
    with _refusing_forcing():
        choice = choose(recipe, source.train, forcing, seed, not quiet)
    say_choice(choice, quiet)
    return choice


@contextmanager
def _refusing_forcing() -> Iterator[None]:
    """Say in options what a policy refuses once it sees the network and the data."""
    try:
        yield
    except ArgumentError as error:
        message = str(error)
        said = re.match(r"\w+", message)
        if said is None or said[0] not in FORCINGS:
            raise
        raise ArgumentError(f"freerun: --forcing {as_options(message)}") from None


def _notes(
    choice: Choice, asked: Recipe, source: Source, keeping: Keeping,
    held: Mapping[str, int] | None,
) -> dict[str, Any]:  # fmt: skip
    """What a run says of itself beside its network."""
    return {
        **({"asked": asked.to_dict()} if asked.forcing == WORD else {}),
        "task": choice.recipe.task,
        "data": source.name,
        "recipe": choice.recipe.to_dict(),
        "schema": None if source.table is None else source.table.schema.to_dict(),
        "choice": choice.to_dict(),
        "test": keeping.test,
        "held_back": held,
        "reading": {name: keeping.how.get(name) for name in ("delimiter", "encoding")},
    }


def say_choice(choice: Choice, quiet: bool) -> None:
    """Say what the tail of the training data decided, where it did."""
    if choice.tried:
        others = len(choice.tried) - 1
        before = f"before {others} other{'s' if others != 1 else ''}"
        say(f"chosen by its error running free: --forcing {choice.recipe.forcing}, {before}", quiet)
    if choice.skill is None:
        return
    recipe, skill = choice.recipe, choice.skill
    of = {0: "values", 1: "differences"}.get(recipe.difference or 0, "seasonal differences")
    trained = f"then trained for {recipe.epochs} epochs" if recipe.epochs else "not trained further"
    say(f"chosen on the tail of the training part: a linear start from {of}, {trained}", quiet)
    say(f"there {skill}", quiet and skill.value > 0)


def _say_short(recipe: Recipe, source: Source, quiet: bool) -> None:
    """Say which series no window fits in: they are not trained on."""
    if recipe.window is None:
        return
    short = int((source.train.lengths < recipe.window).sum())
    if short:
        of = f"{short} of {len(source.train)} series"
        less = "a smaller --window takes them in"
        say(f"{source.name}: {of} have fewer steps than the window of {recipe.window} and are not "
            f"trained on; {less}", quiet)  # fmt: skip


def ends_of(net: fr.RecurrentNetwork, source: Source) -> Ends:
    """Where the series of a leveled source end."""
    assert source.levels is not None
    times = None if source.table is None else source.table.times
    return Ends.of(net, source.whole, source.levels, source.keys, times)


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
