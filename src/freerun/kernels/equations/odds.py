"""The odds of classes: made, sharpened, and drawn from."""

from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.lanes import elementwise, exp
from freerun.kernels.machine.memory import copy, load, size, store

__all__ = ["choose", "sharpen", "softmax"]

exp_row = elementwise(exp)


@inner
def softmax(number: Number, count: int, width: int, o: int, target: int, temperature: int) -> None:
    """Put the odds of ``count`` classes, softmax of o / temperature, at ``target``.

    They have ``width`` places, whole vectors. ``temperature`` is an address; 0 stands for 1.
    """
    one = size(number)
    most = load(number, o)
    for index in range(1, count):
        value = load(number, o + index * one)
        if not value <= most:  # NaN too
            most = value
    for index in range(count):
        store(number, target + index * one, load(number, o + index * one) - most)
    if temperature:
        for index in range(count):
            value = load(number, target + index * one) / load(number, temperature)
            store(number, target + index * one, value)
    for index in range(count, width):
        store(number, target + index * one, number)
    exp_row(number, width, (target, target))
    total = number
    for index in range(count):
        total += load(number, target + index * one)
    for index in range(count):
        store(number, target + index * one, load(number, target + index * one) / total)


@inner
def sharpen(number: Number, classes: int, by: int, odds: int, room: int) -> None:
    """Cut a row of odds to the likeliest classes: first the top k, then those that reach top p.

    Args:
        number: tells the type.
        classes: how many.
        by: where temperature, k and p are; k = 0 and p = 1 cut nothing.
        odds: where they are; those that are cut become 0.
        room: ``classes`` places.
    """
    one = size(number)
    most, share = load(number, by + one), load(number, by + 2 * one)
    if 0 < most < classes:
        copy(number, classes, odds, room)
        least = number
        for _ in range(int(most)):
            place = _likeliest(number, classes, room)
            least = load(number, place)
            store(number, place, type(number)(-1))
        for index in range(classes):  # ties with the last one stay
            if load(number, odds + index * one) < least:
                store(number, odds + index * one, number)
    if share < 1:
        total, before = number, number
        for index in range(classes):
            total += load(number, odds + index * one)
        copy(number, classes, odds, room)
        for _ in range(classes):
            if before >= share * total:
                break
            place = _likeliest(number, classes, room)
            before += load(number, place)
            store(number, place, type(number)(-1))
        for index in range(classes):
            if load(number, room + index * one) >= 0:
                store(number, odds + index * one, number)


@inner
def _likeliest(number: Number, classes: int, odds: int) -> int:
    """Where the largest of a row is, the first of several."""
    place, most = odds, load(number, odds)
    for index in range(1, classes):
        value = load(number, odds + index * size(number))
        if value > most:
            place, most = odds + index * size(number), value
    return place


@inner
def choose(number: Number, classes: int, u: Number, odds: int) -> int:
    """The class at quantile ``u`` of odds."""
    one = size(number)
    total = number
    for index in range(classes):
        total += load(number, odds + index * one)
    level, ladder, chosen, top = u * total, number, 0, 0
    before = number
    for index in range(classes):
        ladder += load(number, odds + index * one)
        if ladder < level:
            chosen = index + 1
        if ladder > before:
            top = index
        before = ladder
    return min(chosen, top)
