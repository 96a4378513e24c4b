"""Data as a network takes it: any accepted form made one, and checked against the network."""

from typing import Any

import torch

from freerun._checks import fail
from freerun.data import Sequences
from freerun.heads import Categorical
from freerun.network import RecurrentNetwork

__all__ = ["data_for"]


def data_for(where: str, net: RecurrentNetwork, data: Any) -> Sequences:
    """``data`` as :class:`freerun.Sequences`, of the sizes that ``net`` has.

    Args:
        where: who asks, for the messages.
        net: The network.
        data: Sequences, or a pair (x, y) to make them of; x is None for an autonomous network.

    Raises:
        ArgumentError: It does not fit the network.
        DataError: It cannot be used as it is.
    """
    target = "sequence" if net.readout == "last" else "step"
    if not isinstance(data, Sequences):
        if not isinstance(data, tuple | list) or len(data) != 2:
            got = type(data).__name__
            fail(where, "data must be Sequences or a pair (x, y)", got, "Pass fr.Sequences(x, y).")
        # At full precision: a shift takes digits away, so the network's type comes after scaling.
        data = Sequences(data[0], data[1], target=target, dtype=torch.float64)
    if data.target != target:
        fix = f"Build the data with target={target!r}, or the network with another readout."
        got = f"one per {data.target}"
        fail(where, f"readout={net.readout!r} needs one target per {target}", got, fix)
    if data.input_size != net.input_size:
        fix = f"Build the network with input_size={data.input_size}."
        fail(where, f"data must have the network's {net.input_size} inputs", data.input_size, fix)
    _check_targets(where, net, data)
    return data


def _check_targets(where: str, net: RecurrentNetwork, data: Sequences) -> None:
    name = type(net.head).__name__
    if isinstance(net.head, Categorical):
        if data.num_classes is None:
            fix = "Pass whole numbers with one axis, or use another head."
            fail(where, "Categorical needs classes", "real-valued targets", fix)
        if data.num_classes > net.head.classes:
            fix = f"Build the network with fr.heads.Categorical({data.num_classes})."
            got = f"{data.num_classes} classes in the data"
            fail(where, f"classes must be {net.head.classes} or fewer", got, fix)
        return
    if data.num_classes is not None:
        fix = "Pass y as floats, or use fr.heads.Categorical."
        fail(where, f"{name} needs real-valued targets", "classes", fix)
    if data.output_size != net.head.outputs:
        fix = f"Build the network with fr.heads.{name}({data.output_size})."
        fail(where, f"data must have the head's {net.head.outputs} outputs", data.output_size, fix)
