"""What was asked of `freerun train`, checked as a whole, in the command line's own words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from freerun._checks import DataError, FreerunError, RunError, fail
from freerun.cells import CELLS
from freerun.cli.measures import check_horizon, default_horizon
from freerun.cli.reading import choose
from freerun.cli.runs import Run
from freerun.cli.sources import Source
from freerun.cli.wording import as_options
from freerun.forcing import read_forcing, spell_forcing
from freerun.network import RECURRENCES
from freerun.recipes.holding_back import hold_back
from freerun.recipes.policies import WORD, is_open
from freerun.recipes.recipe import RECIPES, Recipe
from freerun.recipes.settling import settle

__all__ = ["check_same", "settled"]

HEADS = ("Point", "Gaussian", "StudentT", "Laplace", "Poisson", "NegativeBinomial")
REAL_HEADS, COUNT_HEADS = HEADS[:4], HEADS[4:]


def settled(recipe: Recipe, source: Source, seed: int) -> Recipe:
    """Return ``recipe`` with every name as the library has it, and a horizon that can be measured.

    Raises:
        ArgumentError: Something in it means nothing, alone, together, or for these data.
    """
    heads = {"forecast": HEADS, "regress": REAL_HEADS}.get(recipe.task, ("Categorical",))
    recipe = replace(
        recipe,
        cell=choose("--cell", recipe.cell, CELLS),
        recurrence=choose("--recurrence", recipe.recurrence, RECURRENCES),
        head=choose("--head", recipe.head, heads),
        forcing=_spelled(recipe),
    )
    _check_edges(recipe, source)
    _check_counts(recipe, source)
    if len(source.whole) == 1 or recipe.head not in REAL_HEADS:
        recipe = replace(recipe, scale="all")
    try:
        filled = settle(recipe, source.train)
        if recipe.task == "forecast":
            filled = _with_horizon(filled, source, recipe.horizon)
        data, _ = hold_back(filled, source.train, seed)
    except FreerunError as error:
        raise type(error)(as_options(str(error))) from None
    longest = int(data.lengths.max())
    if filled.window is not None and filled.window > longest:
        if recipe.window is None:
            expected = f"--validate must leave {filled.window} steps or more to train on"
            fix = "Use --validate 0.2, say, or a --window of fewer steps."
            fail("freerun", expected, longest, fix)
        what = "the longest series to train on"
        expected = f"--window must be at most {longest}, the steps of {what}"
        fail("freerun", expected, filled.window, f"Use --window {longest} or less.")
    policy = None if recipe.forcing == WORD else read_forcing(recipe.forcing, "--forcing")
    warmup = getattr(policy, "warmup", 0)
    steps = filled.window or longest
    if recipe.recurrence != "hidden" and warmup >= steps:
        expected = f"--forcing: warmup must be below {steps}, the steps of the longest sequence"
        fail("freerun", expected, warmup, f"Use warmup={steps // 2}, say.")
    return replace(recipe, horizon=filled.horizon)


def _spelled(recipe: Recipe) -> str:
    """The forcing as the library has it; of forecasts it may be left to be chosen."""
    if not is_open(recipe.forcing):
        return spell_forcing(read_forcing(recipe.forcing, "--forcing"))
    if recipe.task != "forecast":
        expected = f"--forcing must be a policy to {recipe.task}, for only forecasts choose one"
        fail("freerun", expected, repr(WORD), "Use --forcing TeacherForcing, say.")
    return WORD


def _with_horizon(recipe: Recipe, source: Source, asked: int | None) -> Recipe:
    measured = source.train if source.test is None else source.test
    lags = {"--input-lags": recipe.input_lags}
    if recipe.recurrence != "hidden":
        lags["--output-lags"] = recipe.output_lags or 1
    ahead = asked or 1
    most = int((measured.stop - measured.origin).max()) - ahead
    for option, count in lags.items():
        if count > most >= 1 and ahead <= int(measured.lengths.max()):
            expected = f"{option} must be at most {most}, to be measured {ahead} steps ahead"
            fail("freerun", expected, count, f"Use {option} {most} or less.")
    context = max(lags.values())
    horizon = asked or min(recipe.horizon or 1, default_horizon(measured, context))
    check_horizon(source.name, measured, context, horizon)
    return replace(recipe, horizon=horizon)


def _check_edges(recipe: Recipe, source: Source) -> None:
    """Refuse a recurrence that does not go with the task, the data or another option."""
    if recipe.recurrence == "hidden" and recipe.task == "forecast":
        expected = "--recurrence must be output or both, for forecasts run on their own outputs"
        fail("freerun", expected, "hidden", "Use --recurrence output.")
    if recipe.recurrence == "hidden" and not source.train.input_size:
        expected = f"--recurrence must be output or both, for {source.name} has no inputs to read"
        fail("freerun", expected, "hidden", "Use --recurrence output.")
    usual = spell_forcing(read_forcing(RECIPES[recipe.task].forcing, "--forcing"))
    if recipe.recurrence == "hidden" and recipe.forcing != usual:
        expected = "--forcing needs outputs that are fed back"
        fix = "Use --recurrence both, or leave out --forcing."
        fail("freerun", expected, "--recurrence hidden", fix)
    if recipe.recurrence != "hidden" and recipe.bidirectional:
        expected = "--bidirectional needs --recurrence hidden, for outputs are fed back in time"
        fail("freerun", expected, recipe.recurrence, "Leave out one of the two.")


def _check_counts(recipe: Recipe, source: Source) -> None:
    """Refuse numbers that are no counts, where the head is one for counts."""
    y = source.whole.y_flat
    if recipe.head not in COUNT_HEADS or y is None:
        return
    odd = ~y.isnan() & ((y < 0) | (y != y.round()))
    if odd.any():
        fix = "Use --head StudentT, say."
        expected = f"whole numbers of 0 or more, for --head {recipe.head}"
        fail(source.name, expected, f"{float(y[odd][0]):g}", fix, DataError)


def check_same(run: Run, now: Mapping[str, Any], seed: int) -> None:
    """Refuse to go on with a run that was trained otherwise; `fit` knows what is not said here.

    Raises:
        RunError: An option is not what it was; it is named.
    """
    pairs: list[tuple[str, Any, Any]] = [
        ("the task", run.task, now["task"]),
        ("DATA", run.data, now["data"]),
        ("--test", run.notes.get("test"), now["test"]),
        ("--seed", run.config["training"]["seed"], seed),
    ]
    pairs += _as_read(run.notes, now)
    # Where the policy is to be chosen, what was asked is compared, for what was chosen is taken up.
    asked = "asked" if "asked" in now else "recipe"
    kept = run.notes.get(asked)
    if kept is None:
        pairs.append(("--forcing", run.recipe.forcing, WORD))
        kept = now[asked]
    for name, value in now[asked].items():
        if name not in ("epochs", "task"):  # more epochs are how one goes on
            pairs.append((as_options(f"{name}="), kept.get(name), value))
    for option, old, new in pairs:
        if old != new:
            fix = f"Give {option} as it was, or another --out."
            old, new = ("none" if value is None else value for value in (old, new))
            fail("freerun", f"{option} must be {old}, as the run has it", new, fix, RunError)


def _as_read(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """What the options of reading a file were, and are."""
    before, after = old.get("schema") or {}, new["schema"] or {}
    pairs = [(f"--{name}", before.get(name), after.get(name))
             for name in ("missing", "time", "series")]  # fmt: skip
    layout = "--unit" if new["task"] == "text" else "--layout"
    pairs.append((layout, before.get("layout"), after.get("layout")))
    for option, role in (("--target", "targets"), ("--known", "known"), ("--observed", "observed")):
        one, other = (
            ",".join(str(column["name"]) for column in kept.get(role, ())) or None
            for kept in (before, after)
        )
        pairs.append((option, one, other))
    reading = old.get("reading", {})
    return pairs + [(f"--{name}", reading.get(name), now) for name, now in new["reading"].items()]
