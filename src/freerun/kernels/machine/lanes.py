"""Arithmetic on whole vectors: what a kernel does to every unit of a row, written as its equation.

    @elementwise
    def tanh_backward(dh, h):
        return dh * (1 - h * h)

makes a function for kernels, ``tanh_backward(number, count, dh, h, out)``, that goes over ``count``
numbers at the addresses given. A Python function of :class:`Lanes` becomes LLVM's vector
instructions directly, so that every equation runs on full vectors on any machine; nothing is left
to an auto-vectoriser's judgement.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import for_range_slice, get_or_insert_function

from freerun.kernels.machine.compiled import primitive
from freerun.kernels.machine.tile import LANE_BYTES, element_type, lanes_of, pointer_to

__all__ = ["Lanes", "elementwise", "exp", "quick_tanh", "sigmoid", "tanh"]

FUSE = ("contract",)
"""A product and a sum may become one instruction; nothing else of IEEE arithmetic is given up."""


class Lanes:
    """A vector of numbers in a kernel that is being written; its operators write instructions."""

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder = builder
        self.value = value
        self.wide = value.type.element == ir.DoubleType()
        self.count = value.type.count

    def number(self, value: float) -> "Lanes":
        """The same number in every lane."""
        return Lanes(self.builder, ir.Constant(self.value.type, [float(value)] * self.count))

    def _other(self, other: "Lanes | float") -> ir.Value:
        return other.value if isinstance(other, Lanes) else self.number(other).value

    def __add__(self, other: "Lanes | float") -> "Lanes":
        return Lanes(self.builder, self.builder.fadd(self.value, self._other(other), flags=FUSE))

    def __sub__(self, other: "Lanes | float") -> "Lanes":
        return Lanes(self.builder, self.builder.fsub(self.value, self._other(other), flags=FUSE))

    def __mul__(self, other: "Lanes | float") -> "Lanes":
        return Lanes(self.builder, self.builder.fmul(self.value, self._other(other), flags=FUSE))

    def __truediv__(self, other: "Lanes | float") -> "Lanes":
        return Lanes(self.builder, self.builder.fdiv(self.value, self._other(other)))

    def __radd__(self, other: float) -> "Lanes":
        return self + other

    def __rmul__(self, other: float) -> "Lanes":
        return self * other

    def __rsub__(self, other: float) -> "Lanes":
        return self.number(other) - self

    def __rtruediv__(self, other: float) -> "Lanes":
        return self.number(other) / self

    def __neg__(self) -> "Lanes":
        return Lanes(self.builder, self.builder.fneg(self.value))

    def at_most(self, limit: float) -> "Lanes":
        """The lesser of each lane and ``limit``; NaN stays NaN."""
        return self._where(self.builder.fcmp_ordered(">", self.value, self._other(limit)), limit)

    def at_least(self, limit: float) -> "Lanes":
        """The greater of each lane and ``limit``; NaN stays NaN."""
        return self._where(self.builder.fcmp_ordered("<", self.value, self._other(limit)), limit)

    def where_positive(self, yes: "Lanes", no: float) -> "Lanes":
        """``yes`` where this is above 0, or NaN; else ``no``."""
        is_positive = self.builder.fcmp_unordered(">", self.value, self._other(0.0))
        return Lanes(self.builder, self.builder.select(is_positive, yes.value, self._other(no)))

    def _where(self, condition: ir.Value, value: float) -> "Lanes":
        return Lanes(self.builder, self.builder.select(condition, self._other(value), self.value))

    def magnitude(self) -> "Lanes":
        """|x|."""
        name = f"llvm.fabs.v{self.count}f{64 if self.wide else 32}"
        kind = ir.FunctionType(self.value.type, [self.value.type])
        function = get_or_insert_function(self.builder.module, kind, name)
        return Lanes(self.builder, self.builder.call(function, [self.value]))

    def with_sign_of(self, other: "Lanes") -> "Lanes":
        """|x| with the other's sign."""
        name = f"llvm.copysign.v{self.count}f{64 if self.wide else 32}"
        kind = ir.FunctionType(self.value.type, [self.value.type] * 2)
        function = get_or_insert_function(self.builder.module, kind, name)
        return Lanes(self.builder, self.builder.call(function, [self.value, other.value]))

    def power_of_two(self, rounded: "Lanes") -> "Lanes":
        """2^n where ``rounded`` = n + 1.5 2^m, m the bits of the mantissa, as n stands in its bits.

        Shifted to the place of the exponent, above which the rest drops out.
        """
        bits = ir.VectorType(ir.IntType(64 if self.wide else 32), self.count)
        mantissa = ir.Constant(bits, [52 if self.wide else 23] * self.count)
        one = self.builder.bitcast(self.number(1.0).value, bits)
        n = self.builder.bitcast(rounded.value, bits)
        exponent = self.builder.add(self.builder.shl(n, mantissa), one)
        return Lanes(self.builder, self.builder.bitcast(exponent, self.value.type))


