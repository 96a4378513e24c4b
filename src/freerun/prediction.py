"""Predictions in the user's units, for data of any shape that the library takes."""

from typing import Any

import torch
from torch import Tensor

from freerun._checks import check_integer, fail
from freerun._data_for import data_for
from freerun._measure import evaluating, scaled_batch
from freerun.data import Sequences
from freerun.forcing import TeacherForcing
from freerun.heads import Categorical
from freerun.network import RecurrentNetwork

__all__ = ["predict"]


def predict(net: RecurrentNetwork, data: Any, batch_size: int = 256) -> Tensor | list[Tensor]:
    """Predict the mean of y for every sequence, in the user's units; of classes, probabilities.

    With an output edge these are predictions one step ahead: every step is fed the truth before it
    (teacher forced, series-parallel). For what lies further ahead use :func:`freerun.run`.

    Args:
        net: The network. It is left as it is; dropout is off.
        data: Sequences; or a pair (x, y); or, without an output edge, x alone: ``(batch, time,
            input_size)``, or a list of ``(time, input_size)``, one each.
        batch_size: Sequences at once.

    Returns:
        For ``readout="last"`` ``(sequences, outputs)``, for classes ``(sequences, classes)``; else
        a list with ``(time, outputs)`` or ``(time, classes)`` for each sequence.

    Raises:
        ArgumentError: The data do not fit the network.
        DataError: They cannot be used as they are.

    Example:
        >>> import torch, freerun as fr
        >>> net = fr.RecurrentNetwork(2, 8, fr.heads.Categorical(3), readout="last")
        >>> fr.predict(net, [torch.randn(5, 2), torch.randn(9, 2)]).shape
        torch.Size([2, 3])
    """
    check_integer("predict", "batch_size", batch_size, 1)
    if not isinstance(data, Sequences) and not (isinstance(data, tuple) and len(data) == 2):
        data = _without_targets(net, data)
    data = data_for("predict", net, data)
    found: list[Tensor] = []
    with evaluating(net):
        for batch in data.batches(batch_size, context=net.context):
            ready = scaled_batch(net, batch)
            plan = TeacherForcing().plan(ready, 1.0, None) if net.has_output_edge else None
            o = net(ready.x, ready.y, plan, ready.lengths, ready.mask, ready.state).o
            mean = net.scaling.unscale_y(net.head.mean(o))
            if net.readout == "last":
                found.append(mean)
            else:
                found += [one[:n] for one, n in zip(mean, batch.lengths.tolist(), strict=True)]
    return torch.cat(found) if net.readout == "last" else found


def _without_targets(net: RecurrentNetwork, x: Any) -> Sequences:
    """Inputs alone, beside targets that nothing reads."""
    if net.has_output_edge:
        fix = "Pass (x, y) or Sequences; or use fr.run to go on without y."
        fail("predict", "an output edge is fed the y before each step", "x alone", fix)
    many = isinstance(x, list | tuple) or getattr(x, "ndim", 3) == 3
    series = list(x) if many else [x]
    classes = isinstance(net.head, Categorical)
    kind = torch.int64 if classes else torch.float64
    width = () if classes else (net.head.outputs or 0,)
    if net.readout == "last":
        labels = torch.zeros(len(series), *width, dtype=kind)
        return Sequences(series, labels, target="sequence", dtype=torch.float64)
    targets = [torch.zeros(len(one), *width, dtype=kind) for one in series]
    return Sequences(series, targets, dtype=torch.float64)
