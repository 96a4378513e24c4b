"""From a batch of data to what a network takes, and how far its outputs are from the truth."""

from dataclasses import replace

import torch
from torch import Tensor

from freerun._checks import fail
from freerun.data import Batch
from freerun.forcing import PlanBatch
from freerun.heads import Categorical
from freerun.network import RecurrentNetwork
from freerun.unroll import State

__all__ = ["root_mean", "scaled_batch", "squared_error"]


def scaled_batch(net: RecurrentNetwork, batch: Batch) -> PlanBatch:
    """Return a batch of data as what ``net`` takes: its units, its type, its device.

    The state holds the lags that were observed before each sample; hidden units start from zeros.
    A lag before the true start of a series, or whose target is missing, is 0 as it is fed.

    Args:
        net: The network; ``net.scaling`` says what its units are.
        batch: With ``net.context`` steps before each sample, or more.

    Returns:
        What a forcing plans for. ``lengths`` is None where every sample fills the batch; ``state``
        is None for bidirectional networks.

    Raises:
        ArgumentError: The batch lacks the steps that the network's lags reach back to.
    """
    context = batch.before_real.shape[1]
    if context < net.context:
        fail(
            "scaled_batch",
            f"a batch must hold the {net.context} steps before it that the network's lags read",
            context,
            "Gather it with data.batches(..., context=net.context).",
        )
    full = int(batch.lengths.min()) == _steps(batch)
    return PlanBatch(
        x=None if batch.x is None else _input(net, batch.x),
        y=_target(net, batch.y),
        lengths=None if full else batch.lengths.to(net.device),
        mask=None if batch.observed is None else batch.observed.to(net.device),
        state=None if net.bidirectional else _state_before(net, batch),
        index=batch.index,
    )


def squared_error(
    net: RecurrentNetwork, o: Tensor, y: Tensor, observed: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the squared distance of mean and truth, summed over a batch, in the user's units.

    For classes that is Brier's score: the squared distance of the probabilities from the one-hot
    truth, summed over classes (Brier 1950).

    Args:
        net: The network.
        o: ``(batch, time, head.size)``; for ``readout="last"`` ``(batch, head.size)``.
        y: Scaled, ``(batch, time, outputs)``, or ``(batch, time)`` of classes; for
            ``readout="last"`` without time.
        observed: bool of y's shape, False where y is missing or padding; None for all.

    Returns:
        The sum and how many targets it is over, both float64, ``(time, outputs)``, one output for
        classes; for ``readout="last"`` ``(outputs,)``. No gradient flows.
    """
    mean = net.head.mean(o.detach())
    if isinstance(net.head, Categorical):
        truth = y if observed is None else torch.where(observed, y, 0)
        missed = mean.scatter_add(-1, truth.unsqueeze(-1), -torch.ones_like(mean[..., :1]))
        error = missed.square().sum(-1, keepdim=True)
        observed = None if observed is None else observed.unsqueeze(-1)
    else:
        scale = net.scaling.y_scale
        difference = mean - y if scale is None else (mean - y) * scale.to(mean)
        error = difference.square()
    error = error.double()
    if observed is None:
        return error.sum(0), torch.full_like(error[0], len(error))
    return torch.where(observed, error, 0).sum(0), observed.sum(0).double()


def root_mean(total: Tensor, count: Tensor) -> Tensor:
    """sqrt(total / count), pooled over the last axis; NaN where nothing counts."""
    return (total.sum(-1) / count.sum(-1)).sqrt()


def _steps(batch: Batch) -> int:
    return (batch.y if batch.x is None else batch.x).shape[1]


def _input(net: RecurrentNetwork, x: Tensor) -> Tensor:
    return net.scaling.scale_x(_widened(net, x)).to(net.device, net.dtype)


def _target(net: RecurrentNetwork, y: Tensor) -> Tensor:
    if not y.is_floating_point():
        return y.to(net.device)
    return net.scaling.scale_y(_widened(net, y)).to(net.device, net.dtype)


def _widened(net: RecurrentNetwork, value: Tensor) -> Tensor:
    """In the wider of both types: a shift takes digits away, before it is rounded or after."""
    return value.to(torch.promote_types(value.dtype, net.dtype))


def _state_before(net: RecurrentNetwork, batch: Batch) -> State:
    """Zeros, but for the lags that were observed."""
    outputs = inputs = None
    if net.has_output_edge and batch.before_y is not None:
        outputs = _target(net, batch.before_y)
    real = batch.before_real.to(net.device)
    state = net.initial_state(len(batch), outputs, None, real)
    if net.input_lags and batch.before_x is not None:
        inputs = _input(net, batch.before_x)[:, -net.input_lags :]
        there = batch.before_exists[:, -net.input_lags :, None].to(net.device)
        state = replace(state, inputs=torch.where(there, inputs, 0))
    return state
