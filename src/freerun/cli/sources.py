"""Where the data of a command comes from: by now, the sets that ship."""

from dataclasses import dataclass

import torch

from freerun._checks import fail
from freerun.cli.reading import choose, fold
from freerun.cli.recipes import RECIPES
from freerun.data import Sequences, datasets

__all__ = ["Source", "check_same_classes", "load"]


@dataclass(frozen=True)
class Source:
    """Data for a task.

    Attributes:
        name: What the user calls it.
        train: The part to train on, before windows are cut.
        test: The part to measure on.
    """

    name: str
    train: Sequences
    test: Sequences

    @property
    def everything(self) -> torch.Tensor:
        """All that was observed of the last series, up to its end: targets, (time, ...)."""
        assert self.test.y_flat is not None
        return self.test.y_flat[int(self.test.origin[-1]) : int(self.test.stop[-1])]


def load(task: str, name: str) -> Source:
    """Load what ``name`` says, in the form that ``task`` learns from.

    Raises:
        ArgumentError: There is no such data, or it is for another task.
    """
    sets = RECIPES[task].sets
    name = {fold(known): known for known in datasets.names()}.get(fold(name), name)
    if name in datasets.names() and name not in sets:
        tasks = [other for other, recipe in RECIPES.items() if name in recipe.sets]
        uses = " or ".join(f"`freerun train {other}`" for other in tasks)
        fix = f"{name} is for {uses}." if tasks else f"Use {sets[0]}."
        fail("freerun", f"DATA for {task} must be {' or '.join(sets)}", name, fix)
    name = choose(f"DATA for {task}", name, sets)
    train, test = datasets.load(name)
    if task == "label":
        train, test = _at_every_step(train), _at_every_step(test)
    return Source(name, train, test)


def check_same_classes(kept: list[str] | None, data: Sequences) -> None:
    """Refuse data whose classes are not those that a run was trained on."""
    classes = None if data.classes is None else list(data.classes)
    if kept != classes:
        fix = "Leave DATA out to use the set that the run was trained on."
        got = "none" if classes is None else f"{len(classes)} others"
        fail("freerun: DATA", "its classes must be those of the run", got, fix)


def _at_every_step(data: Sequences) -> Sequences:
    """Repeat each sequence's label at each of its steps."""
    inputs = [x for x, _ in data if x is not None]
    labels = [y.expand(len(x)) for x, (_, y) in zip(inputs, data, strict=True)]
    return Sequences(inputs, labels, classes=data.classes)
