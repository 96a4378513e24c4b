"""The confusion matrix as a table: counts that are read, shades that are seen."""

from freerun.report.measured.classes import Confusion
from freerun.report.page.markup import paragraph, shown, table, text

__all__ = ["confusion"]

SHADES = 5


def confusion(found: Confusion) -> str:
    """Which classes are taken for which, and the commonest mistakes."""
    parts = [paragraph(f"{found.accuracy:.1%} of {found.total} are right.")]
    if found.counts:
        parts.append(_matrix(found))
    if found.mistakes:
        rows = [[f"{true} taken for {other}", count] for true, other, count in found.mistakes]
        parts.append(table("The commonest mistakes", ["mistake", "how often"], rows))
    return "".join(parts)


def _matrix(found: Confusion) -> str:
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in found.classes)
    rows = []
    for number, (name, row) in enumerate(zip(found.classes, found.counts, strict=True)):
        total = sum(row) or 1
        cells = "".join(
            f'<td class="number s{_shade(count, total)}{" right" if number == other else ""}">'
            f"{count}</td>"
            for other, count in enumerate(row)
        )
        recall = text(_percent(found.recall[number]))
        rows.append(
            f'<tr><th scope="row">{text(name)}</th>{cells}<td class="number">{recall}</td></tr>'
        )
    precision = "".join(f'<td class="number">{text(_percent(one))}</td>' for one in found.precision)
    caption = "Rows: the true class. Columns: the class that was said."
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">'
        f'<table class="matrix"><caption><span>{caption}</span></caption>'
        f'<thead><tr><th scope="col">true</th>{head}<th scope="col">found</th></tr></thead>'
        f'<tbody>{"".join(rows)}</tbody><tfoot><tr><th scope="row">right of those said</th>'
        f"{precision}<td></td></tr></tfoot></table></div>"
    )


def _shade(count: int, total: int) -> int:
    return min(SHADES, -(-count * SHADES // total))


def _percent(share: float | None) -> str:
    return shown(None) if share is None else f"{share:.0%}"
