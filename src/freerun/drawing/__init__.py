"""Pictures for papers and lectures: what a policy feeds over training.

Values and their painting are apart: :func:`plan_over_training` makes what
:mod:`freerun.drawing.planned_picture` paints. Matplotlib is imported where something is painted.
"""

from freerun.drawing.pictures import draw
from freerun.drawing.planned import Planned, plan_over_training

__all__ = ["Planned", "draw", "plan_over_training"]
