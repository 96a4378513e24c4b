"""Values that are missing, infinite or too large: refused, or filled where that was asked for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from freerun._checks import DataError, fail

from .ordering import Order
from .schema import Schema

__all__ = ["carried", "check_finite", "check_size", "interpolate", "refuse_missing",
           "refuse_missing_answer"]  # fmt: skip


def check_size(
    where: str, names: Sequence[str], values: "np.ndarray[Any, Any]", order: Order,
    dtype: torch.dtype,
) -> None:  # fmt: skip
    """Refuse numbers that ``dtype`` cannot hold.

    Args:
        where: Whose table it is.
        names: Of the channels.
        values: At all places, (places, channels).
        order: Which rows they are of.
        dtype: What the numbers shall become.
    """
    most = torch.finfo(dtype).max
    beyond = np.abs(values) > most
    if beyond.any():
        place, channel = (int(one) for one in np.argwhere(beyond)[0])
        got = f"{values[place, channel]:g} in {order.name(place)}"
        expected = f"column {names[channel]!r} must be within {most:.1g}"
        fail(where, expected, got, "Write it in a larger unit.", DataError)


def check_finite(where: str, name: str, values: Any, order: Order) -> None:
    """Refuse an infinite number; its row is named."""
    infinite = np.isinf(values)
    if infinite.any():
        at = int(infinite.argmax())
        fix = "Write nothing where there is no number."
        got = f"{values[at]:g} in {order.name(at)}"
        fail(where, f"column {name!r} must be finite", got, fix, DataError)


def refuse_missing(
    where: str, name: str, gone: Any, order: Order, why: str = "", fix: str = ""
) -> None:
    """Refuse gaps: ``why`` they cannot be filled, and ``fix`` where it is another."""
    if not gone.any():
        return
    at = int(gone.argmax())
    more = int(gone.sum()) - 1
    got = f"nothing in {order.name(at)}" + (f" and {more} more" if more else "")
    ways = "'mask'" if why else "'mask' or 'interpolate'"
    fix = fix or f"Pass missing={ways}, or fill the gaps."
    expected = f"column {name!r} must have a value in every row"
    fail(where, f"{expected}, for {why}" if why else expected, got, fix, DataError)


def refuse_missing_answer(where: str, name: str, gone: Any, order: Order, schema: Schema) -> None:
    """Where a series has one target, steps that were filled in have none, and need none."""
    if schema.missing == "refuse":
        fix = "Write it in every row, or leave the series out."
        refuse_missing(where, name, gone, order, fix=fix)


def interpolate(where: str, name: str, values: Any, order: Order) -> None:
    """Fill what is missing on a straight line, before the first and after the last with these."""
    gone = np.isnan(values)
    if not gone.any():
        return
    series = np.unique(np.searchsorted(order.begins, np.flatnonzero(gone), side="right") - 1)
    for number in series:
        part = slice(order.begins[number], order.begins[number + 1])
        missing = gone[part]
        if missing.all():
            got = (
                f"nothing in all of series {order.keys[number]!r}" if order.keys[number] else "none"
            )
            fix = "Leave the series or the column out."
            fail(where, f"column {name!r} must have a value to go by", got, fix, DataError)
        here = np.arange(len(missing))
        values[part][missing] = np.interp(here[missing], here[~missing], values[part][~missing])


def carried(values: Any, order: Order) -> "np.ndarray[Any, Any]":
    """Each place's value, or the last one before it in its series, or the column's mean."""
    there = ~np.isnan(values)
    mean = values[there].mean() if there.any() else 0.0
    last = np.where(there, np.arange(len(values)), -1)
    last = np.maximum.accumulate(last)
    begins = np.repeat(order.begins[:-1], np.diff(order.begins))
    return np.where(last >= begins, values[np.maximum(last, 0)], mean)
