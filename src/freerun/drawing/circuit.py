"""The circuit: the network as one graph with loops; a black square delays by one step."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from freerun.drawing.asked import Asked
from freerun.drawing.graph import Edge, Node, Point
from freerun.drawing.places import Places
from freerun.drawing.route import ABOVE, trimmed
from freerun.drawing.unfold import nodes_of, onwards, within

__all__ = ["circuit"]

LOOP = 1.5
"""How far a loop goes from its unit."""

LANE = 0.45
"""From one lag's line to the next, with squares on them."""


def circuit(what: Asked, place: Places) -> tuple[list[Node], list[Edge]]:
    """Nodes without a step, and edges that say how many they take."""
    weights = set(what.weights or ())
    one = replace(what, steps=1, weights=tuple(weights) if len(weights) == 1 else None, cuts=())
    nodes = {
        _bare(node.key): replace(
            node, key=_bare(node.key), label=_without_step(node.label),
            at=place.at(_bare(node.key), None),
        )
        for node in nodes_of(one, place)
        if node.drawn
    }  # fmt: skip
    edges = [
        replace(edge, source=_bare(edge.source), target=_bare(edge.target))
        for edge in chain(within(one, 1), onwards(one, 1))
    ]
    there = [edge for edge in edges if edge.source in nodes and edge.target in nodes]
    return list(nodes.values()), [_routed(edge, nodes, place) for edge in there]


def _bare(key: str) -> str:
    return key.split("@")[0]


def _without_step(label: str) -> str:
    return label.split("^{(")[0] + "$"


def _routed(edge: Edge, nodes: Mapping[str, Node], place: Places) -> Edge:
    source, target = nodes[edge.source], nodes[edge.target]
    corners, on = [source.at, target.at], 1
    if edge.kind == "state":
        away = LOOP if edge.source.startswith("r") else -LOOP
        x, y = source.at
        corners = [source.at, (x + away, y + 0.55), (x + away, y - 0.55), target.at]
    elif edge.kind == "fed":
        corners, on = _down(edge.delay, source.at, target.at), -3
    elif edge.kind == "residual":
        corners = [source.at, ((source.at[0] + target.at[0]) / 2, source.at[1] - 0.8), target.at]
    elif edge.kind == "truth":
        corners = [source.at, (target.at[0], source.at[1]), target.at]
    elif edge.delay:  # an input's lags
        aside = -1 if target.at[0] < source.at[0] else 1
        x = source.at[0] + aside * (0.55 + LANE * edge.delay)
        corners = [source.at, (x, source.at[1]), (x, target.at[1] - 0.5), target.at]
    path = trimmed(corners, source, target)
    if edge.kind == "residual":
        return replace(edge, path=path, squares=(path[1],))
    return replace(edge, path=path, squares=_squares(path, on, edge.delay))


def _down(delay: int, source: Point, target: Point) -> list[Point]:
    """From f to the first layer, each lag further out than the one before."""
    x, level = source[0] + LANE * (delay - 1), target[1] + ABOVE - 0.4 * (delay - 1)
    if delay == 1:
        return [source, (x, level), target]
    return [source, (source[0], source[1] - 0.75), (x, source[1] - 0.75), (x, level), target]


def _squares(path: Sequence[Point], on: int, delay: int) -> tuple[Point, ...]:
    """As many as there are steps of delay, in the middle of one straight part of the path."""
    if not delay:
        return ()
    (x0, y0), (x1, y1) = path[on], path[on + 1]
    length = max(abs(x1 - x0), abs(y1 - y0))
    middle = [0.5 + 0.3 * (number - (delay - 1) / 2) / length for number in range(delay)]
    return tuple((x0 + part * (x1 - x0), y0 + part * (y1 - y0)) for part in middle)
