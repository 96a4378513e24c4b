"""Files of sktime and aeon, ``.ts``: labelled series, a line each.

The form is described in aeon's documentation, "Data format": a header of lines that begin with @,
then for each case its channels, set apart by colons, and at the end its class or number.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from freerun._checks import DataError, fail
from freerun.data.sequences import Sequences

from .schema import CATEGORY, Column, Schema
from .table import Table

__all__ = ["read_ts"]

FIX = "Write it as sktime and aeon do."


def read_ts(path: Path, schema: Schema | None, dtype: torch.dtype) -> Table:
    """Read a file of labelled series.

    Args:
        path: The file.
        schema: Of the file that a network learned from: its classes and channels are the ones.
        dtype: Floating type of the numbers.

    Raises:
        DataError: It is not of this form, or has time stamps or missing values.
    """
    where = str(path)
    header: dict[str, list[str]] = {}
    cases: list[tuple[int, list[str]]] = []
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            words = line.split()
            if not words or line.startswith(("#", "%")):
                continue
            if words[0].startswith("@"):
                header[words[0][1:].lower()] = words[1:]
            elif "data" not in header:
                fail(where, "cases must come after @data", f"one in line {number}", FIX, DataError)
            else:
                cases.append((number, line.strip().split(":")))
    if "data" not in header or not cases:
        got = "no case" if "data" in header else "no line @data"
        fail(where, "a .ts file must have cases after @data", got, FIX, DataError)
    if [word.lower() for word in header.get("timestamps", [])] == ["true"]:
        fix = "Bring the series to equal steps, and write the values alone."
        fail(where, "series must be without time stamps", "@timestamps true", fix, DataError)
    labelled = header.get("classlabel", header.get("targetlabel", ["false"]))
    if not labelled or labelled[0].lower() != "true":
        fix = "Give every case its class at the end, and write @classLabel true a b."
        fail(where, "every case must have a label", "@classLabel false", fix, DataError)
    channels = len(cases[0][1]) - 1
    if channels < 1:
        got = f"one field in line {cases[0][0]}"
        fail(where, "a case must have a channel and a label, set apart by ':'", got, FIX, DataError)
    x = [_case(where, number, parts, channels) for number, parts in cases]
    last = [parts[-1].strip() for _, parts in cases]
    if schema is None:
        schema = _schema(header, channels, last)
    if len(schema.known) != channels:
        fix = "Give it the channels that the run was trained on."
        fail(where, f"a case must have {len(schema.known)} channels", channels, fix, DataError)
    y = _labels(where, schema, cases, last)
    classes = schema.targets[0].categories if schema.is_of_classes else None
    names = None if classes else schema.outputs
    sequences = Sequences(x, y, target="sequence", classes=classes, names=names, dtype=dtype)
    return Table(schema, sequences, tuple(f"case {n}" for n in range(1, len(cases) + 1)))


def _schema(header: dict[str, list[str]], channels: int, last: list[str]) -> Schema:
    known = tuple(Column(f"channel {number}") for number in range(1, channels + 1))
    if "classlabel" not in header:
        return Schema("regress", "cases", (Column("target"),), known)
    names = tuple(dict.fromkeys(header["classlabel"][1:])) or tuple(sorted(set(last)))
    return Schema("classify", "cases", (Column("class", CATEGORY, names),), known)


def _case(where: str, line: int, parts: list[str], channels: int) -> "np.ndarray[Any, Any]":
    """One case's numbers, (steps, channels)."""
    if len(parts) - 1 != channels:
        expected = f"line {line} must have {channels} channels, as the first case has"
        fail(where, expected, len(parts) - 1, FIX, DataError)
    found = []
    for number, part in enumerate(parts[:-1], start=1):
        try:
            values = np.array(part.split(","), dtype=np.float64)
        except ValueError:
            word = next((one for one in part.split(",") if not _is_number(one)), part)
            got = f"{word.strip()!r} in channel {number} of line {line}"
            fail(where, "values must be numbers", got, "Fill what is missing first.", DataError)
        found.append(values)
    lengths = {len(one) for one in found}
    if len(lengths) > 1:
        got = " and ".join(str(one) for one in sorted(lengths))
        expected = f"all channels of line {line} must have the same number of steps"
        fail(where, expected, got, "Cut them alike.", DataError)
    return np.stack(found, axis=1)


def _labels(
    where: str, schema: Schema, cases: list[tuple[int, list[str]]], last: list[str]
) -> "np.ndarray[Any, Any]":
    if not schema.is_of_classes:
        odd = next((n for n, word in enumerate(last) if not _is_number(word)), None)
        if odd is not None:
            got = f"{last[odd]!r} in line {cases[odd][0]}"
            fail(where, "every case must end with a number", got, FIX, DataError)
        return np.array(last, np.float64)[:, None]
    place = {name: number for number, name in enumerate(schema.targets[0].categories)}
    odd = next((n for n, word in enumerate(last) if word not in place), None)
    if odd is not None:
        known = ", ".join(map(repr, place))
        got = f"{last[odd]!r} in line {cases[odd][0]}"
        fail(where, f"classes must be among {known}", got, "Correct the label.", DataError)
    return np.array([place[word] for word in last], np.int64)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
