"""Between the user's data and the network: units, types, memory, and how far off outputs are."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from freerun._checks import fail
from freerun._held import held, modules_of
from freerun.data import Batch, Sequences
from freerun.heads import Categorical
from freerun.network import RecurrentNetwork
from freerun.plan import PlanBatch
from freerun.state import State

__all__ = [
    "evaluating",
    "fitting",
    "plan_batch",
    "portion",
    "root_mean",
    "scaled_batch",
    "scaled_data",
    "scaled_inputs",
    "scaled_targets",
    "squared_distance",
    "squared_error",
    "to_tensor",
]

BUDGET = 2**26
"""Numbers that one unroll may hold at a time: 256 megabytes of float32."""


@contextmanager
def evaluating(net: RecurrentNetwork) -> Iterator[None]:
    """Run ``net`` without dropout and without gradients; every module's mode is put back after."""
    training = [module for module in modules_of(net) if module.training]
    switched = [module for module in training if _switches_itself(type(module))]
    if switched:
        net.eval()
    _put(training, False)
    try:
        with torch.no_grad():
            yield
    finally:
        if switched:
            for module in switched:
                module.train()
            _put(modules_of(net), False)  # what they hold may have been out of training
        _put(training, True)


def _switches_itself(kind: type[nn.Module]) -> bool:
    """Whether modules of this kind do more than their flag says when they are switched."""
    return kind.train is not nn.Module.train or kind.eval is not nn.Module.eval


def _put(modules: list[nn.Module], is_training: bool) -> None:
    """Put modules into a mode, past what looks for parameters among a module's attributes."""
    for module in modules:
        if "training" in module.__dict__:
            module.__dict__["training"] = is_training
        else:  # a compiled module's is somewhere else
            module.training = is_training


