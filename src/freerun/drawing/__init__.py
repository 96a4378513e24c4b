"""Pictures for papers and lectures: networks unfolded in time, policies over training.

Values and their painting are apart: :func:`lay_out` makes the :class:`Graph` that
``graph_picture`` paints, :func:`plan_over_training` what ``planned_picture`` paints. Matplotlib is
imported where something is painted.
"""

from freerun.drawing.asked import Asked, asked
from freerun.drawing.graph import Cut, Edge, Graph, Node
from freerun.drawing.layout import lay_out
from freerun.drawing.pictures import draw
from freerun.drawing.planned import Planned, plan_over_training

__all__ = [
    "Asked",
    "Cut",
    "Edge",
    "Graph",
    "Node",
    "Planned",
    "asked",
    "draw",
    "lay_out",
    "plan_over_training",
]
