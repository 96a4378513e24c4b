"""How the gradient of a loss fades or grows on its way back through time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from freerun._checks import DataError, check_integer, fail
from freerun._data_for import data_for
from freerun._measure import evaluating, scaled_batch
from freerun._planning import plan_for
from freerun.data import Sequences
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing, Plan, PlanBatch
from freerun.state import State

from ._states import check_forward

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GradientFlow", "gradient_flow"]


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """Norms of gradients by lag, means over sequences and steps, float64 ``(lags,)``, scaled units.

    Attributes:
        total: Of the whole state that a step hands on.
        hidden: Of every layer's h, and c; None where W = 0, for then no step reads them.
        output: Of the last ``output_lags`` values fed; None without an output edge.
    """

    total: Tensor
    hidden: Tensor | None
    output: Tensor | None

    @property
    def lags(self) -> Tensor:
        """k = 1, 2, ..., int64."""
        return torch.arange(1, len(self.total) + 1)

    @property
    def rate(self) -> float:
        """The factor per step from the first lag to the last: below 1 gradients vanish."""
        return float(self.total[-1] / self.total[0]) ** (1 / max(1, len(self.total) - 1))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the norms over the lags, on a logarithmic axis; what is 0 is left out.

        Args:
            ax: Where to draw; a new figure by default.

        Returns:
            The axes.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        for label, norms in (("h", self.hidden), ("f", self.output)):
            if norms is not None:
                shown = norms.masked_fill(norms == 0, torch.nan)
                ax.plot(self.lags.numpy(), shown.numpy(), label=f"|dL(t) / d{label}(t-k)|")
        ax.set_yscale("log")
        ax.set_xlabel("lag k, in steps")
        ax.set_ylabel("gradient")
        ax.legend()
        return ax

    def __repr__(self) -> str:
        return f"GradientFlow({len(self.total)} lags, {self.rate:.4g} per step)"


def gradient_flow(
    net: RecurrentNetwork,
    data: Any,
    forcing: Forcing | Plan | None = None,
    lags: int = 50,
    sequences: int = 32,
    ends: int = 16,
    generator: torch.Generator | None = None,
) -> GradientFlow:
    """Measure |dL(t) / d state(t-k)| against the lag k: whether gradients vanish or explode.

        dL(t)        dL(t)
        ---------- = ---------- J(t-1) J(t-2) ... J(t-k+1)
        ds(t-k)      ds(t-1)

    s(t-k) is what step t - k handed on and step t - k + 1 read: h, and c, and what was fed. Each
    is taken with the other held: dL(t)/dh(t-k) is what comes by way of W, dL(t)/df(t-k) what comes
    by way of R. L(t) is the loss of step t alone; for ``readout="last"`` that of the last one.

    What is cut in training is cut here: a truth that is fed has no past, so that under teacher
    forcing nothing comes by way of f from further than ``output_lags`` steps; where the plan says
    ``through=False``, or a draw has no exact gradient, nothing passes either. No dropout.

    Args:
        net: The network; it is left as it is, and so are its parameters' ``.grad``.
        data: :class:`freerun.Sequences`, or a pair (x, y), in the user's units.
        forcing: A policy, planned as at the start of training, or a plan; the teacher's by default.
        lags: The largest k.
        sequences: How many windows of 2 ``lags`` steps, or as many as there are, to average over:
            evenly thinned, always the same ones. For ``readout="last"`` whole sequences.
        ends: How many steps t of each to average over, evenly thinned.
        generator: Where samples that are fed come from.

    Returns:
        The norms.

    Raises:
        ArgumentError: The network is bidirectional, or an argument does not fit it.
        DataError: No sequence has ``lags`` + 1 steps.

    Example:
        >>> import torch, freerun as fr
        >>> net = fr.RecurrentNetwork(0, 8, fr.heads.Point(1), recurrence="output")
        >>> data = None, torch.arange(200.0).sin()
        >>> taught = gradient_flow(net, data, lags=20)
        >>> taught.output[1:].any()  # the truth has no past
        tensor(False)
        >>> bool(gradient_flow(net, data, fr.FreeRunning(), lags=20).output.all())
        True

    Source: Bengio et al. 1994; Pascanu et al. 2013, section 2.
    """
    where = "gradient_flow"
    check_forward(where, net)
    for name, value in (("lags", lags), ("sequences", sequences), ("ends", ends)):
        check_integer(where, name, value, 1)
    chosen = _chosen(where, net, data_for(where, net, data), lags, sequences)
    batch = scaled_batch(net, chosen.batch(range(len(chosen)), net.context))
    with evaluating(net), torch.enable_grad():
        states, losses = _unfolded(net, batch, forcing, generator)
        if net.readout == "last":
            whole = _norms(losses[-1], states)
            # Padding keeps the state, and so its gradient: each sequence's lags count from its end.
            lengths = batch.lengths if batch.lengths is not None else len(states)
            index = torch.as_tensor(lengths).reshape(-1, 1) - torch.arange(1, lags + 1)
            found = [whole.gather(2, index.expand(*whole.shape[:2], lags))]
        else:
            stops = torch.linspace(lags + 1, len(states), min(ends, len(states) - lags)).round()
            found = [
                _norms(losses[stop - 1], states[stop - lags : stop]).flip(2)
                for stop in stops.int().tolist()
            ]
    hidden, output = torch.cat(found, 1).mean(1)
    total = torch.cat(found, 1).square().sum(0).sqrt().mean(0)
    return GradientFlow(
        total.cpu(),
        hidden.cpu() if states[0].hidden else None,
        output.cpu() if net.has_output_edge else None,
    )


def _chosen(
    where: str, net: RecurrentNetwork, data: Sequences, lags: int, sequences: int
) -> Sequences:
    """Windows, or for one output a sequence whole ones, that reach over all lags."""
    enough = data.lengths > lags
    if not bool(enough.any()):
        got = f"{int(data.lengths.max())} in the longest"
        fix = f"Pass lags={max(1, int(data.lengths.max()) - 1)}, or less."
        fail(where, f"a sequence must have {lags + 1} steps", got, fix, DataError)
    if net.readout == "last":
        fitting = data[enough.nonzero().squeeze(1)]
    else:
        fitting = data.windows(min(2 * lags, int(data.lengths[enough].median())))
    count = min(sequences, len(fitting))
    return fitting[torch.linspace(0, len(fitting) - 1, count).round().long()]


def _unfolded(
    net: RecurrentNetwork,
    batch: PlanBatch,
    forcing: Forcing | Plan | None,
    generator: torch.Generator | None,
) -> tuple[list[State], list[Tensor]]:
    """The state before every step and the loss of every step, as nodes of one graph."""
    known = batch if net.has_output_edge else None
    plan = plan_for(net, known, forcing, generator)
    steps = (batch.y if batch.x is None else batch.x).shape[1]
    noise = net.draw_noise(len(batch.y), steps, plan, generator)
    assert batch.state is not None  # bidirectional networks alone have none, and are refused
    state = batch.state
    states, losses = [], []
    for t in range(steps):
        state = state.map(_as_node)
        states.append(state)
        here = slice(t, t + 1)
        x = None if batch.x is None else batch.x[:, here]
        real = None if batch.lengths is None else (batch.lengths - t).clamp(0, 1)
        part = None if plan is None else plan.part(t, t + 1)
        after = net(x, None, part, real, None, state, 1, noise=noise.part(t, t + 1))
        state = after.state
        if net.readout == "every":
            y, mask = batch.y[:, here], None if batch.mask is None else batch.mask[:, here]
            losses.append(net.score(after.o, y, net.observed(y, None, mask)).squeeze(1))
        elif t == steps - 1:
            losses.append(net.score(after.o, batch.y, None))
    return states, losses


def _as_node(part: Tensor) -> Tensor:
    """A part of a state as the next step alone reads it: not as what o(t) was made of, too.

    A truth that was fed has no past, and is a beginning of its own.
    """
    return part.view_as(part) if part.requires_grad else part.detach().requires_grad_()


def _norms(loss: Tensor, states: list[State]) -> Tensor:
    """|d loss / d state| of every row, ``(2, batch, states)`` float64: of h and c, and of f."""
    hidden = [[part for memory in state.hidden for part in memory] for state in states]
    output = [[] if state.output is None else [state.output] for state in states]
    parts = [part for state in (*hidden, *output) for part in state]
    gradients = iter(
        torch.autograd.grad(
            loss.sum(), parts, retain_graph=True, allow_unused=True, materialize_grads=True
        )
    )
    nothing = loss.new_zeros(len(loss)).double()
    norms = [
        sum((next(gradients).double().flatten(1).square().sum(1) for _ in state), nothing).sqrt()
        for state in (*hidden, *output)
    ]
    return torch.stack(norms, 1).unflatten(1, (2, len(states))).movedim(1, 0)
