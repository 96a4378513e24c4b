"""Figures, and files of them: whole or not at all, the same bytes for the same picture."""

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from freerun._checks import RunError, fail
from freerun._files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["KINDS", "check_path", "new_figure", "write"]

KINDS = (".svg", ".png")

METADATA = {".svg": {"Date": None}, ".png": {"Software": None}}

RESOLUTION = 200
"""Dots per inch of a PNG: 1600 across a lecture slide."""


def check_path(
    path: str | os.PathLike[str], overwrite: bool, where: str = "draw", name: str = "path"
) -> Path:
    """Refuse, before any work, what cannot be written.

    Raises:
        ArgumentError: The suffix is neither ``.svg`` nor ``.png``.
        RunError: Something is there, and ``overwrite`` is False.
    """
    found = Path(path)
    if found.suffix.lower() not in KINDS:
        fix = f"Write {found.stem or 'picture'}.svg, say."
        fail(where, f"{name} must end in .svg or .png", str(found), fix)
    if os.path.lexists(found) and not overwrite:
        way = "--overwrite" if name.startswith("-") else "overwrite=True"
        fix = f"Pass {way} to replace it, or another {name}."
        fail(where, f"{name} must be a new file", f"{found}, which is there", fix, RunError)
    if found.is_dir():
        fail(where, f"{name} must be a file", f"{found}, a directory", "Name another.", RunError)
    return found


def new_figure(
    size: tuple[float, float], layout: Literal["constrained"] | None, shown: bool
) -> "Figure":
    """An empty figure; one that ``plt.show()`` and notebooks show where it is not for a file."""
    if shown:
        import matplotlib.pyplot as plt

        return plt.figure(figsize=size, layout=layout)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def write(figure: "Figure", path: Path) -> None:
    """Write ``figure``.

    Raises:
        RunError: It cannot be written there.
    """
    import matplotlib

    kind = path.suffix.lower()
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "freerun"}):
        figure.savefig(
            content, format=kind[1:], dpi=RESOLUTION, metadata=METADATA[kind],
            facecolor=figure.get_facecolor(),
        )  # fmt: skip
    write_whole(path, content.getvalue())
