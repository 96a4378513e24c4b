"""Products with a thin matrix: of few rows, or of few columns. A register tile would idle in both.

spread    C = start + A B       for a depth of a few: every row of C is swept once
narrow    C = start + A B'      for a few columns: each number of C is one sum along a row of A
sum_rows  C += 1' A             one row
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.cgutils import get_or_insert_function

from freerun.kernels.machine.compiled import primitive
from freerun.kernels.machine.tile import LANE_BYTES, element_type, lanes_of, pointer_to

__all__ = ["INT", "NARROW", "SHALLOW", "Writer", "narrow", "spread", "sum_rows"]

SHALLOW = 8
"""The depth up to which :func:`spread` is the faster one."""

NARROW = 4
"""The columns up to which :func:`narrow` is."""

INT = ir.IntType(64)


class Writer:
    """What all of them are written with: addresses in numbers of one type, vectors, and loops."""

    def __init__(self, builder: ir.IRBuilder, number: types.Type) -> None:
        builder.function.attributes.add("noinline")
        self.builder = builder
        self.scalar, self.lanes = element_type(number), lanes_of(number)
        self.vector = ir.VectorType(self.scalar, self.lanes)
        self.zeros = ir.Constant(self.vector, [0.0] * self.lanes)
        self.size = LANE_BYTES // self.lanes
        name = f"llvm.fma.v{self.lanes}f{8 * self.size}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self.fma = get_or_insert_function(builder.module, kind, name)

    def at(self, base: ir.Value, *terms: ir.Value) -> ir.Value:
        """The address so many numbers behind ``base``."""
        for term in terms:
            base = self.builder.add(base, self.builder.mul(term, ir.Constant(INT, self.size)))
        return base

    def load(self, address: ir.Value, kind: ir.Type) -> ir.Value:
        """A number or a vector from anywhere."""
        found = self.builder.load(pointer_to(self.builder, address, kind))
        found.align = self.size
        return found

    def store(self, value: ir.Value, address: ir.Value) -> None:
        """A number or a vector to anywhere."""
        self.builder.store(value, pointer_to(self.builder, address, value.type)).align = self.size

    def many(self, value: ir.Value) -> ir.Value:
        """``value`` in every lane."""
        nothing = ir.Constant(ir.VectorType(value.type, self.lanes), ir.Undefined)
        first = self.builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
        places = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, nothing, places)

    def first(self, count: ir.Value) -> ir.Value:
        """Whether each lane is one of the first ``count``."""
        places = ir.Constant(ir.VectorType(INT, self.lanes), list(range(self.lanes)))
        return self.builder.icmp_signed("<", places, self.many(count))

    def sum(self, value: ir.Value) -> ir.Value:
        """Of all lanes, halves upon halves."""
        width = self.lanes
        while width > 1:
            width //= 2
            kind = ir.VectorType(ir.IntType(32), width)
            halves = [
                self.builder.shuffle_vector(
                    value,
                    ir.Constant(value.type, ir.Undefined),
                    ir.Constant(kind, list(range(begin, begin + width))),
                )
                for begin in (0, width)
            ]
            value = self.builder.fadd(*halves)
        return self.builder.extract_element(value, ir.Constant(ir.IntType(32), 0))

    def variable(self, value: ir.Value) -> ir.Value:
        """What changes in a loop, beginning as ``value``."""
        return cgutils.alloca_once_value(self.builder, value)

    @contextmanager
    def loop(self, count: ir.Value, step: int = 1) -> Iterator[ir.Value]:
        """From 0 up to ``count``."""
        zero = ir.Constant(INT, 0)
        with cgutils.for_range_slice(self.builder, zero, count, ir.Constant(INT, step)) as found:
            yield found[0]


@primitive
def spread(
    typingctx: Any, number: Any, rows: Any, columns: Any, depth: Any, a: Any, a_row: Any,
    a_step: Any, b: Any, b_step: Any, b_panel: Any, start: Any, start_row: Any, c: Any, c_row: Any,
) -> Any:  # fmt: skip
    """C = start + A B, as ``products.product`` has it, for a depth of a few."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        rows, columns, depth, a, a_row, a_step, b, b_step, b_panel, start, start_row, c, c_row = (
            args[1:]
        )
        write = Writer(builder, signature.args[0])
        is_start = builder.icmp_signed("!=", start, ir.Constant(INT, 0))
        panels = builder.udiv(columns, ir.Constant(INT, write.lanes))
        with write.loop(rows) as row:
            from_a = write.at(a, builder.mul(row, a_row))
            from_start = write.at(start, builder.mul(row, start_row))
            to_c = write.at(c, builder.mul(row, c_row))
            with write.loop(panels) as panel:
                column = builder.mul(panel, ir.Constant(INT, write.lanes))
                from_b = write.at(b, builder.mul(panel, b_panel))
                total = write.variable(write.zeros)
                with builder.if_then(is_start):
                    builder.store(write.load(write.at(from_start, column), write.vector), total)
                with write.loop(depth) as k:
                    value = write.load(write.at(from_a, builder.mul(k, a_step)), write.scalar)
                    line = write.load(write.at(from_b, builder.mul(k, b_step)), write.vector)
                    terms = [write.many(value), line, builder.load(total)]
                    builder.store(builder.call(write.fma, terms), total)
                write.store(builder.load(total), write.at(to_c, column))
        return context.get_dummy_value()

    return types.void(number, *[types.int64] * 13), codegen


