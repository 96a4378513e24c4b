"""What a run starts from: the user's data read, checked and scaled."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from freerun._checks import check_integer, fail
from freerun._inputs import check_is_state
from freerun._measure import scaled_inputs, scaled_targets, to_tensor
from freerun.data import Sequences
from freerun.network import RecurrentNetwork
from freerun.state import State

__all__ = ["Start", "read_start"]


NO_STEPS = torch.zeros(1, dtype=torch.int64, device="cpu")
"""The lengths of a warm-up that there is none of."""


@dataclass(frozen=True)
class Start:
    """What a run starts from, in scaled units, every tensor with a batch axis.

    Attributes:
        batch: how many sequences.
        steps: how many to run.
        batched: whether the user's data had a batch axis.
        seen_x: the warm-up's x, padded, or None.
        seen_y: the warm-up's y, padded, or None.
        lengths: steps of each sequence's warm-up, ``(batch,)``; ``(1,)``, 0, without one.
        observed: bool of ``seen_y``'s shape, or None where all of it was.
        inputs: x of the steps to run, or None.
        state: what came before the warm-up, or None.
    """

    batch: int
    steps: int
    batched: bool
    seen_x: Tensor | None
    seen_y: Tensor | None
    lengths: Tensor
    observed: Tensor | None
    inputs: Tensor | None
    state: State | None


class Series(NamedTuple):
    """Data in scaled units: ``(batch, time, ...)``, padded, and the steps of each sequence."""

    values: Tensor
    lengths: Tensor
    batched: bool


def read_start(
    net: RecurrentNetwork, steps: int | None, warmup: Any, inputs: Any, state: State | None
) -> Start:
    """Convert what the user passed, and find how many sequences and steps there are."""
    if state is not None:
        check_is_state("run", state)
    x, y = _pair(net, warmup)
    names = ("the warm-up's x", "the warm-up's y", "inputs")
    parts = [
        None if value is None else _series(net, name, value, target)
        for name, value, target in zip(names, (x, y, inputs), (False, True, False), strict=True)
    ]
    given = {name: part for name, part in zip(names, parts, strict=True) if part is not None}
    batch, batched = _count_sequences(given, state)
    seen_x, seen_y, ahead = (
        None if part is None else part.values.expand(batch, *part.values.shape[1:])
        for part in parts
    )
    if parts[0] is not None and parts[1] is not None:
        _check_same_steps(parts[0], parts[1])
    seen = parts[1] if parts[0] is None else parts[0]
    lengths = NO_STEPS if seen is None else seen.lengths.expand(batch).to(net.device)
    observed = None
    if seen_y is not None:
        there = seen_y != -1 if net.head.outputs is None else ~seen_y.isnan()
        observed = None if bool(there.all()) else there
    count = _count_steps(net, steps, parts[2])
    return Start(batch, count, batched, seen_x, seen_y, lengths, observed, ahead, state)


def _count_sequences(given: dict[str, Series], state: State | None) -> tuple[int, bool]:
    """How many sequences there are, and whether they come with a batch axis."""
    if len({part.batched for part in given.values()}) > 1:
        got = ", ".join(
            f"{name} {'with' if part.batched else 'without'}" for name, part in given.items()
        )
        fail("run", "all data must have a batch axis, or none", got, "Use x.unsqueeze(0).")
    rows = {name: len(part.values) for name, part in given.items() if part.batched}
    batched = bool(rows)
    if state is not None:
        rows["a state"] = 1 if state.rows is None else state.rows
    if len(set(rows.values())) > 1:
        got = ", ".join(f"{name} of {count}" for name, count in rows.items())
        fail("run", "all must have the same number of sequences", got, "Match their batch axes.")
    batch = next(iter(rows.values()), 1)
    if batch == 0:
        fail("run", "there must be one sequence or more", "none", "Leave an empty batch out.")
    return batch, batched or batch > 1


def _check_same_steps(x: Series, y: Series) -> None:
    unequal = (x.lengths != y.lengths).nonzero()
    if len(unequal):
        row = int(unequal[0])
        got = f"{int(x.lengths[row])} and {int(y.lengths[row])}"
        got += f" in series {row}" if x.batched else ""
        fail("run", "the warm-up's x and y must have the same steps", got, "Cut both to the same.")


def _pair(net: RecurrentNetwork, warmup: Any) -> tuple[Any, Any]:
    """The warm-up as (x, y)."""
    if warmup is None:
        return None, None
    if isinstance(warmup, tuple) and len(warmup) == 2:
        x, y = warmup
    elif net.input_size == 0 and not isinstance(warmup, tuple):
        x, y = None, warmup
    else:
        got = f"a {type(warmup).__name__}"
        fail("run", "warmup must be a pair (x, y)", got, "Pass warmup=(x, y), or (None, y).")
    if (y is None and net.has_output_edge) or (x is None and net.input_size > 0):
        got = "y" if x is None else "x"
        got = "neither" if x is None and y is None else f"{got} alone"
        fail("run", "the warm-up must hold all that the network reads", got, "Pass (x, y).")
    return x, y if net.has_output_edge else None


def _series(net: RecurrentNetwork, name: str, value: Any, target: bool) -> Series:
    """An array with or without a batch axis, or a list of arrays, one for each sequence."""
    if isinstance(value, Sequences):
        fix = "Pass the arrays that they were made of."
        fail("run", f"{name} must be an array, or a list of them", "Sequences", fix)
    axes = 1 if target and net.head.outputs is None else 2
    if isinstance(value, list) and value and all(getattr(one, "ndim", 0) for one in value):
        rows = [
            _scaled(net, f"{name} of series {number}", one, target, (axes,))
            for number, one in enumerate(value)
        ]
        return Series(pad_sequence(rows, True), torch.tensor([len(row) for row in rows]), True)
    values = _scaled(net, name, value, target, (axes, axes + 1))
    batched = values.ndim > axes
    values = values if batched else values.unsqueeze(0)
    return Series(values, torch.full((len(values),), values.shape[1]), batched)


def _scaled(
    net: RecurrentNetwork, name: str, value: Any, target: bool, axes: tuple[int, ...]
) -> Tensor:
    """One array in scaled units, checked; one channel may come without its axis."""
    if not target and net.input_size == 0:
        fail("run", f"{name} must be None, for input_size is 0", "some", "Leave them out.")
    width = net.head.outputs if target else net.input_size
    value = to_tensor(name, value)
    if value.ndim == 1 and width == 1:
        value = value.unsqueeze(-1)
    if value.ndim not in axes or (width is not None and value.shape[-1] != width):
        wanted = "(time,)" if width is None else f"(time, {width})"
        fix = "A batch axis may come before." if len(axes) > 1 else "A list has one for each."
        fail("run", f"{name} must be {wanted}", tuple(value.shape), fix)
    scaled = (scaled_targets if target else scaled_inputs)(net, value)
    if target and bool(scaled.isinf().any()):
        fix = "Write NaN for what is missing."
        fail("run", f"{name} must be finite, or NaN where missing", "infinity", fix)
    if not target and not bool(scaled.isfinite().all()):
        fix = "Fill what is missing, or cut it off."
        fail("run", f"{name} must be finite", "NaN or infinity", fix)
    return scaled


def _count_steps(net: RecurrentNetwork, steps: int | None, inputs: Series | None) -> int:
    """How many steps to run, from ``steps`` and from the inputs there are."""
    if steps is not None:
        check_integer("run", "steps", steps, 1)
    if net.input_size == 0:
        if steps is None:
            fail("run", "steps must be given for an autonomous network", "None", "Pass steps=100.")
        return steps
    if inputs is None:
        expected = f"inputs must be given, {net.input_size} for each step to come"
        fail("run", expected, "None", f"Pass inputs=(steps, {net.input_size}).")
    there = inputs.values.shape[1]
    if bool((inputs.lengths != there).any()):
        got = f"{int(inputs.lengths.min())} to {there}"
        fail("run", "inputs must have the same steps in every series", got, "Cut them to the same.")
    if there < (steps or 1):
        fix = "Pass more inputs, or run fewer steps."
        fail("run", f"inputs must reach over {steps or 1} steps", f"{there} of them", fix)
    return steps or there
