"""What forecasts look like: paths, errors, and intervals."""

from collections.abc import Sequence
from typing import Any

from freerun.report.figures.figure import Figure, View, band, bars, hundreds, line, percent
from freerun.report.measured.calibration import Intervals
from freerun.report.measured.errors import Errors
from freerun.report.measured.paths import Stretch

__all__ = ["calibration_figures", "error_figures", "path_figure"]


def path_figure(stretches: Sequence[Stretch]) -> Figure:
    """Stretches of the data with what the network said of them."""
    views = []
    for one in stretches:
        traces: list[dict[str, Any]] = []
        shades = {"50 %": "--band-in", "90 %": "--band-out"}
        for name in sorted(one.bands, reverse=True):
            low, high = one.bands[name]
            traces += band(f"{name} of drawn paths", one.ahead, low, high, shades[name])
        traces.append(line("observed", [*one.before, *one.ahead], [*one.seen, *one.truth], "truth"))
        traces.append(line("teacher forced", one.ahead, one.forced, "forced"))
        traces.append(line("free running", one.ahead, one.free, "free"))
        origin = {
            "type": "line", "yref": "paper", "x0": one.ahead[0], "x1": one.ahead[0], "y0": 0,
            "y1": 1, "line": {"color": "--faint", "width": 1, "dash": "dot"},
        }  # fmt: skip
        views.append(
            View(one.title, traces, {"shapes": [origin], "yaxis": {"title": {"text": one.output}}})
        )
    caption = (
        "At the dotted upright line the network has seen everything before. Teacher forced it is "
        "told the truth after every step; free running it is fed its own outputs."
    )
    if stretches and stretches[0].bands:
        caption += (
            " Bands hold the middle half, and the middle nine tenths, of paths drawn from it."
        )
    x = "time" if isinstance(stretches[0].ahead[0], str) else "step"
    return Figure("paths", "Teacher forced and free running", caption, x, "value", views, "Stretch")


def error_figures(errors: Errors) -> list[Figure]:
    """Error by step ahead, and how many times as large it is on the network's own outputs."""
    roles = ("faint", "faint dots", "faint mixed")
    lines = [
        line("free running", errors.steps, errors.free, "free"),
        line("teacher forced", errors.steps, errors.forced, "forced"),
        *(
            line(name, errors.steps, values, role)
            for role, (name, values) in zip(roles, errors.trivial.items(), strict=False)
        ),
    ]
    layout = {"yaxis": {"rangemode": "tozero"}}
    caption = "Free running it is nowhere worse than the best forecast that needs no network."
    if errors.crossing is not None:
        caption = (
            f"Free running it is worse than the best forecast that needs no network first at step "
            f"{errors.crossing}, and at least as good at {errors.better} of {len(errors.steps)}."
        )
    caption += f" Over {errors.origins} starts, in {errors.unit}."
    ratio = [line("ratio", errors.steps, errors.ratio, "third")]
    last = errors.ratio[-1]
    said = "" if last is None else f" At the last step it is {last:.3g}."
    return [
        Figure("errors", "Errors, step by step", caption, "steps ahead", "root mean squared error",
               [View("", lines)], layout=layout),
        Figure("gap", "The gap: free running over teacher forced",
               "How many times as large the error is on the network's own outputs." + said,
               "steps ahead", "ratio", [View("", ratio)], layout=layout),
    ]  # fmt: skip


def calibration_figures(found: Intervals) -> list[Figure]:
    """How much of the truth lies in the intervals, and where among the paths."""
    levels = [100 * level for level in found.levels]
    ninety = found.levels.index(0.9)
    caption = (
        f"Of the truth, {percent(found.free[ninety])} lay in the 90 % intervals of free runs, and "
        f"{percent(found.one_step[ninety])} one step ahead. On the thin line is what should be; "
        f"below it intervals are too narrow. {found.origins} starts of {found.paths} paths each."
    )
    lines = [
        line("as it should be", [0, 100], [0, 100], "faint"),
        line("running free, all steps", levels, hundreds(found.free), "free", "circle"),
        line("one step ahead", levels, hundreds(found.one_step), "forced", "square"),
    ]
    steps = list(range(1, len(found.by_step) + 1))
    ahead = [
        line("as it should be", [1, max(2, len(steps))], [90, 90], "faint"),
        line("covered", steps, hundreds(found.by_step), "free"),
    ]
    tenths = [f"{10 * n}-{10 * n + 10}" for n in range(10)]
    ranks = [
        bars("running free, all steps", tenths, hundreds(found.ranks_free), "free"),
        bars("one step ahead", tenths, hundreds(found.ranks_one), "forced"),
    ]
    ranks[1]["marker"]["pattern"] = {
        "shape": "/",
        "fillmode": "replace",
        "bgcolor": "--forced",
        "fgcolor": "--paper",
        "size": 6,
    }
    range_ = {"xaxis": {"range": [0, 100]}, "yaxis": {"range": [0, 100]}}
    return [
        Figure("calibration", "Calibration of the intervals", caption, "% that shall be in it",
               "% that was", [View("", lines)], layout=range_),
        Figure("calibration-ahead", "The 90 % interval by step ahead",
               "How much of the truth lay in it at each step.", "steps ahead", "% that was in it",
               [View("", ahead)], layout={"yaxis": {"range": [0, 101]}}),
        Figure("ranks", "Where the truth lies among the paths",
               "Were the paths as spread as the truth, each tenth would hold 10 %. More at both "
               "ends: too narrow. More on one side: too low or too high.",
               "% of the paths below the truth", "% of the truth", [View("", ranks)]),
    ]  # fmt: skip
