"""The picture of a comparison: error against steps ahead, a line and a band for each policy."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from freerun._files import write_whole
from freerun.comparison.result import Comparison, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "save_pictures"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Colours that everyone can tell apart (Okabe and Ito 2008)."""

STYLES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (3, 1, 1, 1)))
MARKERS = "osD^vPX"
"""Lines differ without colour too: in style, in marker, and by the name at their end."""

WIDE = 20
"""Medians that lie this many times apart are drawn over a logarithmic axis."""

SIZE = (9.5, 4.8)

SPACING = 0.055
"""Least distance of two names, as a share of the height."""


def draw(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw medians over the seeds, and bands between their quartiles; failures are left out."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=SIZE, layout="constrained")[1]
    steps = np.arange(1, comparison.horizon + 1)
    ends: list[tuple[float, str, str]] = []
    for number, row in enumerate(comparison.rows):
        found = np.array([one.by_step for one in comparison.succeeded(row.forcing)])
        if not len(found):
            continue
        low, middle, high = np.quantile(found, (0.25, 0.5, 0.75), axis=0)
        colour = COLOURS[number % len(COLOURS)]
        ax.fill_between(steps, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.plot(
            steps, middle, color=colour, linewidth=1.8, linestyle=STYLES[number % len(STYLES)],
            marker=MARKERS[number % len(MARKERS)], markersize=4.5,
            markevery=(number * len(steps) // 20, max(1, len(steps) // 6)),
        )  # fmt: skip
        ends.append((float(middle[-1]), _label(row), colour))
    trivial = _best_trivial(comparison)
    if trivial is not None:
        ax.plot(steps, trivial, ":", color="0.45", linewidth=1.2)
        ends.append((float(trivial[-1]), "best trivial forecast", "0.35"))
    _finish(ax, comparison, ends)
    return ax


def save_pictures(comparison: Comparison, folder: Path) -> None:
    """Write ``picture.png`` and ``picture.svg``, the same bytes for the same comparison."""
    import matplotlib

    for kind, about in (("png", {"Software": None}), ("svg", {"Date": None})):
        with matplotlib.rc_context({"svg.hashsalt": "freerun"}):
            content = io.BytesIO()
            _figure(comparison).savefig(content, format=kind, metadata=about)
        write_whole(folder / f"picture.{kind}", content.getvalue())


def _figure(comparison: Comparison) -> "Figure":
    """A figure without a window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    draw(comparison, figure.add_subplot())
    return figure


def _finish(ax: "Axes", comparison: Comparison, ends: list[tuple[float, str, str]]) -> None:
    count = len(comparison.seeds)
    over = f"median of {count} seeds, band between their quartiles" if count > 1 else "one seed"
    ax.set_title(f"Error running free: {over}", loc="left", fontsize="medium")
    ax.set_xlabel("steps ahead")
    unit = f", in {comparison.unit}" if comparison.unit else ""
    ax.set_ylabel(f"root mean squared error{unit}")
    ax.set_xlim(1, max(comparison.horizon, 2))
    ax.spines[["top", "right"]].set_visible(False)
    if not ends:
        ax.text(0.5, 0.5, "every trial failed", transform=ax.transAxes, ha="center")
        return
    shown = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in ax.lines])
    shown = shown[np.isfinite(shown) & (shown > 0)]
    if len(shown) and shown.max() > WIDE * np.median(shown):
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)
    _name(ax, ends)


def _name(ax: "Axes", ends: list[tuple[float, str, str]]) -> None:
    """Write each name at the end of its line, as far from the others as can be read."""
    ends = sorted(end for end in ends if np.isfinite(end[0]))
    low, high = ax.get_ylim()
    if ax.get_yscale() == "log":
        places = [np.log(max(value, low) / low) / np.log(high / low) for value, *_ in ends]
    else:
        places = [(value - low) / (high - low) for value, *_ in ends]
    for place, (value, name, colour) in zip(_apart(places), ends, strict=True):
        ax.annotate(
            name, xy=(1, value), xycoords=("axes fraction", "data"), xytext=(1.03, place),
            textcoords="axes fraction", color=colour, va="center", fontsize="small",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkB": 0,
                        "relpos": (0, 0.5)},
            annotation_clip=False,
        )  # fmt: skip


def _apart(places: list[float]) -> list[float]:
    """Ascending ``places`` moved as little as need be to lie ``SPACING`` apart within [0, 1].

    Example:
        >>> [round(place, 2) for place in _apart([0.5, 0.51, 0.9])]
        [0.48, 0.53, 0.9]
    """
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _begin(groups[-1]) < _end(groups[-2]) + SPACING:
            last = groups.pop()
            groups[-1] += last
    return [
        _begin(group) + SPACING * number for group in groups for number in range(len(group))
    ]  # fmt: skip


def _begin(group: list[float]) -> float:
    """Where the first name of a group stands whose names lie around their mean."""
    length = SPACING * (len(group) - 1)
    return min(max(sum(group) / len(group) - length / 2, 0.0), max(1.0 - length, 0.0))


def _end(group: list[float]) -> float:
    return _begin(group) + SPACING * (len(group) - 1)


def _label(row: Row) -> str:
    return f"{row.forcing} ({row.failed} of {row.seeds} failed)" if row.failed else row.forcing


def _best_trivial(comparison: Comparison) -> "np.ndarray[tuple[int], np.dtype[np.float64]] | None":
    errors = np.array(list(comparison.trivial.values()))
    return np.where(np.isnan(errors), np.inf, errors).min(0) if len(errors) else None
