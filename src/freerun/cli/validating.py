"""The part of the training data that `freerun train --validate` holds back."""

import freerun as fr
from freerun._checks import ArgumentError, fail
from freerun.cli.measures import HORIZON, TEXT_PIECE
from freerun.cli.recipes import Recipe

__all__ = ["hold_back", "validation"]

SERIES = ("forecast", "text")
"""The tasks whose data go on in time; those of the others are sequences that end."""


def hold_back(
    task: str, data: fr.Sequences, share: float | None, seed: int
) -> tuple[fr.Sequences, fr.Sequences | None]:
    """Share ``data`` out: what to train on, and what chooses the best epoch.

    The last part of each series; of sequences that end, whole ones, drawn by ``seed``.

    Raises:
        ArgumentError: There is too little for one of the two.
    """
    if share is None:
        return data, None
    try:
        if task in SERIES:
            train, valid = data.split(1 - share)
        else:
            train, valid = data.split_sequences(1 - share, seed)
    except ArgumentError:
        of = f"{share:g} of {len(data)} sequences"
        fix = "Use --validate 0.2, say."
        fail("freerun", "--validate must leave a part on either side", of, fix)
    if task == "text":
        valid = valid.windows(TEXT_PIECE, TEXT_PIECE, drop_last=False)
    longest = int(valid.lengths.max())
    if task == "forecast" and longest < HORIZON:
        expected = f"--validate must hold back {HORIZON} steps or more, to be measured"
        fix = "Use --validate 0.2, say."
        fail("freerun", f"{expected} {HORIZON} steps ahead", longest, fix)
    return train, valid


def validation(recipe: Recipe) -> fr.Validation:
    """How the part held back is used: forecasts are judged by their error running free."""
    if recipe.validate is None:
        return fr.Validation()
    horizon = HORIZON if recipe.task == "forecast" else None
    if recipe.patience is None:
        return fr.Validation(horizon=horizon)
    return fr.Validation(patience=recipe.patience, horizon=horizon)
