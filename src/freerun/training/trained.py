"""What is trained: all parameters at once, on their way through a step of training."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.autograd.graph import increment_version

from freerun.kernels import Clipping, is_disabled
from freerun.training.fused import FusedAdam

__all__ = ["Trained"]

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
        kinds = {(one.dtype, one.device) for one in self.parameters}
        self._stepper = FusedAdam(method) if len(kinds) == 1 else method
        self._clipping = Clipping(self.parameters[0].dtype, len(self.parameters))

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

        Of few weights a kernel's own takes less than what surrounds PyTorch's dozen calls.
        """
        found = [gradient for one in self.parameters if (gradient := one.grad) is not None]
        norm = None
        if self.are_few and not is_disabled():
            norm = self._clipping.clip(found, limit)
        return float(nn.utils.clip_grad_norm_(self.parameters, limit)) if norm is None else norm

    def are_sound(self) -> bool:
        """Whether the sum of all squares says that every weight is finite; False says nothing."""
        if not self.are_few or is_disabled():
            return False
        norm = self._clipping.clip([one.detach() for one in self.parameters], math.inf)
        return norm is not None and math.isfinite(norm)

    def step(self) -> None:
        """Change the weights, as ``method.step()`` does, and have that counted as a change.

        PyTorch's fused methods change them without its knowing.
        """
        self._stepper.step()
        for one in self.parameters:
            increment_version(one)
