"""The output edge of one row: from o to g(o), mixed with the truth, and the gradient back.

    f = w y + (1 - w) g(o)

Where w is 0 or 1 the other is selected away: 0 times NaN is NaN.
"""

import math

from freerun.kernels.equations.odds import choose, sharpen, softmax
from freerun.kernels.equations.scalars import UNIT_SOFTPLUS, scale_of, sigmoid, softplus
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import accumulate, copy, load, size, store

__all__ = ["FEED_CODES", "LOCATION", "feed", "feed_backward", "mix"]

LOCATION, SOFTMAX, SIGMOID, LOG_COUNT, MIXTURE = range(5)
GAUSSIAN, LAPLACE, STUDENT_T, BERNOULLI, CLASS, COMPONENT = range(5, 11)
FEED_CODES = {
    "location": LOCATION, "softmax": SOFTMAX, "sigmoid": SIGMOID, "log_count": LOG_COUNT,
    "mixture": MIXTURE, "gaussian": GAUSSIAN, "laplace": LAPLACE, "student_t": STUDENT_T,
    "bernoulli": BERNOULLI, "class": CLASS, "component": COMPONENT,
}  # fmt: skip
"""What g is, as numbers that kernels can compare; from ``gaussian`` on it is a draw."""

LOG_MEAN_LIMIT = 80.0