# --- functions ------------------------------------------------------------------------------------


def _exp_parts(x: Lanes) -> tuple[Lanes, Lanes]:
    """(2^n, e^r - 1) with x = n ln 2 + r, |r| <= ln 2 / 2, to half a last place.

    x must lie where 2^n is a normal number. Source: Cody and Waite 1980, chapter 6; in float64
    Taylor's series, in float32 a polynomial fitted for the least relative error, 1.4e-8.
    """
    magic = 1.5 * 2.0 ** (52 if x.wide else 23)
    high, low = (0.693147182464599609375, -1.904654299957767678e-9)  # n high: exact, or fused
    shifted = x * math.log2(math.e) + magic
    n = shifted - magic
    r = (x - n * high) - n * low
    taylor = tuple(1 / math.factorial(power) for power in range(2, 14))
    return x.power_of_two(shifted), r * r * _series(r, taylor if x.wide else EXP_SERIES) + r


EXP_SERIES = (0.4999999814384001, 0.1666654317472822, 0.04166720186297564, 0.0083665806519301,
              0.0013882504389044906)  # fmt: skip


def _series(x: Lanes, coefficients: Sequence[float]) -> Lanes:
    """sum_k c_k x^k."""
    total = x.number(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def exp(x: Lanes) -> Lanes:
    """e^x; below the least normal number it stays there, and above the greatest too."""
    limit = 708.0 if x.wide else 87.0
    scale, part = _exp_parts(x.at_most(limit).at_least(-limit))
    return scale * part + scale


def sigmoid(x: Lanes) -> Lanes:
    """1 / (1 + e^-x)."""
    return 1 / (1 + exp(-x))


def tanh(x: Lanes) -> Lanes:
    """tanh x = (e^2|x| - 1) / (e^2|x| + 1) with x's sign, to two last places.

    In float64 -(e^-2|x| - 1) / (e^-2|x| + 1).
    """
    size = x.magnitude().at_most(20.0)
    scale, part = _exp_parts((-2 if x.wide else 2) * size)
    less = scale * part + (scale - 1)
    return (less / (-2 - less if x.wide else less + 2)).with_sign_of(x)


def quick_tanh(x: Lanes) -> Lanes:
    """The same; in float32 to three last places in a third less time.

    x P(x^2) / Q(x^2), P = 1 + ... and Q fitted for the least relative error, 2e-8: one division and
    a short way to it, where a step has little else to wait for.
    """
    if x.wide:
        return tanh(x)
    near = x.at_most(9.02).at_least(-9.02)
    square = near * near
    above = near * square * _series(square, TANH_ABOVE) + near
    return (above / _series(square, TANH_BELOW)).at_most(1.0).at_least(-1.0)


TANH_ABOVE = (0.13380369769765, 0.003494805303667888, 2.0596053212188298e-05,
              1.3336352400336192e-08)  # fmt: skip
TANH_BELOW = (1.0, 0.46713685358189594, 0.025874013986669313, 0.00032843481227433813,
              7.769117475848913e-07)  # fmt: skip


# --- functions for kernels ------------------------------------------------------------------------


def elementwise(equation: Callable[..., Any]) -> Callable[..., Any]:
    """Make ``equation``, from vectors to a vector or several, a function over rows of numbers.

    Args:
        equation: positional arguments only.

    Returns:
        ``function(number, count, *inputs, *outputs)`` for kernels: addresses of rows of ``count``
        numbers, whole vectors; an output may be an input's place. ``number`` is a value of the
        element type.
    """
    inputs = len(inspect.signature(equation).parameters)

    def typing(typingctx: Any, number: Any, count: Any, places: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            builder.function.attributes.add("noinline")
            kind = signature.args[0]
            scalar, lanes = element_type(kind), lanes_of(kind)
            vector = ir.VectorType(scalar, lanes)
            at = [builder.extract_value(args[2], place) for place in range(len(places))]
            zero, step = ir.Constant(args[1].type, 0), ir.Constant(args[1].type, lanes)
            size = ir.Constant(ir.IntType(64), LANE_BYTES // lanes)
            with for_range_slice(builder, zero, args[1], step) as (index, _):
                offset = builder.mul(index, size)
                found = [
                    builder.load(pointer_to(builder, builder.add(place, offset), vector))
                    for place in at[:inputs]
                ]
                for value in found:
                    value.align = LANE_BYTES // lanes
                results = equation(*(Lanes(builder, value) for value in found))
                results = results if isinstance(results, tuple) else (results,)
                assert len(results) == len(at) - inputs
                for place, result in zip(at[inputs:], results, strict=True):
                    target = pointer_to(builder, builder.add(place, offset), vector)
                    builder.store(result.value, target).align = LANE_BYTES // lanes
            return context.get_dummy_value()

        return types.void(number, types.int64, places), codegen

    typing.__name__ = equation.__name__
    typing.__doc__ = equation.__doc__
    return primitive(typing)
