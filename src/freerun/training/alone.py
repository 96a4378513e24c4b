"""A batch's loss without what it was computed from, where nobody looks at that."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from freerun._given import read_given
from freerun._held import is_called_plainly
from freerun.bptt import BPTT, FullBPTT
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing, Plan, PlanBatch
from freerun.state import Noise
from freerun.unroll import Scored, unroll_scored

__all__ = ["Alone", "is_looked_at", "loss_alone"]

NOTHING = torch.zeros((), device="cpu")

LOOKING = ("penalty", "update")
"""What policies have that are shown the network as it was unfolded."""


@dataclass(frozen=True)
class Alone:
    """What a :class:`freerun.bptt.Part` has, but for what it was computed from.

    Attributes:
        scored: summed over the batch, in scaled units, and the way back; the loss is its mean.
        nll: the sum in the user's units.
        count: over how many steps.
        update: the optimizer steps now.
    """

    scored: Scored
    nll: Tensor
    count: float
    update: ClassVar[bool] = True

    def backward(self) -> None:
        """Back-propagate the loss, as PyTorch would."""
        self.scored.back_propagate(self.count)


def is_looked_at(net: RecurrentNetwork, forcing: Forcing, bptt: BPTT) -> bool:
    """Whether somebody sees in training what losses are computed from."""
    policy = forcing if net.has_output_edge else None
    return type(bptt) is not FullBPTT or any(hasattr(policy, name) for name in LOOKING)


def loss_alone(
    net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, noise: Noise
) -> Alone | None:
    """The one part of :class:`freerun.bptt.FullBPTT`, to the same bits.

    What nobody looks at need not be made, and what nobody watches needs no graph: with a small
    network these are a third of a training step.

    Returns:
        The part; None where its figures cannot be had without the rest.
    """
    head, scale = net.head, net.scaling.y_scale
    if not (
        batch.lengths is None and batch.mask is None and is_called_plainly(net, RecurrentNetwork)
    ):
        return None
    if head.kernel_score is None or net.readout != "every" or net.device.type != "cpu":
        return None
    if scale is not None and head.in_units(NOTHING, 0.0, scale) is None:
        return None
    given = read_given(
        net, batch.x, batch.y, plan, None, None, batch.state, None, None, noise, True
    )
    scored = unroll_scored(net, *given)
    if scored is None:
        return None
    total, count = scored.total, net.count(batch.y, None)
    nll = total if scale is None else head.in_units(total, count, scale.to(total))
    assert nll is not None
    return Alone(scored, nll, count)
