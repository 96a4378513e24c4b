"""Whether a network can learn anything from a file: refused before it is tried."""

import torch
from torch import Tensor

from freerun._checks import DataError, fail
from freerun.data import Sequences, Table

__all__ = ["check_learnable"]

LEAST_STEPS = 8
"""Fewer observations of a series cannot be told from chance."""


def check_learnable(name: str, table: Table, train: Sequences) -> None:
    """Refuse data in which nothing varies, or of which there is next to nothing.

    Args:
        name: What the user calls the data.
        table: All of them.
        train: The part to train on.

    Raises:
        DataError: A column is constant, there is one class, or one row.
    """
    schema = table.schema
    if schema.task in ("forecast", "text") and int(train.lengths.max()) < LEAST_STEPS:
        got = f"{int(train.lengths.max())} to train on"
        fix = "Give it more."
        fail(name, f"a series must have {LEAST_STEPS} steps or more", got, fix, DataError)
    if train.num_classes is not None:
        seen = train.labels if train.labels is not None else _rows(train, train.y_flat)
        assert seen is not None
        if len(seen[seen >= 0].unique()) < 2:
            column = schema.targets[0].name
            got = "one in all of the part to train on"
            fix = "Give it examples of another one."
            fail(name, f"column {column!r} must have two classes or more", got, fix, DataError)
    else:
        values = train.labels if train.labels is not None else _rows(train, train.y_flat)
        if values is not None:
            for number, column in enumerate(schema.outputs):
                _check_varies(name, column, values[:, number : number + 1])
    inputs = _rows(train, train.x_flat)
    begin = 0
    for known in schema.known:
        # A channel that says where another is missing may rest, and one class of several.
        end = begin + len(known.channels)
        if inputs is not None:
            _check_varies(name, known.name, inputs[:, begin : end - known.marks_missing])
        begin = end


def _rows(train: Sequences, flat: Tensor | None) -> Tensor | None:
    return None if flat is None else flat[train.covered()]


def _check_varies(name: str, column: str, values: Tensor) -> None:
    """Refuse a column whose channels, (rows, channels), are the same in every row."""
    there = values[~torch.isnan(values).any(1)]
    if len(there) and bool((there != there[0]).any()):
        return
    got = "nothing in any row"
    if len(there):
        got = "one word" if values.shape[1] > 1 else f"{float(there[0, 0]):g}"
        got += " in every row"
    fix = "Leave it out: there is nothing to learn from it."
    fail(name, f"column {column!r} must vary", f"{got} of the part to train on", fix, DataError)
