"""Pieces of an unfolding that the reference and the kernels share."""

import torch
from torch import Tensor

from freerun._held import held
from freerun.heads import Sampling
from freerun.plan import Plan
from freerun.unrolled import Unfoldable

__all__ = [
    "blank",
    "fed_truth",
    "forced_values",
    "lagged",
    "last_rows",
    "reversed_in_time",
    "sharpening_of",
]


def forced_values(
    net: Unfoldable, plan: Plan, real: Tensor | None, batch: int, steps: int
) -> tuple[Tensor, Tensor] | None:
    """Weights ``(batch, time)`` and values ``(batch, time, fed_size)``; None if it runs free."""
    if plan.values is None or plan.is_free():
        return None
    weights = torch.as_tensor(plan.weights, dtype=net.output.weight.dtype).detach()
    weights = weights.to(net.output.weight.device).expand(batch, steps)
    used = weights > 0 if real is None else (weights > 0) & real
    return weights, fed_truth(net, plan, used)


def fed_truth(net: Unfoldable, plan: Plan, used: Tensor | None) -> Tensor:
    """The plan's values as they are fed, ``(batch, time, fed_size)``; 0 for what is not used."""
    assert plan.values is not None
    values = plan.values.detach()
    if used is not None:
        values = torch.where(used if values.ndim == 2 else used.unsqueeze(-1), values, 0)
    fed = net.head.feed_truth(values).to(held(held(net, "output"), "weight").dtype)
    return blank(fed, used)  # again, for the one-hot vector of class 0 is not 0


def sharpening_of(feed: str | Sampling, dtype: torch.dtype) -> Tensor | None:
    """The numbers that sharpen the odds of classes, as kernels take them; None for plain odds."""
    if isinstance(feed, str) or feed.is_plain:
        return None
    return torch.tensor([feed.temperature, feed.top_k or 0, feed.top_p or 1], dtype=dtype)


def lagged(history: Tensor, steps: int, lags: int) -> Tensor:
    """Each of the last ``steps`` rows with the ``lags - 1`` before it, newest first."""
    if lags == 1:
        return history
    end = history.shape[1]
    return torch.cat([history[:, end - steps - lag : end - lag] for lag in range(lags)], -1)


def last_rows(history: Tensor, rows: int, lengths: Tensor | None) -> Tensor:
    """The last ``rows`` at each own length; ``history`` begins ``rows`` before step 1."""
    if lengths is None:
        return history[:, history.shape[1] - rows :]
    index = lengths.unsqueeze(1) + torch.arange(rows, device=lengths.device)
    return history.gather(1, index.unsqueeze(-1).expand(-1, -1, history.shape[-1]))


def reversed_in_time(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Each sequence turned round within its own length."""
    if lengths is None:
        return sequence.flip(1)
    steps = torch.arange(sequence.shape[1], device=lengths.device)
    index = torch.where(steps < lengths.unsqueeze(1), lengths.unsqueeze(1) - 1 - steps, steps)
    return sequence.gather(1, index.unsqueeze(-1).expand_as(sequence))


def blank(values: Tensor, real: Tensor | None) -> Tensor:
    """0 behind each sequence's length."""
    return values if real is None else torch.where(real.unsqueeze(-1), values, 0)
