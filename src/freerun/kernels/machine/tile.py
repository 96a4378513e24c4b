"""The register tile: C = start + A B for a few rows and vectors of columns, held in registers.

Everything fast in the kernels is this one loop over k, of which a core finishes two vector
multiply-adds a cycle. It is written as LLVM's instructions because no compiler finds it by itself:
Numba has no vector registers in its language, and its auto-vectoriser keeps sums in memory.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_or_insert_function

from freerun.kernels.machine.compiled import primitive

__all__ = ["LANE_BYTES", "element_type", "lanes_of", "pointer_to", "tile", "vector_type"]

LANE_BYTES = 64
"""One vector: 16 numbers of float32 or 8 of float64; two registers of AVX2, one of AVX-512."""

INT = ir.IntType(64)


def element_type(number: types.Type) -> ir.Type:
    """LLVM's type of ``number``."""
    return ir.DoubleType() if number == types.float64 else ir.FloatType()


def lanes_of(number: types.Type) -> int:
    """Numbers in a vector."""
    return LANE_BYTES // (8 if number == types.float64 else 4)


def vector_type(number: types.Type) -> ir.Type:
    """LLVM's type of a vector of ``number``."""
    return ir.VectorType(element_type(number), lanes_of(number))


def pointer_to(builder: ir.IRBuilder, address: ir.Value, kind: ir.Type) -> ir.Value:
    """A typed pointer from an address."""
    return builder.inttoptr(address, kind.as_pointer())


