"""What is trained: all parameters at once, on their way through a step of training."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd.graph import increment_version

from freerun.training.fused import FusedAdam

__all__ = ["Trained"]

Numbers = NDArray[Any]

TYPES = (torch.float32, torch.float64)
"""What NumPy computes in as PyTorch does."""

WORTH_THREADS = 2**17
"""Weights from which on PyTorch's threads help an optimizer's step."""


class Trained:
    """The parameters that an optimizer changes.

    They are looked for once: going through a network's modules for them takes longer than most of
    what is done with them in a step of a small one.

    Args:
        method: The optimizer.
    """

    def __init__(self, method: torch.optim.Optimizer) -> None:
        self.parameters: list[nn.Parameter] = [
            one for group in method.param_groups for one in group["params"]
        ]
        self.are_few = sum(one.numel() for one in self.parameters) < WORTH_THREADS
        self.are_alike = len({(one.dtype, one.device) for one in self.parameters}) == 1
        self._stepper = FusedAdam(method) if self.are_alike else method

    def forget(self) -> None:
        """Let go of all gradients."""
        for one in self.parameters:
            one.grad = None

    @contextmanager
    def in_few_threads(self) -> Iterator[None]:
        """Go through few weights in this thread alone.

        PyTorch wakes its threads for every parameter, however small; on a machine whose processors
        are busy each of them may then wait for milliseconds.
        """
        threads = torch.get_num_threads()
        if threads == 1 or not self.are_few:
            yield
            return
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)

    def clip(self, limit: float) -> float:
        """g <- min(1, limit / |g|) g in place, over all gradients at once; |g| before.

        Of few weights NumPy's sums and products take half of the time of PyTorch's clipping, of
        which most is what surrounds a dozen calls.
        """
        found = [one.grad for one in self.parameters if one.grad is not None]
        plain = _plain(found) if found and self.are_few and self.are_alike else None
        if plain is None:
            return float(nn.utils.clip_grad_norm_(self.parameters, limit))
        with np.errstate(all="ignore"):  # what is not finite is for the caller to see
            norm = math.sqrt(sum(map(_square, plain)))
            if norm + TINY > limit:
                share = limit / (norm + TINY)
                for one in plain:
                    np.multiply(one, share, one)
        return norm

    def step(self) -> None:
        """Change the weights, as ``method.step()`` does, and have that counted as a change.

        PyTorch's fused methods change them without its knowing.
        """
        self._stepper.step()
        for one in self.parameters:
            increment_version(one)


TINY = 1e-6
"""What ``clip_grad_norm_`` adds to the norm."""


AT_ONCE = 2**13
"""Numbers whose squares are summed in one call: for more, NumPy wakes threads of its own."""


def _plain(gradients: list[Tensor]) -> list[Numbers] | None:
    """All as NumPy's arrays; None where one has a graph, or another type, place or order."""
    for one in gradients:
        if not (one.is_cpu and one.dtype in TYPES and one.is_contiguous()) or one.requires_grad:
            return None
    return [one.numpy() for one in gradients]


def _square(one: Numbers) -> float:
    """|g|^2 of one gradient."""
    if one.size <= AT_ONCE:
        return float(np.vdot(one, one))
    flat = one.ravel()
    parts = (flat[start : start + AT_ONCE] for start in range(0, flat.size, AT_ONCE))
    return sum(float(part.dot(part)) for part in parts)
