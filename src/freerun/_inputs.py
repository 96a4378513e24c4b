"""Checks of what a network is given: shapes, types and values, before anything is computed."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from freerun._checks import check_integer, fail
from freerun.heads import Bernoulli, Head, NegativeBinomial, Poisson
from freerun.plan import Plan
from freerun.state import Noise, State

__all__ = [
    "check_is_state",
    "check_lengths",
    "check_plan",
    "check_state",
    "check_steps",
    "check_x",
    "check_y",
    "is_usual",
]


class Sized(Protocol):
    """What of a network these checks read."""

    input_size: int
    hidden_size: int
    head: Head
    readout: str
    recurrence: str
    bidirectional: bool

    @property
    def dtype(self) -> torch.dtype:
        """Of the parameters."""
        ...

    def state_shapes(self, batch: int) -> dict[str, tuple[int, ...]]:
        """Of every tensor of a state."""
        ...

    def observed(self, y: Tensor, lengths: Tensor | None, mask: Tensor | None) -> Tensor | None:
        """What of y counts."""
        ...


def is_usual(net: Sized, x: Tensor | None, y: Tensor | None, lengths: object, mask: object) -> bool:
    """Whether x and y are, at a glance, all that the checks below ask for: they cost more.

    False says nothing. It is of a network that reads x and is scored at every step on numbers of
    any value.
    """
    if x.__class__ is not Tensor or y.__class__ is not Tensor:
        return False
    if mask is not None or lengths is not None or net.readout != "every":
        return False
    of_x, of_y, dtype, head = x.shape, y.shape, net.dtype, net.head
    return (
        len(of_x) == 3
        and len(of_y) == 3
        and of_x[0] == of_y[0] > 0
        and of_x[1] == of_y[1] > 0
        and of_x[2] == net.input_size > 0
        and of_y[2] == head.outputs
        and head.scalable
        and x.dtype is dtype
        and y.dtype is dtype
    )


def check_x(where: str, net: Sized, x: Tensor | None) -> None:
    """x is ``(batch, time, input_size)`` of the network's type, or None for an autonomous one."""
    if net.input_size == 0:
        if x is not None and x.shape[-1:] != (0,):
            fail(where, "x must be None, for input_size is 0", _shape(x), "Pass x=None.")
        return
    if x is None:
        fail(where, _expected_x(net), "None", "Pass x, or build the network with input_size=0.")
    _check_tensor(where, "x", x)
    shape = x.shape
    if len(shape) != 3 or shape[2] != net.input_size:
        fix = (
            "Add the batch axis: x.unsqueeze(0)."
            if x.ndim == 2
            else "Axes are batch, time, features."
        )
        fail(where, _expected_x(net), _shape(x), fix)
    _check_type(where, "x", x, net.dtype)


def check_y(
    where: str, net: Sized, x: Tensor | None, y: Tensor, lengths: Tensor | None, mask: Tensor | None
) -> None:
    """y and its mask have the shapes and values that the head and the readout call for."""
    _check_y_shape(where, net, y)
    if x is not None:
        _check_same_steps(where, net, x, y)
    if mask is not None:
        _check_mask(where, net, y, mask)
    if lengths is not None and net.readout == "every":
        lengths = check_lengths(where, lengths, len(y), y.shape[1], 0, y.device)
    if not net.head.scalable:
        _check_y_values(where, net.head, y, net.observed(y, lengths, mask))


def check_steps(
    where: str,
    net: Sized,
    x: Tensor | None,
    y: Tensor | None,
    state: State | None,
    steps: int | None,
) -> tuple[int, int]:
    """How many sequences and steps: from x, or from y, or from ``state`` and ``steps``."""
    known = x if x is not None else (y if net.readout == "every" else None)
    if known is None:
        if steps is None:
            fail(
                where,
                "the number of steps must be known",
                "neither x nor y nor steps",
                "Pass steps=100, say.",
            )
        rows = None
        if state is not None:
            check_is_state(where, state)
            rows = state.rows
        return 1 if rows is None else rows, check_integer(where, "steps", steps, 1)
    shape = known.shape
    batch, there = shape[0], shape[1]
    if steps is not None and steps != there:
        fail(where, f"steps must be {there}, as in the data", steps, "Leave steps out.")
    if there == 0 or batch == 0:
        fail(
            where,
            "a batch must have one sequence and one step at least",
            _shape(known),
            "Drop empty ones.",
        )
    return batch, there


def check_lengths(
    where: str,
    lengths: Tensor | Sequence[int] | None,
    batch: int,
    steps: int,
    least: int,
    device: torch.device,
) -> Tensor | None:
    """Lengths as int64 on ``device``; None where every sequence has all the steps."""
    if lengths is None:
        return None
    found = torch.as_tensor(lengths, device=device)
    if found.dtype.is_floating_point or found.dtype == torch.bool or found.shape != (batch,):
        fail(
            where,
            f"lengths must be whole numbers, ({batch},)",
            f"{found.dtype} of {_shape(found)}",
            "Give one per sequence.",
        )
    low, high = (int(found.min()), int(found.max()))
    if low < least or high > steps:
        fail(
            where,
            f"lengths must lie from {least} to {steps}",
            f"{low} to {high}",
            "A length counts the real steps of its sequence.",
        )
    return None if low == steps else found.long()


