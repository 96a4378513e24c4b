"""How good a network is on data: teacher forced, and running on its own outputs."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from freerun._checks import check_integer, fail
from freerun._data_for import data_for
from freerun._measure import evaluating, root_mean, scaled_batch, squared_error
from freerun.data import Sequences
from freerun.forcing import FreeRunning, TeacherForcing
from freerun.heads import Categorical
from freerun.network import RecurrentNetwork
from freerun.plan import PlanBatch

__all__ = ["evaluate", "free_running_data", "generates"]


def evaluate(
    net: RecurrentNetwork,
    data: Any,
    horizon: int | None = None,
    warmup: int | None = None,
    batch_size: int = 256,
) -> dict[str, float]:
    """Measure ``net`` on ``data``, in the user's units.

    Args:
        net: The network; its mode is left as it is, but it is measured in evaluation mode.
        data: Sequences, or a pair (x, y).
        horizon: For a network with an output edge: run free for so many steps from as many starts
            as there are without overlap; None for as long as each sequence lasts.
        warmup: Observed steps before the free run: by default 0 where only outputs recur (their
            lags are known), else 50, or half the horizon (the shortest sequence, where there is
            none) if that is less. They are taken from before each start; a series that has too few
            there gives its first ones.
        batch_size: Sequences at once.

    Returns:
        ``loss``: teacher-forced NLL per step (without an output edge, simply the NLL). ``error``:
        root mean squared error of the mean; for classes the root of Brier's score. ``accuracy`` and
        ``bits`` (``loss`` / ln 2) for classes. With an output edge also ``free_error``, and
        ``free_accuracy`` for classes: the same after the warm-up, running on the network's own
        mean; infinite where the run left the numbers behind.

    Raises:
        ArgumentError: The data or a number does not fit the network.
        DataError: No sequence is long enough for the horizon.

    Example:
        >>> import torch, freerun as fr
        >>> net = fr.RecurrentNetwork(1, 4, fr.heads.Point(1), recurrence="output")
        >>> sorted(fr.evaluate(net, (torch.randn(50, 1), torch.randn(50, 1)), horizon=10))
        ['error', 'free_error', 'loss']
    """
    data = data_for("evaluate", net, data)
    check_integer("evaluate", "batch_size", batch_size, 1)
    with evaluating(net):
        measured = _totals(net, data, 0, batch_size, free=False)
        if net.has_output_edge and (horizon is not None or not generates(net)):
            warmup, data = free_running_data(net, data, horizon, warmup)
            free = _totals(net, data, warmup, batch_size, free=True)
            measured |= {
                f"free_{name}": free[name] for name in free if name in ("error", "accuracy")
            }
    return measured


def generates(net: RecurrentNetwork) -> bool:
    """Whether ``net`` makes classes out of its own alone: no one path of them is the truth."""
    return isinstance(net.head, Categorical) and net.input_size == 0


def free_running_data(
    net: RecurrentNetwork, data: Sequences, horizon: int | None, warmup: int | None
) -> tuple[int, Sequences]:
    """The warm-up, and the sequences to run freely after it."""
    if horizon is not None:
        check_integer("evaluate", "horizon", horizon, 1)
    if warmup is not None:
        check_integer("evaluate", "warmup", warmup, 0)
    elif net.recurrence == "output":
        warmup = 0
    else:
        warmup = min(50, (int(data.lengths.min()) if horizon is None else horizon) // 2)
    if horizon is not None:
        return warmup, data.windows(warmup + horizon, stride=horizon, reach_back=warmup)
    shortest = int(data.lengths.min())
    if warmup >= shortest:
        fix = f"Pass warmup={max(0, shortest // 2)}."
        got = f"{warmup} for a sequence of {shortest} steps"
        fail("evaluate", "a warm-up must leave a step to run", got, fix)
    return warmup, data


def _totals(
    net: RecurrentNetwork, data: Sequences, warmup: int, batch_size: int, free: bool
) -> dict[str, float]:
    """Means over all real steps after the warm-up."""
    nll = steps = hits = 0.0
    error = count = torch.zeros((), dtype=torch.float64)
    forcing = FreeRunning(warmup) if free else TeacherForcing()
    scale = net.scaling.y_scale
    for batch in _batches(net, data, batch_size):
        plan = forcing.plan(batch, 1.0, None) if net.has_output_edge else None
        x, y, lengths, mask = batch.x, batch.y, batch.lengths, batch.mask
        o = net(x, y, plan, lengths, mask, batch.state).o
        observed = net.observed(y, lengths, mask)
        if warmup:
            o, y = o[:, warmup:], y[:, warmup:]
            observed = None if observed is None else observed[:, warmup:]
        nll += float(
            net.score(o, y, observed, None if scale is None else scale.to(o)).double().sum()
        )
        steps += net.count(y, observed)
        squared, counted = squared_error(net, o, y, observed)
        error, count = error + _pooled(net, squared), count + _pooled(net, counted)
        hits += _hits(o, y, observed) if isinstance(net.head, Categorical) else 0.0
    if steps == 0:
        fail("evaluate", "data must have an observed target", "none", "Check the missing values.")
    measured = {"loss": nll / steps, "error": float(root_mean(error, count))}
    if isinstance(net.head, Categorical):
        measured |= {"accuracy": hits / steps, "bits": nll / steps / math.log(2)}
    return measured


def _batches(net: RecurrentNetwork, data: Sequences, batch_size: int) -> Iterator[PlanBatch]:
    for batch in data.batches(batch_size, context=net.context):
        yield scaled_batch(net, batch)


def _pooled(net: RecurrentNetwork, per_step: Tensor) -> Tensor:
    """``(outputs,)``: over time, where there is time."""
    return per_step.sum(0) if net.readout == "every" else per_step


def _hits(o: Tensor, y: Tensor, observed: Tensor | None) -> float:
    hit = (o.argmax(-1) == y) & ~o.isnan().any(-1)
    return float((hit if observed is None else hit & observed).sum())
