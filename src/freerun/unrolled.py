"""An unfolded network as a value, and what of a network its unfolding needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from freerun._checks import check_integer
from freerun.cells import RecurrentLayer
from freerun.heads import Head
from freerun.state import State

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["STATE_ALONE", "Unfoldable", "Unrolled", "Wanted", "real_steps"]


class Wanted(NamedTuple):
    """What of an unroll will be read besides o and the state: the rest need not be held.

    Attributes:
        h: ``.h``; without it a loop through an open output edge holds two steps of it.
        f: ``.f``; without it the last lags of it may be all that is there.
    """

    h: bool = True
    f: bool = True


STATE_ALONE = Wanted(h=False, f=False)
"""Nothing but o and the state."""


@dataclass(frozen=True)
class Unrolled:
    """A network unfolded over a batch. What stands behind a sequence's length is 0.

    Attributes:
        o: ``(batch, time, head.size)``; for ``readout="last"`` ``(batch, head.size)``.
        h: ``(batch, time, hidden_size)`` of the last layer, both directions side by side.
        summarize: makes ``summary``, when that is first read.
        f: ``(batch, time, fed_size)``, what the output edge carried; None without one.
        hand_on: makes ``state``, when that is first read.
        head: what o means.
        nll: - log p(y | o) of every step, ``(batch, time)``, where y was to be scored and a kernel
            did it on the way; else None.
        total: the sum of ``nll``.
    """

    o: Tensor
    h: Tensor
    summarize: Callable[[], Tensor | None]
    f: Tensor | None
    hand_on: Callable[[], State | None]
    head: Head
    nll: Tensor | None = None
    total: Tensor | None = None

    @cached_property
    def summary(self) -> Tensor | None:
        """``(batch, hidden_size)``, h after each sequence's last step: ``readout="last"`` reads it.

        A backward layer's is that after its first. None with an output edge, which is read at every
        step.
        """
        with torch.enable_grad():
            return self.summarize()

    @cached_property
    def state(self) -> State | None:
        """What the last step of each sequence hands on; None for bidirectional networks."""
        with torch.enable_grad():  # whoever reads it first: the graph is the unroll's
            return self.hand_on()

    def __getstate__(self) -> dict[str, Any]:
        """For pickles: summary and state themselves, not how they are made."""
        made = {"summary": self.summary, "state": self.state}
        return self.__dict__ | made | {"summarize": None, "hand_on": None}

    def distribution(self) -> Distribution:
        """p(y | o), in scaled units."""
        return self.head.distribution(self.o)

    @property
    def mean(self) -> Tensor:
        """The mean of y; for classes the book's y-hat, softmax(o). In scaled units."""
        return self.head.mean(self.o)

    def plot(self, sequence: int = 0, ax: "Axes | None" = None) -> "Axes":
        """Draw one sequence over its steps, in scaled units.

        The mean of each output, and what was fed where there is an output edge; of classes their
        probabilities as shades; with ``readout="last"`` the hidden units as shades.

        Args:
            sequence: Which of the batch, from 0.
            ax: Where to draw; a new figure by default.

        Returns:
            The axes.

        Raises:
            ArgumentError: The batch has no such sequence.
        """
        import matplotlib.pyplot as plt

        check_integer("Unrolled.plot", "sequence", sequence, 0, len(self.o) - 1)
        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        last = self.o.ndim == 2
        values = (self.h if last else self.mean)[sequence].detach().cpu().numpy()
        steps = range(1, len(values) + 1)
        ax.set_xlabel("step")
        if last or self.head.outputs is None:
            shades = ax.imshow(
                values.T, aspect="auto", origin="lower", interpolation="none", cmap="Greys",
                extent=(0.5, len(values) + 0.5, -0.5, values.shape[1] - 0.5),
            )  # fmt: skip
            ax.figure.colorbar(shades, ax=ax, label="h" if last else "probability")
            ax.set_ylabel("unit" if last else "class")
            return ax
        for number, line in enumerate(values.T, 1):
            ax.plot(steps, line, label=f"mean of y{number}" if len(values.T) > 1 else "mean of y")
        if self.f is not None:
            for line in self.f[sequence].detach().cpu().numpy().T:
                ax.plot(steps, line, ":", color="black", linewidth=1)
            ax.plot([], [], ":", color="black", linewidth=1, label="fed to the next step")
        ax.legend()
        return ax


class Unfoldable(Protocol):
    """What of a network its unfolding needs."""

    head: Head
    recurrence: str
    readout: str
    input_lags: int
    output_lags: int
    layers: Sequence[RecurrentLayer]
    reverse_layers: Sequence[RecurrentLayer]
    output: nn.Linear
    skip: nn.Parameter | None

    def initial_state(self, batch: int) -> State:
        """What comes before the first step: zeros."""
        ...


def real_steps(lengths: Tensor, steps: int) -> Tensor:
    """bool ``(batch, steps)``: whether step t lies within its sequence."""
    return torch.arange(steps, device=lengths.device) < lengths.unsqueeze(1)
