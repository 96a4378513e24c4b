"""How a forecaster is trained, chosen by the tail of its training data."""

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from freerun._checks import FreerunError
from freerun.closed_loop import run
from freerun.data import Sequences
from freerun.evaluation import evaluate
from freerun.forcing import TeacherForcing, read_forcing, spell_forcing
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing
from freerun.recipes import policies
from freerun.recipes.building import build
from freerun.recipes.holding_back import hold_back
from freerun.recipes.policies import Trial, best_of
from freerun.recipes.recipe import Recipe
from freerun.recipes.settling import settle
from freerun.recipes.skill import Skill
from freerun.recipes.starting import can_start
from freerun.recipes.training import begin, train

__all__ = ["Choice", "choose"]

SHARE = 0.2
"""The tail, as a share of each series; at least the horizon, and a third at most."""

MARGIN = 0.98
"""What training must better the linear start by, or it is left as it is."""

ORIGINS, MOST_ORIGINS, PATHS = 8, 200, 200
"""From how many places of a series' tail, and of all, and with how many paths, intervals are
compared."""

NARROWEST, WIDEST = 1.0, 3.0
"""Intervals are widened within these bounds: a short tail says little, and least that they may be
narrower than the network has them."""

COVERED = 0.9
"""The share of the truth that a 90 % interval should hold."""


@dataclass(frozen=True)
class Choice:
    """What the tail said.

    Attributes:
        recipe: The recipe to train on all of the data with; its forcing is the one below.
        forcing: The policy that was asked for, or chosen.
        widening: How many times as far from the forecast a path lies, for its intervals to hold.
        skill: How the network fared on the tail that it was chosen by; None without a choice.
        tried: Where the policy was chosen, the errors there of those it was chosen from, as they
            are spelled; None of one that failed.
    """

    recipe: Recipe
    forcing: Forcing
    widening: float = 1.0
    skill: Skill | None = None
    tried: dict[str, float | None] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it, without the recipe."""
        kept = None if self.skill is None else asdict(self.skill)
        return {"widening": self.widening, "skill": kept, "tried": self.tried}

    @classmethod
    def from_dict(cls, kept: dict[str, Any], recipe: Recipe) -> "Choice":
        """What `to_dict` said, of this recipe."""
        skill = None if kept["skill"] is None else Skill(**kept["skill"])
        forcing = read_forcing(recipe.forcing)
        return cls(recipe, forcing, kept["widening"], skill, dict(kept.get("tried", {})))


def choose(
    recipe: Recipe, data: Sequences, forcing: Forcing | str, seed: int, progress: bool = False
) -> Choice:
    """Decide what ``recipe`` leaves open, by the errors running free on the tail of ``data``.

    Of the linear forecasts, by levels, by differences and by seasonal differences, the best one on
    the tail is taken; of the policies, where it is open, the best one for a training that begins
    there; of that one's epochs the best too, or none; and intervals are widened until they hold
    there what they should. Where epochs are given, or a part to choose the best of them by, nothing
    but the policy is left to choose.

    Args:
        recipe: The recipe.
        data: All that may be trained on.
        forcing: The policy; ``"auto"`` to choose it.
        seed: Of the initial weights, and of everything that training draws.
        progress: Show progress on standard error.

    Raises:
        DataError: There is too little to hold a tail back.
        FreerunError: No policy of the shortlist trains.
        KeyboardInterrupt: Ctrl-C in the training on all but the tail.
    """
    if recipe.epochs is not None or recipe.validate is not None:
        return _as_asked(recipe, data, forcing, seed, progress)
    first = TeacherForcing() if isinstance(forcing, str) else forcing
    begun = _begun(recipe, data, seed)
    if begun is None:
        return _chosen(settle(recipe, data), first)
    error, one = begun
    seen, tail = hold_back(one, data, seed)
    assert tail is not None
    fair = one
    if isinstance(forcing, str):  # patience would end a curriculum before its second policy's turn
        fair = replace(one, patience=one.patience or one.epochs)
    best, tried = _trained(fair, data, tail, forcing, seed, progress)
    net, epochs, policy = best.net, best.epochs, best.forcing
    if one.start == "linear" and can_start(net) and not best.error < MARGIN * error:
        net = build(one, data, seed)
        begin(net, one, seen, seed)
        epochs, policy = 0, first
    chosen = replace(one, epochs=epochs, validate=None)
    # A teacher has no schedule; its rate falls over the epochs that are trained, as where the
    # defaults were measured.
    if policy != TeacherForcing() and 0 < epochs < (one.epochs or 0):
        chosen = replace(chosen, schedule_epochs=one.epochs)
    widening = _widening(net, data, tail, one, seed)
    return _chosen(chosen, policy, widening, _skill(net, tail, one), tried)


def _chosen(recipe: Recipe, forcing: Forcing, *rest: Any) -> Choice:
    return Choice(replace(recipe, forcing=spell_forcing(forcing)), forcing, *rest)


def _begun(recipe: Recipe, data: Sequences, seed: int) -> tuple[float, Recipe] | None:
    """The best linear forecast's error on the tail, and the recipe that it is of, settled."""
    share = _share(settle(recipe, data), data)
    candidates = []
    for difference in _differences(recipe, data):
        one = replace(recipe, difference=difference, validate=share)
        try:
            one = settle(one, hold_back(one, data, seed)[0])
            net = build(one, data, seed)
            seen, tail = hold_back(one, data, seed)
            assert tail is not None
            begin(net, one, seen, seed)
            candidates.append((_error(net, tail, one), difference, one))
        except FreerunError:
            continue  # too short for this one
    if not candidates:
        return None
    error, _, one = min(candidates, key=lambda found: found[:2])
    return error, one


