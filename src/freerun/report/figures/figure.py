"""A figure: one view or several to choose from, each of lines, bands and bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ROLES", "Figure", "View", "band", "bars", "hundreds", "line", "percent", "short"]

Trace = dict[str, Any]

# Told apart by dash and marker as well, so that nobody needs the colours.
ROLES: dict[str, dict[str, Any]] = {
    "truth": {"color": "--ink", "dash": "solid", "width": 1.5},
    "free": {"color": "--free", "dash": "solid", "width": 2.8},
    "forced": {"color": "--forced", "dash": "dot", "width": 2},
    "third": {"color": "--third", "dash": "dash", "width": 2},
    "fourth": {"color": "--fourth", "dash": "dashdot", "width": 2},
    "faint": {"color": "--faint", "dash": "longdash", "width": 1.4},
    "faint dots": {"color": "--faint", "dash": "dot", "width": 1.4},
    "faint mixed": {"color": "--faint", "dash": "dashdot", "width": 1.4},
}
"""How a line is drawn; a colour is the name of one of the page's."""


@dataclass(frozen=True)
class View:
    """What a figure shows at a time.

    Attributes:
        label: What it is called where there are several.
        traces: In Plotly's form.
        layout: What this view alone sets of the layout, in Plotly's form.
    """

    label: str
    traces: Sequence[Trace]
    layout: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A figure with its words.

    Attributes:
        name: Unique in a report, fit for an id.
        title: What it shows.
        caption: What is to be seen in it.
        x: What is along the x axis.
        y: What is along the y axis.
        views: One, or several to choose from.
        choice: What one chooses between.
        layout: Of all views, in Plotly's form.
    """

    name: str
    title: str
    caption: str
    x: str
    y: str
    views: Sequence[View]
    choice: str = "Shown"
    layout: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What the page's script draws from."""
        return {
            "x": self.x,
            "y": self.y,
            "layout": dict(self.layout),
            "views": [
                {"label": view.label, "traces": list(view.traces), "layout": dict(view.layout)}
                for view in self.views
            ],
        }


def line(
    name: str, x: Sequence[Any], y: Sequence[Any], role: str, marks: str | None = None,
    group: str | None = None,
) -> Trace:  # fmt: skip
    """A line, with markers of a shape if one is named: few points are seen only so.

    Lines of one group are shown and hidden together, under its name.
    """
    style = ROLES[role]
    trace: Trace = {
        "type": "scatter",
        "mode": "lines+markers" if marks else "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": dict(style),
    }
    if marks:
        trace["marker"] = {"symbol": marks, "size": 8, "color": style["color"]}
    if group:
        trace["legendgroup"] = group
    return trace


def band(
    name: str, x: Sequence[Any], low: Sequence[Any], high: Sequence[Any], shade: str
) -> list[Trace]:
    """What lies between two lines, filled; a thin line along its edges is seen without colour."""
    edge = {"color": "--free", "width": 0.8, "dash": "solid" if shade == "--band-in" else "dot"}
    common = {"type": "scatter", "mode": "lines", "legendgroup": name, "x": list(x), "line": edge}
    return [
        {**common, "name": f"{name}, lower end", "y": list(low)},
        {**common, "name": f"{name}, upper end", "y": list(high), "fill": "tonexty",
         "fillcolor": shade},
    ]  # fmt: skip


def bars(name: str, x: Sequence[Any], y: Sequence[Any], role: str) -> Trace:
    """A bar at each x."""
    color = ROLES[role]["color"]
    return {"type": "bar", "name": name, "x": list(x), "y": list(y), "marker": {"color": color}}


def hundreds(shares: Sequence[float | None]) -> list[float | None]:
    """Shares in percent."""
    return [None if share is None else float(f"{100 * share:.5g}") for share in shares]


def percent(share: float | None) -> str:
    """A share in words."""
    return "nothing" if share is None else f"{share:.0%}"


def short(value: float | None) -> str:
    """A number in words."""
    return "none" if value is None else f"{value:.4g}"
