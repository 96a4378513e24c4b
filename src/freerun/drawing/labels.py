"""Where the label of each edge stands: upon no node, no line and no other label."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from freerun.drawing.graph import Edge, Node, Point
from freerun.drawing.mathtext import size_of_text

__all__ = ["placed"]

Path = Sequence[Point]
Numbers = NDArray[np.float64]

Box = tuple[float, float, float, float]
"""Its middle, and half of its width and height."""

GAP = 0.14
"""Between a label and its line."""

ALONG = (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8, 0.14, 0.86)
"""Where along a straight part a label may stand, the best place first."""


def placed(edges: Sequence[Edge], nodes: Sequence[Node], others: Sequence[Path] = ()) -> list[Edge]:
    """The edges with the places of their labels, those of the shortest lines chosen first.

    Args:
        edges: With their paths.
        nodes: What is written upon no more than upon lines.
        others: Lines that are no edges.
    """
    circles = [(node.at[0], node.at[1], node.radius + 0.03, node.radius + 0.03) for node in nodes]
    paths = [*(edge.path for edge in edges), *others]
    lines = np.array([point for path in paths for point in _points(path)]).reshape(-1, 2)
    squares = [(x, y, 0.22, 0.22) for edge in edges for x, y in edge.squares]
    taken: list[Box] = circles + squares
    found: dict[int, Edge] = {}
    order = sorted(range(len(edges)), key=lambda number: _length(edges[number].path))
    for number in order:
        edge = edges[number]
        if edge.label:
            best = _best(_places(edge), np.array(taken), lines)
            taken.append(best)
            edge = replace(edge, label_at=(best[0], best[1]))
        found[number] = edge
    return [found[number] for number in range(len(edges))]


def _places(edge: Edge) -> Iterator[Box]:
    """Beside every straight part, the longest first, on both sides."""
    width, height = size_of_text(edge.label)
    parts = sorted(pairwise(edge.path), key=lambda p: -math.dist(*p))
    for (x0, y0), (x1, y1) in parts:
        length = math.dist((x0, y0), (x1, y1)) or 1.0
        across, up = -(y1 - y0) / length, (x1 - x0) / length
        away = abs(across) * width / 2 + abs(up) * height / 2 + GAP
        for further in (0.0, 0.25):
            for part in ALONG:
                x, y = x0 + part * (x1 - x0), y0 + part * (y1 - y0)
                for side in (away + further, -away - further):
                    yield x + side * across, y + side * up, width / 2, height / 2


def _best(candidates: Iterator[Box], taken: Numbers, lines: Numbers) -> Box:
    """The first that stands upon nothing; else the one that stands upon least."""
    costs: dict[Box, int] = {}
    for box in candidates:
        middle, half = np.array(box[:2]), np.array(box[2:])
        upon = (np.abs(taken[:, :2] - middle) < half + taken[:, 2:]).all(1).sum()
        crossed = (np.abs(lines - middle) < half + 0.03).all(1).sum()
        costs[box] = int(100 * upon + crossed)
        if not costs[box]:
            return box
    return min(costs, key=lambda box: costs[box])


def _points(path: Path) -> Iterator[Point]:
    """Points so close that no label fits between two of them."""
    for (x0, y0), (x1, y1) in pairwise(path):
        count = max(1, math.ceil(math.dist((x0, y0), (x1, y1)) / 0.06))
        for number in range(count + 1):
            yield x0 + (x1 - x0) * number / count, y0 + (y1 - y0) * number / count


def _length(path: Path) -> float:
    return sum(math.dist(a, b) for a, b in pairwise(path))
