"""A drawn graph as a plain value: nodes, edges, cuts, each with its place; nothing is painted here.

Lengths are in units of the picture; y points up.
"""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["RADIUS", "Cut", "Edge", "Graph", "Node", "Point"]

Point = tuple[float, float]

RADIUS = {"fed": 0.46}
"""Of nodes by their kind."""

USUAL_RADIUS = 0.54


@dataclass(frozen=True)
class Node:
    """A variable at one step, or of the circuit.

    Attributes:
        key: ``"h1@2"``: the unit h of layer 1 at the second step drawn; ``"h1"`` in the circuit.
            Steps 0 and below came before the first one drawn.
        kind: ``"input"``, ``"hidden"``, ``"output"``, ``"loss"``, ``"target"`` or ``"fed"``.
        label: In Matplotlib's mathtext.
        at: Its middle.
        drawn: Whether it is a node of this picture, or only says that the graph goes on.
    """

    key: str
    kind: str
    label: str
    at: Point
    drawn: bool = True

    @property
    def radius(self) -> float:
        """Of its circle."""
        return RADIUS.get(self.kind, USUAL_RADIUS)


@dataclass(frozen=True)
class Edge:
    """An arrow.

    Attributes:
        source: Key of the node that it comes from.
        target: Key of the node that it leads to.
        kind: ``"input"``, ``"state"``, ``"fed"``, ``"readout"``, ``"residual"``, ``"loss"``,
            ``"truth"`` (from y) or ``"own"`` (from o).
        parameter: The one that it carries: ``"U"``, ``"W^(2)"``, ``"R_2"``, ``"s"``; or none.
        weight: Of a truth edge w, of an own edge 1 - w; None where it is any, or none.
        delay: How many steps it takes, for the circuit.
        path: Where it runs, corner by corner.
        label: What is written beside it, in mathtext.
        label_at: The middle of that.
        squares: Of the circuit: where its delays stand.
    """

    source: str
    target: str
    kind: str
    parameter: str = ""
    weight: float | None = None
    delay: int = 0
    path: tuple[Point, ...] = ()
    label: str = ""
    label_at: Point | None = None
    squares: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Cut:
    """Where truncated BPTT ends a gradient.

    Attributes:
        after: The step behind which it is.
        label: What is written upon it.
        x: Where it is.
        low: Where its line begins.
        high: Where its line ends.
    """

    after: int
    label: str
    x: float
    low: float
    high: float


@dataclass(frozen=True)
class Graph:
    """All that is painted.

    Attributes:
        nodes: Of the circuit and of the unfolded graph.
        edges: Theirs.
        cuts: Of the unfolded graph.
        arrow: From where to where the arrow from one to the other points.
        title: One line.
        captions: Lines below.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    cuts: tuple[Cut, ...] = ()
    arrow: tuple[Point, Point] | None = None
    title: str = ""
    captions: tuple[str, ...] = ()

    def between(self, source: str, target: str) -> list[Edge]:
        """The edges from one node to another."""
        return [one for one in self.edges if (one.source, one.target) == (source, target)]

    def to_dict(self) -> dict[str, Any]:
        """Nodes, edges and cuts, for JSON, without what is only for the eye."""
        eye = {"path", "label", "label_at", "squares", "x", "low", "high", "at"}
        return {
            name: [
                {key: value for key, value in asdict(one).items() if key not in eye}
                for one in getattr(self, name)
            ]
            for name in ("nodes", "edges", "cuts")
        }
