"""The graph of a network, drawn twice: for light paper and for dark."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from freerun.network import RecurrentNetwork

__all__ = ["Pictures", "pictures_of"]


@dataclass(frozen=True)
class Pictures:
    """One drawing, as SVG.

    Attributes:
        light: Dark on light.
        dark: Light on dark.
    """

    light: bytes
    dark: bytes


def pictures_of(net: RecurrentNetwork) -> Pictures | None:
    """Draw ``net`` unfolded in time; None where this freerun cannot draw."""
    if find_spec("freerun.drawing") is None:
        return None
    draw = import_module("freerun.drawing").draw
    with TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("light.svg", "dark.svg")]
        for file in files:
            draw(net, path=file, dark=file.stem == "dark")
        light, dark = (file.read_bytes() for file in files)
    return Pictures(light, dark)
