"""``fr.read``: a file, a directory of files, or a frame becomes a table that was understood."""

import difflib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from freerun._checks import DataError, check_choice, fail

from .arrays import read_arrays
from .columns import Columns, from_frame
from .delimited import read_delimited, read_parquet
from .encoding import describe
from .layouts import SERIES, VALUE, from_files, from_wide
from .ordering import put_in_order
from .roles import TASKS, TIMES, find_roles
from .schema import Schema
from .table import Table, encode
from .text import load_text, read_text
from .ts import read_ts

__all__ = ["ARRAYS", "columns_of", "existing", "read"]

MISSING = ("refuse", "interpolate", "mask")

LAYOUTS = ("long", "wide")

DELIMITED, PARQUET, TEXT = (".csv", ".tsv", ".dat"), (".parquet", ".pq"), (".txt", ".md")
ARRAYS, CASES = (".npz", ".npy"), (".ts",)

BY_SUFFIX = ((TEXT, "a text"), (ARRAYS, "arrays"), (CASES, "cases"))

KINDS = {"long": "a table", "wide": "a table", "arrays": "arrays", "cases": "cases"}
"""What a layout is called; those of texts are their units."""


def read(
    source: Any,
    target: str | Sequence[str] | None = None,
    *,
    task: str | None = None,
    time: str | None = None,
    series: str | None = None,
    known: str | Sequence[str] | None = None,
    observed: str | Sequence[str] | None = None,
    layout: str = "long",
    missing: str = "refuse",
    unit: str = "characters",
    delimiter: str | None = None,
    encoding: str = "utf-8",
    schema: Schema | None = None,
    dtype: torch.dtype = torch.float32,
) -> Table:
    """Read data: what is not said is guessed, and ``table.guessed`` says what was.

    Files are told by their names: ``.csv`` and ``.tsv``, ``.parquet``, ``.npz`` with x and y or
    ``.npy`` with y alone, ``.ts`` of sktime and aeon, and ``.txt``. A directory holds a series in
    each file. In memory: frames of Polars and pandas, Arrow tables, mappings of names to arrays.

    Args:
        source: A path, or what is in memory.
        target: Column or columns to predict.
        task: ``"forecast"`` numbers step by step, ``"label"`` every step, ``"classify"`` or
            ``"regress"`` whole series.
        time: Column of times: dates, or numbers.
        series: Column that tells series apart.
        known: Inputs. For forecasts those known ahead of time, as the weekday is; for other tasks
            by default all that is left. Words become a channel for each of them.
        observed: For forecasts: columns known once they are there, and predicted till then.
        layout: ``"long"``, a row per step of a series, or ``"wide"``, a column per series.
        missing: ``"refuse"``; ``"interpolate"``, on a straight line; or ``"mask"``: targets do not
            count, inputs keep their last value, and a channel more says where. The last two also
            fill in steps that have no row.
        unit: Of text: ``"characters"``, ``"words"`` or ``"bytes"``.
        delimiter: What sets fields of a text file apart; guessed by default.
        encoding: Of text files.
        schema: That of other data, such as those a network was trained on: names, kinds and
            classes are then the same, and nothing is guessed.
        dtype: Floating type of the numbers.

    Returns:
        The table; ``table.sequences`` is what `fit` takes.

    Raises:
        ArgumentError: A name is of no column; the nearest one is named.
        DataError: The data cannot be used as they are; the column and the row are named.

    Example:
        >>> import freerun as fr
        >>> table = fr.read({"month": ["2024-01", "2024-02", "2024-03"], "sales": [3.0, 5.0, 4.0]})
        >>> table
        Table(Sequences(1 sequence of 3 steps, no inputs, 1 output per step); target: sales, one per
        step; time: month, a step is 1 month)
        >>> table.guessed
        ("'month' is the time", "'sales' is to be predicted", 'the task is to forecast')
    """
    is_path = isinstance(source, (str, os.PathLike))
    where = str(source) if is_path else "read"
    check_choice(where, "layout", layout, LAYOUTS)
    check_choice(where, "missing", missing, MISSING)
    said: list[str] = []
    if task is not None:
        check_choice(where, "task", task, (*TASKS, "text"))
    if schema is not None and not isinstance(schema, Schema):
        fail(where, "schema must be a Schema", repr(schema), "Pass another table's table.schema.")
    if is_path:
        path = existing(source)
        kind = path.suffix.lower()
        named = {"target": target, "time": time, "series": series, "known": known,
                 "observed": observed}  # fmt: skip
        if path.is_file() and (kind in (*TEXT, *CASES, *ARRAYS) or task == "text"):
            _refuse_names(where, named)
        if task == "text" and path.is_dir():
            fail(where, "a text must be a file", "a directory", "Pass the file itself.", DataError)
        if schema is not None:
            _check_layout(where, schema, path, kind)
        if path.is_file() and (kind in TEXT or task == "text"):
            return read_text(where, load_text(path, encoding), unit, schema)
        if path.is_file() and kind in CASES:
            return read_ts(path, schema, dtype)
        if path.is_file() and kind in ARRAYS:
            return read_arrays(path, schema, missing, dtype, task)
        columns, said = columns_of(path, delimiter, encoding)
        if path.is_dir():
            series = series or SERIES
    else:
        columns = from_frame(where, source)
    if schema is not None:
        return _like(where, columns, schema, dtype)
    if layout == "wide":
        _refuse_names(where, {"target": target, "series": series, "known": known})
        if time is None:
            time = _first_times(columns)
            said += [] if time is None else [f"{time!r} is the time"]
        columns, series, target = from_wide(where, columns, time), SERIES, VALUE
        task = task or "forecast"
    roles = find_roles(where, columns, task, target, time, series, known, observed)
    order = put_in_order(where, columns, roles.time, roles.series, missing != "refuse")
    found = replace(describe(where, columns, roles, order, missing), layout=layout)
    return encode(where, columns, found, order, (*said, *roles.guessed), dtype)


