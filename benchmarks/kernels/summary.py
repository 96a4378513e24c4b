"""What rows of figures say together: by group, and the cells that lose."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.kernels.case import Case
from benchmarks.kernels.disturbance import MUCH
from benchmarks.kernels.peers import OURS

__all__ = ["Row", "groups", "losing", "rows_of"]

LIMITS = ("limit, whole", "limit, in blocks")


@dataclass(frozen=True)
class Row:
    """The figures of one case; None stands for what was not measured.

    Attributes:
        case: which.
        figures: as ``measure`` returned them.
        rate: of the machine's matrix products, multiplications and additions a second.
    """

    case: Case
    figures: dict[str, Any]
    rate: float

    @property
    def group(self) -> str:
        """The table that it belongs to."""
        case = self.case
        titles = {
            "hidden": f"hidden recurrence, {case.cell}, forward and backward",
            "free": "output recurrence, free-running BPTT",
            "teacher": "output recurrence, teacher forced",
            "closed": f"closed loop, {'one path' if case.B == 1 else f'{case.B} paths'}, a step",
            "session": "closed loop, one call for every step",
            "fit": "a training step of fit",
        }
        return titles[case.family]

    def seconds(self, name: str = OURS) -> float | None:
        """The median time of one contestant."""
        times = self.figures["times"].get(name)
        return None if times is None else times["median"]

    def ratio(self, name: str | None) -> dict[str, float] | None:
        """The spread of a peer's time over ours."""
        found: dict[str, float] | None = self.figures["ratios"].get(name)
        return found

    @property
    def fastest(self) -> dict[str, float] | None:
        """The spread of the fastest peer's time over ours."""
        return self.ratio(self.figures["fastest"])

    @property
    def speed(self) -> float | None:
        """Multiplications and additions of our matrix products, a second."""
        seconds = self.seconds()
        return None if seconds is None else self.figures["operations"] / seconds

    @property
    def share(self) -> float | None:
        """Our speed over that of the machine's matrix products."""
        return None if self.speed is None else self.speed / self.rate

    @property
    def share_of_limit(self) -> float | None:
        """The measured limit's time over ours, the better of both ways to measure it."""
        found = [ratio["median"] for name in LIMITS if (ratio := self.ratio(name))]
        return min(found, default=None)

    @property
    def is_disturbed(self) -> bool:
        """Whether other processes took so much that the figures say little."""
        return (self.figures["others"] or 0.0) > MUCH

    @property
    def overhead(self) -> float | None:
        """What ``fit`` adds to forward, loss and backward, as a part of these."""
        ratio = self.ratio("forward, loss, backward")
        return None if ratio is None else 1 / ratio["median"] - 1


def rows_of(content: dict[str, Any]) -> list[Row]:
    """The rows of a run, with the better of its rates of matrix products."""
    rate = max(found["best"] for found in content["rate"].values())
    return [Row(Case(**figures["case"]), figures, rate) for figures in content["rows"]]


def groups(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by the table that they belong to, in order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.group, []).append(row)
    return found


def losing(rows: Iterable[Row]) -> list[Row]:
    """The cells where a peer is faster than freerun, the worst first."""
    slower = [(row.fastest["median"], row) for row in rows if row.fastest is not None]
    slower = [pair for pair in slower if pair[0] < 1 and pair[1].case.family != "fit"]
    return [row for _, row in sorted(slower, key=lambda pair: pair[0])]
