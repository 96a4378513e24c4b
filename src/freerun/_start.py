"""What a run starts from: the user's data read, checked and scaled."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from freerun._checks import check_integer, fail
from freerun._measure import scaled_inputs, scaled_targets, to_tensor
from freerun.network import RecurrentNetwork
from freerun.state import State

__all__ = ["Start", "read_start"]


@dataclass(frozen=True)
class Start:
    """What a run starts from, in scaled units, every tensor with a batch axis."""

    batch: int
    steps: int
    batched: bool
    seen_x: Tensor | None
    seen_y: Tensor | None
    inputs: Tensor | None
    state: State | None


def read_start(
    net: RecurrentNetwork, steps: int | None, warmup: Any, inputs: Any, state: State | None
) -> Start:
    """Convert what the user passed, and find how many sequences and steps there are."""
    x, y = _pair(net, warmup)
    names = ("the warm-up's x", "the warm-up's y", "inputs")
    parts = [
        None if value is None else _with_axis(net, name, value, target)
        for name, value, target in zip(names, (x, y, inputs), (False, True, False), strict=True)
    ]
    given = {name: part for name, part in zip(names, parts, strict=True) if part is not None}
    if len({had for _, had in given.values()}) > 1:
        got = ", ".join(
            f"{name} {'with' if had else 'without'}" for name, (_, had) in given.items()
        )
        fail("run", "all data must have a batch axis, or none", got, "Use x.unsqueeze(0).")
    had = any(had for _, had in given.values())
    rows = {name: len(part) for name, (part, _) in given.items()} if had else {}
    if state is not None:
        rows["a state"] = next((len(part) for part in state.tensors().values()), 1)
    if len(set(rows.values())) > 1:
        got = ", ".join(f"{name} of {count}" for name, count in rows.items())
        fail("run", "all must have the same number of sequences", got, "Match their batch axes.")
    batch = next(iter(rows.values()), 1)
    seen_x, seen_y, ahead = (
        None if part is None else part[0].expand(batch, *part[0].shape[1:]) for part in parts
    )
    if seen_x is not None and seen_y is not None and seen_x.shape[1] != seen_y.shape[1]:
        got = f"{seen_x.shape[1]} and {seen_y.shape[1]}"
        fail("run", "the warm-up's x and y must have the same steps", got, "Cut both to the same.")
    count = _count_steps(net, steps, ahead)
    return Start(batch, count, had or batch > 1, seen_x, seen_y, ahead, state)


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


def _with_axis(net: RecurrentNetwork, name: str, value: Any, target: bool) -> tuple[Tensor, bool]:
    """The data in scaled units with a batch axis, and whether they had one."""
    if not target and net.input_size == 0:
        fail("run", f"{name} must be None, for input_size is 0", "some", "Leave them out.")
    width = net.head.outputs if target else net.input_size
    value = to_tensor(name, value)
    if value.ndim == 1 and width == 1:
        value = value.unsqueeze(-1)
    axes = 1 if width is None else 2
    if value.ndim not in (axes, axes + 1) or (width is not None and value.shape[-1] != width):
        wanted = "(time,)" if width is None else f"(time, {width})"
        fix = "A batch axis may come before."
        fail("run", f"{name} must be {wanted}", tuple(value.shape), fix)
    scaled = (scaled_targets if target else scaled_inputs)(net, value)
    if scaled.is_floating_point() and not bool(scaled.isfinite().all()):
        fix = "Fill what is missing, or cut it off."
        fail("run", f"{name} must be finite", "NaN or infinity", fix)
    had = value.ndim > axes
    return scaled if had else scaled.unsqueeze(0), had


def _count_steps(net: RecurrentNetwork, steps: int | None, inputs: Tensor | None) -> int:
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
    there = inputs.shape[1]
    if there < (steps or 1):
        fix = "Pass more inputs, or run fewer steps."
        fail("run", f"inputs must reach over {steps or 1} steps", f"{there} of them", fix)
    return steps or there
