"""Which path a network takes: the one place where that is decided, and the reasons."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from freerun._held import held
from freerun.kernels.binding.eager import eager
from freerun.kernels.equations.cells import CELL_CODES

__all__ = [
    "Choice",
    "choose",
    "choose_inside",
    "disabled",
    "explain",
    "is_disabled",
    "kernel_feed",
    "why_not",
]

_disabled: ContextVar[bool] = ContextVar("freerun.kernels.disabled", default=False)

DTYPES = (torch.float32, torch.float64)

# Looked up once: each of these is asked for in every call.
_transforms: Any = torch._C._functorch.peek_interpreter_stack
_has_autocast = torch.is_autocast_enabled


class Choice(NamedTuple):
    """What was chosen: ``kernel`` is its name, or None for the reference path; and why."""

    kernel: str | None
    reason: str


NO_EDGE = Choice("layers", "no output edge: only W h is stepped")
CLOSED = Choice("closed", "the whole step is in the loop")


@contextmanager
def disabled() -> Iterator[None]:
    """Compute on the reference path for as long as this lasts: gradients of any order.

    Example:
        >>> import torch, freerun as fr
        >>> net = fr.RecurrentNetwork(1, 4, fr.heads.Point(1))
        >>> with fr.kernels.disabled():
        ...     print(fr.kernels.choose(net, torch.zeros(1, 5, 1)).reason)
        kernels are disabled
    """
    token = _disabled.set(True)
    try:
        yield
    finally:
        _disabled.reset(token)


def is_disabled() -> bool:
    """Whether :func:`disabled` is in force."""
    return _disabled.get()


def why_not(cell: str, *tensors: Tensor | None) -> str | None:
    """Why kernels do not apply to a layer of ``cell`` and these tensors; None if they do."""
    if _disabled.get():
        return "kernels are disabled"
    if cell not in CELL_CODES:
        return f"cell {cell!r} has no kernel"
    dtype = None
    for tensor in tensors:
        if tensor is None:
            continue
        found = tensor.dtype
        if dtype is None:
            dtype = found
            if dtype not in DTYPES:
                return f"kernels compute in float32 and float64, not {dtype}"
        if not tensor.is_cpu:
            return f"kernels run on the CPU, not on {tensor.device}"
        if found is not dtype:
            return f"kernels want one dtype, not {dtype} and {found}"
    if _transforms() is not None:
        return "torch.func transforms the reference path"
    if forward_ad._current_level >= 0:
        return "forward-mode differentiation takes the reference path"
    if _has_autocast("cpu"):
        return "autocast chooses dtypes operation by operation"
    return None


def kernel_feed(head: Any, plan: Any) -> str | None:
    """What kernels call the plan's g for this head; None where they do not have it."""
    return head.kernel_draw if plan.draws else head.kernel_feed


def choose_inside(net: Any, x: Tensor | None = None, plan: Any = None) -> Choice:
    """Choose the path for ``net``.

    Args:
        net: a :class:`freerun.RecurrentNetwork`.
        x: what it reads; its dtype and device count.
        plan: what its output edge carries, or None.
    """
    first = next(iter(held(net, "layers")._modules.values()))
    weight = held(held(net, "output"), "weight")
    reason = why_not(net.cell, weight, held(first, "weight_ih"), x)
    if reason is not None:
        return Choice(None, reason)
    if plan is None:
        return NO_EDGE
    if plan.is_teacher():
        what = "only W h is stepped" if net.recurrence == "both" else "nothing is stepped"
        return Choice("layers", f"the truth is fed: {what}")
    if kernel_feed(net.head, plan) is None:
        how = "draws" if plan.draws else "mean"
        return Choice(None, f"{type(net.head).__name__}'s {how} cannot be fed back in a kernel")
    return CLOSED


choose = eager(choose_inside)
""":func:`choose_inside` for callers who are not themselves what ``torch.compile`` leaves alone."""


class _Way(NamedTuple):
    """A plan as far as the choice goes."""

    is_forced: bool
    feed: str = "mean"

    @property
    def draws(self) -> bool:
        return self.feed != "mean"

    def is_teacher(self) -> bool:
        return self.is_forced


def explain(net: Any) -> str:
    """Say which path ``net`` takes, and why, for every way in which it may be run.

    Example:
        >>> import freerun as fr
        >>> print(fr.kernels.explain(fr.RecurrentNetwork(1, 4, fr.heads.Point(1))))
        forward: kernel "layers" (no output edge: only W h is stepped)
    """
    ways: dict[str, _Way | None] = {"forward": None}
    if net.recurrence != "hidden":
        ways = {"teacher forced": _Way(True), "free running": _Way(False)}
        if net.head.can_sample:
            ways["on draws"] = _Way(False, "sample")
    lines = []
    for name, plan in ways.items():
        kernel, reason = choose(net, None, plan)
        path = "reference path" if kernel is None else f'kernel "{kernel}"'
        lines.append(f"{name}: {path} ({reason})")
    return "\n".join(lines)
