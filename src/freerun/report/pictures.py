"""The graph of a network, for light paper and for dark."""

import re
from dataclasses import astuple, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from freerun.drawing import draw
from freerun.drawing.theme import DARK, LIGHT
from freerun.network import RecurrentNetwork

__all__ = ["Pictures", "pictures_of"]


@dataclass(frozen=True)
class Pictures:
    """One drawing, as SVG.

    Attributes:
        light: Dark on light.
        dark: Light on dark.
    """

    light: str
    dark: str


def pictures_of(net: RecurrentNetwork) -> Pictures:
    """Draw ``net`` unfolded in time.

    It is drawn once, for that takes most of a second, and its colours are exchanged.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "graph.svg"
        draw(net, path=file)
        light = file.read_text(encoding="utf-8")
    instead = dict(zip(astuple(LIGHT), astuple(DARK), strict=True))
    dark = re.sub("#[0-9a-f]{6}", lambda found: instead.get(found[0], found[0]), light)
    return Pictures(light, dark)
