"""The options that say how a file is to be read, and reading it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from freerun.cli import options
from freerun.cli.output import say
from freerun.cli.wording import as_options, without_options

if TYPE_CHECKING:
    import freerun as fr

__all__ = ["Delimiter", "Encoding", "Known", "Layout", "Missing", "Observed", "Series", "Target",
           "Time", "Unit", "read_file", "reading"]  # fmt: skip

MISSING = ("refuse", "interpolate", "mask")
LAYOUTS = ("long", "wide")
UNITS = ("characters", "words", "bytes")

Names = str | None

Target = Annotated[
    Names, typer.Option(metavar="COLUMN[,...]", help="What to predict; guessed by default.")
]
Time = Annotated[Names, typer.Option(metavar="COLUMN", help="Times: dates, or numbers.")]
Series = Annotated[
    Names, typer.Option(metavar="COLUMN", help="Which series a row is of, where there are several.")
]
Known = Annotated[
    Names,
    typer.Option(metavar="COLUMN[,...]", help="Inputs; for forecasts those known ahead of time."),
]
Observed = Annotated[
    Names,
    typer.Option(
        metavar="COLUMN[,...]", help="Forecasts: columns not known ahead, predicted as well."
    ),
]
Missing = Annotated[
    str, options.word("--missing", "What becomes of gaps: nothing is guessed silently.", MISSING)
]
Layout = Annotated[
    str, options.word("--layout", "A row per step, or a column per series.", LAYOUTS)
]
Delimiter = Annotated[
    Names, typer.Option(metavar="CHARACTER", help="What sets fields apart; guessed by default.")
]
Encoding = Annotated[str, typer.Option(metavar="NAME", help="Of text: utf-8, latin-1, ...")]
Unit = Annotated[str, options.word("--unit", "What a text is cut into.", UNITS)]


def read_file(
    path: str, task: str | None, quiet: bool = False, as_trained: bool = False, **how: Any
) -> "fr.Table":
    """Read a file, and say on standard error what was guessed.

    Args:
        path: Of the file or directory.
        task: What is to be learned from it, or None to guess.
        quiet: Say nothing.
        as_trained: Whether it is for a run, which has decided how.
        how: Arguments of `freerun.read`; lists of columns as they were typed. With a schema, all
            else is as that says.
    """
    import freerun as fr

    for name in ("target", "known", "observed"):
        if how.get(name) is not None:
            how[name] = [one.strip() for one in how[name].split(",")]
    if how.get("delimiter") in ("tab", "\\t"):
        how["delimiter"] = "\t"
    with reading(path, as_trained):
        table = fr.read(path, task=task, **how)
    for sentence in table.guessed:
        say(f"{path}: {sentence}", quiet)
    return table


@contextmanager
def reading(path: str, as_trained: bool = False) -> Iterator[None]:
    """Say what is wrong with a file in the command line's words.

    Args:
        path: Of the file; it stands in the place of what the library calls it.
        as_trained: Whether it is for a run, which has decided how.
    """
    import freerun as fr

    try:
        yield
    except fr.FreerunError as error:
        message = as_options(re.sub(r"^Sequences: ", f"{path}: ", str(error)))
        raise type(error)(without_options(message) if as_trained else message) from error
