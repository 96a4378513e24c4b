"""Shapes of parameters and of variables, in words."""

import re

from freerun.cells import CELLS
from freerun.network import RecurrentNetwork

__all__ = ["shape_of", "shapes_caption"]


def shape_of(net: RecurrentNetwork, parameter: str) -> str:
    r"""``32\times 8``, rows and columns; gates are stacked in the rows.

    Example:
        >>> import freerun as fr
        >>> net = fr.RecurrentNetwork(2, 8, fr.heads.Gaussian(1), "lstm", "both")
        >>> [shape_of(net, one) for one in ("U", "W", "R", "V")]
        ['32\\times2', '32\\times8', '32\\times1', '2\\times8']
    """
    found = re.match(r"(\w)(?:\^\((\d+)\))?", parameter)
    if found is None:
        return ""
    letter, layer = found[1], int(found[2] or 1)
    rows = CELLS[net.cell].gates * net.hidden_size
    width = net.hidden_size * (2 if net.bidirectional else 1)
    if letter == "s":
        return str(net.head.fed_size)
    if letter == "V":
        rows, columns = net.head.size, width
    else:
        below = net.input_size if layer == 1 else width
        columns = {"U": below, "W": net.hidden_size, "R": net.head.fed_size}[letter]
    return rf"{rows}\times{columns}"


def shapes_caption(net: RecurrentNetwork) -> str:
    """How long every variable is at one step."""
    gates = CELLS[net.cell].gates
    sizes = {"x": net.input_size, "h": net.hidden_size, "o": net.head.size,
             "y": net.head.outputs or 1, "f": net.head.fed_size if net.has_output_edge else 0,
             "b": gates * net.hidden_size, "c": net.head.size}  # fmt: skip
    said = ", ".join(f"${name}$ {size}" for name, size in sizes.items() if size)
    stacked = f"; {gates} gates stacked in the rows" if gates > 1 else ""
    return f"Numbers in a step: {said}{stacked}."
