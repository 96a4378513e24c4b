"""A report as one HTML file: no network is needed to read it, and nothing in data is markup."""

from freerun.report.page.page import render

__all__ = ["render"]
