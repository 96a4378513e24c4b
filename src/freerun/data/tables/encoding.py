"""Columns turned into the numbers that a network reads and predicts."""

import re
from dataclasses import replace
from typing import Any

import numpy as np

from freerun._checks import DataError, fail

from .columns import TRUTHS, Columns, Words, is_missing
from .gaps import (
    carried,
    check_finite,
    interpolate,
    refuse_missing,
    refuse_missing_answer,
)
from .ordering import Order
from .roles import Roles
from .schema import BOOLEAN, CATEGORY, NUMBER, Column, Schema

COMMA = re.compile(r"\s*[-+]?\d+([.,]\d+)*\s*")
"""A number with a comma, which is no class."""

__all__ = ["describe", "inputs", "refuse_words", "targets"]


def describe(where: str, columns: Columns, roles: Roles, order: Order, missing: str) -> Schema:
    """The schema of a table that a network shall learn from.

    Raises:
        DataError: A column is of no kind for its role.
    """
    classes = roles.task in ("classify", "label")
    targets = [_target(where, name, columns[name], classes) for name in roles.targets]
    if len(targets) > 1 and any(one.kind != NUMBER for one in targets):
        got = ", ".join(f"{one.name} ({one.kind})" for one in targets)
        fix = "Train a network for each class column."
        fail(where, "several targets must be numbers", got, fix, DataError)
    observed = [_target(where, name, columns[name], False) for name in roles.observed]
    if observed and targets[0].kind != NUMBER:
        fix = "Pass them as known, or leave them out."
        fail(where, "observed columns need targets that are numbers", "classes", fix, DataError)
    known = []
    for name in roles.known:
        column = _input(where, name, columns[name])
        gone = missing == "mask" and bool(is_missing(order.pick(columns[name])).any())
        known.append(replace(column, marks_missing=gone))
    names = [name for one in known for name in one.channels]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        fix = "Rename a column."
        fail(where, "inputs must have names of their own", f"two {twice!r}", fix, DataError)
    return Schema(
        roles.task, "long", tuple(targets), tuple(known), tuple(observed), roles.time,
        roles.series, order.clock, missing,
    )  # fmt: skip


def targets(where: str, columns: Columns, schema: Schema, order: Order) -> "np.ndarray[Any, Any]":
    """Targets at all places: (places,) classes, -1 where missing; or (places, outputs), NaN."""
    if schema.is_of_classes:
        (column,) = schema.targets
        found = order.pick(_there(where, columns, column))
        if schema.per == "sequence":
            refuse_missing_answer(where, column.name, is_missing(found), order, schema)
        elif schema.missing != "mask":
            why = "a class has no in-between" if schema.missing == "interpolate" else ""
            refuse_missing(where, column.name, is_missing(found), order, why)
        return _classes(where, column, found, order)
    both = (*schema.targets, *schema.observed)
    found = [_numbers(where, one, order.pick(_there(where, columns, one))) for one in both]
    for column, values in zip(both, found, strict=True):
        check_finite(where, column.name, values, order)
        if schema.per == "sequence":
            refuse_missing_answer(where, column.name, np.isnan(values), order, schema)
        elif schema.missing == "refuse":
            refuse_missing(where, column.name, np.isnan(values), order)
        elif schema.missing == "interpolate":
            interpolate(where, column.name, values, order)
    return np.stack(found, axis=1)


def inputs(
    where: str, columns: Columns, schema: Schema, order: Order
) -> "np.ndarray[Any, Any] | None":
    """Inputs at all places, (places, channels); None where there are none."""
    found = []
    for column in schema.known:
        values = order.pick(_there(where, columns, column))
        gone = is_missing(values)
        if schema.missing == "refuse":
            refuse_missing(where, column.name, gone, order)
        if schema.missing == "mask" and not column.marks_missing:
            why = "there were no gaps in training"
            refuse_missing(where, column.name, gone, order, why, "Fill the gaps.")
        if column.kind == CATEGORY:
            if schema.missing == "interpolate":
                refuse_missing(where, column.name, gone, order, "a category has no in-between")
            channels = _one_hot(where, column, values, order)
        else:
            one = _numbers(where, column, values)
            check_finite(where, column.name, one, order)
            if schema.missing == "interpolate" and column.kind == BOOLEAN:
                refuse_missing(where, column.name, gone, order, "a truth has no in-between")
            elif schema.missing == "interpolate":
                interpolate(where, column.name, one, order)
            channels = (carried(one, order) if np.isnan(one).any() else one)[:, None]
        found.append(channels)
        if column.marks_missing:
            found.append(gone[:, None].astype(np.float64))
    return np.concatenate(found, axis=1) if found else None


def _there(where: str, columns: Columns, column: Column) -> Any:
    if column.name not in columns:
        shown = ", ".join(map(repr, list(columns)[:8]))
        fix = "Give the table the columns that the run was trained on."
        fail(where, f"a table must have the column {column.name!r}", shown, fix, DataError)
    return columns[column.name]


