"""Matrix products on packed matrices, built of register tiles.

C = start + A B        A: rows anywhere, B: packed into panels of whole vectors of columns
"""

from typing import Any

from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import lanes, size
from freerun.kernels.machine.thin import SHALLOW, spread
from freerun.kernels.machine.tile import tile

__all__ = ["LEAST_EVEN_ROWS", "panels_of_tile", "product"]

DEPTH = 512
"""Terms that are added up before they meet what was there: long sums lose digits one by one. So
much of a panel stays in the nearest cache, too, while all rows meet it."""

LEAST_EVEN_ROWS = 8
"""Rows from which all tiles add up in the same order, however many rows a product has."""

tile_1x1, tile_1x4 = tile(1, 1), tile(1, 4)
tile_2x1, tile_2x3 = tile(2, 1), tile(2, 3)
tile_3x1, tile_3x2 = tile(3, 1), tile(3, 2)
tile_4x1, tile_5x1, tile_6x1 = tile(4, 1), tile(5, 1), tile(6, 1)


def _one(is_packed: bool) -> Any:
    """The product of one row: what a step of one sequence waits for.

    Where it ``is_packed``, A and the panels of B are without gaps: steps that the compiler knows,
    in a function without other tiles, leave every address in a register.
    """

    @inner
    def multiply(
        number: Number, columns: int, depth: int, a: int, a_step: int, b: int, b_step: int,
        b_panel: int, start: int, c: int,
    ) -> None:  # fmt: skip
        wide, one = lanes(number), size(number)
        if is_packed:
            a_step, b_step = 1, wide
        column = 0
        while column < columns:
            before, to_c = 0 if start == 0 else start + column * one, c + column * one
            done = 4
            if (columns - column) // wide >= 4:
                tile_1x4(number, depth, a, 0, a_step, b, b_step, b_panel, before, 0, to_c, 0)
            else:
                tile_1x1(number, depth, a, 0, a_step, b, b_step, b_panel, before, 0, to_c, 0)
                done = 1
            column += done * wide
            b += done * b_panel * one

    return multiply


_packed_row, _row = _one(is_packed=True), _one(is_packed=False)


@inner
def product(
    number: Number, rows: int, columns: int, depth: int, a: int, a_row: int, a_step: int,
    b: int, b_step: int, b_panel: int, start: int, start_row: int, c: int, c_row: int,
) -> None:  # fmt: skip
    """C = start + A B.

    Args:
        number: tells the type.
        rows: of A and C.
        columns: of B and C, a multiple of the lanes of a vector.
        depth: columns of A, rows of B.
        a: address of A.
        a_row: from row to row of A, in numbers, as all strides.
        a_step: from column to column of A.
        b: address of B.
        b_step: from row to row of B.
        b_panel: from panel to panel of B.
        start: what C starts from: an address (C itself to add to it), or 0 for zeros.
        start_row: from row to row of it; 0 for one row for all.
        c: address of C.
        c_row: from row to row of C.
    """
    if depth <= SHALLOW:
        spread(
            number, rows, columns, depth, a, a_row, a_step, b, b_step, b_panel, start, start_row,
            c, c_row,
        )  # fmt: skip
        return
    one = size(number)
    for k in range(0, depth, DEPTH):
        some = min(DEPTH, depth - k)
        if rows == 1 and a_step == 1 and b_step == lanes(number):
            _packed_row(number, columns, some, a, a_step, b, b_step, b_panel, start, c)
        elif rows == 1:
            _row(number, columns, some, a, a_step, b, b_step, b_panel, start, c)
        elif rows <= 3:
            _few(
                number, rows, columns, some, a, a_row, a_step, b, b_step, b_panel, start, start_row,
                c, c_row,
            )  # fmt: skip
        else:
            _many(
                number, rows, columns, some, a, a_row, a_step, b, b_step, b_panel, start, start_row,
                c, c_row,
            )  # fmt: skip
        a, b = a + some * a_step * one, b + some * b_step * one
        start, start_row = c, c_row


@inner
def _many(
    number: Number, rows: int, columns: int, depth: int, a: int, a_row: int, a_step: int,
    b: int, b_step: int, b_panel: int, start: int, start_row: int, c: int, c_row: int,
) -> None:  # fmt: skip
    """The same for four rows and more."""
    wide, one = lanes(number), size(number)
    blocks = (rows + 5) // 6
    for column in range(0, columns, wide):
        row = 0
        for block in range(blocks):  # as even as can be: a tile of few rows waits for memory
            count = (rows - row) // (blocks - block)
            from_a, to_c = a + row * a_row * one, c + (row * c_row + column) * one
            before = 0 if start == 0 else start + (row * start_row + column) * one
            if count == 6:
                tile_6x1(
                    number, depth, from_a, a_row, a_step, b, b_step, b_panel, before, start_row,
                    to_c, c_row,
                )  # fmt: skip
            elif count == 5:
                tile_5x1(
                    number, depth, from_a, a_row, a_step, b, b_step, b_panel, before, start_row,
                    to_c, c_row,
                )  # fmt: skip
            elif count == 4:
                tile_4x1(
                    number, depth, from_a, a_row, a_step, b, b_step, b_panel, before, start_row,
                    to_c, c_row,
                )  # fmt: skip
            else:
                tile_3x1(
                    number, depth, from_a, a_row, a_step, b, b_step, b_panel, before, start_row,
                    to_c, c_row,
                )  # fmt: skip
            row += count
        b += b_panel * one


@inner
def panels_of_tile(rows: int) -> int:
    """Vectors of columns that one tile of ``rows`` rows has.

    Cut elsewhere, a product of few rows would add its terms up in another order.
    """
    if rows > 3:
        return 1
    return 2 if rows == 3 else 3 if rows == 2 else 4


@inner
def _few(
    number: Number, rows: int, columns: int, depth: int, a: int, a_row: int, a_step: int,
    b: int, b_step: int, b_panel: int, start: int, start_row: int, c: int, c_row: int,
) -> None:  # fmt: skip
    """The same for two or three rows: several panels at a time, or sums wait for each other."""
    wide, one = lanes(number), size(number)
    column = 0
    while column < columns:
        left = (columns - column) // wide
        before = 0 if start == 0 else start + column * one
        to_c = c + column * one
        if rows == 2 and left >= 3:
            tile_2x3(
                number, depth, a, a_row, a_step, b, b_step, b_panel, before, start_row, to_c, c_row
            )
            done = 3
        elif rows == 2:
            tile_2x1(
                number, depth, a, a_row, a_step, b, b_step, b_panel, before, start_row, to_c, c_row
            )
            done = 1
        elif rows == 3 and left >= 2:
            tile_3x2(
                number, depth, a, a_row, a_step, b, b_step, b_panel, before, start_row, to_c, c_row
            )
            done = 2
        elif rows == 3:
            tile_3x1(
                number, depth, a, a_row, a_step, b, b_step, b_panel, before, start_row, to_c, c_row
            )
            done = 1
        else:
            return
        column += done * wide
        b += done * b_panel * one
