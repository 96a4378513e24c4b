"""What single answers look like: probabilities, and residuals."""

from collections.abc import Sequence

from freerun.report.figures.figure import Figure, View, bars, hundreds, line, short
from freerun.report.measured.calibration import Reliability
from freerun.report.measured.residuals import Residuals

__all__ = ["reliability_figure", "residual_figures"]


def reliability_figure(found: Reliability) -> Figure:
    """How often the likeliest class is right, by how likely it was said to be."""
    there = [
        (100 * said, 100 * right, count)
        for said, right, count in zip(found.said, found.right, found.counts, strict=True)
        if said is not None and right is not None
    ]
    right = line("right", [one[0] for one in there], [one[1] for one in there], "free", "circle")
    right["mode"] = "markers"
    most = max(found.counts)
    right["marker"]["size"] = [round(7 + 17 * (one[2] / most) ** 0.5, 1) for one in there]
    lines = [line("as it should be", [0, 100], [0, 100], "faint"), right]
    caption = (
        f"On average the two are {100 * found.error:.1f} points apart. Below the thin line the "
        "network is surer than it should be. The larger a mark, the more answers it stands for."
    )
    return Figure(
        "reliability", "Calibration of the probabilities", caption, "% that it said",
        "% that was right", [View("", lines)],
        layout={"xaxis": {"range": [0, 103]}, "yaxis": {"range": [-4, 104]}},
    )  # fmt: skip


def residual_figures(found: Sequence[Residuals], what: str) -> list[Figure]:
    """How residuals are spread, and whether they still hold something to be learned."""
    spread = [
        View(one.output, [bars("residuals", one.centers, hundreds(one.shares), "free")])
        for one in found
    ]
    first = found[0]
    caption = (
        f"Truth less prediction, {what}: mean {short(first.mean)}, standard deviation "
        f"{short(first.deviation)}, of {first.count}. The outermost "
        "bars hold all that is further off."
    )
    figures = [
        Figure(
            "residuals",
            "How residuals are spread",
            caption,
            "residual",
            "% of them",
            spread,
            "Output",
        )
    ]
    views = [
        View(one.output, [
            bars("correlation", one.lags, one.correlations, "free"),
            *(line(f"{side} bound", [one.lags[0], one.lags[-1]], [bound, bound], "faint",
                   group="95 % bounds")
              for side, bound in (("upper", one.bound), ("lower", -one.bound))),
        ])
        for one in found if one.lags
    ]  # fmt: skip
    if views:
        figures.append(
            Figure("autocorrelation", "Autocorrelation of the residuals",
                   "Beyond the thin lines residuals depend on those before: something is left to "
                   "be learned.", "lag, in steps", "correlation", views, "Output")
        )  # fmt: skip
    return figures