def tile(rows: int, panels: int) -> Callable[..., Any]:
    """The tile of ``rows`` rows and ``panels`` vectors of columns, as a function for kernels.

        C[i, j] = start[i, j] + sum_k A[i, k] B[k, j]      0 <= i < rows, 0 <= j < panels lanes

    The function takes ``(number, depth, a, a_row, a_step, b, b_step, b_panel, start, start_row, c,
    c_row)``: ``number`` is a value of the element type, ``depth`` the number of k, the matrices are
    addresses, and strides count numbers: from one row to the next (``_row``), from one k to the
    next (``_step``), from one vector of columns to the next (``b_panel``; in ``start`` and C they
    adjoin). ``start`` may be C itself, to add to it; 0, for zeros; or have ``start_row`` = 0, one
    row for all.
    """
    # Sums that wait for each other take four cycles a step; several sets of them hide that.
    ways = max(1, -(-4 // (rows * panels)))

    @primitive
    def multiply(
        typingctx: Any, number: Any, depth: Any, a: Any, a_row: Any, a_step: Any, b: Any,
        b_step: Any, b_panel: Any, start: Any, start_row: Any, c: Any, c_row: Any,
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            # One copy of the function this goes into is enough, and it is a large one.
            builder.function.attributes.add("noinline")
            _emit(builder, signature.args[0], rows, panels, ways, args[1:])
            return context.get_dummy_value()

        return types.void(number, *[types.int64] * 11), codegen

    return multiply


def _emit(
    builder: ir.IRBuilder, number: types.Type, rows: int, panels: int, ways: int, args: Any
) -> None:
    depth, a, a_row, a_step, b, b_step, b_panel, start, start_row, c, c_row = args
    scalar, lanes = element_type(number), lanes_of(number)
    size = ir.Constant(INT, LANE_BYTES // lanes)
    vector = ir.VectorType(scalar, lanes)
    name = f"llvm.fma.v{lanes}f{8 * LANE_BYTES // lanes}"
    fma = get_or_insert_function(
        builder.module, ir.FunctionType(vector, [vector, vector, vector]), name
    )

    def at(base: ir.Value, *terms: ir.Value) -> ir.Value:
        for term in terms:
            base = builder.add(base, builder.mul(term, size))
        return base

    def load(address: ir.Value) -> ir.Value:
        found = builder.load(pointer_to(builder, address, vector))
        found.align = LANE_BYTES // lanes
        return found

    def many(value: ir.Value) -> ir.Value:
        first = builder.insert_element(
            ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
        )
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
        return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)

    def step(sums: list[ir.Value], way: int, a_at: list[ir.Value], b_at: ir.Value) -> None:
        columns = [
            load(b_at if p == 0 else at(b_at, builder.mul(b_panel, ir.Constant(INT, p))))
            for p in range(panels)
        ]
        for row in range(rows):
            value = many(builder.load(pointer_to(builder, a_at[row], scalar)))
            for p in range(panels):
                index = (way * rows + row) * panels + p
                sums[index] = builder.call(fma, [value, columns[p], sums[index]])

    row_offsets = [builder.mul(a_row, ir.Constant(INT, row)) for row in range(rows)]
    a_starts = [at(a, offset) for offset in row_offsets]
    zero = ir.Constant(vector, [0.0] * lanes)

    loop = builder.append_basic_block("tile.loop")
    body = builder.append_basic_block("tile.body")
    rest = builder.append_basic_block("tile.rest")
    rest_body = builder.append_basic_block("tile.rest.body")
    done = builder.append_basic_block("tile.done")
    with_start = builder.append_basic_block("tile.start")
    end = builder.append_basic_block("tile.end")
    before = builder.block
    builder.branch(loop)

    # The loop over k, ``ways`` at a time.
    builder.position_at_end(loop)
    k = builder.phi(INT)
    b_at = builder.phi(INT)
    offset = builder.phi(INT)  # of A, from each row's start, in bytes
    sums = [builder.phi(vector) for _ in range(ways * rows * panels)]
    k.add_incoming(depth, before)
    b_at.add_incoming(b, before)
    offset.add_incoming(ir.Constant(INT, 0), before)
    for phi in sums:
        phi.add_incoming(zero, before)
    b_bytes, a_bytes = builder.mul(b_step, size), builder.mul(a_step, size)
    builder.cbranch(builder.icmp_signed(">=", k, ir.Constant(INT, ways)), body, rest)
    builder.position_at_end(body)
    new: list[ir.Value] = list(sums)
    b_now: ir.Value = b_at
    o_now: ir.Value = offset
    for way in range(ways):
        step(new, way, [builder.add(start_, o_now) for start_ in a_starts], b_now)
        b_now, o_now = builder.add(b_now, b_bytes), builder.add(o_now, a_bytes)
    k.add_incoming(builder.sub(k, ir.Constant(INT, ways)), builder.block)
    b_at.add_incoming(b_now, builder.block)
    offset.add_incoming(o_now, builder.block)
    for phi, value in zip(sums, new, strict=True):
        phi.add_incoming(value, builder.block)
    builder.branch(loop)

    # What is left of k goes into the first set.
    builder.position_at_end(rest)
    k2, b2, o2 = builder.phi(INT), builder.phi(INT), builder.phi(INT)
    first = [builder.phi(vector) for _ in range(rows * panels)]
    k2.add_incoming(k, loop)
    b2.add_incoming(b_at, loop)
    o2.add_incoming(offset, loop)
    for phi, value in zip(first, sums, strict=False):
        phi.add_incoming(value, loop)
    if ways == 1:
        builder.branch(done)
        builder.position_at_end(rest_body)
        builder.unreachable()
    else:
        builder.cbranch(builder.icmp_signed(">", k2, ir.Constant(INT, 0)), rest_body, done)
        builder.position_at_end(rest_body)
        newer: list[ir.Value] = list(first)
        step(newer, 0, [builder.add(start_, o2) for start_ in a_starts], b2)
        k2.add_incoming(builder.sub(k2, ir.Constant(INT, 1)), rest_body)
        b2.add_incoming(builder.add(b2, b_bytes), rest_body)
        o2.add_incoming(builder.add(o2, a_bytes), rest_body)
        for phi, value in zip(first, newer, strict=True):
            phi.add_incoming(value, rest_body)
        builder.branch(rest)

    # The start comes last: added to at every k, it would take each product's last digits.
    builder.position_at_end(done)
    totals: list[ir.Value] = list(first)
    for way in range(1, ways):
        for index in range(rows * panels):
            totals[index] = builder.fadd(totals[index], sums[way * rows * panels + index])
    builder.cbranch(builder.icmp_signed("==", start, ir.Constant(INT, 0)), end, with_start)
    builder.position_at_end(with_start)
    started = [
        builder.fadd(
            totals[row * panels + p],
            load(
                at(
                    start,
                    builder.mul(start_row, ir.Constant(INT, row)),
                    ir.Constant(INT, p * lanes),
                )
            ),
        )
        for row in range(rows)
        for p in range(panels)
    ]
    builder.branch(end)
    builder.position_at_end(end)
    for row in range(rows):
        for p in range(panels):
            index = row * panels + p
            total = builder.phi(vector)
            total.add_incoming(totals[index], done)
            total.add_incoming(started[index], with_start)
            totals[index] = total
    for row in range(rows):
        for p in range(panels):
            place = at(c, builder.mul(c_row, ir.Constant(INT, row)), ir.Constant(INT, p * lanes))
            stored = builder.store(totals[row * panels + p], pointer_to(builder, place, vector))
            stored.align = LANE_BYTES // lanes
