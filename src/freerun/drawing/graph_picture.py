"""The picture of a graph: what was laid out, painted."""

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from freerun.drawing.graph import Cut, Edge, Graph, Node, Point
from freerun.drawing.mathtext import size_of_text
from freerun.drawing.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

__all__ = ["paint_graph", "size_of_graph"]

UNIT = 0.44
"""Inches."""

LETTER = 0.2
"""Width of one of the title."""

CORNER = 0.3
"""How much of a corner is rounded off."""

MARGIN, TITLE, LINE, CAPTION = 0.45, 0.95, 0.42, 0.3
"""Around everything, of the title above, of a line below and of what is before the first of it."""

NODE_SIZE, EDGE_SIZE, WORD_SIZE = 11.5, 11, 9.5
"""Of letters, in points."""


def size_of_graph(graph: Graph) -> tuple[float, float]:
    """Width and height in inches."""
    left, right, low, high = _bounds(graph)
    return UNIT * (right - left), UNIT * (high - low)


def paint_graph(graph: Graph, figure: "Figure", colours: Theme) -> None:
    """Draw into ``figure``, which is empty and of the size that the graph asks for."""
    figure.set_facecolor(colours.paper)
    ax = figure.add_axes((0, 0, 1, 1))
    left, right, low, high = _bounds(graph)
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
    ax.set_axis_off()
    for edge in graph.edges:
        _paint_edge(edge, ax, colours)
    for node in graph.nodes:
        _paint_node(node, ax, colours)
    for cut in graph.cuts:
        _paint_cut(cut, ax, colours)
    if graph.arrow is not None:
        _paint_arrow(graph, ax, colours)
    x = left + MARGIN
    ax.text(x, high - 0.35, graph.title, fontsize=12, color=colours.ink, va="top")
    bottom = low + MARGIN / 2 + LINE * len(_captions(graph))
    for number, line in enumerate(_captions(graph)):
        ax.text(x, bottom - LINE * number, line, fontsize=WORD_SIZE, color=colours.ink, va="top",
                math_fontfamily="cm")  # fmt: skip


def _captions(graph: Graph) -> list[str]:
    left, right = _extent(graph)
    letters = int(UNIT * (right - left) * 14.5)
    return [line for one in graph.captions for line in _wrapped(one, letters)]


def _wrapped(words: str, letters: int) -> list[str]:
    return textwrap.wrap(words, letters, break_long_words=False, break_on_hyphens=False)


def _extent(graph: Graph) -> tuple[float, float]:
    xs = [x for edge in graph.edges for x, _ in edge.path]
    xs += [node.at[0] + side * node.radius for node in graph.nodes for side in (-1, 1)]
    for edge in graph.edges:
        if edge.label_at is not None:
            half = size_of_text(edge.label)[0] / 2
            xs += [edge.label_at[0] - half, edge.label_at[0] + half]
    xs += [cut.x + 0.9 for cut in graph.cuts]
    return min(xs), max(max(xs), min(xs) + LETTER * len(graph.title))


def _bounds(graph: Graph) -> tuple[float, float, float, float]:
    left, right = _extent(graph)
    ys = [node.at[1] for node in graph.nodes]
    below = CAPTION + LINE * len(_captions(graph)) if graph.captions else 0.0
    above = [0.4 + 0.5 * len(cut.label.splitlines()) for cut in graph.cuts]
    high = max(ys) + 0.5 + max(above, default=0.0)
    return left - MARGIN, right + MARGIN, min(ys) - 0.5 - MARGIN - below, high + TITLE


def _paint_node(node: Node, ax: "Axes", colours: Theme) -> None:
    from matplotlib.patches import Circle

    colour = {"target": colours.truth, "output": colours.own}.get(node.kind, colours.ink)
    if node.drawn:
        ax.add_patch(
            Circle(node.at, node.radius, facecolor=colours.paper, edgecolor=colour, linewidth=1.5,
                   zorder=3)
        )  # fmt: skip
    ax.text(
        *node.at, node.label, ha="center", va="center", zorder=4, color=colours.ink,
        fontsize=NODE_SIZE - (2 if node.kind == "fed" else 0), math_fontfamily="cm",
    )  # fmt: skip


def _paint_edge(edge: Edge, ax: "Axes", colours: Theme) -> None:
    from matplotlib.patches import FancyArrowPatch, Rectangle

    colour = {"truth": colours.truth, "own": colours.own, "loss": colours.faint}.get(
        edge.kind, colours.ink
    )
    ax.add_patch(
        FancyArrowPatch(
            path=_rounded(edge.path), arrowstyle="-|>", mutation_scale=10, color=colour, zorder=2,
            linewidth=1.3, linestyle=(0, (4, 1.5)) if edge.kind == "truth" else "-",
            joinstyle="round",
        )
    )  # fmt: skip
    for x, y in edge.squares:
        ax.add_patch(Rectangle((x - 0.1, y - 0.1), 0.2, 0.2, color=colours.ink, zorder=3))
    if edge.label_at is not None:
        ax.text(
            *edge.label_at, edge.label, ha="center", va="center", color=colour,
            fontsize=EDGE_SIZE, math_fontfamily="cm", zorder=4,
        )  # fmt: skip


def _rounded(corners: Sequence[Point]) -> "Path":
    """A path with its corners rounded off."""
    from matplotlib.path import Path

    points, codes = [corners[0]], [Path.MOVETO]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        points += [_towards(corner, before), corner, _towards(corner, after)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*points, corners[-1]], [*codes, Path.LINETO])


def _towards(corner: Point, other: Point) -> Point:
    length = math.dist(corner, other)
    part = min(CORNER / length, 0.5)
    return (
        corner[0] + part * (other[0] - corner[0]),
        corner[1] + part * (other[1] - corner[1]),
    )


def _paint_cut(cut: Cut, ax: "Axes", colours: Theme) -> None:
    ax.plot([cut.x] * 2, [cut.low, cut.high], color=colours.ink, linestyle=(0, (5, 3)),
            linewidth=1.6, zorder=5)  # fmt: skip
    ax.text(cut.x, cut.high + 0.1, cut.label, ha="center", va="bottom", fontsize=WORD_SIZE,
            color=colours.ink, zorder=6)  # fmt: skip


def _paint_arrow(graph: Graph, ax: "Axes", colours: Theme) -> None:
    from matplotlib.patches import FancyArrowPatch

    assert graph.arrow is not None
    start, end = graph.arrow
    ax.add_patch(
        FancyArrowPatch(start, end, arrowstyle="simple", mutation_scale=24, color=colours.faint)
    )
    middle = (start[0] + end[0]) / 2
    ax.text(middle, start[1] + 0.35, "unfold", ha="center", fontsize=WORD_SIZE, color=colours.ink)
