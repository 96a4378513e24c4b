"""A report put together: one file with its style, its script and its numbers in it."""

import json
from importlib.resources import files
from string import Template

from freerun.report.contents import Contents
from freerun.report.page.markup import text
from freerun.report.page.sections import sections
from freerun.report.subject import Subject

__all__ = ["render"]


def render(subject: Subject, contents: Contents) -> str:
    """The report as HTML.

    The same subject and contents give the same bytes.
    """
    parts = sections(subject, contents)
    drawn = {one.name: one.to_json() for part in parts for one in part.figures}
    links = "".join(f'<li><a href="#{part.name}">{text(part.title)}</a></li>' for part in parts)
    return Template(_asset("page.html")).substitute(
        title=text(f"{subject.name}: report"),
        name=text(subject.name),
        summary=text(f"{subject.task} · {subject.source} · measured on the {subject.part}"),
        style=_asset("style.css"),
        links=links,
        sections="".join(part.to_html() for part in parts),
        figures=_embedded(drawn),
        plotly=_asset("plotly-basic.min.js") if drawn else "",
        script=_asset("report.js"),
    )


def _embedded(value: object) -> str:
    """JSON that may stand in a script element: nothing in it can end that."""
    plain = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _asset(name: str) -> str:
    return (files("freerun.report.page") / "assets" / name).read_text(encoding="utf-8")