def _as_asked(
    recipe: Recipe, data: Sequences, forcing: Forcing | str, seed: int, progress: bool
) -> Choice:
    """The recipe settled; and the policy chosen, by the part held back or else by a tail."""
    settled = settle(recipe, hold_back(settle(recipe, data), data, seed)[0])
    if not isinstance(forcing, str):
        return _chosen(settled, forcing)
    if settled.epochs == 0:
        return _chosen(settled, TeacherForcing())
    one, seen = settled, data
    if recipe.validate is None:
        share = _share(settled, data)
        try:
            seen, tail = hold_back(replace(settled, validate=share), data, seed)
            one = settle(recipe, seen)
        except FreerunError:
            return _chosen(settled, TeacherForcing())  # too short for a tail
    else:
        _, tail = hold_back(settled, data, seed)
    assert tail is not None
    best, tried = _trained(one, seen, tail, forcing, seed, progress)
    return _chosen(settled, best.forcing, 1.0, None, tried)


def _trained(
    recipe: Recipe, data: Sequences, tail: Sequences, forcing: Forcing | str, seed: int,
    progress: bool,
) -> tuple[Trial, dict[str, float | None]]:  # fmt: skip
    """A network trained by ``forcing``; where that is open, by the best of the shortlist."""

    def attempt(policy: Forcing) -> Trial:
        net, history = train(recipe, data, policy, seed, progress=progress)
        if history.stopped == "interrupted":
            raise KeyboardInterrupt  # or a second training would follow the one that was to end
        return Trial(policy, net, history.best_epoch or 0, _error(net, tail, recipe))

    if not isinstance(forcing, str):
        return attempt(forcing), {}
    return best_of([read_forcing(spelled) for spelled in policies.AUTO], attempt)


def _share(recipe: Recipe, data: Sequences) -> float:
    steps = int(data.lengths.median())
    assert recipe.horizon is not None
    return min(max(SHARE, math.ceil(recipe.horizon + 1) / steps), 1 / 3)


def _differences(recipe: Recipe, data: Sequences) -> list[int]:
    """The linear forecasts that may be begun from."""
    if recipe.difference is not None or recipe.start != "linear":
        return [recipe.difference or 0]
    found, season = [0, 1], data.season
    if (
        season is not None
        and season > 1
        and int(data.lengths.median()) * (1 - SHARE) > 2.5 * season
    ):
        found.append(season)
    # Of the lags that were asked for, one at least is left where differences are taken.
    return [one for one in found if one == 0 or one < (recipe.output_lags or one + 1)]


def _error(net: RecurrentNetwork, tail: Sequences, recipe: Recipe) -> float:
    """The error running free over the horizon; of no number, the worst."""
    error = evaluate(net, tail, recipe.horizon)["free_error"]
    return error if math.isfinite(error) else math.inf


def _skill(net: RecurrentNetwork, tail: Sequences, recipe: Recipe) -> Skill | None:
    try:
        return Skill.measure(net, tail, recipe.horizon)
    except FreerunError:
        return None  # the tail has no room for a past


def _widening(
    net: RecurrentNetwork, data: Sequences, tail: Sequences, recipe: Recipe, seed: int
) -> float:
    """How far off the truth is on the tail, beside the half-width of the interval there."""
    if not net.head.can_sample:
        return 1.0
    assert recipe.horizon is not None
    places = [
        (origin, at, min(recipe.horizon, stop - start))
        for origin, start, stop in zip(
            tail.origin.tolist(), tail.start.tolist(), tail.stop.tolist(), strict=True
        )
        for at in _origins(start, stop - min(recipe.horizon, stop - start))
    ]
    thinned = torch.linspace(0, len(places) - 1, min(len(places), MOST_ORIGINS)).long().tolist()
    source = torch.Generator().manual_seed(seed)
    ratios = [_ratios(net, data, places[number], source) for number in thinned]
    ratio = torch.cat(ratios).double()
    ratio = ratio[~ratio.isnan()]
    if not len(ratio):
        return 1.0
    return min(max(float(ratio.quantile(COVERED)), NARROWEST), WIDEST)


def _origins(first: int, last: int) -> list[int]:
    found: list[int] = torch.linspace(first, last, ORIGINS).long().unique().tolist()
    return found


def _ratios(
    net: RecurrentNetwork, data: Sequences, place: tuple[int, int, int], source: torch.Generator
) -> Tensor:
    """How far off the truth is, step by step, beside the half-width on its side."""
    (origin, at, steps), y, x = place, data.y_flat, data.x_flat
    assert y is not None
    warmup = (None if x is None else x[origin:at], y[origin:at])
    inputs = None if x is None else x[at : at + steps]
    middle = run(net, steps, warmup, inputs).y
    band = run(
        net, steps, warmup, inputs, "sample", PATHS, (0.05, 0.95), source, keep_paths=False
    ).quantiles
    assert band is not None
    off = y[at : at + steps] - middle
    width = torch.where(off > 0, band[1] - middle, middle - band[0])
    return (off.abs() / width.clamp_min(1e-12)).flatten()
