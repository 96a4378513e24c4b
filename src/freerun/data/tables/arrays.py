"""NumPy's files: ``.npz`` with x and y, or ``.npy`` with y alone."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from freerun._checks import DataError, fail
from freerun.data.sequences import Sequences

from .schema import CATEGORY, Column, Schema
from .table import Table

__all__ = ["load_arrays", "read_arrays"]

FIX = "Save x, (series, time, channels), and y: numpy.savez(path, x=x, y=y)."


def read_arrays(
    path: Path, schema: Schema | None, missing: str, dtype: torch.dtype, task: str | None = None
) -> Table:
    """Read y, and x where there is one; ``lengths`` cuts series that were padded.

    y has a row for each series, (series, ...), where x has three axes: (series,) one target each,
    of classes if they are whole numbers, (series, time) or (series, time, outputs) one a step.
    Alone y is one series, (time,) or (time, outputs), or several, (series, time, outputs).

    Args:
        path: The file.
        schema: Of the file that a network learned from.
        missing: ``"refuse"`` or ``"mask"``.
        dtype: Floating type of the numbers.
        task: For ``"forecast"`` and ``"regress"`` whole numbers are no classes.

    Raises:
        DataError: It is no such file, or its arrays do not fit together.
    """
    where = str(path)
    arrays = load_arrays(path)
    y = arrays.get("y")
    if y is None:
        fail(where, "a .npz file must hold y", ", ".join(arrays) or "nothing", FIX, DataError)
    x = arrays.get("x")
    _check_form(where, x, y)
    lengths = arrays.get("lengths")
    per = "sequence" if x is not None and x.ndim == 3 and _is_one_each(x, y) else "step"
    of_numbers = task == ("forecast" if per == "step" else "regress")
    if of_numbers or (schema is not None and not schema.is_of_classes):
        y = y.astype(np.float64)
    series_x, series_y = (
        _cut(where, x, lengths),
        y if per == "sequence" else _cut(where, y, lengths),
    )
    labels = y if per == "sequence" or y.ndim < 3 else None
    is_of_classes = labels is not None and y.dtype.kind in "iub"
    names = _classes(where, y, schema) if is_of_classes else None
    if missing == "interpolate":
        fix = "Fill what is missing first, or pass missing='mask'."
        fail(where, "arrays are read as they are", "missing='interpolate'", fix)
    sequences = Sequences(
        series_x, series_y, target=per, classes=names, dtype=dtype,
        missing="mask" if missing == "mask" and per == "step" else "refuse",
    )  # fmt: skip
    if schema is None:
        schema = _schema(per, names, sequences, missing)
    elif len(schema.known) != sequences.input_size:
        fix = "Give it the channels that the run was trained on."
        fail(
            where, f"x must have {len(schema.known)} channels", sequences.input_size, fix, DataError
        )
    else:
        _check_like(where, schema, per, is_of_classes, sequences.output_size)
    keys = tuple(f"series {n}" for n in range(1, len(sequences) + 1))
    return Table(schema, sequences, keys if len(keys) > 1 else ("",))


def _schema(per: str, names: tuple[str, ...] | None, sequences: Sequences, missing: str) -> Schema:
    task = {
        ("sequence", True): "classify", ("sequence", False): "regress",
        ("step", True): "label", ("step", False): "forecast",
    }[per, names is not None]  # fmt: skip
    outputs = sequences.output_size or 1
    targets = (
        (Column("y", CATEGORY, names),)
        if names is not None
        else tuple(Column(f"y{n}") for n in range(1, outputs + 1))
    )
    inputs = tuple(Column(f"x{n}") for n in range(1, sequences.input_size + 1))
    return Schema(task, "arrays", targets, inputs, missing=missing)


def _check_form(where: str, x: "np.ndarray[Any, Any] | None", y: "np.ndarray[Any, Any]") -> None:
    """Refuse what is no number, or has too many axes or too few."""
    for name, array in (("x", x), ("y", y)):
        if array is None:
            continue
        if array.dtype.kind not in "iufb":
            fix = "Save numbers; number classes from 0."
            fail(where, f"{name} must be numbers", f"an array of {array.dtype}", fix, DataError)
        if not 1 <= array.ndim <= 3 or not array.size:
            got = f"an array of {array.shape}"
            fail(where, f"{name} must have one to three axes, none of them empty", got, FIX,
                 DataError)  # fmt: skip
    if x is not None and x.ndim == 3 and len(x) != len(y):
        fail(where, "x and y must be of the same series", f"{len(x)} and {len(y)}", FIX, DataError)


def _check_like(
    where: str, schema: Schema, per: str, is_of_classes: bool, outputs: int | None
) -> None:
    """Refuse targets of another kind than those that were trained on."""
    kinds = {False: "numbers", True: "classes"}
    wanted = f"{kinds[schema.is_of_classes]} per {schema.per}"
    got = f"{kinds[is_of_classes]} per {per}"
    if not schema.is_of_classes:
        wanted, got = f"{len(schema.outputs)} {wanted}", f"{outputs} {got}"
    if wanted != got:
        fix = "Give it data like those that the run was trained on."
        fail(where, f"y must be {wanted}", got, fix, DataError)


def load_arrays(path: Path) -> dict[str, "np.ndarray[Any, Any]"]:
    """All arrays of a file by name; that of a ``.npy`` is y.

    Raises:
        DataError: NumPy did not write it, or it holds objects.
    """
    try:
        with open(path, "rb") as file:
            found = np.load(file, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return {"y": found}
            arrays = {name: found[name] for name in found.files}
            return {name: one for name, one in arrays.items() if isinstance(one, np.ndarray)}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        # What is neither an archive nor an array, NumPy takes for a pickle, and says so at length.
        got = " ".join(str(error).split()) or "an end too early"
        got = "other bytes" if "pickled" in got else got
        fail(str(path), "a file that NumPy wrote, without objects", got, FIX, DataError)


def _is_one_each(x: "np.ndarray[Any, Any]", y: "np.ndarray[Any, Any]") -> bool:
    return y.ndim == 1 or (y.ndim == 2 and y.shape[1] != x.shape[1])


def _cut(
    where: str, array: "np.ndarray[Any, Any] | None", lengths: "np.ndarray[Any, Any] | None"
) -> Any:
    if array is None or lengths is None:
        return array
    counts = np.asarray(lengths)
    fits = counts.ndim == 1 and len(counts) == len(array) and counts.dtype.kind in "iu"
    if (
        not fits
        or not len(counts)
        or array.ndim < 2
        or counts.min() < 1
        or counts.max() > array.shape[1]
    ):
        got = f"{counts.dtype} of shape {counts.shape} beside {array.shape}"
        fail(where, "lengths must be (series,), from 1 to the steps there are", got, FIX, DataError)
    return [one[:count] for one, count in zip(array, counts.tolist(), strict=True)]


def _classes(where: str, y: "np.ndarray[Any, Any]", schema: Schema | None) -> tuple[str, ...]:
    most = int(y.max())
    if schema is None:
        if most >= 1000 + y.size:
            fix = "Number classes from 0; save numbers that are no classes as floats."
            fail(where, "classes must be numbered from 0", most, fix, DataError)
        return tuple(str(number) for number in range(most + 1))
    known = schema.targets[0].categories
    if most >= len(known):
        fix = "Train on data that have it, or leave it out."
        expected = f"classes must be among the {len(known)} that were seen in training"
        fail(where, expected, most, fix, DataError)
    return known
