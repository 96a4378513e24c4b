"""What a policy may do besides planning; where it does not, nothing happens."""

from typing import Any

import torch
from torch import Tensor

from freerun.data import Sequences
from freerun.plan import Forcing, PlanBatch

__all__ = ["arrange", "check_turns", "figures", "has_penalty", "penalty", "prepare", "update"]


def prepare(policy: Forcing, net: Any, train: Sequences) -> Forcing:
    """The policy as training follows it.

    Raises:
        ArgumentError: It does not fit the network or the data.
    """
    hook = getattr(policy, "prepare", None)
    made: Forcing | None = None if hook is None else hook(net, train)
    return policy if made is None else made


def arrange(
    policy: Forcing, net: Any, batch: PlanBatch, progress: float, generator: torch.Generator | None
) -> PlanBatch:
    """The batch to learn from."""
    hook = getattr(policy, "arrange", None)
    return batch if hook is None else hook(net, batch, progress, generator)


def penalty(
    policy: Forcing, net: Any, batch: PlanBatch, unrolled: Any, generator: torch.Generator | None
) -> Tensor | None:
    """What is added to the loss, or None."""
    hook = getattr(policy, "penalty", None)
    return None if hook is None else hook(net, batch, unrolled, generator)


def has_penalty(policy: Forcing) -> bool:
    """Whether the policy ever adds to the loss."""
    return bool(getattr(policy, "has_penalty", hasattr(policy, "penalty")))


def check_turns(policy: Forcing, epochs: int, batches: int) -> None:
    """Let the policy refuse a training in which something of its own never has a turn."""
    hook = getattr(policy, "check_turns", None)
    if hook is not None and epochs:
        hook(epochs, batches)


def update(policy: Forcing, net: Any, batch: PlanBatch, unrolled: Any) -> None:
    """Tell the policy that the weights have changed."""
    hook = getattr(policy, "update", None)
    if hook is not None:
        hook(net, batch, unrolled)


def figures(policy: Forcing) -> dict[str, float]:
    """What the policy has to say of the epoch that ends, number by number."""
    hook = getattr(policy, "figures", None)
    return {} if hook is None else dict(hook())
