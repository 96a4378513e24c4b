"""A loss and its gradients without a node in PyTorch's graph, where nobody watches the graph.

Of a small network's step the graph takes three times as long as the kernels.
"""

from collections.abc import Sequence
from functools import lru_cache
from threading import Lock

import torch
from torch import Tensor, distributed

from freerun.kernels.binding.eager import eager
from freerun.kernels.binding.unfolding import Unfolding

__all__ = ["Scored", "score_directly"]

KINDS = (Tensor, torch.nn.Parameter)
"""What nobody else has a say in; whatever is derived from these may have."""


_adding = Lock()
"""Several threads may go back through one network, as they may through PyTorch's graphs."""


class Scored:
    """The sum of all losses, and the way back through what it was computed from.

    Args:
        unfolding: what is unfolded; every sequence fills the batch.
        needed: which of its tensors want a gradient: leaves that nobody watches.

    Attributes:
        total: the sum. PyTorch knows of no gradient of it.
    """

    __slots__ = ("_needed", "_unfolding", "total")

    def __init__(self, unfolding: Unfolding, needed: Sequence[bool]) -> None:
        self._unfolding, self._needed = unfolding, needed
        self.total = unfolding.score(True)

    @eager
    def back_propagate(self, count: float) -> None:
        """Do what ``(total / count).backward()`` would do: add to ``.grad``. Once."""
        unfolding, share = self._unfolding, _share(self.total.dtype, count)
        with torch.no_grad():
            found = unfolding.back(None, None, None, None, share, (), self._needed)
            with _adding:
                for tensor, gradient in zip(unfolding.tensors, found, strict=True):
                    if tensor is None or gradient is None:
                        continue
                    if tensor.grad is None:
                        tensor.grad = gradient.contiguous()
                    else:
                        tensor.grad += gradient
        unfolding.let_go()


@lru_cache(maxsize=8)
def _share(dtype: torch.dtype, count: float) -> Tensor:
    """The gradient of a mean with respect to the sum."""
    return torch.ones((), dtype=dtype, device="cpu") / count


def score_directly(unfolding: Unfolding) -> Scored | None:
    """Unfold for the sum of all losses.

    Returns:
        The sum and the way back; None where only a graph can go back, or somebody watches it: a
        gradient goes on to what a tensor was computed from, hooks wait for it, other processes are
        told of it, or anomalies are looked for.
    """
    if not torch.is_grad_enabled() or torch.is_anomaly_enabled() or _has_company():
        return None
    needed = [tensor is not None and tensor.requires_grad for tensor in unfolding.tensors]
    if True not in needed:
        return None
    for tensor in unfolding.tensors:
        if tensor is not None and tensor.requires_grad and _is_watched(tensor):
            return None
    return Scored(unfolding, needed)


def _has_company() -> bool:
    """Whether other processes may train the same network."""
    return distributed.is_available() and distributed.is_initialized()


def _is_watched(tensor: Tensor) -> bool:
    """Whether a gradient is more than a sum in ``.grad``."""
    return (
        not tensor.is_leaf
        or type(tensor) not in KINDS
        or bool(tensor._backward_hooks or tensor._post_accumulate_grad_hooks)
    )
