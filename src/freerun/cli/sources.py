"""Where the data of a command comes from: a set that ships, or a file."""

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from freerun._checks import ArgumentError, DataError, FreerunError, fail
from freerun.cli.columns import read_file
from freerun.cli.reading import choose, fold
from freerun.cli.tasks import SETS
from freerun.cli.wording import as_commands
from freerun.data import Levels, Sequences, Table, datasets
from freerun.recipes.holding_back import split

__all__ = ["Source", "fingerprint", "is_file", "load"]


@dataclass(frozen=True)
class Source:
    """Data for a task.

    Attributes:
        name: What the user calls it.
        whole: All of it.
        train: The part to train on, before windows are cut.
        test: The part to measure on, or None.
        table: What was read, where it is a file.
        levels: Where each series of ``whole`` lies, once it was taken out.
        seen: Where each lies in the part to train on: what was taken out of both parts.
    """

    name: str
    whole: Sequences
    train: Sequences
    test: Sequences | None
    table: Table | None = None
    levels: Levels | None = None
    seen: Levels | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """What the series are called."""
        return ("",) * len(self.whole) if self.table is None else self.table.keys

    @property
    def is_whole(self) -> bool:
        """Whether all of a file is measured on."""
        if self.table is None or self.test is None:
            return False
        return bool(self.test.lengths.sum() == self.whole.lengths.sum())

    def leveled(self, scale: str) -> "Source":
        """The same with every series in units of its own, where ``scale`` is ``"series"``."""
        if scale != "series":
            none = Levels.none(len(self.whole), self.whole.output_size or 1)
            return replace(self, levels=none, seen=none)
        seen, whole = Levels.of(self.train), Levels.of(self.whole)
        test = None if self.test is None else seen.remove(self.test)
        return replace(
            self, train=seen.remove(self.train), test=test, whole=whole.remove(self.whole),
            levels=whole, seen=seen,
        )  # fmt: skip


def load(
    task: str, name: str, share: float, seed: int, how: Mapping[str, Any], quiet: bool = True
) -> Source:
    """Load what ``name`` says, in the form that ``task`` learns from.

    Args:
        task: The sub-command of `freerun train`.
        name: A built-in set, or the path of a file or directory.
        share: How much of a file is held back to be measured on; 0 for nothing. Sets that ship
            have a part of their own.
        seed: Of the draw, where whole sequences are held back.
        how: Arguments of `freerun.read`.
        quiet: Do not say what was guessed.

    Raises:
        ArgumentError: There is no such data, or it is for another task.
        DataError: The file cannot be used as it is.
    """
    if not is_file(name):
        return _built_in(task, name)
    try:
        table = read_file(name, task, quiet, "schema" in how, **how)
    except FreerunError as error:
        raise type(error)(as_commands(str(error))) from error
    if table.schema.task != task:
        fix = f"Use `freerun train {table.schema.task}`."
        fail(name, f"data to {task}", f"data to {table.schema.task}", fix, DataError)
    whole = table.sequences
    if share == 0:
        return Source(name, whole, whole, None, table)
    try:
        train, test = split(task, whole, share, seed)
    except ArgumentError:
        count = f"{len(whole)} series" if len(whole) > 1 else "one series"
        shortest = int(whole.lengths.min())
        got = f"a series of {shortest} steps" if task in ("forecast", "text") else count
        expected = f"data must leave a part to train on and, of {share:g}, one to measure on"
        fail(name, expected, got, "Give it more, or --test 0.", DataError)
    return Source(name, whole, train, test, table)


def fingerprint(data: Sequences | None) -> dict[str, int] | None:
    """Enough to tell the part held back from another; None where none was."""
    if data is None:
        return None
    check = 0
    rows = data.covered()
    parts = [one[rows] for one in (data.x_flat, data.y_flat) if one is not None]
    for tensor in (*parts, data.labels):
        if tensor is not None:
            check = zlib.crc32(tensor.contiguous().numpy().tobytes(), check)
    return {"series": len(data), "steps": int(data.lengths.sum()), "values_crc32": check}


def is_file(name: str) -> bool:
    """Whether a file is meant, rather than a set that ships."""
    if fold(name) in {fold(known) for known in datasets.names()}:
        return False
    return os.path.lexists(name) or os.sep in name or bool(Path(name).suffix)


def _built_in(task: str, name: str) -> Source:
    sets = SETS.get(task, ())
    name = {fold(known): known for known in datasets.names()}.get(fold(name), name)
    if name in datasets.names() and name not in sets:
        tasks = [other for other, names in SETS.items() if name in names]
        uses = " or ".join(f"`freerun train {other}`" for other in tasks)
        expected = f"DATA for {task} must be {' or '.join((*sets, 'a file'))}"
        fail("freerun", expected, name, f"{name} is for {uses}.")
    name = choose(f"DATA for {task}, where it is no file,", name, (*sets, "FILE.csv"))
    train, test = datasets.load(name)
    if task == "label":
        train, test = _at_every_step(train), _at_every_step(test)
    whole = test if task not in ("forecast", "text") else _whole(test)
    return Source(name, whole, train, test)


def _whole(test: Sequences) -> Sequences:
    """The series that a test part is the end of."""
    assert test.y_flat is not None
    x = None if test.x_flat is None else [test.x_flat]
    return Sequences(x, [test.y_flat], season=test.season, names=test.names, classes=test.classes)


def _at_every_step(data: Sequences) -> Sequences:
    """Repeat each sequence's label at each of its steps."""
    inputs = [x for x, _ in data if x is not None]
    labels = [y.expand(len(x)) for x, (_, y) in zip(inputs, data, strict=True)]
    return Sequences(inputs, labels, classes=data.classes)
