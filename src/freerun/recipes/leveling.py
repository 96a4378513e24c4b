"""Series in units of their own, where a recipe asks for it and it means something."""

from dataclasses import replace

from freerun._checks import check_choice
from freerun.data import Levels, Sequences
from freerun.heads import HEADS
from freerun.recipes.recipe import Recipe

__all__ = ["levels_for"]

SCALES = ("series", "all")


def levels_for(recipe: Recipe, data: Sequences) -> tuple[Recipe, Levels, Sequences]:
    """The levels of ``data``, and ``data`` without them.

    A single series has no other to be told from, and counts stay counts: there ``scale="series"``
    is the same as ``"all"``, and the recipe that comes back says so.
    """
    check_choice("freerun", "scale", recipe.scale, SCALES)
    scalable = getattr(HEADS.get(recipe.head), "scalable", True)
    if recipe.scale == "series" and (len(data) == 1 or not scalable):
        recipe = replace(recipe, scale="all")
    if recipe.scale == "all":
        return recipe, Levels.none(len(data), data.output_size or 1), data
    levels = Levels.of(data)
    return recipe, levels, levels.remove(data)
