"""Lyapunov exponents as a value, and the repeated QR decomposition that finds them."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LyapunovSpectrum", "frame", "spectrum_of", "stretched"]


@dataclass(frozen=True, eq=False)
class LyapunovSpectrum:
    """Mean rates at which nearby paths part, the largest first, float64.

    Attributes:
        exponents: ``(count,)``, natural logarithms per ``unit``; the mean over sequences. A
            direction that a step shrinks to nothing has - infinity.
        by_sequence: ``(batch, count)``.
        running: ``(steps, count)``, what ``exponents`` would be had each step been the last: it
            shows how far they have converged.
        unit: ``"step"`` or ``"unit of time"``.
        size: D, how many there are in all.
    """

    exponents: Tensor
    by_sequence: Tensor
    running: Tensor
    unit: str
    size: int

    @property
    def largest(self) -> float:
        """The largest exponent: above 0 for chaos."""
        return float(self.exponents[0])

    @property
    def sum(self) -> float:
        """The sum of those found; of all, the rate at which volumes grow."""
        return float(self.exponents.sum())

    @property
    def lyapunov_time(self) -> float:
        """1 / the largest exponent, in ``unit``: an error grows e-fold in it; infinite if none."""
        return 1 / self.largest if self.largest > 0 else math.inf

    @property
    def dimension(self) -> float | None:
        """The attractor's dimension after Kaplan and Yorke 1979; None where too few were found.

            D = k + (lambda_1 + ... + lambda_k) / |lambda_(k+1)|

        k is the most exponents whose sum is not below 0.
        """
        total = 0.0
        for number, exponent in enumerate(self.exponents.tolist()):
            if total + exponent < 0:
                return number + total / -exponent
            total += exponent
        return float(self.size) if len(self.exponents) == self.size else None

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw how the exponents converge over the steps.

        Args:
            ax: Where to draw; a new figure by default.

        Returns:
            The axes.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        steps = range(1, len(self.running) + 1)
        for number, line in enumerate(self.running.T, 1):
            ax.plot(steps, line.numpy(), label=f"{number}" if number <= 10 else None)
        ax.axhline(0, color="grey", linewidth=0.5)
        ax.set_xlabel("steps")
        ax.set_ylabel(f"exponent per {self.unit}")
        ax.legend()
        return ax

    def __repr__(self) -> str:
        shown = ", ".join(f"{value:.4g}" for value in self.exponents[:4].tolist())
        more = ", ..." if len(self.exponents) > 4 else ""
        return f"LyapunovSpectrum({shown}{more} per {self.unit}; {self.size} in all)"


def frame(batch: int, size: int, count: int) -> Tensor:
    """Orthonormal vectors ``(batch, size, count)`` to begin with, the same every time.

    They are drawn at random, for an axis of the state can be a direction that is never left.
    """
    drawn = torch.randn(size, count, generator=torch.Generator().manual_seed(0)).double()
    return torch.linalg.qr(drawn)[0].expand(batch, size, count)


def stretched(jacobians: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Carry vectors along a path: Q(t+1) R(t+1) = J(t) Q(t).

    Args:
        jacobians: ``(batch, time, D, D)``.
        vectors: Q before the first step, ``(batch, D, count)``.

    Returns:
        Q after the last step, and log |R_ii| of every step, ``(batch, time, count)``.
    """
    logs = []
    for matrix in jacobians.to(vectors).unbind(1):
        vectors, upper = torch.linalg.qr(matrix @ vectors)
        logs.append(upper.diagonal(dim1=-2, dim2=-1).abs().log())
    return vectors, torch.stack(logs, 1)


def spectrum_of(logs: Tensor, unit: str, size: int, time: float = 1.0) -> LyapunovSpectrum:
    """The exponents of log |R_ii| ``(batch, steps, count)``, each over ``time`` units."""
    steps = logs.shape[1]
    by_sequence, order = (logs.mean(1) / time).sort(1, descending=True)
    ordered = logs.gather(2, order.unsqueeze(1).expand_as(logs))
    so_far = torch.arange(1, steps + 1).to(logs) * time
    running = ordered.mean(0).cumsum(0) / so_far.unsqueeze(1)
    return LyapunovSpectrum(by_sequence.mean(0), by_sequence, running, unit, size)
