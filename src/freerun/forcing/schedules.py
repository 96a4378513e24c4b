"""Schedules: how likely the truth is fed back, as training goes on.

    linear            e = a + (b - a) min(1, p / q)          p, the share of training that is done
    exponential       e = b + (a - b) k^i                    i, the epochs that are done
    inverse sigmoid   e = b + (a - b) k / (k + exp(i / k))

from a to b. Where nobody says how many epochs training has, i is 0.

With a = 1 and b = 0 the truth is withdrawn, as Bengio et al. (2015, section 2.4) do; with a = 0 and
b = 1 it comes in, which Teutsch and Maeder (2022) found the better way on chaotic systems.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from freerun._checks import ArgumentError, check_choice, check_number, fail
from freerun.plan import Progress

__all__ = [
    "SCHEDULES",
    "Constant",
    "Exponential",
    "InverseSigmoid",
    "Linear",
    "Schedule",
    "as_schedule",
    "share_at",
]


@runtime_checkable
class Schedule(Protocol):
    """A number from 0 to 1 for every moment of training."""

    def at(self, progress: float) -> float:
        """The number at ``progress``: in training a :class:`freerun.forcing.Progress`."""
        ...


@dataclass(frozen=True)
class Constant:
    """e, always.

    Args:
        value: From 0 to 1.
    """

    value: float = 0.5

    def __post_init__(self) -> None:
        _check_share("Constant", "value", self.value)

    def at(self, progress: float) -> float:
        """The value."""
        return self.value


@dataclass(frozen=True)
class Linear:
    """e = start + (end - start) min(1, p / over), p the share of training that is done.

    Args:
        start: e when training begins, from 0 to 1.
        end: e from ``over`` on, from 0 to 1.
        over: The share of training in which e changes, above 0 and at most 1.

    Example:
        >>> [Linear(over=0.5).at(p) for p in (0.0, 0.25, 0.5, 1.0)]
        [1.0, 0.5, 0.0, 0.0]
    """

    start: float = 1.0
    end: float = 0.0
    over: float = 1.0

    def __post_init__(self) -> None:
        _check_share("Linear", "start", self.start)
        _check_share("Linear", "end", self.end)
        if _check_share("Linear", "over", self.over) == 0:
            fail("Linear", "over must be above 0", self.over, "Pass over=0.5, say.")

    def at(self, progress: float) -> float:
        """The value at this share of training."""
        return self.start + (self.end - self.start) * min(1.0, progress / self.over)


@dataclass(frozen=True)
class Exponential:
    """e = end + (start - end) k^i, i the epochs that are done.

    Args:
        k: From 0 to 1; the nearer to 1, the slower.
        start: e when training begins, from 0 to 1.
        end: What e comes near to, from 0 to 1.

    Example:
        >>> from freerun.forcing import Progress
        >>> Exponential(k=0.5).at(Progress(0.2, epochs=10))
        0.25
    """

    k: float = 0.95
    start: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        for name in ("k", "start", "end"):
            _check_share("Exponential", name, getattr(self, name))

    def at(self, progress: float) -> float:
        """The value after so many epochs."""
        return float(self.end + (self.start - self.end) * self.k ** _epoch(progress))


@dataclass(frozen=True)
class InverseSigmoid:
    """e = end + (start - end) k / (k + exp(i / k)), i the epochs that are done.

    Args:
        k: 1 or more; the larger, the later: halfway at i = k log k.
        start: Near to what e is when training begins (k / (k + 1) of the way back from ``end``).
        end: What e comes near to, from 0 to 1.

    Example:
        >>> from freerun.forcing import Progress
        >>> round(InverseSigmoid(k=10).at(Progress(0.0, epochs=100)), 3)
        0.909
    """

    k: float = 10.0
    start: float = 1.0
    end: float = 0.0

    def __post_init__(self) -> None:
        check_number("InverseSigmoid", "k", self.k, 1.0)
        _check_share("InverseSigmoid", "start", self.start)
        _check_share("InverseSigmoid", "end", self.end)

    def at(self, progress: float) -> float:
        """The value after so many epochs."""
        # k / (k + exp(i / k)), written so that nothing overflows.
        falling = 1 / (1 + math.exp(min(_epoch(progress) / self.k - math.log(self.k), 700.0)))
        return self.end + (self.start - self.end) * falling


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "linear": Linear,
    "exponential": Exponential,
    "inverse_sigmoid": InverseSigmoid,
}
"""Every schedule by the name that stands for its default."""


def as_schedule(where: str, given: object) -> Schedule:
    """A schedule, a name of one, or a number that never changes.

    Raises:
        ArgumentError: It is none of these.
    """
    if isinstance(given, str):
        return SCHEDULES[check_choice(where, "schedule", given, SCHEDULES)]()
    if isinstance(given, Schedule) and not isinstance(given, type):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        return Constant(_check_share(where, "schedule", given))
    known = ", ".join(map(repr, SCHEDULES))
    fix = "Pass schedule='linear', say."
    fail(
        where,
        f"schedule must be a schedule, a number from 0 to 1, or one of {known}",
        repr(given),
        fix,
    )


def share_at(schedule: Schedule, progress: float) -> float:
    """What the schedule says at ``progress``.

    Raises:
        ArgumentError: It says something else than a number from 0 to 1.
    """
    found = schedule.at(progress)
    try:
        return _check_share("", "", found)
    except ArgumentError:
        where, fix = f"{type(schedule).__name__}.at", "Clamp it: min(1.0, max(0.0, value)), say."
        expected = f"a schedule's value must be a number from 0 to 1, at progress {progress:g}"
        fail(where, expected, repr(found), fix)


def _epoch(progress: float) -> float:
    return progress.epoch if isinstance(progress, Progress) else 0.0


def _check_share(where: str, name: str, value: object) -> float:
    return check_number(where, name, value, 0.0, 1.0)
