"""What can be drawn, and how it is asked for."""

import os
from typing import TYPE_CHECKING

from freerun.drawing.files import check_path, new_figure, write
from freerun.drawing.planned import plan_over_training
from freerun.drawing.planned_picture import paint_planned, size_of
from freerun.drawing.theme import theme
from freerun.plan import Forcing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]


def draw(
    what: Forcing,
    *,
    epochs: int = 50,
    steps: int = 50,
    dark: bool = False,
    path: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> "Figure":
    """Draw w(t) of a forcing policy over training.

    Over all of training, from left to right, w of every step of a sequence as shade, and its mean
    as a curve below. It is drawn from what the policy plans for a batch that is made up, so that
    your own policies are drawn as well; what w does not say is said below.

    Args:
        what: A policy.
        epochs: How long training is.
        steps: How long a sequence is.
        dark: Light on dark.
        path: A file to write, ``.svg`` or ``.png``, whole or not at all; none by default.
        overwrite: Whether ``path`` may replace a file.

    Returns:
        The Matplotlib figure, to style, show or save. Without ``path`` it is one of pyplot's, which
        ``plt.show()`` and notebooks show.

    Raises:
        ArgumentError: It cannot be drawn, or ``path`` has another suffix.
        RunError: ``path`` is there already, or cannot be written.

    Example:
        >>> import freerun as fr
        >>> file = getfixture("tmp_path") / "sparse.svg"
        >>> figure = fr.draw(fr.SparseTeacherForcing(every=5), epochs=20, path=file)
        >>> figure.get_suptitle()
        'SparseTeacherForcing:every=5'
    """
    file = None if path is None else check_path(path, overwrite)
    planned = plan_over_training(what, epochs, steps)
    figure = new_figure(size_of(planned), "constrained", shown=file is None)
    paint_planned(planned, figure, theme(dark))
    if file is not None:
        write(figure, file)
    return figure
