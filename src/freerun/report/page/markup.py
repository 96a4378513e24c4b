"""HTML of values: whatever comes from data goes through :func:`text`."""

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["facts", "paragraph", "shown", "table", "text"]


def text(value: object) -> str:
    """``value`` as text that holds no markup.

    Example:
        >>> text("<b>R&D</b>")
        '&lt;b&gt;R&amp;D&lt;/b&gt;'
    """
    return html.escape(str(value))


def shown(value: Any) -> str:
    """A number as people read it; None as a dash.

    Example:
        >>> shown(0.123456), shown(12), shown(None)
        ('0.1235', '12', '-')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def paragraph(words: str, kind: str = "") -> str:
    """A paragraph of words."""
    return f"<p{_class(kind)}>{text(words)}</p>"


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], kind: str = ""
) -> str:
    """A table whose first column names its rows; it scrolls by itself where it is too wide."""
    listed = list(rows)
    kinds = ["", *(_kind(row[at] for row in listed) for at in range(1, len(columns)))]
    head = "".join(
        f'<th scope="col"{_class(one)}>{text(name)}</th>'
        for name, one in zip(columns, kinds, strict=True)
    )
    body = "".join(_row(row) for row in listed)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(caption)}">'
        f"<table{_class(kind)}><caption><span>{text(caption)}</span></caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def facts(rows: Iterable[tuple[str, Any]], kind: str = "facts") -> str:
    """Names and what they are, as a list of descriptions."""
    found = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(shown(value))}</dd></div>" for name, value in rows
    )
    return f'<dl class="{kind}">{found}</dl>'


def _row(row: Sequence[Any]) -> str:
    first, *others = row
    cells = "".join(f"<td{_class(_kind([one]))}>{text(shown(one))}</td>" for one in others)
    return f'<tr><th scope="row">{text(shown(first))}</th>{cells}</tr>'


def _kind(values: Iterable[Any]) -> str:
    """The class of cells that hold these: numbers stand to the right."""
    numeric = all(isinstance(one, int | float) or one is None for one in values)
    return "number" if numeric else ""


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
