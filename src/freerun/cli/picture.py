"""The picture of `freerun demo`: the same networks on the truth, and on their own outputs."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch

import freerun as fr
from freerun._files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_paths"]

FIRST_YEAR = 1749
LEAST_WARMUP = 120
"""Months seen before a forecast, at least: hidden states need some, lags only their own."""

FORCED, FREE = "#0072b2", "#d55e00"
"""Two colours that everyone can tell apart (Okabe and Ito 2008)."""


def draw_paths(
    nets: Mapping[str, fr.RecurrentNetwork], test: fr.Sequences, horizon: int, file: Path
) -> None:
    """Draw, for each network, its teacher-forced and its free-running forecasts against the truth.

    The test part is gone through in stretches of ``horizon`` months: at the start of each the
    network has seen everything before it, and then runs free to its end.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7.5), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(len(nets), 2, width_ratios=(3.2, 1))
    figure.suptitle(
        "Sunspots, forecast on held-back data, by one network trained in two ways\n"
        f"At each vertical line it has seen everything before, and runs free for {horizon} months"
    )
    paths: Axes | None = None
    errors: Axes | None = None
    for row, (title, net) in enumerate(nets.items()):
        paths = figure.add_subplot(grid[row, 0], sharex=paths, sharey=paths)
        _draw_stretches(paths, net, test, horizon)
        paths.set_title(title, loc="left")
        paths.set_ylabel("monthly sunspot number")
        errors = figure.add_subplot(grid[row, 1], sharex=errors, sharey=errors)
        _draw_errors(errors, fr.exposure_gap(net, test, horizon))
    assert paths is not None
    paths.set_ylim(top=1.15 * paths.get_ylim()[1])  # room for the legend
    assert errors is not None
    paths.set_xlabel("year")
    errors.set_xlabel("months ahead")
    content = io.BytesIO()
    figure.savefig(content, format="png")
    write_whole(file, content.getvalue())


def _draw_stretches(ax: "Axes", net: fr.RecurrentNetwork, test: fr.Sequences, horizon: int) -> None:
    assert test.y_flat is not None
    series = test.y_flat[:, 0]
    first, stop = int(test.start[0]), int(test.stop[0])
    starts = torch.arange(first, stop - horizon + 1, horizon)
    months = torch.arange(first, int(starts[-1]) + horizon)
    years = FIRST_YEAR + torch.arange(len(series)) / 12
    ax.plot(years[months], series[months], color="0.75", linewidth=2.5, label="observed")
    ax.plot(
        years[months], _forecasts(net, series, months, 1)[:, 0], color=FORCED, linewidth=0.8,
        label="teacher forced: one month ahead, fed the truth",
    )  # fmt: skip
    for start, path in zip(starts.tolist(), _forecasts(net, series, starts, horizon), strict=True):
        named = f"free running: {horizon} months on its own outputs" if start == first else None
        ax.plot(years[start : start + horizon], path, color=FREE, linewidth=1.6, label=named)
        ax.axvline(float(years[start]), color="0.85", linewidth=0.6, zorder=0)
    ax.legend(loc="upper left", ncols=3, fontsize="small", frameon=False)
    ax.set_xlim(float(years[first]), float(years[months[-1]]))


def _forecasts(
    net: fr.RecurrentNetwork, series: torch.Tensor, starts: torch.Tensor, steps: int
) -> torch.Tensor:
    """From each start, given what was before it, ``(starts, steps)``."""
    before = torch.arange(-max(net.context, LEAST_WARMUP), 0)
    return fr.run(net, steps, warmup=(None, series[starts[:, None] + before, None])).y[..., 0]


def _draw_errors(ax: "Axes", gap: fr.Gap) -> None:
    months = gap.steps
    ax.plot(months, gap.free_running, color=FREE, linewidth=1.6, label="free running")
    ax.plot(months, gap.teacher_forced, color=FORCED, linewidth=0.8, label="teacher forced")
    ax.plot(months, gap.best_trivial, ":", color="0.4", label="best trivial forecast")
    ax.set_title("Error by months ahead", loc="left")
    ax.set_ylabel("root mean squared error")
    ax.set_ylim(bottom=0)
    ax.legend(fontsize="small", frameon=False)
