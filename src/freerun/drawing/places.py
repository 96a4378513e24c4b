"""Where things stand: rows from x up to y, columns from step to step."""

from dataclasses import dataclass

from freerun.drawing.asked import Asked
from freerun.drawing.graph import Edge, Point
from freerun.drawing.mathtext import label_of, size_of_text

__all__ = ["LANE", "Places", "places"]

ROW = 1.75
"""From one row to the next."""

SIDE, FAR, RISE = 0.9, 1.5, 1.2
"""How far the units that read backwards stand aside, further in several layers, and above."""

ARROW = 3.0
"""Room for the arrow from the circuit to the graph."""

LANE = 0.36
"""From one line to the next beside it."""


@dataclass(frozen=True)
class Places:
    """Coordinates.

    Attributes:
        column: From one step to the next.
        fed: From a step's column to its f.
        rows: The height of every row: ``"x"``, ``"h1"``, ``"r1"`` (backwards), ``"o"``, ``"L"``,
            ``"y"``.
        begin: Where the first step drawn stands.
        side: How far units stand aside of it, where there are two directions.
    """

    column: float
    fed: float
    rows: dict[str, float]
    begin: float
    side: float = 0.0

    def at(self, name: str, step: int | None) -> Point:
        """The place of a variable at a step, from 1; None for the circuit."""
        x = 0.0 if step is None else self.begin + (step - 1) * self.column
        if name == "f":
            return x + self.fed, self.rows["o"]
        if "r1" in self.rows and name[0] in "hr":
            x += self.side if name[0] == "r" else -self.side
        return x, self.rows[name]

    @property
    def bottom(self) -> float:
        """The lowest row."""
        return min(self.rows.values())

    @property
    def top(self) -> float:
        """The highest row."""
        return max(self.rows.values())


def places(what: Asked) -> Places:
    """Leave as much room as the lines need."""
    net = what.net
    side = (SIDE if net.num_layers == 1 else FAR) if net.bidirectional else 0.0
    fed = max(_widest_own(what) + 1.5, 2.8 if what.output_lags > 1 else 0.0)
    column = 2.4 + 2.2 * side
    right = side + 2.0 if net.bidirectional else max(0.8, 0.9 + 0.5 * what.input_lags)
    if net.has_output_edge:
        column = fed + 1.65 + LANE * (what.output_lags - 1)
        right = max(right, fed + 0.5 * what.output_lags)
    column += 0.3 * what.input_lags + (0.7 if net.num_layers == 1 else 1.2) * bool(what.cuts)
    if what.whole:
        before = side + 0.5
    elif net.recurrence == "output":
        before = column - fed + 0.5
    else:
        before = column + side + 0.5
    return Places(column, fed, _rows(what), right + ARROW + before, side)


def _rows(what: Asked) -> dict[str, float]:
    """Heights, from x up; the first layer is the lowest where nothing is read."""
    net, height = what.net, 0.0
    rows = {"x": 0.0} if net.input_size else {}
    for layer in range(1, net.num_layers + 1):
        if layer > 1:
            height += ROW + 1.6 * net.bidirectional
        elif net.input_size:
            height += ROW + 0.45 * what.input_lags
        rows[f"h{layer}"] = height
        if net.bidirectional:
            height += RISE
            rows[f"r{layer}"] = height
        if layer == 1 and net.has_output_edge:
            height += 0.35 + 2 * LANE * (what.output_lags - 1)
    rows["o"] = height + ROW
    rows["L"] = rows["o"] + 1.5
    rows["y"] = rows["L"] + 1.5
    return rows


def _widest_own(what: Asked) -> float:
    """Of what is written between o and f, in the circuit too, where w is any if it is not one."""
    weights: set[float | None] = set(what.weights or ())
    if len(weights) != 1:
        weights.add(None)
    own = [Edge("o", "f", "own", weight=None if w is None else round(1 - w, 6)) for w in weights]
    return max(size_of_text(label_of(edge))[0] for edge in own)
