"""Copies of a matrix in panels of whole vectors of columns, as ``products.product`` reads them."""

from typing import Any

from llvmlite import ir
from numba.core import types

from freerun.kernels.machine.compiled import Number, inner, primitive
from freerun.kernels.machine.memory import lanes, load, move, size, store
from freerun.kernels.machine.tile import LANE_BYTES, element_type, lanes_of, pointer_to

__all__ = ["pack"]

ROWS_AT_A_TIME = 8
"""Rows that are read side by side, as they lie in memory, while every panel gets its part."""


@primitive
def _half(typingctx: Any, number: Any) -> Any:
    """Half the numbers in a vector: rows and columns of a block that :func:`_turn` takes."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return ir.Constant(ir.IntType(64), lanes_of(signature.args[0]) // 2)

    return types.int64(number), codegen


@primitive
def _turn(
    typingctx: Any, number: Any, source: Any, source_row: Any, target: Any, target_row: Any
) -> Any:
    """target = source', a square block of half a vector of rows; strides in numbers.

    Row and column are exchanged bit by bit: Eklundh 1972, IEEE Transactions on Computers C-21.
    """

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        builder.function.attributes.add("noinline")
        scalar, count = element_type(signature.args[0]), lanes_of(signature.args[0]) // 2
        source, source_row, target, target_row = args[1:]
        vector, one = ir.VectorType(scalar, count), LANE_BYTES // lanes_of(signature.args[0])

        def place(base: ir.Value, row: ir.Value, number: int) -> ir.Value:
            offset = builder.mul(row, ir.Constant(ir.IntType(64), number * one))
            return pointer_to(builder, builder.add(base, offset), vector)

        rows = [builder.load(place(source, source_row, row), align=one) for row in range(count)]
        bit = count // 2
        while bit:
            for row in range(count):
                if row & bit:
                    continue
                pair = rows[row], rows[row | bit]
                for to, low in ((row, True), (row | bit, False)):
                    picks = [
                        (lane if low else lane ^ bit) if lane & bit == 0
                        else count + (lane ^ bit if low else lane)
                        for lane in range(count)
                    ]  # fmt: skip
                    kind = ir.VectorType(ir.IntType(32), count)
                    rows[to] = builder.shuffle_vector(*pair, ir.Constant(kind, picks))
            bit //= 2
        for row in range(count):
            builder.store(rows[row], place(target, target_row, row), align=one)
        return context.get_dummy_value()

    return types.void(number, *[types.int64] * 4), codegen


@inner
def pack(
    number: Number, depth: int, columns: int, b: int, b_step: int, b_column: int, room: int,
    target: int,
) -> None:  # fmt: skip
    """Copy B into panels: ``target[panel, k, lane]``, zeros behind the last column.

    Args:
        number: tells the type.
        depth: rows of B.
        columns: of B.
        b: address of B.
        b_step: from row to row of B.
        b_column: from column to column of B.
        room: rows that a panel has, ``depth`` or more: what B shares its panels with may be beside.
        target: where the first panel is to begin.
    """
    wide, one, block = lanes(number), size(number), _half(number)
    whole, turned = columns // wide * wide, 0
    if b_column == 1:
        for k in range(0, depth, ROWS_AT_A_TIME):
            for column in range(0, whole, wide):
                place = target + (column * room + k * wide) * one
                source = b + (k * b_step + column) * one
                for _ in range(min(ROWS_AT_A_TIME, depth - k)):
                    move(number, source, place)
                    source, place = source + b_step * one, place + wide * one
    else:
        turned = depth // block * block if b_step == 1 else 0
        for column in range(0, whole, wide):
            for k in range(0, turned, block):
                place = target + (column * room + k * wide) * one
                source = b + (column * b_column + k) * one
                _turn(number, source, b_column, place, wide)
                _turn(number, source + block * b_column * one, b_column, place + block * one, wide)
        _one_by_one(number, turned, depth, 0, whole, b, b_step, b_column, room, target)
    _one_by_one(number, 0, depth, whole, columns, b, b_step, b_column, room, target)


@inner
def _one_by_one(
    number: Number, first: int, depth: int, begin: int, columns: int, b: int, b_step: int,
    b_column: int, room: int, target: int,
) -> None:  # fmt: skip
    """The same for the rows from ``first`` and the columns from ``begin`` on, a panel's first."""
    wide, one = lanes(number), size(number)
    for column in range(begin, columns, wide):
        there = min(wide, columns - column)
        for k in range(first, depth):
            place = target + (column * room + k * wide) * one
            source = b + (column * b_column + k * b_step) * one
            for lane in range(there):
                store(number, place + lane * one, load(number, source + lane * b_column * one))
            for lane in range(there, wide):
                store(number, place + lane * one, number)
