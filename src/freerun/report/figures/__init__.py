"""Numbers as figures: Plotly's JSON, with colours by role, which the page fills in."""

from freerun.report.figures.answers import reliability_figure, residual_figures
from freerun.report.figures.figure import Figure, View
from freerun.report.figures.forecasts import calibration_figures, error_figures, path_figure
from freerun.report.figures.training import curve_figures, gradient_figure

__all__ = [
    "Figure",
    "View",
    "calibration_figures",
    "curve_figures",
    "error_figures",
    "gradient_figure",
    "path_figure",
    "reliability_figure",
    "residual_figures",
]
