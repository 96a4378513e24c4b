"""The loss of one row, - log p(y | o), and its gradient: what every head says of the truth.

point        0.5 sum (y - o)^2
gaussian     sum 0.5 ((y - m) / s)^2 + log s + 0.5 log 2 pi       o = (m, raw), s = scale(raw)
laplace      sum |y - m| / s + log 2 s
bernoulli    sum log(1 + e^o) - o y
class        log sum_k e^(o_k) - o_y
"""

import math

from freerun.kernels.equations.odds import softmax
from freerun.kernels.equations.scalars import UNIT_SOFTPLUS, scale_of, sigmoid, softplus
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import accumulate, load, load_integer, size

__all__ = ["SCORE_CODES", "score", "score_backward"]

POINT, GAUSSIAN, LAPLACE, BERNOULLI, CLASS = range(1, 6)
SCORE_CODES = {
    "": 0, "point": POINT, "gaussian": GAUSSIAN, "laplace": LAPLACE, "bernoulli": BERNOULLI,
    "class": CLASS,
}  # fmt: skip
"""Losses as numbers that kernels can compare; 0 is none."""

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


@inner
def score(number: Number, kind: int, outputs: int, width: int, o: int, y: int, room: int) -> Number:
    """- log p(y | o), one row.

    Args:
        number: tells the type.
        kind: one of ``SCORE_CODES``.
        outputs: of y; for classes, of o.
        width: places that o has, whole vectors.
        o: where o is.
        y: where y is: numbers, or one class, int64.
        room: ``width`` places for what is in between.
    """
    one, total = size(number), number
    if kind == POINT:
        for index in range(outputs):
            error = load(number, y + index * one) - load(number, o + index * one)
            total += error * error
        return type(number)(0.5) * total
    if kind == CLASS:
        most = load(number, o)
        for index in range(1, outputs):
            value = load(number, o + index * one)
            if not value <= most:  # NaN too
                most = value
        softmax(number, outputs, width, o, room, 0)
        truth = load_integer(y)
        return type(number)(
            most - load(number, o + truth * one) - math.log(_largest(number, outputs, room))
        )
    for index in range(outputs):
        target = load(number, y + index * one)
        if kind == BERNOULLI:
            logit = load(number, o + index * one)
            total += type(number)(softplus(logit) - logit * target)
        else:
            scale = scale_of(load(number, o + (outputs + index) * one))
            error = (target - load(number, o + index * one)) / scale
            if kind == GAUSSIAN:
                loss = 0.5 * error * error + HALF_LOG_TWO_PI + math.log(scale)
            else:
                loss = abs(error) + math.log(2 * scale)
            total += type(number)(loss)
    return total


@inner
def _largest(number: Number, count: int, odds: int) -> Number:
    """The largest of a row: of softmax(o), e^0 over the sum, for the largest o is taken away."""
    most = load(number, odds)
    for index in range(1, count):
        value = load(number, odds + index * size(number))
        if not value <= most:  # NaN too
            most = value
    return most


@inner
def score_backward(
    number: Number, kind: int, outputs: int, width: int, o: int, y: int, change: Number, d_o: int,
    room: int,
) -> None:  # fmt: skip
    """d_o += change d(- log p(y | o)) / do, one row; the arguments are those of ``score``."""
    one = size(number)
    if kind == CLASS:
        softmax(number, outputs, width, o, room, 0)
        truth = load_integer(y)
        for index in range(outputs):
            part = change * load(number, room + index * one)
            if index == truth:
                part -= change
            accumulate(number, d_o + index * one, part)
        return
    for index in range(outputs):
        place, target = index * one, load(number, y + index * one)
        if kind == POINT:
            accumulate(number, d_o + place, change * (load(number, o + place) - target))
        elif kind == BERNOULLI:
            slope = type(number)(sigmoid(load(number, o + place)))
            accumulate(number, d_o + place, change * (slope - target))
        else:
            behind = (outputs + index) * one
            raw = load(number, o + behind)
            scale, slope = scale_of(raw), sigmoid(raw + UNIT_SOFTPLUS)
            error = (target - load(number, o + place)) / scale
            if kind == GAUSSIAN:
                location, spread = -error / scale, (1 - error * error) / scale
            else:
                sign = 1.0 if error > 0 else (-1.0 if error < 0 else 0.0)
                location, spread = -sign / scale, (1 - abs(error)) / scale
            accumulate(number, d_o + place, type(number)(change * location))
            accumulate(number, d_o + behind, type(number)(change * spread * slope))
