"""A figure on the page: where it is drawn, what can be chosen, and its numbers as a table."""

from typing import Any

from freerun.report.figures import Figure, View
from freerun.report.page.markup import table, text

__all__ = ["figure"]


def figure(drawn: Figure) -> str:
    """The HTML of a figure; the page's script draws in it."""
    name = drawn.name
    choice = ""
    if len(drawn.views) > 1:
        options = "".join(
            f'<option value="{number}">{text(view.label)}</option>'
            for number, view in enumerate(drawn.views)
        )
        choice = (
            f'<label class="choice">{text(drawn.choice)} '
            f'<select id="{name}-choice">{options}</select></label>'
        )
    label = f"{drawn.title}. Arrow keys read its values, Home and End the first and the last."
    return f"""<figure id="{name}" class="figure">
<h3>{text(drawn.title)}</h3>
<figcaption id="{name}-caption">{text(drawn.caption)}</figcaption>
<div class="controls">{choice}<div class="legend" role="group"
 aria-label="Lines of {text(drawn.title)}"></div></div>
<div class="plot" tabindex="0" role="application" aria-roledescription="figure"
 aria-label="{text(label)}" aria-describedby="{name}-caption"></div>
<div class="buttons" role="group"
 aria-label="Zoom of {text(drawn.title)}"><button type="button" data-do="in">Zoom in</button>
<button type="button" data-do="out">Zoom out</button>
<button type="button" data-do="all">Show all</button>
<output class="reading" aria-live="polite"></output></div>
<details class="numbers"><summary>Numbers of: {text(drawn.title)}</summary>
{_numbers(drawn, drawn.views[0])}</details>
</figure>
"""


def _numbers(drawn: Figure, view: View) -> str:
    """A row for each x, a column for each line: the picture in words."""
    names = [trace["name"] for trace in view.traces]
    values: dict[Any, dict[str, Any]] = {}
    for trace in view.traces:
        for x, y in zip(trace["x"], trace["y"], strict=True):
            values.setdefault(x, {})[trace["name"]] = y
    rows = [[x, *(found.get(name) for name in names)] for x, found in values.items()]
    return table(f"{drawn.title}: numbers", [drawn.x, *names], rows)
