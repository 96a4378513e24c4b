"""The whole grid, the thinned one, and the part of them that was asked for."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.kernels.case import Case

__all__ = ["COMPILED", "chosen", "quick_grid", "whole_grid"]

INPUTS = 32
BATCHES, STEPS, WIDTHS, OUTPUTS = (1, 8, 32, 128), (50, 200, 1000), (16, 64, 256, 512), (1, 8, 64)
CELLS = ("tanh", "gru", "lstm")
ONE_PATH_STEPS, MANY_PATHS_STEPS, SESSION_STEPS = 5000, 200, 200
FIT_SIZE = (32, 100, 64)

COMPILED = {
    "hidden": {("tanh", 32, 64, 0), ("lstm", 32, 64, 0)},
    "free": {("tanh", 32, 64, 8)},
}
"""Where ``torch.compile`` takes part, at T = 50: cell, B, H, O. It unrolls the loop, and takes a
minute or more for each; elsewhere its column says so."""


def hidden(cell: str, B: int, T: int, H: int) -> Case:
    """A case of hidden recurrence."""
    return Case("hidden", "hidden", cell, B, T, H, 0, INPUTS)


def output(family: str, B: int, T: int, H: int, O: int) -> Case:  # noqa: E741
    """A case of output recurrence, ``"free"`` or ``"teacher"``."""
    return Case(family, "output", "tanh", B, T, H, O, INPUTS)


def closed(recurrence: str, paths: int, steps: int, H: int, family: str = "closed") -> Case:
    """A case of the closed loop: an autonomous network with one output."""
    return Case(family, recurrence, "tanh", paths, steps, H, 1, 0)


def whole_grid() -> list[Case]:
    """Every case."""
    cases = [hidden(*sizes) for sizes in itertools.product(CELLS, BATCHES, STEPS, WIDTHS)]
    for family in ("free", "teacher"):
        sizes = itertools.product(BATCHES, STEPS, WIDTHS, OUTPUTS)
        cases += [output(family, *each) for each in sizes]
    return cases + list(_small_families())


def quick_grid() -> list[Case]:
    """A case or more of everything."""
    cases = [
        hidden("tanh", B, T, H)
        for B, T, H in itertools.product((1, 32), (50, 200), (16, 64, 256))
    ]  # fmt: skip
    cases += [hidden("tanh", 8, 1000, 64), hidden("tanh", 128, 50, 512)]
    cases += [
        hidden(cell, B, 50, H)
        for cell in ("gru", "lstm")
        for B, H in ((1, 16), (32, 64), (32, 256))
    ]
    for family in ("free", "teacher"):
        sizes = [(1, 50, 16, 1), (8, 200, 64, 1), (32, 50, 64, 8), (128, 200, 64, 8)]
        sizes += [(8, 50, 256, 64), (32, 200, 256, 8), (8, 1000, 64, 8)]
        cases += [output(family, *each) for each in sizes]
    return cases + list(_small_families())


def _small_families() -> Iterator[Case]:
    for recurrence in ("output", "both"):
        yield closed(recurrence, 1, ONE_PATH_STEPS, 64)
    for recurrence, H in itertools.product(("output", "both"), (64, 256)):
        yield closed(recurrence, 1000, MANY_PATHS_STEPS, H)
    for recurrence in ("output", "both"):
        yield closed(recurrence, 1, SESSION_STEPS, 64, family="session")
    B, T, H = FIT_SIZE
    yield Case("fit", "output", "tanh", B, T, H, 8, INPUTS)
    yield Case("fit", "hidden", "tanh", B, T, H, 8, INPUTS)


def chosen(cases: Iterable[Case], wanted: Mapping[str, Sequence[object] | None]) -> list[Case]:
    """The cases whose attributes are among the wanted ones; None wants all."""
    return [
        case
        for case in cases
        if all(values is None or getattr(case, name) in values for name, values in wanted.items())
    ]
