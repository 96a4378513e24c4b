"""The exposure gap: how much worse a network is on its own outputs than on the truth."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from freerun._checks import DataError, check_integer, fail
from freerun._data_for import data_for
from freerun._measure import (
    evaluating,
    fitting,
    root_mean,
    scaled_batch,
    squared_distance,
    squared_error,
)
from freerun._trivial import trivial_forecasts
from freerun.data import Batch, Sequences
from freerun.forcing import TeacherForcing
from freerun.network import RecurrentNetwork
from freerun.plan import PlanBatch
from freerun.state import Noise

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Gap", "exposure_gap"]

LONGEST_WARMUP = 100
"""Steps of warm-up by default, for hidden units to forget that they began from zeros."""

Sums = dict[str, tuple[Tensor, Tensor]]
"""Squared errors and how many, each ``(horizon, outputs)``."""


def exposure_gap(
    net: RecurrentNetwork,
    data: Any,
    horizon: int = 100,
    warmup: int | None = None,
    season: int | None = None,
    origins: int = 512,
) -> "Gap":
    """Measure a network's errors by step ahead: fed the truth, and running on its own mean.

        teacher forced:  y-hat(t+k) given y(t+k-1), y(t+k-2), ...
        free running:    y-hat(t+k) given y(t), y(t-1), ... and the network's own means since
        error at k     = sqrt(mean over origins t of (y-hat(t+k) - y(t+k))^2)

    Both are scored on the same targets, and at k = 1 they are the same. From many origins t the
    network is warmed up on the truth up to t and then left to itself. Beside it stand forecasts
    that need no network: the last value seen, the mean of all that was, and the season before.

    Errors are in the user's units. For classes they are the root of Brier's score, the distance of
    the probabilities from the one-hot truth. A missing target counts in no error.

    Args:
        net: A network with an output edge. It is left as it is.
        data: :class:`freerun.Sequences` with a target per step, or a pair (x, y).
        horizon: Steps to look ahead.
        warmup: Observed steps before each origin; 1 or more. By default as many as the lags reach
            where only outputs recur, and otherwise 100, or fewer where sequences are short.
        season: Steps in a season; by default ``data.season``.
        origins: How many at most; evenly thinned from all there are, always the same ones.

    Returns:
        The gap.

    Raises:
        ArgumentError: The network has no output edge, or the data or a number does not fit.
        DataError: No sequence is long enough.

    Example:
        >>> import torch, freerun as fr
        >>> net = fr.RecurrentNetwork(0, 8, fr.heads.Gaussian(1), recurrence="output")
        >>> gap = fr.exposure_gap(net, (None, torch.arange(60.0).sin()), horizon=20)
        >>> gap.free_running.shape, round(float(gap.ratio[0]), 3)
        (torch.Size([20]), 1.0)

    Source: the gap between training and running, Goodfellow et al. 2016, section 10.2.1, and Bengio
    et al. 2015; series-parallel against parallel errors, Ribeiro and Aguirre 2018.
    """
    where = "exposure_gap"
    if not net.has_output_edge:
        fix = "Use evaluate: nothing is fed back, so that there is no gap."
        fail(where, "a network must have an output edge", "recurrence='hidden'", fix)
    check_integer(where, "horizon", horizon, 1)
    check_integer(where, "origins", origins, 1)
    data = data_for(where, net, data)
    warmup = _warmup(net, data, horizon, warmup)
    windows = data.windows(warmup + horizon, 1, reach_back=warmup)
    asked = season is not None
    season = check_integer(where, "season", season, 1) if asked else data.season
    if season is not None:
        windows, season = _with_season(windows, warmup, season, asked)
    count = min(origins, len(windows))
    chosen = torch.linspace(0, len(windows) - 1, count, dtype=torch.float64).round().long()
    sums: Sums = {}
    with evaluating(net):
        for part in chosen.split(fitting(net, warmup + horizon)):
            batch = windows.batch(part, net.context)
            _add(sums, _network_errors(net, batch, warmup))
            _add(sums, _trivial_errors(windows[part], batch, warmup, season))
    errors = {name: root_mean(*pair) for name, pair in sums.items()}
    forced, free = errors.pop("teacher forced"), errors.pop("free running")
    by_output = {
        name.replace(" ", "_"): (sums[name][0] / sums[name][1]).sqrt()
        for name in ("teacher forced", "free running")
    }
    return Gap(horizon, warmup, count, forced, free, errors, by_output)


@dataclass(frozen=True, eq=False)
class Gap:
    """Errors by step ahead, in the user's units, float64 ``(horizon,)`` where nothing else is said.

    For several outputs an error is the root of the mean over outputs too. NaN where no target was
    observed; infinite where a run left the numbers behind.

    Attributes:
        horizon: Steps ahead.
        warmup: Observed steps before each origin.
        origins: How many there were.
        teacher_forced: Error of the forecast one step ahead, made k - 1 steps after the origin.
        free_running: Error k steps ahead, on the network's own mean.
        trivial: Errors of ``"last value"``, ``"mean"`` and, where a season is known and was
            observed, ``"season"``.
        by_output: ``teacher_forced`` and ``free_running`` of each output, ``(horizon, outputs)``;
            for classes there is one.
    """

    horizon: int
    warmup: int
    origins: int
    teacher_forced: Tensor
    free_running: Tensor
    trivial: dict[str, Tensor]
    by_output: dict[str, Tensor]

    @property
    def steps(self) -> Tensor:
        """1 ... horizon, int64."""
        return torch.arange(1, self.horizon + 1)

    @property
    def ratio(self) -> Tensor:
        """Free running over teacher forced; 1 at the first step."""
        return self.free_running / self.teacher_forced

    @property
    def best_trivial(self) -> Tensor:
        """Error of the best trivial forecast of each step: which one that is may change with k."""
        stacked = torch.stack(list(self.trivial.values()))
        best = stacked.nan_to_num(nan=math.inf).amin(0)
        return torch.where(stacked.isnan().all(0), math.nan, best)

    @property
    def crossing(self) -> int | None:
        """The first step ahead where free running is worse than the best trivial forecast."""
        worse = (self.free_running > self.best_trivial).nonzero()
        return int(worse[0]) + 1 if len(worse) else None

    def to_dict(self) -> dict[str, Any]:
        """Return numbers, lists and names for JSON; None stands for what is not finite."""
        series = {
            "steps": self.steps,
            "teacher_forced": self.teacher_forced,
            "free_running": self.free_running,
            "ratio": self.ratio,
            "best_trivial": self.best_trivial,
        }
        return {
            "horizon": self.horizon,
            "warmup": self.warmup,
            "origins": self.origins,
            "crossing": self.crossing,
            **{name: _plain(values) for name, values in series.items()},
            "trivial": {name: _plain(values) for name, values in self.trivial.items()},
            "by_output": {name: _plain(values) for name, values in self.by_output.items()},
        }

    def __str__(self) -> str:
        shown = [k for k in _round_steps(self.horizon) if k < self.horizon] + [self.horizon]
        lines = [
            f"error by step ahead, over {self.origins} origins",
            f"{'step':>6} {'teacher forced':>15} {'free running':>13} {'ratio':>8} "
            f"{'best trivial':>13}",
        ]
        ratio, best = self.ratio, self.best_trivial
        for k in shown:
            forced, free = float(self.teacher_forced[k - 1]), float(self.free_running[k - 1])
            lines.append(
                f"{k:>6} {forced:>15.4g} {free:>13.4g} {float(ratio[k - 1]):>8.3g} "
                f"{float(best[k - 1]):>13.4g}"
            )
        names = ", ".join(self.trivial)
        if self.crossing is None:
            lines.append(f"free running is nowhere worse than the best trivial forecast ({names})")
        else:
            lines.append(
                f"free running is worse than the best trivial forecast ({names}) "
                f"first at step {self.crossing}"
            )
        return "\n".join(lines)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the errors over the steps ahead.

        Args:
            ax: Where to draw; a new figure by default.

        Returns:
            The axes.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        steps = self.steps.numpy()
        ax.plot(steps, self.free_running.numpy(), label="free running")
        ax.plot(steps, self.teacher_forced.numpy(), label="teacher forced")
        for style, (name, errors) in zip((":", "--", "-."), self.trivial.items(), strict=False):
            ax.plot(steps, errors.numpy(), style, color="grey", label=name)
        if self.crossing is not None:
            ax.axvline(self.crossing, color="grey", linewidth=0.5)
        ax.set_xlabel("steps ahead")
        ax.set_ylabel("error")
        ax.set_ylim(bottom=0)
        ax.legend()
        return ax


def _warmup(net: RecurrentNetwork, data: Sequences, horizon: int, warmup: int | None) -> int:
    """The warm-up, checked against the longest sequence there is."""
    least = max(1, net.context) if warmup is None else warmup
    check_integer("exposure_gap", "warmup", least, 1)
    # A warm-up may read what lies before a sample; what is ahead must be the sample's own.
    room = torch.minimum(data.stop - data.origin, data.lengths + least)
    longest = int(room.max())
    if longest < least + horizon:
        expected = f"{least + horizon} steps are needed, {least} of warm-up and {horizon} ahead"
        fix = f"Pass horizon={longest - least}, or less." if longest > least else "Get more data."
        fail("exposure_gap", expected, f"{longest} in the longest sequence", fix, DataError)
    if warmup is not None or net.recurrence == "output":
        return least
    # Half of the sequences that can be used at all shall leave room for all of it.
    fits = int((data.stop - data.origin)[room >= least + horizon].median()) - horizon
    return max(least, min(LONGEST_WARMUP, fits))


def _with_season(
    windows: Sequences, warmup: int, season: int, asked: bool
) -> tuple[Sequences, int | None]:
    """The windows that a whole season lies before, so that all forecasts have the same origins."""
    enough = (windows.start + warmup - windows.origin >= season).nonzero().squeeze(1)
    if len(enough):
        return windows[enough], season
    if asked:
        got = f"{int((windows.start + warmup - windows.origin).max())} at most"
        fix = "Leave season out, or shorten the horizon."
        fail("exposure_gap", f"a season of {season} steps before an origin", got, fix, DataError)
    return windows, None


def _network_errors(net: RecurrentNetwork, batch: Batch, warmup: int) -> Sums:
    """Teacher forced and free running, over the steps after the warm-up."""
    scaled = scaled_batch(net, batch)
    seen, ahead = _cut(scaled, 0, warmup), _cut(scaled, warmup, batch.y.shape[1])
    teacher, noise = TeacherForcing(), Noise()
    state = net(seen.x, seen.y, teacher, mask=seen.mask, state=scaled.state, noise=noise).state
    forced = net(ahead.x, ahead.y, teacher, mask=ahead.mask, state=state, noise=noise).o
    steps = ahead.y.shape[1]
    free = net(ahead.x, state=state, steps=steps, noise=noise).o
    return {
        "teacher forced": squared_error(net, forced, ahead.y, ahead.mask),
        "free running": squared_error(net, free, ahead.y, ahead.mask),
    }


def _trivial_errors(windows: Sequences, batch: Batch, warmup: int, season: int | None) -> Sums:
    """The same of the forecasts that need no network, in the user's units."""
    y = batch.y[:, warmup:]
    observed = None if batch.observed is None else batch.observed[:, warmup:]
    classes = windows.num_classes is not None
    found: Sums = {}
    for name, (forecast, known) in trivial_forecasts(windows, warmup, y.shape[1], season).items():
        counted = known if observed is None else known & observed
        found[name] = squared_distance(forecast, y, counted, classes)
    return found


def _cut(batch: PlanBatch, start: int, stop: int) -> PlanBatch:
    x, mask = batch.x, batch.mask
    return PlanBatch(
        None if x is None else x[:, start:stop],
        batch.y[:, start:stop],
        mask=None if mask is None else mask[:, start:stop],
    )


def _add(sums: Sums, more: Sums) -> None:
    for name, (total, count) in more.items():
        before = sums.get(name, (0.0, 0.0))
        sums[name] = (before[0] + total.cpu(), before[1] + count.cpu())


def _plain(values: Tensor) -> Any:
    if values.ndim > 1:
        return [_plain(row) for row in values]
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _round_steps(horizon: int) -> list[int]:
    """1, 2, 5, 10, 20, 50, ... up to the horizon."""
    return [
        m * 10**power
        for power in range(len(str(horizon)))
        for m in (1, 2, 5)
        if m * 10**power <= horizon
    ]
