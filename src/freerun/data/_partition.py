"""Where series are cut in time, and which sequences go to which part."""

from numbers import Integral

import torch
from torch import Tensor

from freerun._checks import check_integer, check_number, fail

__all__ = ["sequence_groups", "steps_before_cut"]


def steps_before_cut(lengths: Tensor, at: float) -> Tensor:
    """Return how many steps of each series come before the cut, (series,), some on each side.

    Args:
        lengths: Steps of each series, (series,).
        at: A fraction in (0, 1), or whole steps from the start, or if negative from the end.
    """
    where = "Sequences.split"
    if isinstance(at, Integral):
        step = check_integer(where, "at", at, -int(lengths.max()), int(lengths.max()))
        steps = torch.full_like(lengths, step) if step >= 0 else lengths + step
    else:
        fraction = check_number(where, "at", at, 0.0, 1.0)
        # 0.29 * 100 is 28.999999999999996, but 29 steps are meant.
        steps = (lengths.double() * fraction + 1e-9).floor().long()
    empty = ((steps < 1) | (steps >= lengths)).nonzero()
    if len(empty):
        number = int(empty[0])
        got = f"a cut after {int(steps[number])} of {int(lengths[number])} steps in series {number}"
        fix = "Cut nearer the middle, or leave out short series."
        fail(where, "a cut must leave a step or more on each side", got, fix)
    return steps


def sequence_groups(
    count: int, fraction: float, seed: int, classes: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return the numbers of the sequences of either part, ascending, drawn at random.

    With ``classes``, (count,), each class is spread evenly over the draw: a sequence's place is its
    random rank within its class over the size of that class.
    """
    where = "Sequences.split_sequences"
    check_number(where, "fraction", fraction, 0.0, 1.0)
    check_integer(where, "seed", seed, 0)
    first = int(count * fraction + 0.5)
    if not 0 < first < count:
        got = f"{first} of {count} with fraction={fraction:g}"
        fail(where, "each part needs a sequence or more", got, "Pass a fraction nearer 0.5.")
    draw = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    if classes is not None:
        drawn = classes[draw]
        grouped = torch.argsort(drawn, stable=True)
        sizes = torch.bincount(drawn)
        begin = sizes.cumsum(0) - sizes
        label = drawn[grouped]
        place = (torch.arange(count) - begin[label] + 0.5) / sizes[label]
        # Ties between classes of one size are broken by the draw, not by the number of the class.
        by_draw = torch.empty(count, dtype=place.dtype)
        by_draw[grouped] = place
        draw = draw[torch.argsort(by_draw, stable=True)]
    return draw[:first].sort().values, draw[first:].sort().values