def check_plan(
    where: str, net: Sized, plan: Plan, batch: int, steps: int, noise: Noise | None
) -> None:
    """The plan's values and weights fit the batch, and noise is there where it draws."""
    outputs, values = net.head.outputs, plan.values
    shape = (batch, steps) if outputs is None else (batch, steps, outputs)
    if values is not None and values.shape != shape:
        fail(
            where,
            f"the plan's values must be {shape}, as y",
            _shape(values),
            "They stand in the place of y.",
        )
    weights = plan.weights
    if isinstance(weights, Tensor) and weights.shape not in ((), (steps,), (batch, steps)):
        fail(
            where,
            f"the plan's weights must be a number, ({steps},) or ({batch}, {steps})",
            _shape(weights),
            "Give one for each step.",
        )
    if noise is not None and noise.samples is None and plan.draws and not plan.is_teacher():
        fail(
            where,
            "noise must hold samples where the plan feeds them",
            "none",
            "Take it from net.draw_noise(batch, steps, plan).",
        )


TAKE_STATE = "Take the .state of an unroll, or net.initial_state(batch)."
"""What to do where a state does not fit."""


def check_is_state(where: str, state: object) -> None:
    """It is one, whatever it holds."""
    if not isinstance(state, State):
        fail(where, "state must be a State", repr(state), TAKE_STATE)


def check_state(where: str, net: Sized, state: State, batch: int) -> None:
    """The state has the tensors, shapes and type of this network's own."""
    if net.bidirectional:
        fail(
            where,
            "a bidirectional network starts from both ends of whole sequences",
            "a state",
            "Leave state out.",
        )
    check_is_state(where, state)
    got, wanted = state.tensors(), net.state_shapes(batch)
    found = {name: tuple(part.shape) for name, part in got.items()}
    if wanted != found:
        fail(where, f"state must hold {wanted}", str(found), TAKE_STATE)
    for name, part in got.items():
        _check_type(where, f"state.{name}", part, net.dtype)


def _check_y_shape(where: str, net: Sized, y: Tensor) -> None:
    _check_tensor(where, "y", y)
    outputs, axes, shape = net.head.outputs, 2 if net.readout == "every" else 1, y.shape
    if outputs is not None:
        axes += 1
    if len(shape) != axes or (outputs is not None and shape[-1] != outputs):
        fix = "Axes are batch, time, features."
        if len(shape) == axes - 1:
            fix = "Add the axis that is missing: y.unsqueeze(0) for the batch"
            fix += ", y.unsqueeze(-1) for the features." if outputs == 1 else "."
        fail(where, _expected_y(net), _shape(y), fix)
    if outputs is not None:
        _check_type(where, "y", y, net.dtype)
    elif y.is_floating_point() or y.dtype == torch.bool:
        expected = f"{_expected_y(net)[:-1]}', of whole numbers"
        fail(where, expected, str(y.dtype), "Pass classes: y.long().")


def _check_same_steps(where: str, net: Sized, x: Tensor, y: Tensor) -> None:
    of_x, of_y = x.shape, y.shape
    if net.readout == "every" and (of_x[0] != of_y[0] or of_x[1] != of_y[1]):
        fail(
            where,
            "x and y must have the same batch and time",
            f"{_shape(x)} and {_shape(y)}",
            "y[:, t] is the target of the step that reads x[:, t].",
        )
    if of_x[0] != of_y[0]:
        fail(
            where, "x and y must have the same batch", f"{_shape(x)} and {_shape(y)}", "Match them."
        )


def _expected_x(net: Sized) -> str:
    return f"x must be (batch, time, {net.input_size})"


def _expected_y(net: Sized) -> str:
    """What y must be, in words: put together only for who did not pass that."""
    axes = ["batch", "time"] if net.readout == "every" else ["batch"]
    if net.head.outputs is not None:
        axes.append(str(net.head.outputs))
    wanted = "(" + ", ".join(axes) + ("," if len(axes) == 1 else "") + ")"
    return f"y must be {wanted} for {type(net.head).__name__} with readout={net.readout!r}"


def _check_mask(where: str, net: Sized, y: Tensor, mask: Tensor) -> None:
    shapes = (y.shape,) if net.head.outputs is None else (y.shape, y.shape[:-1])
    if mask.dtype != torch.bool or mask.shape not in shapes:
        fail(
            where,
            "mask must be bool, " + " or ".join(str(tuple(shape)) for shape in shapes),
            f"{mask.dtype} of {_shape(mask)}",
            "True is observed: mask=~y.isnan(), say.",
        )


def _check_y_values(where: str, head: Head, y: Tensor, observed: Tensor | None) -> None:
    if head.outputs is None:
        wrong, expected = (y < 0) | (y >= head.size), f"classes must lie from 0 to {head.size - 1}"
    elif isinstance(head, Bernoulli):
        wrong, expected = (y < 0) | (y > 1), "Bernoulli targets must lie from 0 to 1"
    elif isinstance(head, Poisson | NegativeBinomial):
        wrong, expected = (y < 0) | (y != y.floor()), "counts must be whole numbers of 0 or more"
    else:
        return
    if observed is not None:
        wrong = wrong & observed
    if bool(wrong.any()):
        fail(
            where, expected, f"{y[wrong][0].item():g}", "Mask it with mask= if it is a placeholder."
        )


def _check_tensor(where: str, name: str, value: object) -> None:
    if not isinstance(value, Tensor):
        kind = type(value).__name__
        fail(where, f"{name} must be a tensor", f"a {kind}", f"Use torch.as_tensor({name}).")


def _check_type(where: str, name: str, tensor: Tensor, dtype: torch.dtype) -> None:
    if tensor.dtype is not dtype:
        fail(
            where,
            f"{name} must be {dtype}, as the network is",
            str(tensor.dtype),
            f"Use {name}.to(net.dtype), or net.double() for float64.",
        )


def _shape(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))