def _target(where: str, name: str, values: Any, classes: bool) -> Column:
    if isinstance(values, Words):
        if not classes or all(COMMA.fullmatch(word) for word in values.names):
            refuse_words(where, name, values)
        return Column(name, CATEGORY, values.names)
    if values.dtype.kind == "M":
        fix = "Predict a column of numbers or classes."
        fail(where, f"column {name!r} must be of numbers", "times", fix, DataError)
    if not classes:
        return Column(name)
    if values.dtype.kind == "b":
        return Column(name, CATEGORY, ("false", "true"))
    there = values[~np.isnan(values)]
    if not len(there):
        fix = "Leave it out."
        fail(where, f"column {name!r} must have a class", "nothing in all rows", fix, DataError)
    if not bool((there == np.round(there)).all()) or bool(np.isinf(there).any()):
        fix = "Pass task='forecast' or 'regress' for numbers."
        got = f"{there[(there != np.round(there)) | np.isinf(there)][0]:g}"
        fail(where, f"column {name!r} must be of classes", got, fix, DataError)
    return Column(name, CATEGORY, tuple(f"{one:.0f}" for one in np.unique(there)))


def _input(where: str, name: str, values: Any) -> Column:
    if isinstance(values, Words):
        if values.names == TRUTHS:
            return Column(name, BOOLEAN)
        _refuse_mostly_numbers(where, name, values)
        return Column(name, CATEGORY, values.names)
    if values.dtype.kind == "M":
        fix = "Pass numbers made of them: the month, say, or the day of the week."
        fail(where, f"input {name!r} must be of numbers or words", "times", fix, DataError)
    return Column(name, BOOLEAN if values.dtype.kind == "b" else NUMBER)


def _numbers(where: str, column: Column, values: Any) -> "np.ndarray[Any, Any]":
    if isinstance(values, Words) and values.names == TRUTHS and column.kind == BOOLEAN:
        return np.where(values.codes < 0, np.nan, values.codes)
    if isinstance(values, Words):
        refuse_words(where, column.name, values)
    if values.dtype.kind == "M":
        fix = "Give it numbers, as the run was trained on."
        fail(where, f"column {column.name!r} must be of numbers", "times", fix, DataError)
    return values.astype(np.float64, copy=True)


def _refuse_mostly_numbers(where: str, name: str, values: Words) -> None:
    """Refuse an input of which most rows are numbers: a category for each of them is not meant."""
    numbers = [_is_number(word) or bool(COMMA.fullmatch(word)) for word in values.names]
    there = values.codes[values.codes >= 0]
    if 2 * int(np.array(numbers, bool)[there].sum()) > len(there):
        refuse_words(where, name, values)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def refuse_words(where: str, name: str, values: Words) -> None:
    """Refuse a column of words where numbers are wanted; the first that is none is named."""
    number = next((n for n, word in enumerate(values.names) if not _is_number(word)), 0)
    row = int((values.codes == number).argmax()) + 1
    fix = "Write numbers there, or nothing where there is none."
    got = f"{values.names[number]!r} in row {row}"
    fail(where, f"column {name!r} must be of numbers", got, fix, DataError)


def _classes(where: str, column: Column, values: Any, order: Order) -> "np.ndarray[Any, Any]":
    gone = is_missing(values)
    if isinstance(values, Words):
        codes = values.recoded(column.categories)
    else:
        if values.dtype.kind == "M":
            fix = "Give it classes, as the run was trained on."
            fail(where, f"column {column.name!r} must be of classes", "times", fix, DataError)
        numbers = values.astype(np.float64)
        place = {name: number for number, name in enumerate(column.categories)}
        if column.categories == TRUTHS:
            place = {"0": 0, "1": 1}
        distinct, found = np.unique(np.where(gone, np.inf, numbers), return_inverse=True)
        new = np.array([place.get(f"{one:.0f}" if one == np.round(one) else "", -1)
                        for one in distinct], np.int64)  # fmt: skip
        codes = new[found.reshape(-1)]
    strange = (codes < 0) & ~gone
    if strange.any():
        at = int(strange.argmax())
        word = values.names[values.codes[at]] if isinstance(values, Words) else f"{values[at]:g}"
        known = ", ".join(map(repr, column.categories[:6]))
        fix = f"It knows {known}{' and others' if len(column.categories) > 6 else ''}."
        expected = f"column {column.name!r} must have classes that were seen in training"
        fail(where, expected, f"{word!r} in {order.name(at)}", fix, DataError)
    return codes


def _one_hot(where: str, column: Column, values: Any, order: Order) -> "np.ndarray[Any, Any]":
    codes = _classes(where, column, values, order)
    found = np.zeros((len(codes), len(column.categories)))
    there = np.flatnonzero(codes >= 0)
    found[there, codes[there]] = 1
    return found