def _like(where: str, columns: Columns, schema: Schema, dtype: torch.dtype) -> Table:
    """Read columns as the schema of other data says."""
    if schema.layout == "wide":
        columns = from_wide(where, columns, schema.time)
    for name in (schema.time, schema.series):
        if name is not None and name not in columns:
            shown = ", ".join(map(repr, list(columns)[:8]))
            fix = "Give the table the columns that the run was trained on."
            fail(where, f"a table must have the column {name!r}", shown, fix, DataError)
    fills = schema.missing != "refuse"
    order = put_in_order(where, columns, schema.time, schema.series, fills, schema.clock)
    return encode(where, columns, schema, order, (), dtype)


def _check_layout(where: str, schema: Schema, path: Path, kind: str) -> None:
    """Refuse a file of another kind than that of the schema."""
    wanted = KINDS.get(schema.layout, "a text")
    got = "a table"
    if path.is_file():
        got = next((name for kinds, name in BY_SUFFIX if kind in kinds), got)
    if got != wanted and not (wanted == "a text" and path.is_file()):
        fix = "Pass data of the kind that was trained on."
        fail(where, f"data must be {wanted}, as in training", got, fix, DataError)


def _refuse_names(where: str, named: Mapping[str, Any]) -> None:
    """Refuse names of columns where there are none to be named."""
    given = next((role for role, name in named.items() if name is not None), None)
    if given is not None:
        fix = f"Leave out {given}=."
        fail(where, "columns are named in tables of a row per step", f"{given}=", fix)


def existing(source: str | os.PathLike[str]) -> Path:
    """The path, if something is there; otherwise the nearest thing beside it is named."""
    path = Path(source)
    with suppress(OSError):
        if os.fspath(source) and path.exists():
            return path
    try:
        beside = [one.name for one in path.parent.iterdir()]
    except OSError:
        beside = []
    near = difflib.get_close_matches(path.name, beside, n=1)
    fix = (
        f"Did you mean {path.parent / near[0]}?" if near else "Pass the path of what is to be read."
    )
    fail(os.fspath(source) or "''", "a file or a directory", "nothing there", fix, DataError)


def columns_of(path: Path, delimiter: str | None, encoding: str) -> tuple[Columns, list[str]]:
    """The columns of a file, or of all files in a directory; and what was guessed."""
    if path.is_dir():
        files = [
            one
            for one in sorted(path.iterdir())
            if one.is_file()
            and not one.name.startswith(".")
            and one.suffix.lower() in (*DELIMITED, *PARQUET)
        ]
        same = next((one for one in files if sum(one.stem == n.stem for n in files) > 1), None)
        if same is not None:
            expected, got = "files must have names of their own", f"two called {same.stem!r}"
            fail(str(path), expected, got, "Keep one of them.", DataError)
        if not files:
            fix = "Put a CSV or Parquet file there for each series."
            fail(str(path), "a directory of files", "none that can be read", fix, DataError)
        parts = {one.stem: columns_of(one, delimiter, encoding) for one in files}
        said = next(iter(parts.values()))[1]
        columns = from_files(str(path), {name: part for name, (part, _) in parts.items()})
        return columns, [*said, f"each of {len(files)} files is a series"]
    try:
        if path.suffix.lower() in PARQUET:
            return read_parquet(path), []
        return read_delimited(path, delimiter, encoding)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        fail(str(path), "a file that can be read", reason, "Check its permissions.", DataError)


def _first_times(columns: Columns) -> str | None:
    """The time column of a wide table: the first that is called so, or has times."""
    return next(
        (
            name
            for name, column in columns.items()
            if name.casefold() in TIMES
            or (isinstance(column, np.ndarray) and column.dtype.kind == "M")
        ),
        None,
    )
