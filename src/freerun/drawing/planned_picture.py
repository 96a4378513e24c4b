"""The picture of what a policy plans: w(t) as shade over training, its mean as a curve."""

import re
import textwrap
from typing import TYPE_CHECKING

from freerun.drawing.planned import Planned
from freerun.drawing.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure

__all__ = ["paint_planned", "size_of"]

WIDTH, HEIGHT, LINE = 8.0, 5.3, 0.17
"""In inches, as everything here: of the picture without words, and of a line of them."""

TITLE, REMARK = 66, 104
"""Characters that fit in a line of the picture."""


def size_of(planned: Planned) -> tuple[float, float]:
    """Width and height, in inches: panels keep their size, whatever there is to say."""
    lines = sum(len(_words(one).splitlines()) for one in planned.remarks)
    return WIDTH, HEIGHT + LINE * (lines + 1.5 * _title(planned).count("\n"))


def paint_planned(planned: Planned, figure: "Figure", colours: Theme) -> None:
    """Draw into ``figure``, which is empty."""
    figure.set_facecolor(colours.paper)
    grid = figure.add_gridspec(
        2, 2, height_ratios=(2.6, 1), width_ratios=(1, 0.025), hspace=0.06, wspace=0.03
    )
    shade = figure.add_subplot(grid[0, 0])
    curve = figure.add_subplot(grid[1, 0], sharex=shade)
    scale = figure.add_subplot(grid[0, 1])
    _paint_weights(planned, shade, scale, colours)
    _paint_mean(planned, curve, colours)
    for ax in (shade, curve):
        ax.set_facecolor(colours.paper)
        for begin in planned.phases:
            ax.axvline(begin, color=colours.own, linewidth=1.4, linestyle=(0, (4, 2)))
        _colour(ax, colours)
    figure.suptitle(_title(planned), x=0.01, ha="left", fontsize=13, color=colours.ink)
    if planned.remarks:
        words = "\n".join(map(_words, planned.remarks))
        figure.supxlabel(words, x=0.01, ha="left", fontsize=9.5, color=colours.ink)


def _paint_weights(planned: Planned, ax: "Axes", scale: "Axes", colours: Theme) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    epochs, steps = planned.weights.shape
    shades = LinearSegmentedColormap.from_list("w", [colours.none, colours.all])
    image = ax.imshow(
        planned.weights.T, cmap=shades, vmin=0, vmax=1, aspect="auto", origin="lower",
        extent=(0, epochs, 0.5, steps + 0.5),
    )  # fmt: skip
    ax.set_ylabel("step t of a sequence")
    ax.set_yticks(_steps(steps))
    ax.tick_params(labelbottom=False)
    low, high = planned.weights.min(), planned.weights.max()
    if low == high:
        ax.text(
            0.5, 0.5, f"w(t) = {low:g} at every step",
            transform=ax.transAxes, ha="center", va="center", fontsize=12,
            color=colours.paper if low > 0.5 else colours.ink,
        )  # fmt: skip
    assert ax.figure is not None
    bar = ax.figure.colorbar(image, cax=scale)
    _name_scale(bar, colours)


def _name_scale(bar: "Colorbar", colours: Theme) -> None:
    bar.set_ticks([0, 0.5, 1], labels=["w = 0\nown\noutput", "0.5", "w = 1\nthe\ntruth"])
    bar.ax.tick_params(colors=colours.ink, labelsize=9)
    own, _, truth = bar.ax.get_yticklabels()
    own.set_verticalalignment("bottom")
    truth.set_verticalalignment("top")
    bar.outline.set_edgecolor(colours.faint)


def _paint_mean(planned: Planned, ax: "Axes", colours: Theme) -> None:
    ax.stairs(planned.mean, baseline=None, color=colours.truth, linewidth=2)
    ax.set_ylim(-0.06, 1.06)
    ax.set_yticks([0, 0.5, 1])
    ax.set_xlim(0, len(planned.mean))
    ax.grid(axis="y", color=colours.faint, alpha=0.35, linewidth=0.6)
    ax.set_ylabel("mean of w")
    ax.set_xlabel("training, in epochs")
    ax.spines[["top", "right"]].set_visible(False)


def _steps(steps: int) -> list[int]:
    """The first step, the last, and round numbers between."""
    wide = next(one for one in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if steps / one <= 7)
    return sorted({1, *range(wide, steps - wide // 2, wide), steps})


def _colour(ax: "Axes", colours: Theme) -> None:
    ax.tick_params(colors=colours.ink)
    ax.spines[:].set_color(colours.faint)
    ax.xaxis.label.set_color(colours.ink)
    ax.yaxis.label.set_color(colours.ink)


def _words(remark: str) -> str:
    return textwrap.fill(remark, REMARK)


def _title(planned: Planned) -> str:
    """The policy in lines that fit, broken after commas."""
    lines = [""]
    for part in re.split(r"(?<=,)", planned.name):
        if lines[-1] and len(lines[-1]) + len(part) > TITLE:
            lines.append("    ")
        lines[-1] += part
    return "\n".join(lines)
