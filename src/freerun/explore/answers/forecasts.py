"""Forecast runs: the truth, one step ahead of it, and away from it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun._checks import check_integer, check_number, fail
from freerun._measure import evaluating
from freerun._trivial import trivial_forecasts
from freerun.closed_loop import run
from freerun.data import Levels, Sequences
from freerun.data.tables import show_time
from freerun.explore.answers.errors import listed, running_root_mean, worse_from
from freerun.explore.answers.leaving import follow, state_at
from freerun.explore.answers.requests import (
    MOST_AROUND,
    MOST_PATHS,
    MOST_STEPS,
    WHERE,
    ForecastRequest,
)
from freerun.network import RecurrentNetwork
from freerun.path import quantiles_over

__all__ = ["ForecastAnswer", "Forecasts", "Series"]


@dataclass(frozen=True, eq=False)
class Series:
    """One series, in units of its own level.

    Attributes:
        name: What it is called.
        x: Inputs, (time, inputs), or None.
        y: Targets, (time, outputs), NaN where missing.
        trained_on: The number of its steps that were trained on, the first ones.
        times: Of every step, (time,), or None.
    """

    name: str
    x: Tensor | None
    y: Tensor
    trained_on: int
    times: "np.ndarray[Any, Any] | None" = None


@dataclass(frozen=True, eq=False)
class Forecasts:
    """A forecasting network, and the series to see it on.

    Attributes:
        net: The network; its outputs are fed back.
        series: One or more.
        levels: Where each of them lies.
        outputs: What its outputs are called.
        season: Steps in a season, or None.
        widening: How many times as far from the free run paths lie as the network's own.
        horizon: Steps ahead to begin with.
    """

    net: RecurrentNetwork
    series: tuple[Series, ...]
    levels: Levels
    outputs: tuple[str, ...]
    season: int | None = None
    widening: float = 1.0
    horizon: int = 60

    def about(self) -> dict[str, Any]:
        """What the page needs to know, for JSON."""
        return {
            "task": "forecast",
            "series": [
                {"name": one.name, "steps": len(one.y), "trained_on": one.trained_on}
                for one in self.series
            ],
            "outputs": list(self.outputs),
            "horizon": min(self.horizon, MOST_STEPS),
            "samples": self.net.head.can_sample,
            "head": type(self.net.head).__name__,
            "most": {"horizon": MOST_STEPS, "paths": MOST_PATHS, "around": MOST_AROUND},
        }

    def first(self) -> ForecastRequest:
        """The request that the page begins with: where training ended, as far as there is room."""
        one = self.series[0]
        horizon = max(1, min(self.horizon, MOST_STEPS, len(one.y) // 4))
        origin = max(1, min(one.trained_on + horizon // 2, len(one.y) - horizon))
        return ForecastRequest(origin, horizon, paths=100 if self.net.head.can_sample else 0)

    def answer(self, asked: ForecastRequest) -> "ForecastAnswer":
        """The paths from the leaving point on, in the user's units.

            f(t) = y(t)                        one step ahead (teacher forced)
            f(t) = g(o(t))                     running free: :func:`freerun.run`
            f(t) = w y(t) + (1 - w) g(o(t))    mixed

        Raises:
            ArgumentError: There is no such series, output or step, or a number is out of range.
        """
        self._check(asked)
        net, one = self.net, self.series[asked.series]
        stop = min(asked.origin + asked.horizon, len(one.y))
        ahead = slice(asked.origin, stop)
        x = None if one.x is None else one.x[ahead]
        y = one.y[ahead]
        with evaluating(net):
            state = state_at(net, one.x, one.y, asked.origin)
            one_step, mixed = (
                net.scaling.unscale_y(net.head.mean(follow(net, state, x, y, share).o))[0]
                for share in (1.0, float(asked.share))
            )
        free = run(net, len(y), inputs=x, state=state).y
        band = None
        if asked.paths > 1:
            band = self._band(asked, x, len(y), state, free)
        shown = slice(max(0, asked.origin - asked.around), min(len(one.y), stop + asked.around))
        times = None if one.times is None else [show_time(when) for when in one.times[shown]]
        user = self._user(asked)
        return ForecastAnswer(
            asked, shown.start, user(one.y[shown]), times, user(y), user(one_step), user(free),
            user(mixed), None if band is None else user(band), self._trivial(asked, stop),
        )  # fmt: skip

    def _check(self, asked: ForecastRequest) -> None:
        check_integer(WHERE, "series", asked.series, 0, len(self.series) - 1)
        check_integer(WHERE, "output", asked.output, 0, len(self.outputs) - 1)
        steps = len(self.series[asked.series].y)
        check_integer(WHERE, "origin", asked.origin, 1, steps - 1)
        check_integer(WHERE, "horizon", asked.horizon, 1, MOST_STEPS)
        check_integer(WHERE, "paths", asked.paths, 0, MOST_PATHS)
        check_integer(WHERE, "seed", asked.seed, 0, 2**32 - 1)
        check_integer(WHERE, "around", asked.around, 0, MOST_AROUND)
        check_number(WHERE, "share", asked.share, 0, 1)
        check_number(WHERE, "coverage", asked.coverage, 0.01, 0.99)
        check_number(WHERE, "spread", asked.spread, 0, 10)
        if asked.paths > 1 and not self.net.head.can_sample:
            name, fix = type(self.net.head).__name__, "Pass paths=0."
            fail(WHERE, "paths need a head with a spread", f"a {name} head", fix)

    def _user(self, asked: ForecastRequest) -> Any:
        """From a series' own level to the user's units, of the output that was asked for."""
        center = self.levels.center[asked.series, asked.output]
        spread = self.levels.spread[asked.series, asked.output]
        return lambda y: y[..., asked.output].double() * spread + center

    def _band(
        self, asked: ForecastRequest, x: Tensor | None, steps: int, state: Any, free: Tensor
    ) -> Tensor:
        """The lower and the upper end of what sampled paths cover, (2, steps, outputs)."""
        drawn = run(
            self.net, steps, inputs=x, state=state, draw="sample", paths=asked.paths,
            generator=asked.seed,
        ).paths  # fmt: skip
        drawn = free + self.widening * asked.spread * (drawn - free)
        ends = torch.tensor([(1 - asked.coverage) / 2, (1 + asked.coverage) / 2])
        return quantiles_over(drawn.unsqueeze(0), ends.double())[0]

    def _trivial(self, asked: ForecastRequest, stop: int) -> dict[str, Tensor]:
        """The forecasts that need no network; NaN where one cannot be made."""
        y = self._user(asked)(self.series[asked.series].y[:stop]).unsqueeze(-1)
        season = self.season if self.season and self.season <= asked.origin else None
        data = Sequences(None, [y], missing="mask", dtype=torch.float64)
        found = trivial_forecasts(data, asked.origin, stop - asked.origin, season)
        return {
            name: torch.where(known, path, torch.nan)[0, :, 0]
            for name, (path, known) in found.items()
        }


@dataclass(frozen=True, eq=False)
class ForecastAnswer:
    """Paths of one output in the user's units, float64 (steps,).

    Attributes:
        asked: What was asked for.
        shown_from: The step of the series that ``shown`` begins with, counted from 0.
        shown: The truth around.
        times: Of ``shown``, or None.
        truth: Of the steps ahead, NaN where missing.
        one_step: Each step forecast from the truth before it.
        free: On its own outputs from the leaving point on.
        mixed: On the share of the truth that was asked for.
        band: What sampled paths cover, (2, steps), or None.
        trivial: Forecasts that need no network.
    """

    asked: ForecastRequest
    shown_from: int
    shown: Tensor
    times: list[str] | None
    truth: Tensor
    one_step: Tensor
    free: Tensor
    mixed: Tensor
    band: Tensor | None
    trivial: dict[str, Tensor]

    @cached_property
    def errors(self) -> dict[str, Tensor]:
        """The error so far of each path, (steps,)."""
        paths = {"one_step": self.one_step, "free": self.free, "mixed": self.mixed}
        return {name: running_root_mean(path, self.truth) for name, path in paths.items()}

    @cached_property
    def trivial_errors(self) -> dict[str, Tensor]:
        """The same of the trivial forecasts; NaN where there is none."""
        return {
            name: running_root_mean(path, self.truth).where(~path.isnan(), torch.nan)
            for name, path in self.trivial.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        paths = {
            "shown": self.shown, "truth": self.truth, "one_step": self.one_step,
            "free": self.free, "mixed": self.mixed,
        }  # fmt: skip
        step, name = worse_from(self.errors["free"], self.trivial_errors)
        inside = None
        if self.band is not None:
            held = (self.truth >= self.band[0]) & (self.truth <= self.band[1])
            inside = int(held.sum())
        return {
            "origin": self.asked.origin,
            "shown_from": self.shown_from,
            "times": self.times,
            **{name: listed(path) for name, path in paths.items()},
            "band": None if self.band is None else listed(self.band),
            "inside": inside,
            "observed": int((~self.truth.isnan()).sum()),
            "errors": {name: listed(one[-1:])[0] for name, one in self.errors.items()},
            "trivial": {
                name: {"path": listed(self.trivial[name]), "error": listed(one[-1:])[0]}
                for name, one in self.trivial_errors.items()
            },
            "worse_from": step,
            "worse_than": name,
        }
