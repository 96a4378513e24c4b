"""Plain text as a sequence of classes: characters, words, or bytes."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from freerun._checks import DataError, check_choice, fail
from freerun.data.sequences import Sequences

from .delimited import UTF8
from .schema import CATEGORY, Column, Schema
from .table import Table

__all__ = ["UNITS", "join", "read_text", "units_of"]

UNITS = ("characters", "words", "bytes")

WORDS = re.compile(r"\w+(?:['\u2019]\w+)*|\s+|[^\w\s]")
"""A word, white space, or one other sign: put one after the other they are the text again."""


def units_of(text: str, unit: str) -> list[str]:
    """Cut a text into its units; a byte is written as two hexadecimal digits."""
    if unit == "words":
        return WORDS.findall(text)
    if unit == "bytes":
        return [f"{byte:02x}" for byte in text.encode()]
    return list(text)


def join(units: Sequence[str], unit: str) -> str:
    """Put units together again; bytes that are no UTF-8 become the sign for that."""
    if unit == "bytes":
        return bytes(int(one, 16) for one in units).decode(errors="replace")
    return "".join(units)


def read_text(
    where: str, text: str, unit: str = "characters", schema: Schema | None = None
) -> Table:
    """Read a text as one sequence of classes.

    Args:
        where: Whose text it is.
        text: All of it.
        unit: ``"characters"``, ``"words"`` or ``"bytes"``.
        schema: Of the text that a network learned from: nothing else is known to it.

    Raises:
        DataError: There is no text, or it has what the schema does not know.
    """
    check_choice(where, "unit", unit, UNITS)
    if schema is not None:
        unit = schema.layout
    units = units_of(text, unit)
    if len(units) < 2:
        got = f"{len(units)} {unit}"
        fail(where, "a text must have two units or more", got, "Give it more text.", DataError)
    words, codes = np.unique(np.array(units, object).astype(str), return_inverse=True)
    names = [str(word) for word in words]
    if schema is None:
        schema = Schema("text", unit, (Column("text", CATEGORY, tuple(names)),))
    known = schema.targets[0].categories
    place = {name: number for number, name in enumerate(known)}
    strange = [name for name in names if name not in place]
    if strange:
        shown = ", ".join(map(repr, strange[:5]))
        fix = "Train on a text that has them, or take them out."
        expected = f"a text must have only {unit} that were seen in training"
        fail(where, expected, shown, fix, DataError)
    recoded = np.array([place[name] for name in names], np.int64)[codes.reshape(-1)]
    return Table(schema, Sequences(None, recoded, classes=known), ("",))


def load_text(path: Path, encoding: str) -> str:
    """The text of a file, its line ends as they are.

    Raises:
        DataError: It is not text in this encoding.
    """
    try:
        return path.read_bytes().decode(encoding).removeprefix("\ufeff")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        fail(str(path), "a file that can be read", reason, "Check its permissions.", DataError)
    except LookupError:
        fail(str(path), "encoding must be one that Python knows", repr(encoding), UTF8)
    except UnicodeDecodeError as error:
        fix = 'Pass encoding="latin-1", say, or save it as UTF-8.'
        got = f"byte {error.object[error.start]:#04x} at place {error.start}"
        fail(str(path), f"text must be {encoding}", got, fix, DataError)
