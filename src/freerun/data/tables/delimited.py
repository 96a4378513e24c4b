"""Files of columns: CSV and its relatives, and Parquet; read by Polars."""

import csv
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from freerun._checks import DataError, fail

from .columns import Columns, from_frame

__all__ = ["read_delimited", "read_parquet"]

DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}

NOTHING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]
"""What stands where nothing is."""

ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")

SMALL, FEW_ROWS = 2**24, 5_000
"""Bytes up to which a file is looked at as a whole before it is read, which takes as long again;
and the rows that are looked at in a larger one."""

UTF8 = 'Pass encoding="utf-8", say.'

HEAD = 2**16
"""Bytes that are looked at before a file is read as a whole."""


def read_delimited(
    path: Path, delimiter: str | None = None, encoding: str = "utf-8"
) -> tuple[Columns, list[str]]:
    """Read a file with a header line: its columns, and what was guessed.

    Dates and times as ISO 8601 writes them are read as such; everything that looks like nothing
    (an empty field, NA, NaN, null) is missing.

    Raises:
        DataError: The file is empty, is not text, has no rows, or its rows do not fit its header.
    """
    import polars

    where = str(path)
    head = _head(path, encoding)
    guessed = []
    if delimiter is None:
        delimiter = _sniff(head)
        if delimiter != ("\t" if path.suffix == ".tsv" else ","):
            guessed.append(f"fields are set apart by a {DELIMITERS[delimiter]}")
    elif len(delimiter.encode()) != 1:
        fix = 'Pass delimiter=";", say.'
        fail(where, "delimiter must be one character, a plain one", repr(delimiter), fix)
    header = next(csv.reader([head.splitlines()[0]], delimiter=delimiter))
    if len(header) == 1 and any(other in header[0] for other in DELIMITERS):
        others = " or ".join(repr(other) for other in DELIMITERS if other in header[0])
        fix = f"Pass delimiter={others}."
        fail(where, f"fields must be set apart by {delimiter!r}", repr(header[0]), fix, DataError)
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        fix = "Give every column a name of its own."
        fail(where, "columns must have names of their own", f"two {twice!r}", fix, DataError)
    source: Any = path
    if encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "ascii", "utf-8-sig"):
        source = _decoded(path, encoding)
    try:
        frame = _parse(source, delimiter, None if path.stat().st_size < SMALL else FEW_ROWS)
    except polars.exceptions.NoDataError:
        fail(where, "a file must have rows", "none", "Give it data.", DataError)
    except (polars.exceptions.PolarsError, UnicodeDecodeError) as error:
        got = " ".join(str(error).split("\n")[0].split())
        if "utf-8" in got:
            fix = 'Pass encoding="latin-1", say, or save it as UTF-8.'
            fail(where, f"text must be {encoding}", "other bytes further down", fix, DataError)
        fix = "Check the file there; pass delimiter= or encoding= if it is written otherwise."
        fail(where, "rows must fit the header", got, fix, DataError)
    return from_frame(where, _with_times(frame)), guessed


def _decoded(path: Path, encoding: str) -> bytes:
    """The file in UTF-8, which is all that Polars reads."""
    try:
        return path.read_text(encoding=encoding).encode()
    except UnicodeError as error:
        got = " ".join(str(error).split())
        fix = 'Pass encoding="latin-1", say, or save it as UTF-8.'
        fail(str(path), f"text must be {encoding}", got, fix, DataError)


def _parse(source: Any, delimiter: str, rows: int | None) -> Any:
    """The frame of a file, whose columns are of the kinds that the first ``rows`` look like."""
    import polars

    try:
        return polars.read_csv(
            source,
            separator=delimiter,
            null_values=NOTHING,
            infer_schema_length=rows,
        )
    except polars.exceptions.ComputeError:
        if rows is None:
            raise
        return _parse(source, delimiter, None)  # further down something looks otherwise


def _with_times(frame: Any) -> Any:
    """Turn columns of ISO 8601 times into times; other ways to write a date are not guessed at."""
    import polars

    for column in frame.get_columns():
        if column.dtype != polars.String:
            continue
        first = column.drop_nulls().head(1).to_list()
        if not first or not ISO.fullmatch(first[0]):
            continue
        with suppress(polars.exceptions.PolarsError):  # not all of it: words, which are refused
            day = len(first[0]) == len("2024-12-31")
            kind = polars.Date if day else polars.Datetime("us")
            frame = frame.with_columns(column.str.strptime(kind, strict=True))
    return frame


def read_parquet(path: Path) -> Columns:
    """Read a Parquet file.

    Raises:
        DataError: It is none, or is cut short.
    """
    import polars

    try:
        frame = polars.read_parquet(path)
    except polars.exceptions.PolarsError as error:
        got = " ".join(str(error).split("\n")[0].split())
        fail(str(path), "a whole Parquet file", got, "Restore it from a copy.", DataError)
    return from_frame(str(path), frame)


def _head(path: Path, encoding: str) -> str:
    """The beginning of a text file, whole lines of it."""
    where = str(path)
    with open(path, "rb") as file:
        raw = file.read(HEAD)
    if not raw.strip():
        fail(where, "a file must hold something", "an empty one", "Give it data.", DataError)
    if b"\0" in raw and not encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        fix = "Pass a CSV or Parquet file, or encoding= if it is text."
        fail(where, "a text file", "bytes that are no text", fix, DataError)
    try:
        text = raw.decode(encoding, errors="strict" if len(raw) < HEAD else "ignore")
    except LookupError:
        fail(where, "encoding must be one that Python knows", repr(encoding), UTF8)
    except UnicodeDecodeError as error:
        fix = 'Pass encoding="latin-1", say, or save it as UTF-8.'
        got = f"byte {raw[error.start]:#04x} at place {error.start}"
        fail(where, f"text must be {encoding}", got, fix, DataError)
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    return "".join(lines if len(raw) < HEAD or len(lines) == 1 else lines[:-1])


def _sniff(head: str) -> str:
    """The delimiter that cuts the first lines into the same number of fields, and most of them."""
    lines = [line for line in head.splitlines()[:20] if line.strip()]
    best, most = ",", 1
    for delimiter in (",", "\t", ";", "|"):
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        if len(set(counts)) == 1 and counts[0] > most:
            best, most = delimiter, counts[0]
    return best
