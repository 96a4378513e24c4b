"""Functions of one number that heads share."""

import math

from freerun.kernels.machine.compiled import Number, inner

__all__ = ["UNIT_SOFTPLUS", "scale_of", "sigmoid", "softplus"]

UNIT_SOFTPLUS = 0.5413248546129181  # softplus of it is 1: the scale that o = 0 means
SCALE_FLOOR = 1e-4


@inner
def sigmoid(x: Number) -> Number:
    """1 / (1 + e^-x)."""
    return 1 / (1 + math.exp(-x))


@inner
def softplus(x: Number) -> Number:
    """log(1 + e^x)."""
    return x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x))


@inner
def scale_of(raw: Number) -> Number:
    """The scale that a head reads off o."""
    return softplus(raw + UNIT_SOFTPLUS) + SCALE_FLOOR
