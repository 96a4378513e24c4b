"""What can be drawn, and how it is asked for."""

import os
from typing import TYPE_CHECKING

from freerun._checks import fail
from freerun.bptt import BPTT
from freerun.drawing.asked import asked
from freerun.drawing.files import check_path, new_figure, write
from freerun.drawing.graph_picture import paint_graph, size_of_graph
from freerun.drawing.layout import lay_out
from freerun.drawing.planned import plan_over_training
from freerun.drawing.planned_picture import paint_planned, size_of
from freerun.drawing.theme import theme
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]


def draw(
    what: Forcing | RecurrentNetwork,
    *,
    steps: int | None = None,
    epochs: int = 50,
    forcing: Forcing | None = None,
    progress: float = 0.0,
    bptt: BPTT | None = None,
    shapes: bool = False,
    dark: bool = False,
    path: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> "Figure":
    """Draw a network unfolded in time, or w(t) of a forcing policy over training.

    A network: on the left the circuit, in which a black square delays by one step; on the right
    the same graph unfolded. Every edge that carries a parameter has its name. With an output edge f
    is what the next step is fed; with ``forcing`` only the edges that feed it are there, from y
    where w = 1, from o where w = 0, both with their weights between. Steps are named t - 1, t, ...
    where they are alike, and have the numbers of the sequence's first steps where w or the cuts of
    truncated BPTT make them differ.

    A policy: over all of training, from left to right, w of every step of a sequence as shade, and
    its mean as a curve below. It is drawn from what the policy plans for a batch that is made up,
    so that your own policies are drawn as well; what w does not say is said below.

    Args:
        what: A network or a policy.
        steps: Of a network how many are drawn, from 1 to 12, 4 by default; for a policy how long a
            sequence is, 50 by default.
        epochs: How long training is.
        forcing: Of a network with an output edge: which policy feeds it; any w by default.
        progress: How much of training is done, from 0 to 1, where ``forcing`` plans.
        bptt: Of a network: where gradients end, for :class:`freerun.TruncatedBPTT`.
        shapes: Of a network: write the shapes of its parameters beside them.
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
        >>> net = fr.RecurrentNetwork(2, 8, fr.heads.Gaussian(1), recurrence="output")
        >>> file = getfixture("tmp_path") / "graph.svg"
        >>> figure = fr.draw(net, forcing=fr.FreeRunning(warmup=2), dark=True, path=file)

    Source of the form: Goodfellow, Bengio and Courville, *Deep Learning* (2016), section 10.2.
    """
    file = None if path is None else check_path(path, overwrite)
    if isinstance(what, RecurrentNetwork):
        graph = lay_out(
            asked(what, 4 if steps is None else steps, forcing, bptt, progress, epochs), shapes
        )
        figure = new_figure(size_of_graph(graph), None, shown=file is None)
        paint_graph(graph, figure, theme(dark))
    else:
        _check_alone(forcing=forcing, bptt=bptt, shapes=shapes, progress=progress)
        planned = plan_over_training(what, epochs, 50 if steps is None else steps)
        figure = new_figure(size_of(planned), "constrained", shown=file is None)
        paint_planned(planned, figure, theme(dark))
    if file is not None:
        write(figure, file)
    return figure


def _check_alone(**given: object) -> None:
    """Refuse beside a policy what only a network has."""
    for name, value in given.items():
        if value:
            fix = f"Leave {name} out, or pass a network."
            fail("draw", f"{name} is for drawing a network", "a policy to draw", fix)