@inner
def feed(
    number: Number, kind: int, features: int, width: int, components: int, sharpening: int, o: int,
    noise: int, g: int, room: int,
) -> None:  # fmt: skip
    """g = g(o), one row.

    Args:
        number: tells the type.
        kind: one of ``FEED_CODES``.
        features: of g.
        width: numbers of o, up to whole vectors.
        components: of a mixture.
        sharpening: where the numbers that sharpen the odds of classes are, or 0.
        o: where o is.
        noise: where this row's noise is, for draws.
        g: where g is to be.
        room: ``2 width`` places for what is in between.
    """
    one = size(number)
    if kind == LOCATION:
        copy(number, features, o, g)
    elif kind == SOFTMAX:
        softmax(number, features, width, o, room, 0)
        copy(number, features, room, g)
    elif kind == SIGMOID:
        for index in range(features):
            store(number, g + index * one, type(number)(sigmoid(load(number, o + index * one))))
    elif kind == LOG_COUNT:
        for index in range(features):
            value = load(number, o + index * one)
            if value > LOG_MEAN_LIMIT:
                value = type(number)(LOG_MEAN_LIMIT)
            store(number, g + index * one, type(number)(softplus(value)))
    elif kind == MIXTURE:
        softmax(number, components, (components + 15) // 16 * 16, o, room, 0)
        for index in range(features):
            total = number
            for k in range(components):
                location = load(number, o + (components + k * features + index) * one)
                total += load(number, room + k * one) * location
            store(number, g + index * one, total)
    elif kind in (GAUSSIAN, LAPLACE, STUDENT_T):
        for index in range(features):
            location = load(number, o + index * one)
            scale = scale_of(load(number, o + (features + index) * one))
            draw = _standard(number, kind, features, index, o, noise)
            store(number, g + index * one, type(number)(location + scale * draw))
    elif kind == BERNOULLI:
        for index in range(features):
            odds = sigmoid(load(number, o + index * one))
            drawn = load(number, noise + index * one) < type(number)(odds)
            store(number, g + index * one, type(number)(1.0 if drawn else 0.0))
    elif kind == COMPONENT:
        softmax(number, components, (components + 15) // 16 * 16, o, room, 0)
        u = 0.5 * math.erfc(-load(number, noise) / math.sqrt(2.0))
        chosen = choose(number, components, type(number)(u), room)
        for index in range(features):
            place = o + (components + chosen * features + index) * one
            scale = scale_of(load(number, place + components * features * one))
            draw = load(number, noise + (1 + index) * one)
            store(number, g + index * one, type(number)(load(number, place) + scale * draw))
    else:
        softmax(number, features, width, o, room, sharpening)
        if sharpening:
            sharpen(number, features, sharpening, room, room + width * one)
        chosen = choose(number, features, load(number, noise), room)
        for index in range(features):
            store(number, g + index * one, type(number)(1.0 if index == chosen else 0.0))


@inner
def _standard(number: Number, kind: int, features: int, index: int, o: int, noise: int) -> Number:
    """A draw of location 0 and scale 1, as the head defines it."""
    one = size(number)
    u = load(number, noise + index * one)
    if kind == GAUSSIAN:
        return u * 1.0
    if kind == LAPLACE:
        v = u - 0.5
        sign = 1.0 if v > 0 else (-1.0 if v < 0 else 0.0)
        return -sign * math.log1p(-2 * abs(v))
    freedom = 2 + scale_of(load(number, o + (2 * features + index) * one))
    turn = math.cos(2 * math.pi * load(number, noise + (features + index) * one))
    return math.sqrt(freedom * math.expm1(-2 / freedom * math.log(u))) * turn


@inner
def _freedom_slope(raw: Number, u: Number) -> Number:
    """d log |draw| / d raw of Student's t, whose draw is sqrt(nu E) times what nu is not in.

    E = u^(-2/nu) - 1, and d(nu E)/d nu = E + (E + 1) 2 log u / nu.
    """
    freedom, level = 2 + scale_of(raw), math.log(u)
    rise = math.expm1(-2 / freedom * level)
    slope = (rise + (rise + 1) * 2 * level / freedom) / (2 * freedom * rise)
    return slope * sigmoid(raw + UNIT_SOFTPLUS)


@inner
def mix(number: Number, features: int, w: Number, truth: int, g: int, f: int) -> None:
    """f = w y + (1 - w) g."""
    one = size(number)
    for index in range(features):
        if w == 1:
            value = load(number, truth + index * one)
        elif w == 0:
            value = load(number, g + index * one)
        else:
            y = load(number, truth + index * one)
            value = w * y + (1 - w) * load(number, g + index * one)
        store(number, f + index * one, type(number)(value))


@inner
def feed_backward(
    number: Number, kind: int, features: int, outputs: int, width: int, components: int,
    o: int, noise: int, w: Number, df: int, d_o: int, room: int,
) -> None:  # fmt: skip
    """d_o += (1 - w) g'(o) df, one row. ``room`` has ``2 width`` places and more."""
    if w == 1:
        return
    one, share = size(number), type(number)(1 - w)
    if kind == LOCATION:
        for index in range(features):
            accumulate(number, d_o + index * one, share * load(number, df + index * one))
    elif kind == SOFTMAX:
        softmax(number, features, width, o, room, 0)
        along = number
        for index in range(features):
            along += load(number, room + index * one) * load(number, df + index * one)
        for index in range(features):
            odds = load(number, room + index * one)
            change = odds * (load(number, df + index * one) - along)
            accumulate(number, d_o + index * one, share * change)
    elif kind == SIGMOID:
        for index in range(features):
            odds = type(number)(sigmoid(load(number, o + index * one)))
            slope = odds * (type(number)(1) - odds)
            accumulate(number, d_o + index * one, share * slope * load(number, df + index * one))
    elif kind == LOG_COUNT:
        for index in range(features):
            value = load(number, o + index * one)
            if not value > LOG_MEAN_LIMIT:
                slope = type(number)(sigmoid(value))
                accumulate(
                    number, d_o + index * one, share * slope * load(number, df + index * one)
                )
    elif kind == MIXTURE:
        _mixture_backward(number, features, components, o, share, df, d_o, room)
    elif kind in (GAUSSIAN, LAPLACE, STUDENT_T):
        for index in range(features):
            change = share * load(number, df + index * one)
            raw = load(number, o + (features + index) * one)
            draw = _standard(number, kind, features, index, o, noise)
            slope = type(number)(sigmoid(raw + UNIT_SOFTPLUS) * draw)
            accumulate(number, d_o + index * one, change)
            accumulate(number, d_o + (features + index) * one, change * slope)
            if kind == STUDENT_T:
                place, u = (2 * features + index) * one, load(number, noise + index * one)
                slope = type(number)(_freedom_slope(load(number, o + place), u))
                spread = type(number)(scale_of(raw) * draw)
                accumulate(number, d_o + place, change * spread * slope)


@inner
def _mixture_backward(
    number: Number, features: int, components: int, o: int, share: Number, df: int, d_o: int,
    room: int,
) -> None:  # fmt: skip
    """g = sum_k softmax(logits)_k location_k."""
    one = size(number)
    softmax(number, components, (components + 15) // 16 * 16, o, room, 0)
    mean = number  # of g . df over the components
    for k in range(components):
        along = number
        for index in range(features):
            location = load(number, o + (components + k * features + index) * one)
            along += location * load(number, df + index * one)
        mean += load(number, room + k * one) * along
    for k in range(components):
        odds, along = load(number, room + k * one), number
        for index in range(features):
            place = (components + k * features + index) * one
            change = load(number, df + index * one)
            along += load(number, o + place) * change
            accumulate(number, d_o + place, share * odds * change)
        accumulate(number, d_o + k * one, share * odds * (along - mean))
