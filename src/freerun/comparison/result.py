"""What a comparison found: every trial, and a row for each policy."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from freerun.comparison.statistics import Difference, Spread
from freerun.comparison.trial import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Comparison", "Row"]

HORIZONS = (5, 20, 60, 200, 600, 2000)
"""Steps ahead that a table may have columns for, two at most, beside the furthest."""


@dataclass(frozen=True)
class Row:
    """One policy over all seeds; errors in the user's units, of trials that did not fail.

    Attributes:
        forcing: Its name.
        seeds: How many were tried.
        not_finite: How many did not train to an end.
        diverged: How many ran away on their own outputs.
        one_step: Teacher-forced error, on the targets of all steps ahead.
        ahead: Free-running error at steps ahead: one for each of the comparison's horizons.
        free_running: Free-running error over all steps ahead.
        ratio: Free-running over one-step error.
        seconds: Of training, by the processor, in one thread.
        one_step_beside: Its one-step error beside the baseline's.
        free_running_beside: Its free-running error beside the baseline's.
    """

    forcing: str
    seeds: int
    not_finite: int
    diverged: int
    one_step: Spread
    ahead: dict[int, Spread]
    free_running: Spread
    ratio: Spread
    seconds: Spread
    one_step_beside: Difference
    free_running_beside: Difference

    @property
    def failed(self) -> int:
        """How many trials failed."""
        return self.not_finite + self.diverged


@dataclass(frozen=True)
class Comparison:
    """Policies side by side; the first is the baseline that the others are set beside.

    Attributes:
        outcomes: Every trial, policy by policy and in each seed by seed.
        horizon: Steps ahead.
        unit: What errors are measured in, where it is not the unit of the data.
    """

    outcomes: tuple[Outcome, ...]
    horizon: int
    unit: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The policies, in the order in which they were given."""
        return tuple(dict.fromkeys(one.forcing for one in self.outcomes))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in the order in which they were given."""
        return tuple(dict.fromkeys(one.seed for one in self.outcomes))

    @property
    def baseline(self) -> str:
        """The policy that the others are set beside."""
        return self.names[0]

    @property
    def horizons(self) -> tuple[int, ...]:
        """The steps ahead at which errors are shown; at the first they are those of one step."""
        if self.horizon == 1:
            return ()
        below = [k for k in HORIZONS if k < self.horizon]
        if len(below) > 2:
            below = [below[0], below[-1]]
        return (*below, self.horizon)

    @property
    def failed(self) -> int:
        """How many trials failed."""
        return sum(one.failure is not None for one in self.outcomes)

    @property
    def trivial(self) -> dict[str, tuple[float, ...]]:
        """Errors by step ahead of forecasts that need no network; empty where nothing trained."""
        return next((one.trivial for one in self.outcomes if one.trivial), {})

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row for each policy."""
        return tuple(self._row(name) for name in self.names)

    def of(self, name: str) -> tuple[Outcome, ...]:
        """The trials of one policy, seed by seed."""
        return tuple(one for one in self.outcomes if one.forcing == name)

    def succeeded(self, name: str) -> tuple[Outcome, ...]:
        """Those of them that did not fail."""
        return tuple(one for one in self.of(name) if one.failure is None)

    def table(self) -> str:
        """The rows as a table in Markdown, with what there is to say of it below."""
        from freerun.comparison.table import markdown

        return markdown(self)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the free-running error over the steps ahead, a line with a band for each policy.

        Args:
            ax: Where to draw; a new figure by default.

        Returns:
            The axes.
        """
        from freerun.comparison.picture import draw

        return draw(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """Return numbers, lists and names for JSON; None stands for what is not finite."""
        plain = _plain({
            "baseline": self.baseline,
            "horizon": self.horizon,
            "horizons": list(self.horizons),
            "seeds": list(self.seeds),
            "unit": self.unit or "as in the data",
            "failed": self.failed,
            "rows": [{**asdict(row), "failed": row.failed, **_verdicts(row)} for row in self.rows],
            "trivial": self.trivial,
            "trials": [
                {**_without_trivial(one), "ratio": one.ratio} for one in self.outcomes
            ],
        })  # fmt: skip
        assert isinstance(plain, dict)
        return plain

    def __str__(self) -> str:
        return self.table()

    def _row(self, name: str) -> Row:
        found, tried = self.succeeded(name), self.of(name)

        def spread(figure: Callable[[Outcome], float]) -> Spread:
            # What was observed nowhere at some step ahead is NaN there, for all trials alike.
            return Spread.of([value for one in found if math.isfinite(value := figure(one))])

        return Row(
            forcing=name,
            seeds=len(tried),
            not_finite=sum(one.failure == "not finite" for one in tried),
            diverged=sum(one.failure == "diverged" for one in tried),
            one_step=spread(lambda one: one.one_step),
            ahead={k: spread(lambda one, k=k: one.by_step[k - 1]) for k in self.horizons},  # type: ignore[misc]
            free_running=spread(lambda one: one.free_running),
            ratio=spread(lambda one: one.ratio),
            seconds=spread(lambda one: one.seconds),
            one_step_beside=self._beside(name, lambda one: one.one_step),
            free_running_beside=self._beside(name, lambda one: one.free_running),
        )

    def _beside(self, name: str, figure: Callable[[Outcome], float]) -> Difference:
        """Paired by seed, where neither failed."""
        mine = {one.seed: figure(one) for one in self.succeeded(name)}
        other = {one.seed: figure(one) for one in self.succeeded(self.baseline)}
        both = [seed for seed in self.seeds if seed in mine and seed in other]
        return Difference.of([mine[seed] for seed in both], [other[seed] for seed in both])


def _verdicts(row: Row) -> dict[str, str]:
    return {
        "one_step_verdict": row.one_step_beside.verdict,
        "free_running_verdict": row.free_running_beside.verdict,
    }


def _without_trivial(outcome: Outcome) -> dict[str, Any]:
    kept = asdict(outcome)
    del kept["trivial"]  # the same of every trial, and said once
    return kept


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
