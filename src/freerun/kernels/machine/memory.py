"""Plain memory in a kernel: numbers at addresses, and copies of rows."""

from typing import Any

from llvmlite import ir
from numba.core import types

from freerun.kernels.machine.compiled import Number, inner, primitive
from freerun.kernels.machine.tile import LANE_BYTES, element_type, lanes_of, pointer_to, vector_type

__all__ = [
    "accumulate",
    "add",
    "add_product",
    "clear",
    "copy",
    "lanes",
    "load",
    "load_integer",
    "move",
    "size",
    "store",
    "wipe",
]


@primitive
def size(typingctx: Any, number: Any) -> Any:
    """Bytes of a number of ``number``'s type."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return ir.Constant(ir.IntType(64), LANE_BYTES // lanes_of(signature.args[0]))

    return types.int64(number), codegen


@primitive
def lanes(typingctx: Any, number: Any) -> Any:
    """Numbers in a vector."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return ir.Constant(ir.IntType(64), lanes_of(signature.args[0]))

    return types.int64(number), codegen


@primitive
def load(typingctx: Any, number: Any, address: Any) -> Any:
    """The number at ``address``."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.load(pointer_to(builder, args[1], element_type(signature.args[0])))

    return number(number, types.int64), codegen


@primitive
def load_integer(typingctx: Any, address: Any) -> Any:
    """The int64 at ``address``."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.load(pointer_to(builder, args[0], ir.IntType(64)))

    return types.int64(types.int64), codegen


@primitive
def store(typingctx: Any, number: Any, address: Any, value: Any) -> Any:
    """Put ``value`` at ``address``."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        kind = element_type(signature.args[0])
        builder.store(args[2], pointer_to(builder, args[1], kind))
        return context.get_dummy_value()

    return types.void(number, types.int64, number), codegen


@primitive
def move(typingctx: Any, number: Any, source: Any, target: Any) -> Any:
    """target = source, one vector of numbers."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        vector, align = vector_type(signature.args[0]), LANE_BYTES // lanes_of(signature.args[0])
        found = builder.load(pointer_to(builder, args[1], vector), align=align)
        builder.store(found, pointer_to(builder, args[2], vector), align=align)
        return context.get_dummy_value()

    return types.void(number, types.int64, types.int64), codegen


@primitive
def wipe(typingctx: Any, number: Any, target: Any) -> Any:
    """target = 0, one vector of numbers."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        vector, align = vector_type(signature.args[0]), LANE_BYTES // lanes_of(signature.args[0])
        zeros = ir.Constant(vector, [0.0] * vector.count)
        builder.store(zeros, pointer_to(builder, args[1], vector), align=align)
        return context.get_dummy_value()

    return types.void(number, types.int64), codegen


@inner
def copy(number: Number, count: int, source: int, target: int) -> None:
    """target = source, ``count`` numbers side by side."""
    step, wide = size(number), lanes(number)
    while count >= wide:
        move(number, source, target)
        source, target, count = source + wide * step, target + wide * step, count - wide
    for index in range(count):
        store(number, target + index * step, load(number, source + index * step))


@inner
def clear(number: Number, count: int, target: int) -> None:
    """target = 0, ``count`` numbers side by side."""
    step, wide = size(number), lanes(number)
    while count >= wide:
        wipe(number, target)
        target, count = target + wide * step, count - wide
    for index in range(count):
        store(number, target + index * step, number)


@inner
def add(number: Number, count: int, source: int, target: int) -> None:
    """target += source, ``count`` numbers side by side."""
    step = size(number)
    for index in range(count):
        place = target + index * step
        store(number, place, load(number, place) + load(number, source + index * step))


@inner
def add_product(number: Number, count: int, one: int, other: int, target: int) -> None:
    """target += one * other, ``count`` numbers side by side."""
    step = size(number)
    for index in range(count):
        place = target + index * step
        change = load(number, one + index * step) * load(number, other + index * step)
        store(number, place, load(number, place) + change)


@inner
def accumulate(number: Number, place: int, change: Number) -> None:
    """Add ``change`` to the number at ``place``."""
    store(number, place, load(number, place) + change)
