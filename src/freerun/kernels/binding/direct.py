"""A loss and its gradients without a node in PyTorch's graph, where nobody watches the graph.

Of a small network's step the graph takes three times as long as the kernels.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

import torch
from torch import Tensor, distributed

from freerun.kernels.binding.eager import eager
from freerun.kernels.binding.unfolding import Unfolding

__all__ = ["Scored", "score_directly"]

KINDS = (Tensor, torch.nn.Parameter)
"""What nobody else has a say in; whatever is derived from these may have."""


_adding = Lock()
"""Several threads may go back through one network this way; PyTorch, which adds gradients of its
graphs to the same tensors, does not wait for it."""


def _renew() -> None:
    """In a forked child: whoever held the lock stayed with the parent."""
    global _adding
    _adding = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


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
        found = unfolding.back(None, None, None, None, share, (), self._needed)
        with _adding:
            for tensor, gradient in zip(unfolding.tensors, found, strict=True):
                if tensor is None or gradient is None:
                    continue
                if tensor.grad is None:
                    tensor.grad = gradient.contiguous()
                else:
                    with torch.no_grad():
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
        told of it, anomalies are looked for; or where PyTorch adds it up in another way: a tensor
        occurs twice, or the gradient that is there has another type or layout.
    """
    if not torch.is_grad_enabled() or torch.is_inference_mode_enabled() or _is_observed():
        return None
    needed, wanted = [], []
    for tensor in unfolding.tensors:
        is_needed = tensor is not None and tensor.requires_grad
        needed.append(is_needed)
        if tensor is not None and is_needed:
            if _is_watched(tensor):
                return None
            wanted.append(id(tensor))
    return Scored(unfolding, needed) if wanted and len(set(wanted)) == len(wanted) else None


def _is_observed() -> bool:
    """Whether a graph's nodes are seen by somebody as they are made or gone through."""
    return torch.is_anomaly_enabled() or _has_company() or _saved_hooks(True) is not None


_saved_hooks: Any = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", lambda _: None)
"""Of ``torch.autograd.graph.saved_tensors_hooks``."""


def _has_company() -> bool:
    """Whether other processes may train the same network."""
    return distributed.is_available() and distributed.is_initialized()


def _is_watched(tensor: Tensor) -> bool:
    """Whether a gradient is more than a plain sum in ``.grad``."""
    if (
        not tensor.is_leaf
        or type(tensor) not in KINDS
        or tensor._backward_hooks
        or tensor._post_accumulate_grad_hooks
    ):
        return True
    grad, dtype = tensor.grad, tensor.dtype
    if grad is not None and (grad.dtype is not dtype or grad.layout is not torch.strided):
        return True
    return getattr(tensor, "grad_dtype", dtype) is not dtype
