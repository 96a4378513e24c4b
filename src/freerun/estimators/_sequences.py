"""What the estimators of whole sequences and of their steps share: prediction and summaries."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun._measure import evaluating
from freerun.data import Sequences
from freerun.estimators._reading import Arrays, check_channels, given, read_x
from freerun.network import RecurrentNetwork

__all__ = ["asked", "means_at_end", "means_at_steps", "summaries"]

AT_ONCE = 256
"""Sequences in a batch."""


def asked(estimator: Any, where: str, X: Any) -> Arrays:
    """The inputs to answer for, checked against those of training."""
    known = given(X)
    if known is not None:
        series = [x.double().numpy() for x, _ in known if x is not None]
        series = series or [np.zeros((n, 0)) for n in known.lengths.tolist()]
    else:
        series = read_x(estimator, where, X, reset=False)
    check_channels(where, series, estimator.n_channels_in_)
    return series


def means_at_end(net: RecurrentNetwork, series: Arrays) -> "np.ndarray[Any, Any]":
    """The mean after each sequence's last step, in the user's units, (sequences, outputs)."""
    found = []
    with evaluating(net):
        for x, lengths in _batches(net, series):
            found.append(_means(net, x, lengths))
    return torch.cat(found).numpy()


def means_at_steps(net: RecurrentNetwork, series: Arrays) -> Arrays:
    """The mean at every step, (time, outputs) each; an output edge is fed the network's own."""
    found: Arrays = []
    with evaluating(net):
        for x, lengths in _batches(net, series):
            mean = _means(net, x, lengths).numpy()
            found += [one[:n] for one, n in zip(mean, lengths.tolist(), strict=True)]
    return found


def summaries(net: RecurrentNetwork, series: Arrays) -> "np.ndarray[Any, Any]":
    """h after each sequence's last step, (sequences, features)."""
    with evaluating(net):
        found = [net.summarize(x, lengths) for x, lengths in _batches(net, series)]
    return torch.cat(found).double().numpy()


def _means(net: RecurrentNetwork, x: Tensor, lengths: Tensor) -> Tensor:
    """In the user's units, float64: a small swing about a high level has more digits than o."""
    return net.scaling.unscale_y(net.head.mean(net(x, lengths=lengths).o).double())


def _batches(net: RecurrentNetwork, series: Arrays) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs as the network takes them, and their lengths."""
    data = Sequences(
        series,
        torch.zeros(len(series), 1, dtype=torch.float64),
        target="sequence",
        dtype=torch.float64,
    )
    for batch in data.batches(AT_ONCE):
        assert batch.x is not None
        yield net.scaling.scale_x(batch.x).to(net.dtype), batch.lengths
