"""A step of a loop through few values, in one sweep over the units.

    h = g(start + A R)        o = offset + h v        f = o

Neither the sum nor h waits in memory for what comes next, so that a step of one sequence is one
short chain, and of many is bound by g alone.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types

from freerun.kernels.machine.compiled import primitive
from freerun.kernels.machine.lanes import Lanes
from freerun.kernels.machine.thin import INT, Writer

__all__ = ["sweep"]


def sweep(equation: Callable[[Lanes], Lanes]) -> Callable[..., Any]:
    """Make ``equation``, g of one vector, a function over rows of units.

    Returns:
        ``function(number, rows, units, depth, a, a_row, r, r_panel, start, start_row, h, h_row, v,
        offset, o, o_row, f, f_row)`` for kernels. A has ``depth`` numbers a row, 1 or more, and R
        is in panels of whole vectors of columns; ``start`` may have ``start_row`` = 0, one row for
        all; v is one row, o and f one number a row. Rows may be read, and those of h are written,
        up to whole vectors behind ``units``; what is there does not count in o, whatever it is.
        Sums go in the order of ``thin.spread`` and ``thin.narrow``.
    """

    def typing(
        typingctx: Any, number: Any, rows: Any, units: Any, depth: Any, a: Any, a_row: Any, r: Any,
        r_panel: Any, start: Any, start_row: Any, h: Any, h_row: Any, v: Any, offset: Any, o: Any,
        o_row: Any, f: Any, f_row: Any,
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            rows, units, depth, a, a_row, r, r_panel, start, start_row, h, h_row = args[1:12]
            v, offset, o, o_row, f, f_row = args[12:]
            write = Writer(builder, signature.args[0])
            lanes, one = ir.Constant(INT, write.lanes), ir.Constant(INT, 1)
            left = builder.urem(units, lanes)
            whole = builder.sub(units, left)
            has_rest = builder.icmp_signed("!=", left, ir.Constant(INT, 0))
            counts = write.first(left)
            more = builder.sub(depth, one)
            with write.loop(rows) as row:
                from_a = write.at(a, builder.mul(row, a_row))
                from_start = write.at(start, builder.mul(row, start_row))
                to_h = write.at(h, builder.mul(row, h_row))
                total = write.variable(write.zeros)
                newest = write.many(write.load(from_a, write.scalar))

                def units_at(column: ir.Value, is_rest: bool) -> None:
                    """A vector of them."""
                    from_r = write.at(r, builder.mul(builder.udiv(column, lanes), r_panel))
                    line = write.load(from_r, write.vector)
                    begun = write.load(write.at(from_start, column), write.vector)
                    drive = write.variable(builder.call(write.fma, [newest, line, begun]))
                    with write.loop(more) as k:
                        later = builder.add(k, one)
                        value = write.load(write.at(from_a, later), write.scalar)
                        line = write.load(write.at(from_r, builder.mul(later, lanes)), write.vector)
                        terms = [write.many(value), line, builder.load(drive)]
                        builder.store(builder.call(write.fma, terms), drive)
                    found = equation(Lanes(builder, builder.load(drive))).value
                    write.store(found, write.at(to_h, column))
                    if is_rest:
                        found = builder.select(counts, found, write.zeros)
                    line = write.load(write.at(v, column), write.vector)
                    terms = [found, line, builder.load(total)]
                    builder.store(builder.call(write.fma, terms), total)

                with write.loop(whole, write.lanes) as column:
                    units_at(column, is_rest=False)
                with builder.if_then(has_rest):
                    units_at(whole, is_rest=True)
                value = builder.fadd(
                    write.load(offset, write.scalar), write.sum(builder.load(total))
                )
                write.store(value, write.at(f, builder.mul(row, f_row)))
                write.store(value, write.at(o, builder.mul(row, o_row)))
            return context.get_dummy_value()

        return types.void(number, *[types.int64] * 17), codegen

    typing.__name__ = f"sweep_{equation.__name__}"
    typing.__doc__ = equation.__doc__
    return primitive(typing)
