"""What a run in closed loop gives back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from freerun._checks import fail
from freerun._measure import to_tensor
from freerun.state import State

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Path", "quantiles_over", "read_levels"]


@dataclass(frozen=True, eq=False)
class Path:
    """One run, or many drawn at once, in the user's units. Without a batch axis where none went in.

    Attributes:
        y: ``(batch, time, outputs)``, or ``(batch, time)`` of classes: the path; of several the
            mean, for classes the most frequent. Where means were fed back, the likeliest class.
        paths: ``(batch, paths, time, outputs)``, or without the last axis for classes; none of them
            where they were not kept.
        mean: ``(batch, time, classes)``: the probabilities, for classes where they were fed back;
            otherwise None.
        quantiles: ``(batch, quantiles, time, outputs)``, those that were asked for; otherwise None.
        state: What the last step hands on, scaled, a row for each path: the first sequence's paths
            come first.
    """

    y: Tensor
    paths: Tensor
    mean: Tensor | None
    quantiles: Tensor | None
    state: State

    def quantile(self, q: Any) -> Tensor:
        """Return quantiles over the paths, interpolated, in the user's units.

        Args:
            q: One in [0, 1], or several: a tuple, a list or an array.

        Returns:
            ``(batch, time, outputs)`` for one; ``(batch, len(q), time, outputs)`` for several.

        Raises:
            ArgumentError: There is one path only, or classes, without order, or q is out of range.
        """
        if not self.y.is_floating_point():
            fix = "Count the classes in path.paths."
            fail("Path.quantile", "quantiles need numbers", "classes", fix)
        axis = self.paths.ndim - 3
        if not self.paths.shape[axis]:
            fix = "Ask for them in the run: quantiles=(0.05, 0.95), say."
            fail("Path.quantile", "quantiles need paths that were kept", "keep_paths=False", fix)
        if self.paths.shape[axis] == 1:
            fix = "Run with draw='sample' and paths=1000, say."
            fail("Path.quantile", "quantiles need several paths", "one", fix)
        levels = read_levels("Path.quantile", q)
        paths = self.paths if axis else self.paths.unsqueeze(0)
        found = quantiles_over(paths, levels)
        found = found if axis else found.squeeze(0)
        return found if levels.ndim else found.squeeze(axis)

    def numpy(self) -> np.ndarray[Any, Any]:
        """Return y as a NumPy array."""
        return self.y.cpu().numpy()

    def plot(self, ax: "Axes | None" = None, observed: Any = None) -> "Axes":
        """Draw y over the steps, with a band from the lowest to the highest quantile kept.

        Args:
            ax: Where to draw; a new figure by default.
            observed: The truth over the same steps, of y's shape; it may be longer or shorter.

        Returns:
            The axes.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        is_real = self.y.is_floating_point()
        lines = _columns(self.y, is_real)
        steps = range(1, lines.shape[0] + 1)
        for number, line in enumerate(lines.T):
            (drawn,) = ax.plot(steps, line, label="run" if number == 0 else None)
            if self.quantiles is not None:
                low, high = (
                    _columns(self.quantiles.movedim(-3, 0)[end], is_real)[:, number]
                    for end in (0, -1)
                )
                ax.fill_between(steps, low, high, color=drawn.get_color(), alpha=0.2, linewidth=0)
        if observed is not None:
            truth = _columns(torch.as_tensor(observed), is_real)
            for number, line in enumerate(truth.T):
                label = "observed" if number == 0 else None
                ax.plot(range(1, len(line) + 1), line, color="black", linewidth=1, label=label)
            ax.legend()
        ax.set_xlabel("step ahead")
        ax.set_ylabel("y" if self.y.is_floating_point() else "class")
        return ax

    def __repr__(self) -> str:
        kept = 0 if self.quantiles is None else self.quantiles.shape[-3]
        extra = f", {kept} quantile{'s' if kept > 1 else ''}" if kept else ""
        classes = not self.y.is_floating_point()
        count = self.paths.shape[-2 if classes else -3]
        several = f"{count} paths, " if count > 1 else ""
        return f"Path({several}y {tuple(self.y.shape)}{' of classes' if classes else ''}{extra})"


def read_levels(where: str, q: Any) -> Tensor:
    """Return a number, or a sequence of them in any form, as float64 ``()`` or ``(levels,)``."""
    levels = to_tensor("quantiles", q).double()
    if levels.ndim > 1 or not levels.numel() or not bool(((levels >= 0) & (levels <= 1)).all()):
        fix = "Pass (0.05, 0.5, 0.95), say."
        fail(where, "quantiles must be numbers from 0 to 1", levels.tolist(), fix)
    return levels


def quantiles_over(paths: Tensor, levels: Tensor) -> Tensor:
    """Return ``(batch, levels, time, outputs)`` of paths ``(batch, paths, time, outputs)``."""
    # By NumPy: PyTorch's own refuses more than 2^24 numbers.
    wide = (paths.float() if paths.dtype == torch.bfloat16 else paths).cpu()
    found = np.quantile(wide.numpy(), levels.reshape(-1).to(wide).numpy(), axis=1)
    return torch.from_numpy(found).to(paths).movedim(0, 1)


def _columns(y: Tensor, is_real: bool) -> np.ndarray[Any, Any]:
    """Every sequence and output as a column over time; classes have no axis of outputs."""
    if is_real:
        y = y if y.ndim > 1 else y.unsqueeze(-1)
        return y.movedim(-2, 0).flatten(1).cpu().numpy()
    return y.reshape(-1, y.shape[-1]).T.cpu().numpy()
