"""A kind's figures as text."""

from collections.abc import Mapping

from benchmarks.accuracy.kind import Figures, Kind, Row

__all__ = ["cell", "table"]


def table(kind: Kind, rows: Mapping[str, Row]) -> str:
    """Lay out one kind: a row for each data set, a column for each method, and a legend."""
    lines = [["", *kind.methods]]
    for name, row in rows.items():
        lines.append([name, *(cell(row.get(method), kind.digits) for method in kind.methods)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    laid = []
    for first, *others in lines:
        cells = [f"{one:>{width}}" for one, width in zip(others, widths[1:], strict=True)]
        laid.append("  ".join([f"{first:<{widths[0]}}", *cells]).rstrip())
    legend = [f"  {method}: {what}" for method, what in kind.methods.items()]
    return "\n".join([f"{kind.name}: {kind.measures}", "", *laid, "", *legend])


def cell(figures: Figures | None, digits: int) -> str:
    """Mean, spread over seeds, and seconds: ``98.3 ± 0.4, 2.1 s``; a dash where there is none."""
    if figures is None:
        return "-"
    text = f"{figures.mean:.{digits}f}"
    if figures.spread is not None:
        text += f" ± {figures.spread:.{digits}f}"
    return text if figures.seconds is None else f"{text}, {figures.seconds:.1f} s"
