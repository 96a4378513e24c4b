"""What the columns of a table mean: kept with a run, so that other files are read alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .clock import Clock

__all__ = ["Column", "Schema"]

NUMBER, BOOLEAN, CATEGORY = KINDS = ("number", "boolean", "category")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its name.
        kind: ``"number"``, ``"boolean"`` or ``"category"``.
        categories: Of a category, in order; one channel each, as an input.
        marks_missing: Whether, as an input, it has a channel more: 1 where it was missing.
    """

    name: str
    kind: str = NUMBER
    categories: tuple[str, ...] = ()
    marks_missing: bool = False

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels that it becomes as an input."""
        names: tuple[str, ...] = (self.name,)
        if self.kind == CATEGORY:
            names = tuple(f"{self.name}={value}" for value in self.categories)
        return (*names, f"{self.name} missing") if self.marks_missing else names

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "categories": list(self.categories),
            "marks_missing": self.marks_missing,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Column":
        """Rebuild what `to_dict` returned."""
        return cls(
            str(values["name"]),
            str(values["kind"]),
            tuple(str(one) for one in values["categories"]),
            bool(values["marks_missing"]),
        )


@dataclass(frozen=True)
class Schema:
    """What the columns of a table mean.

    Attributes:
        task: ``"forecast"``, ``"classify"``, ``"regress"`` or ``"label"``.
        layout: ``"long"``, a row per step of a series, or ``"wide"``, a column per series.
        targets: What is to be predicted. A category has classes.
        known: Inputs that are known ahead, such as prices that one sets oneself.
        observed: Columns known only once they are there; they are predicted beside the targets.
        time: Name of the time column, or None.
        series: Name of the column that tells series apart, or None.
        clock: The distance from step to step, or None without a time column.
        missing: ``"refuse"``, ``"interpolate"`` or ``"mask"``.
    """

    task: str
    layout: str
    targets: tuple[Column, ...]
    known: tuple[Column, ...] = ()
    observed: tuple[Column, ...] = ()
    time: str | None = None
    series: str | None = None
    clock: Clock | None = None
    missing: str = "refuse"

    @property
    def per(self) -> str:
        """``"step"``, or ``"sequence"`` where a series has one target."""
        return "sequence" if self.task in ("classify", "regress") else "step"

    @property
    def is_of_classes(self) -> bool:
        """Whether the target is a class."""
        return self.targets[0].kind != NUMBER

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all that is predicted: the targets first."""
        return tuple(one.name for one in (*self.targets, *self.observed))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the channels of x."""
        return tuple(name for one in self.known for name in one.channels)

    def describe(self) -> list[str]:
        """What it says, a line each."""
        lines = [f"target: {_listed(self.targets)}, one per {self.per}"]
        if self.known:
            lines.append(f"inputs known ahead: {_listed(self.known)}")
        if self.observed:
            lines.append(f"observed beside it: {_listed(self.observed)}")
        if self.time is not None:
            every = "" if self.clock is None else f", a step is {self.clock}"
            lines.append(f"time: {self.time}{every}")
        if self.series is not None:
            lines.append(f"series: {self.series}")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {
            "task": self.task,
            "layout": self.layout,
            "targets": [one.to_dict() for one in self.targets],
            "known": [one.to_dict() for one in self.known],
            "observed": [one.to_dict() for one in self.observed],
            "time": self.time,
            "series": self.series,
            "clock": None if self.clock is None else self.clock.to_dict(),
            "missing": self.missing,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Schema":
        """Rebuild what `to_dict` returned."""
        columns: dict[str, Any] = {
            role: tuple(Column.from_dict(one) for one in values[role])
            for role in ("targets", "known", "observed")
        }
        clock = None if values["clock"] is None else Clock.from_dict(values["clock"])
        rest = {name: values[name] for name in ("task", "layout", "time", "series", "missing")}
        return cls(**columns, clock=clock, **rest)


def _listed(columns: tuple[Column, ...]) -> str:
    return ", ".join(
        one.name
        if one.kind == NUMBER
        else f"{one.name} ({len(one.categories)} categories)"
        if one.kind == CATEGORY
        else f"{one.name} (true or false)"
        for one in columns
    )
