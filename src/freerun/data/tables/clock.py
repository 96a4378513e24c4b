"""Time columns: how far a step is, whether every step is there, and what comes after the last."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

__all__ = ["Clock", "Times"]

Times: TypeAlias = "np.ndarray[Any, Any]"
"""datetime64, or numbers."""

MONTH, SPAN, NUMBER = "months", "microseconds", "numbers"

SHORTEST_MONTH = 28 * 86_400_000_000

UNITS = (
    ("day", 86_400_000_000),
    ("hour", 3_600_000_000),
    ("minute", 60_000_000),
    ("second", 1_000_000),
    ("millisecond", 1_000),
    ("microsecond", 1),
)


@dataclass(frozen=True)
class Clock:
    """The distance from one step to the next.

    Attributes:
        unit: ``"months"``, ``"microseconds"`` or ``"numbers"``.
        step: How many of them; whole, but for numbers.

    Example:
        >>> import numpy as np
        >>> days = np.array(["2024-01-31", "2024-02-29", "2024-03-31"], "datetime64[us]")
        >>> clock = Clock.of(days, np.array([True, False, False]))
        >>> print(clock), print(clock.after(days[-1], 2).astype("datetime64[D]"))
        1 month
        ['2024-04-30' '2024-05-31']
        (None, None)
    """

    unit: str
    step: float

    @classmethod
    def of(cls, times: Times, begins: Times) -> "Clock | None":
        """The step that is seen most often.

        Args:
            times: Sorted within each series, series after series, (rows,).
            begins: Where a series begins, (rows,) bool.

        Returns:
            The clock; None where no series has two rows.
        """
        within = ~begins[1:]
        if not within.any():
            return None
        if times.dtype.kind != "M":
            return cls(NUMBER, float(_usual(np.diff(times)[within])))
        usual = int(_usual(np.diff(_microseconds(times))[within]))
        if usual >= SHORTEST_MONTH:
            months = np.diff(_months(times))[within]
            if bool((months > 0).all()) and _is_monthly(times, within):
                return cls(MONTH, int(_usual(months)))
        return cls(SPAN, usual)

    def places(self, times: Times, firsts: Times) -> "np.ndarray[Any, Any]":
        """How many steps each of the times is after its series' first, (rows,); whole if regular.

        Args:
            times: (rows,).
            firsts: The row where each row's series begins, (rows,).
        """
        found = self._numbers(times)
        return (found - found[firsts]) / self.step

    def strays(self, times: Times, begins: Times) -> "np.ndarray[Any, Any]":
        """Where times leave the day that a clock of months keeps, (rows - 1,) bool."""
        within = ~begins[1:]
        if self.unit != MONTH or _is_monthly(times, within):
            return np.zeros(len(within), bool)
        months = times.astype("datetime64[M]").astype("datetime64[us]")
        return within & (
            np.diff(times.astype("datetime64[us]") - months) != np.timedelta64(0, "us")
        )

    def after(self, last: Any, steps: int) -> Times:
        """The ``steps`` times that follow ``last``."""
        ahead = np.arange(1, steps + 1)
        if self.unit == NUMBER:
            found = last + self.step * ahead
            return found.astype(np.int64) if float(last).is_integer() and self.is_whole else found
        if self.unit == SPAN:
            return last + ahead * np.timedelta64(int(self.step), "us")
        month = last.astype("datetime64[M]")
        within = last - month.astype("datetime64[us]")
        is_end = (last + np.timedelta64(1, "D")).astype("datetime64[M]") > month
        months = month + ahead * np.timedelta64(int(self.step), "M")
        length = (months + 1).astype("datetime64[us]") - months.astype("datetime64[us]")
        day = np.timedelta64(1, "D").astype("timedelta64[us]")
        last_day = length - day
        clock_time = within % day
        wanted = np.where(is_end, last_day + clock_time, np.minimum(within, last_day + clock_time))
        return months.astype("datetime64[us]") + wanted

    @property
    def is_whole(self) -> bool:
        """Whether a step is a whole number of its unit."""
        return float(self.step).is_integer()

    def _numbers(self, times: Times) -> "np.ndarray[Any, Any]":
        if self.unit == NUMBER:
            return times.astype(np.float64)
        return (_months(times) if self.unit == MONTH else _microseconds(times)).astype(np.float64)

    def __str__(self) -> str:
        if self.unit == NUMBER:
            return f"{self.step:g}"
        if self.unit == MONTH:
            return (
                _count(int(self.step) // 12, "year")
                if self.step % 12 == 0
                else _count(int(self.step), "month")
            )
        for name, size in UNITS:
            if self.step % size == 0:
                return _count(int(self.step) // size, name)
        return _count(int(self.step), "microsecond")

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {"unit": self.unit, "step": self.step}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Clock":
        """Rebuild what `to_dict` returned."""
        return cls(str(values["unit"]), values["step"])


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _usual(between: "np.ndarray[Any, Any]") -> Any:
    """The most frequent distance; of equally frequent ones the shortest."""
    values, counts = np.unique(between, return_counts=True)
    return values[counts.argmax()]


def _months(times: Times) -> "np.ndarray[Any, Any]":
    return times.astype("datetime64[M]").astype(np.int64)


def _microseconds(times: Times) -> "np.ndarray[Any, Any]":
    return times.astype("datetime64[us]").astype(np.int64)


def _is_monthly(times: Times, within: "np.ndarray[Any, Any]") -> bool:
    """Whether a series stays at one day and time of the month, or at the last day of each."""
    months = times.astype("datetime64[M]")
    offset = times.astype("datetime64[us]") - months.astype("datetime64[us]")
    day = np.timedelta64(1, "D").astype("timedelta64[us]")
    if bool((np.diff(offset)[within] == np.timedelta64(0, "us")).all()):
        return True
    is_last = (times + day).astype("datetime64[M]") > months
    return bool(is_last.all() and (np.diff(offset % day)[within] == np.timedelta64(0, "us")).all())