@primitive
def narrow(
    typingctx: Any, number: Any, rows: Any, columns: Any, depth: Any, a: Any, a_row: Any, b: Any,
    b_row: Any, start: Any, c: Any, c_row: Any,
) -> Any:  # fmt: skip
    """C[i, j] = start[j] + sum_k A[i, k] B[j, k] for a few j.

    Rows of A may be read, and rows of B are zero, up to whole vectors behind ``depth``; what A has
    there does not count, whatever it is.
    """

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        rows, columns, depth, a, a_row, b, b_row, start, c, c_row = args[1:]
        write = Writer(builder, signature.args[0])
        lanes = ir.Constant(INT, write.lanes)
        left = builder.urem(depth, lanes)
        whole = builder.sub(depth, left)
        has_rest = builder.icmp_signed("!=", left, ir.Constant(INT, 0))
        counts = write.first(left)
        with write.loop(rows) as row:
            from_a = write.at(a, builder.mul(row, a_row))
            to_c = write.at(c, builder.mul(row, c_row))
            with write.loop(columns) as column:
                from_b = write.at(b, builder.mul(column, b_row))
                total = write.variable(write.zeros)
                with write.loop(whole, write.lanes) as k:
                    ours = write.load(write.at(from_a, k), write.vector)
                    theirs = write.load(write.at(from_b, k), write.vector)
                    summed = builder.call(write.fma, [ours, theirs, builder.load(total)])
                    builder.store(summed, total)
                with builder.if_then(has_rest):
                    ours = write.load(write.at(from_a, whole), write.vector)
                    ours = builder.select(counts, ours, write.zeros)
                    theirs = write.load(write.at(from_b, whole), write.vector)
                    summed = builder.call(write.fma, [ours, theirs, builder.load(total)])
                    builder.store(summed, total)
                value = write.load(write.at(start, column), write.scalar)
                value = builder.fadd(value, write.sum(builder.load(total)))
                write.store(value, write.at(to_c, column))
        return context.get_dummy_value()

    return types.void(number, *[types.int64] * 10), codegen


@primitive
def sum_rows(
    typingctx: Any, number: Any, rows: Any, columns: Any, a: Any, a_row: Any, total: Any
) -> Any:
    """total += the sum of A's rows, eight at a time: long sums lose digits one by one.

    ``columns`` are whole vectors.
    """

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        rows, columns, a, a_row, total = args[1:]
        write = Writer(builder, signature.args[0])
        with write.loop(columns, write.lanes) as column:
            place = write.at(total, column)
            all_rows = write.variable(write.load(place, write.vector))
            with write.loop(rows, 8) as row:
                left = builder.sub(rows, row)
                eight = ir.Constant(INT, 8)
                count = builder.select(builder.icmp_signed("<", left, eight), left, eight)
                few = write.variable(write.zeros)
                with write.loop(count) as each:
                    line = write.at(a, builder.mul(builder.add(row, each), a_row), column)
                    found = write.load(line, write.vector)
                    builder.store(builder.fadd(builder.load(few), found), few)
                summed = builder.fadd(builder.load(all_rows), builder.load(few))
                builder.store(summed, all_rows)
            write.store(builder.load(all_rows), place)
        return context.get_dummy_value()

    return types.void(number, *[types.int64] * 5), codegen
