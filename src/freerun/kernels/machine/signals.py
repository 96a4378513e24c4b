"""What threads need to work together without the interpreter: LLVM's atomic instructions, a clock.

Addresses are those of int64 numbers.
"""

import sys
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.np.arrayobj import make_array, populate_array

from freerun.kernels.machine.compiled import primitive
from freerun.kernels.machine.tile import pointer_to

__all__ = [
    "HAS_CLOCK",
    "add_up",
    "call_at",
    "count_up",
    "give_way",
    "nanoseconds",
    "numbers_at",
    "peek",
    "post",
    "relax",
    "replace",
    "rows_at",
]

INT = ir.IntType(64)

HAS_CLOCK = sys.platform in ("linux", "darwin")
"""Whether :func:`nanoseconds` runs and :func:`give_way` does."""


@primitive
def peek(typingctx: Any, address: Any) -> Any:
    """The number at ``address``; what its writer wrote before it can be read after."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.load_atomic(pointer_to(builder, args[0], INT), "acquire", 8, typ=INT)

    return types.int64(types.int64), codegen


@primitive
def post(typingctx: Any, address: Any, value: Any) -> Any:
    """Put ``value`` at ``address``, after all that was written before."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        builder.store_atomic(args[1], pointer_to(builder, args[0], INT), "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@primitive
def replace(typingctx: Any, address: Any, expected: Any, value: Any) -> Any:
    """Put ``value`` at ``address`` if ``expected`` is there; whether it was."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        place = pointer_to(builder, args[0], INT)
        found = builder.cmpxchg(place, args[1], args[2], "seq_cst", "seq_cst")
        return builder.extract_value(found, 1)

    return types.boolean(types.int64, types.int64, types.int64), codegen


@primitive
def count_up(typingctx: Any, address: Any) -> Any:
    """Add 1 to the number at ``address``; what it was."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        place = pointer_to(builder, args[0], INT)
        return builder.atomic_rmw("add", place, ir.Constant(INT, 1), "seq_cst")

    return types.int64(types.int64), codegen


@primitive
def relax(typingctx: Any) -> Any:
    """Leave the processor to others for some ten cycles, where it knows how to."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        if builder.module.triple.startswith(("x86", "i386", "i686")):
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(
                cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), []
            )
        return context.get_dummy_value()

    return types.void(), codegen


@primitive
def give_way(typingctx: Any) -> Any:
    """Let another thread run that waits for this processor, where the system has a word for it."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        if "windows" not in builder.module.triple:
            kind = ir.FunctionType(ir.IntType(32), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), codegen


@primitive
def add_up(typingctx: Any, address: Any, change: Any) -> Any:
    """Add to the number at ``address``."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        builder.atomic_rmw("add", pointer_to(builder, args[0], INT), args[1], "seq_cst")
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@primitive
def nanoseconds(typingctx: Any) -> Any:
    """A clock that never goes back; where the system's is not known, one that stands."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        triple = builder.module.triple
        clocks = {"linux": 1, "darwin": 6, "macos": 6}  # CLOCK_MONOTONIC
        number = next((clocks[name] for name in clocks if name in triple), None)
        if number is None:
            return ir.Constant(INT, 0)
        place = cgutils.alloca_once(builder, ir.ArrayType(INT, 2))
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32), place.type])
        function = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        builder.call(function, [ir.Constant(ir.IntType(32), number), place])
        seconds, rest = (builder.extract_value(builder.load(place), part) for part in (0, 1))
        return builder.add(builder.mul(seconds, ir.Constant(INT, 10**9)), rest)

    return types.int64(), codegen


@primitive
def call_at(
    typingctx: Any, number: Any, function: Any, task: Any, first: Any, last: Any, piece: Any,
    room: Any,
) -> Any:  # fmt: skip
    """Call the kernel at the address ``function``."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        convention, kinds = context.call_conv, (signature.args[0], *signature.args[2:])
        kind = convention.get_function_type(types.void, kinds)
        nothing = cgutils.alloca_once(builder, convention.get_return_type(types.void).pointee)
        trouble = cgutils.alloca_once(builder, kind.args[1].pointee)
        builder.call(pointer_to(builder, args[1], kind), [nothing, trouble, args[0], *args[2:]])
        return context.get_dummy_value()

    return types.void(number, *[types.int64] * 6), codegen


def _table(columns: bool) -> Any:
    """A function for kernels: the array of int64 at an address, of rows or of numbers."""
    kind = types.Array(types.int64, 2 if columns else 1, "C")

    @primitive
    def table(typingctx: Any, address: Any, count: Any, width: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            found, one = make_array(kind)(context, builder), ir.Constant(INT, 8)
            shape, strides = [args[1]], [one]
            if columns:
                shape, strides = [args[1], args[2]], [builder.mul(args[2], one), one]
            populate_array(
                found, data=builder.inttoptr(args[0], found.data.type), shape=shape,
                strides=strides, itemsize=one, meminfo=None,
            )  # fmt: skip
            return found._getvalue()

        return kind(types.int64, types.int64, types.int64), codegen

    return table


numbers_at, rows_at = _table(False), _table(True)
