"""Where the edges of the unfolded graph run, corner by corner."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from freerun.drawing.asked import Asked
from freerun.drawing.graph import Edge, Node, Point
from freerun.drawing.places import LANE, Places

__all__ = ["ABOVE", "rim", "routed", "trimmed"]

ABOVE = 0.7
"""How far above a unit the lines stand that come down to it."""


def routed(
    edges: Sequence[Edge], nodes: Mapping[str, Node], what: Asked, place: Places
) -> list[Edge]:
    """The edges with their paths."""
    return [replace(one, path=_path(one, nodes, what, place)) for one in edges]


def _path(edge: Edge, nodes: Mapping[str, Node], what: Asked, place: Places) -> tuple[Point, ...]:
    source, target = nodes[edge.source], nodes[edge.target]
    if edge.kind == "fed":
        return _fed(edge, source, target, what, place)
    if edge.kind == "truth":
        return trimmed([source.at, (target.at[0], source.at[1]), target.at], source, target)
    if edge.kind == "input" and edge.delay and edge.target.startswith("r"):
        # Below the units that read forwards, to where the line from its own x runs.
        x = target.at[0] - place.side + 0.4 * place.side
        return trimmed([source.at, (x, 0.4 * target.at[1]), target.at], source, target)
    if edge.kind == "readout" and abs(target.at[0] - source.at[0]) > place.column:
        level = target.at[1] - 0.8  # from the first step to the last, above the units between
        start, end = (source.at[0], level), (target.at[0] - 0.9, level)
        return trimmed([source.at, start, end, target.at], source, target)
    return trimmed([source.at, target.at], source, target)


def _fed(edge: Edge, source: Node, target: Node, what: Asked, place: Places) -> tuple[Point, ...]:
    """Down beside the units, along above the first layer to the step that is meant, and into it."""
    lags = what.output_lags
    down = source.at[0]
    lane = target.at[0] - place.column + place.fed + LANE * (edge.delay - 1)
    above = target.at[1] + ABOVE
    points = [source.at, (down, above), target.at]
    if edge.delay > 1:
        step = int(edge.source.split("@")[1])
        level = above + LANE * (1 + step % lags)
        points = [source.at, (down, level), (lane, level), target.at]
    return trimmed(points, source, target)


def trimmed(points: Sequence[Point], source: Node, target: Node) -> tuple[Point, ...]:
    """The path from the rim of one node to the rim of the other."""
    first = rim(source, points[1])
    last = rim(target, points[-2])
    return (first, *points[1:-1], last)


def rim(node: Node, towards: Point) -> Point:
    """Where the line to ``towards`` leaves a node."""
    across, up = towards[0] - node.at[0], towards[1] - node.at[1]
    length = math.hypot(across, up)
    return (
        node.at[0] + node.radius * across / length,
        node.at[1] + node.radius * up / length,
    )