def fitting(net: RecurrentNetwork, steps: int) -> int:
    """Return how many rows of ``steps`` steps an unroll can hold within the budget; 1 or more."""
    of_row, of_step = _numbers_held(net, is_stepped=False)
    return max(1, BUDGET // (of_row + of_step * steps))


def portion(
    net: RecurrentNetwork, rows: int, steps: int, least: int, is_stepped: bool = False
) -> tuple[int, int]:
    """Return how many steps to do at a time, and of how many rows, within the budget.

    All rows at once where ``least`` of their steps fit. An unroll that ``is_stepped`` by a kernel
    holds what is read, drawn, fed and returned, and of h no more than two steps.
    """
    of_row, of_step = _numbers_held(net, is_stepped)
    length = min(steps, max(least, (BUDGET // rows - of_row) // of_step))
    return length, max(1, BUDGET // (of_row + of_step * length))


def _numbers_held(net: RecurrentNetwork, is_stepped: bool) -> tuple[int, int]:
    """Numbers that an unroll holds for each row: once, and for every step."""
    head, layers = net.head, list(held(net, "layers")._modules.values())
    weight, bias = held(layers[0], "weight_ih"), held(layers[0], "bias_ih")
    of_step = head.size + head.noise_size + weight.shape[1] + 2 * head.fed_size
    units = len(layers) * net.hidden_size
    if is_stepped:
        return (2 if net.cell == "lstm" else 1) * 3 * units, of_step + head.size
    return 0, of_step + bias.numel() + net.hidden_size + units


def scaled_inputs(net: RecurrentNetwork, x: Any) -> Tensor:
    """Return inputs, any array in the user's units, in the network's units, type and device."""
    return _input(net, to_tensor("x", x)).to(net.device)


def scaled_targets(net: RecurrentNetwork, y: Any) -> Tensor:
    """Return targets, any array in the user's units, in the network's units, type and device."""
    y = to_tensor("y", y)
    if not isinstance(net.head, Categorical):
        y = y if y.is_floating_point() else y.to(net.dtype)
        return _target(net, y).to(net.device)
    if y.is_floating_point() or y.dtype == torch.bool:
        fail("Categorical", "y must hold classes, whole numbers", y.dtype, "Pass y.long().")
    return y.to(net.device, torch.int64)


def to_tensor(name: str, value: Any) -> Tensor:
    """Return any array of numbers as a tensor without a graph."""
    if isinstance(value, Tensor):
        return value.detach()
    try:
        array = np.array(value)  # a copy: torch cannot share what is read-only or reversed
    except ValueError as error:
        fix = "Pass a list of arrays, one for each series."
        fail("freerun", f"{name} must be a rectangular array of numbers", f"({error})", fix)
    if array.dtype.kind not in "biuf":
        fail("freerun", f"{name} must be numbers", f"dtype {array.dtype}", "Pass an array of them.")
    return torch.from_numpy(array)


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
    found = plan_batch(
        net,
        replace(
            batch,
            x=None if batch.x is None else _input(net, batch.x),
            y=_target(net, batch.y),
            before_x=None if batch.before_x is None else _input(net, batch.before_x),
            before_y=None if batch.before_y is None else _target(net, batch.before_y),
        ),
    )
    if found.state is not None or net.bidirectional:
        return found
    return replace(found, state=net.initial_state(len(batch)))


def scaled_data(net: RecurrentNetwork, data: Sequences) -> Sequences:
    """Return the same samples in the network's units and type: scaled once, not batch by batch.

    They share the storage of ``data`` where nothing changes.
    """
    return data.map(partial(_input, net), partial(_target, net))


def plan_batch(net: RecurrentNetwork, batch: Batch) -> PlanBatch:
    """Return a batch of :func:`scaled_data` as what ``net`` takes.

    As :func:`scaled_batch` does, but that ``state`` is None, too, where the network begins from
    zeros: making them is left to it.
    """
    context = batch.before_real.shape[1]
    if context < net.context:
        fail(
            "scaled_batch",
            f"a batch must hold the {net.context} steps before it that the network's lags read",
            context,
            "Gather it with data.batches(..., context=net.context).",
        )
    device = net.device
    full = min(batch.lengths.tolist()) == _steps(batch)
    return PlanBatch(
        x=None if batch.x is None else batch.x.to(device),
        y=batch.y.to(device),
        lengths=None if full else batch.lengths.to(device),
        mask=None if batch.observed is None else batch.observed.to(device),
        state=None if net.bidirectional else _state_before(net, batch),
        index=batch.index,
        head=net.head,
        lags=net.output_lags,
    )


def squared_error(
    net: RecurrentNetwork, o: Tensor, y: Tensor, observed: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the squared distance of mean and truth, summed over a batch, in the user's units.

    For classes that is Brier's score: the squared distance of the probabilities from the one-hot
    truth, summed over classes (Brier 1950). An output that is NaN is infinitely far off.

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
    total, count = squared_distance(mean, y, observed, isinstance(net.head, Categorical))
    scale = net.scaling.y_scale
    return total if scale is None else total * scale.to(total).square(), count


def squared_distance(
    forecast: Tensor, y: Tensor, observed: Tensor | None, classes: bool
) -> tuple[Tensor, Tensor]:
    """Return the squared distance of a forecast from the truth, summed over a batch.

    Args:
        forecast: ``(batch, time, outputs)``, or probabilities ``(batch, time, classes)``; NaN is an
            infinite distance: a run that left the numbers behind is no missing value.
        y: ``(batch, time, outputs)``, or ``(batch, time)`` of classes.
        observed: bool of y's shape, or None for all.
        classes: whether y holds classes.

    Returns:
        The sum and the count, as :func:`squared_error` does.
    """
    if classes:
        truth = (y if observed is None else torch.where(observed, y, 0)).unsqueeze(-1)
        missed = forecast.scatter_add(-1, truth, -torch.ones_like(forecast[..., :1]))
        error = missed.double().square().sum(-1, keepdim=True)
        observed = None if observed is None else observed.unsqueeze(-1)
    else:
        error = (forecast.double() - y).square()
    error = error.nan_to_num(nan=math.inf, posinf=math.inf)
    if observed is None:
        return error.sum(0), torch.full_like(error[0], len(error))
    return torch.where(observed, error, 0).sum(0), observed.sum(0).double()


def root_mean(total: Tensor, count: Tensor) -> Tensor:
    """sqrt(total / count), pooled over the last axis; NaN where nothing counts."""
    return (total.sum(-1) / count.sum(-1)).sqrt()


def _steps(batch: Batch) -> int:
    return (batch.y if batch.x is None else batch.x).shape[1]


def _input(net: RecurrentNetwork, x: Tensor) -> Tensor:
    return net.scaling.scale_x(_widened(net, x)).to(net.dtype)


def _target(net: RecurrentNetwork, y: Tensor) -> Tensor:
    if not y.is_floating_point():
        return y
    return net.scaling.scale_y(_widened(net, y)).to(net.dtype)


def _widened(net: RecurrentNetwork, value: Tensor) -> Tensor:
    """In the wider of both types: a shift takes digits away, before it is rounded or after."""
    return value.to(torch.promote_types(value.dtype, net.dtype))


def _state_before(net: RecurrentNetwork, batch: Batch) -> State | None:
    """Zeros, but for the lags that were observed; None where none was."""
    if not batch.before_exists.numpy().any():
        return None
    outputs = real = None
    if net.has_output_edge and batch.before_y is not None:
        outputs = batch.before_y.to(net.device)
        if not batch.before_real.numpy().all():
            real = batch.before_real.to(net.device)
    state = net.initial_state(len(batch), outputs, None, real)
    if net.input_lags and batch.before_x is not None:
        inputs = batch.before_x[:, -net.input_lags :].to(net.device)
        exists = batch.before_exists[:, -net.input_lags :, None].to(net.device)
        state = replace(state, inputs=torch.where(exists, inputs, 0))
    return state
