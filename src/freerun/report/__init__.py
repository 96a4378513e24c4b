"""A run on one page: what was trained on what, and how good it is, as one HTML file.

    subject     what is reported on: a network, its data, its history
    measured/   numbers, as plain dataclasses: nothing of looks
    figures/    numbers as figures, in the form of Plotly's JSON
    page/       figures and tables as one HTML file that needs no network

Only ``page`` knows HTML, and only it escapes what comes from data.
"""

from freerun.report.contents import Contents, gather
from freerun.report.effort import FULL, QUICK, Effort
from freerun.report.page import render
from freerun.report.subject import Subject

__all__ = ["FULL", "QUICK", "Contents", "Effort", "Subject", "gather", "render"]
