"""Whether what is written in a figure can be read: no text upon another, none cut off."""

import math
from itertools import combinations, pairwise

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from freerun.drawing import Graph

SLACK = 0.5
"""Pixels by which boxes may touch: they have margins of their own."""


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every visible text and where it stands, in the pixels of the figure."""
    figure.canvas.draw()
    texts: list[Text] = figure.findobj(Text)
    return [
        (text.get_text(), text.get_window_extent())
        for text in texts
        if text.get_text() and text.get_visible()
    ]


def overlapping(found: list[tuple[str, Bbox]]) -> list[tuple[str, str]]:
    """Pairs of texts that stand upon each other."""
    return [
        (one, two)
        for (one, a), (two, b) in combinations(found, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > SLACK and min(a.y1, b.y1) - max(a.y0, b.y0) > SLACK
    ]


def outside(figure: Figure, found: list[tuple[str, Bbox]]) -> list[str]:
    """Texts that the figure's border cuts."""
    whole = figure.bbox
    return [
        text
        for text, box in found
        if box.x0 < whole.x0 - 1 or box.x1 > whole.x1 + 1
        or box.y0 < whole.y0 - 1 or box.y1 > whole.y1 + 1
    ]  # fmt: skip


def upon_lines(figure: Figure, graph: Graph, found: list[tuple[str, Bbox]]) -> list[str]:
    """Texts that an edge, a cut or the rim of a circle goes through."""
    (ax,) = figure.axes
    circles = [
        [
            (node.at[0] + node.radius * math.cos(k / 8), node.at[1] + node.radius * math.sin(k / 8))
            for k in range(51)
        ]
        for node in graph.nodes
        if node.drawn
    ]
    cuts = [[(cut.x, cut.low), (cut.x, cut.high)] for cut in graph.cuts]
    lines = [*circles, *cuts, *(edge.path for edge in graph.edges)]
    points = [point for line in lines for pair in pairwise(line) for point in between(*pair)]
    pixels = ax.transData.transform(points)
    return [
        text
        for text, box in found
        if ((pixels > box.p0 + SLACK) & (pixels < box.p1 - SLACK)).all(1).any()
    ]


def between(one: tuple[float, float], two: tuple[float, float]) -> list[tuple[float, float]]:
    parts = [k / 40 for k in range(41)]
    return [(one[0] + p * (two[0] - one[0]), one[1] + p * (two[1] - one[1])) for p in parts]
