"""The part of the training data that is held back to choose the best epoch."""

from numbers import Real

from freerun._checks import ArgumentError, fail
from freerun.data import Sequences
from freerun.recipes.recipe import Recipe
from freerun.training import Validation

__all__ = ["SERIES", "TEXT_PIECE", "hold_back", "split", "validation"]

SERIES = ("forecast", "text")
"""The tasks whose data go on in time; those of the others are sequences that end."""

TEXT_PIECE = 500
"""Characters of a text that are measured in one go, the first few of them without their past."""


def split(task: str, data: Sequences, share: float, seed: int) -> tuple[Sequences, Sequences]:
    """Cut off the last ``share`` of each series; of sequences that end, draw whole ones.

    Raises:
        ArgumentError: There is too little for one of the two.
    """
    if task in SERIES:
        return data.split(1 - share)
    return data.split_sequences(1 - share, seed)


def hold_back(recipe: Recipe, data: Sequences, seed: int) -> tuple[Sequences, Sequences | None]:
    """Share ``data`` out: what to train on, and what chooses the best epoch.

    Raises:
        ArgumentError: It is no share, or there is too little for one of the two.
    """
    share = recipe.validate
    if share is None:
        return data, None
    # Of 0 and 2 splitting would think that steps are counted.
    if isinstance(share, bool) or not isinstance(share, Real) or not 0 < share < 1:
        expected = "validate must be a share above 0 and below 1"
        fail("freerun", expected, repr(share), "Use validate=0.2, say, or None.")
    try:
        train, valid = split(recipe.task, data, share, seed)
    except ArgumentError:
        of = f"{share:g} of {len(data)} sequences"
        fail("freerun", "validate must leave a part on either side", of, "Use validate=0.2, say.")
    if recipe.task == "text":
        valid = valid.windows(TEXT_PIECE, TEXT_PIECE, drop_last=False)
    longest = int(valid.lengths.max())
    if recipe.task == "forecast" and recipe.horizon is not None and longest < recipe.horizon:
        expected = f"validate must hold back {recipe.horizon} steps or more, to be measured"
        fix = "Use validate=0.2, say."
        fail("freerun", f"{expected} {recipe.horizon} steps ahead", longest, fix)
    return train, valid


def validation(recipe: Recipe) -> Validation:
    """How the part held back is used: forecasts are judged by their error running free."""
    if recipe.validate is None:
        return Validation()
    horizon = recipe.horizon if recipe.task == "forecast" else None
    if recipe.patience is None:
        return Validation(horizon=horizon)
    return Validation(patience=recipe.patience, horizon=horizon)
