"""Threads that are not worth waking."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["for_weights_of"]

WORTH_THREADS = 2**17
"""Weights from which on PyTorch's threads help an optimizer's step."""


@contextmanager
def for_weights_of(net: nn.Module) -> Iterator[None]:
    """Go through the weights of a small network in this thread alone.

    PyTorch wakes its threads for every parameter, however small; on a machine whose processors are
    busy each of them may then wait for milliseconds.
    """
    threads = torch.get_num_threads()
    if threads == 1 or sum(parameter.numel() for parameter in net.parameters()) >= WORTH_THREADS:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
