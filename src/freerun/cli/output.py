"""What a command prints: results on standard output, everything else on standard error."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Stopped", "plain", "print_json", "print_table", "say"]


class Stopped(Exception):  # noqa: N818 - no error, it was asked for
    """Ctrl-C ended the work; the message says what was kept.

    Args:
        message: What to tell the user.
        resumable: Whether the same command with ``--resume`` goes on.
    """

    def __init__(self, message: str, resumable: bool = False) -> None:
        super().__init__(message)
        self.resumable = resumable


def say(message: str, quiet: bool = False) -> None:
    """Write one line to standard error."""
    if not quiet:
        print(message, file=sys.stderr, flush=True)


def print_json(result: Mapping[str, Any]) -> None:
    """Print one JSON object; what is not finite is null, for JSON knows no NaN."""
    print(json.dumps(plain(result), indent=2, allow_nan=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, the first column of text, the others of figures; plain but on a terminal."""
    from rich.box import ASCII2, SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 100
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD if console.is_terminal else ASCII2,
    )
    for number, column in enumerate(columns):
        if number:
            table.add_column(column, justify="right", no_wrap=True)
        else:
            table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def plain(value: Any) -> Any:
    """What JSON can hold: null for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
