"""Whether what is written in a figure can be read: no text upon another, none cut off."""

from itertools import combinations

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SLACK = 0.5
"""Points by which boxes may touch: they have margins of their own."""


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every visible text and where it stands, in the pixels of the figure."""
    figure.canvas.draw()
    texts: list[Text] = figure.findobj(Text)
    return [
        (text.get_text(), text.get_window_extent())
        for text in texts
        if text.get_text() and text.get_visible()
    ]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that stand upon each other."""
    return [
        (one, two)
        for (one, a), (two, b) in combinations(boxes(figure), 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > SLACK and min(a.y1, b.y1) - max(a.y0, b.y0) > SLACK
    ]


def outside(figure: Figure) -> list[str]:
    """Texts that the figure's border cuts."""
    whole = figure.bbox
    return [
        text
        for text, box in boxes(figure)
        if box.x0 < whole.x0 - 1 or box.x1 > whole.x1 + 1
        or box.y0 < whole.y0 - 1 or box.y1 > whole.y1 + 1
    ]  # fmt: skip
