"""A batch's loss without what it was computed from, where nobody looks at that."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import torch
from torch import Tensor

from freerun.bptt import BPTT, FullBPTT
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing, Plan, PlanBatch
from freerun.state import Noise
from freerun.unroll import unroll_total

__all__ = ["Alone", "is_looked_at", "loss_alone"]

NOTHING = torch.zeros((), device="cpu")

LOOKING = ("penalty", "update")
"""What policies have that are shown the network as it was unfolded."""


@dataclass(frozen=True)
class Alone:
    """What a :class:`freerun.bptt.Part` has, but for what it was computed from.

    Attributes:
        total: summed over the batch, in scaled units; the loss is its mean.
        nll: the sum in the user's units, detached.
        count: over how many steps.
        update: the optimizer steps now.
    """

    total: Tensor
    nll: Tensor
    count: float
    update: ClassVar[bool] = True

    def backward(self) -> None:
        """Back-propagate the loss, whose gradient is known without a node in the graph."""
        total = self.total
        total.backward(_share(total.dtype, total.device, self.count))


@lru_cache(maxsize=8)
def _share(dtype: torch.dtype, device: torch.device, count: float) -> Tensor:
    """The gradient of a mean with respect to the sum."""
    return torch.ones((), dtype=dtype, device=device) / max(count, 1e-12)


def is_looked_at(net: RecurrentNetwork, forcing: Forcing, bptt: BPTT) -> bool:
    """Whether somebody sees in training what losses are computed from."""
    policy = forcing if net.has_output_edge else None
    return type(bptt) is not FullBPTT or any(hasattr(policy, name) for name in LOOKING)


def loss_alone(
    net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, noise: Noise
) -> Alone | None:
    """The one part of :class:`freerun.bptt.FullBPTT`, to the same bits.

    What nobody looks at need not be made: with a small network that is a tenth of a training step.

    Returns:
        The part; None where its figures cannot be had without the rest.
    """
    head, scale = net.head, net.scaling.y_scale
    if not (batch.lengths is None and batch.mask is None and net._is_plain()):
        return None
    if head.kernel_score is None or net.readout != "every" or net.device.type != "cpu":
        return None
    if scale is not None and head.in_units(NOTHING, 0.0, scale) is None:
        return None
    given = net._read(batch.x, batch.y, plan, None, None, batch.state, None, None, noise, True)
    total = unroll_total(net, *given)
    if total is None:
        return None
    count = net.count(batch.y, None)
    nll = total.detach() if scale is None else head.in_units(total, count, scale.to(total))
    assert nll is not None
    return Alone(total, nll, count)
