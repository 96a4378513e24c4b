"""What a report is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from freerun.data import Levels, Sequences
from freerun.data.tables import show_time
from freerun.network import RecurrentNetwork

__all__ = ["Subject"]


@dataclass(frozen=True, eq=False)
class Subject:
    """A network, and the data that it is measured on.

    Attributes:
        name: What the run is called.
        task: ``"forecast"``, ``"classify"``, ``"regress"``, ``"label"`` or ``"text"``.
        net: The network.
        data: What it is measured on, in units of ``levels``.
        whole: All series that ``data`` are parts of, over the same storage.
        part: Which part of the data that is, in words.
        source: What the data are called.
        trained_on: What was trained on, in words.
        levels: Where each series of ``data`` lies, or None where they are in the user's units.
        keys: What each series of ``whole`` is called, or empty.
        inputs: Names of the inputs.
        outputs: Names of the outputs; empty for classes.
        classes: Names of the classes; empty for numbers.
        times: The time of every row of the storage, or None.
        horizon: Steps ahead that forecasts are judged by.
        widening: How many times as far from the forecast paths lie as the network's own.
        unit: Of text: ``"characters"``, ``"words"`` or ``"bytes"``.
        history: A row for each epoch.
        settings: How it was trained, as name and value.
        figures: What `freerun evaluate` says of it.
    """

    name: str
    task: str
    net: RecurrentNetwork
    data: Sequences
    whole: Sequences
    part: str
    source: str
    trained_on: str = ""
    levels: Levels | None = None
    keys: Sequence[str] = ()
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    classes: Sequence[str] = ()
    times: "np.ndarray[Any, Any] | None" = None
    horizon: int = 1
    widening: float = 1.0
    unit: str = "characters"
    history: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)

    def number(self, row: int) -> int:
        """Which series of ``whole`` a row of the storage is in, from 0."""
        return int(np.searchsorted(self.whole.origin.numpy(), row, side="right")) - 1

    def key(self, row: int) -> str:
        """What the series of a row of the storage is called."""
        number = self.number(row)
        named = self.keys[number] if number < len(self.keys) else ""
        if named or len(self.whole) == 1:
            return named
        return f"{'series' if self.task == 'forecast' else 'sequence'} {number + 1}"

    def when(self, row: int) -> Any:
        """The time of a row of the storage; without times its step in its series, from 1."""
        if self.times is not None:
            time = self.times[row]
            if isinstance(time, np.datetime64):
                return show_time(time)
            return int(time) if float(time).is_integer() else float(time)
        return row - int(self.whole.origin[self.number(row)]) + 1

    def output(self, number: int) -> str:
        """What an output is called."""
        return self.outputs[number] if number < len(self.outputs) else f"y{number + 1}"

    def named_class(self, number: int) -> str:
        """What a class is called."""
        return self.classes[number] if number < len(self.classes) else str(number)
