"""A step of PyTorch's fused Adam without what its class does around the sums."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.optim import Adam, AdamW, optimizer

__all__ = ["FusedAdam"]

KINDS = (Adam, AdamW)

SUMS: tuple[Any, Any] = (
    getattr(torch, "_fused_adam_", None),
    getattr(torch, "_fused_adamw_", None),
)
"""What the methods come down to where they are fused; None where PyTorch has another way."""

REPLACED = ("step", "grad_scale", "found_inf")
"""What schedules of the rate and scalers of gradients put into an optimizer."""

OTHER_WAYS = ("amsgrad", "maximize", "capturable", "differentiable")
"""Options that are left to PyTorch."""

_is_profiled: Any = getattr(getattr(torch._C, "_autograd", None), "_profiler_enabled", None)
_hooked: Any = getattr(optimizer.Optimizer, "profile_hook_step", None)


def _inside(wrapped: Any) -> Any:
    """A class's step without the hooks that PyTorch wraps around it when the first is made."""
    hooks, code = (getattr(one, "__code__", None) for one in (_example(), wrapped))
    return wrapped.__wrapped__ if hooks is not None and code is hooks else wrapped


@cache
def _example() -> Any:
    """A step with these hooks around it."""
    return None if _hooked is None else _hooked(optimizer.Optimizer.step)


OWN = {
    kind: step
    for kind in KINDS
    for step in (_inside(kind.step),)
    if getattr(step, "__module__", "").startswith("torch.optim.")
}
"""The steps that PyTorch gave the classes; not one that somebody else has put in their place."""


class Group(NamedTuple):
    """A group of weights, as the sums take it; the counts as NumPy's views of them too."""

    weights: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    counts: list[Tensor]
    views: list[Any]


class FusedAdam:
    """``method.step()``, to the same bits, for weights that are all of one type on one device.

    Of what that costs in a small network the sums are a tenth; the rest makes room for hooks,
    profilers and compilers. Whoever hooks on, whatever is derived from Adam or was changed in it,
    a weight without a gradient, and the first step, which makes the state, get that very call.

    Args:
        method: The optimizer. Where its state is, is remembered until it is replaced.
    """

    def __init__(self, method: torch.optim.Optimizer) -> None:
        self.method = method
        self._state: Any = None
        self._groups: list[Group] = []

    def step(self) -> None:
        """Take a step."""
        method = self.method
        gradients = self._gradients() if _is_plain(method) and self._read() else None
        if gradients is None:
            method.step()
            return
        add = SUMS[KINDS.index(type(method))]
        with torch.no_grad():
            for group, own, options in zip(
                self._groups, gradients, method.param_groups, strict=True
            ):
                for view in group.views:
                    np.add(view, 1, view)
                beta1, beta2 = options["betas"]
                add(
                    group.weights, own, group.means, group.squares, [], group.counts,
                    lr=options["lr"], beta1=beta1, beta2=beta2, eps=options["eps"],
                    weight_decay=options["weight_decay"], amsgrad=False, maximize=False,
                )  # fmt: skip

    def _gradients(self) -> list[list[Tensor]] | None:
        """Group by group; None where one is missing."""
        found = []
        for group in self._groups:
            own = [gradient for one in group.weights if (gradient := one.grad) is not None]
            if len(own) < len(group.weights):
                return None
            found.append(own)
        return found

    def _read(self) -> bool:
        """Find the state, where it was replaced; False where there is none, or not in memory."""
        method = self.method
        if method.state is self._state and len(method.param_groups) == len(self._groups):
            return True
        found = []
        for group in method.param_groups:
            weights = group["params"]
            states: list[Any] = [method.state.get(one) for one in weights]
            if not all(state and state["step"].is_cpu for state in states):
                return False
            means, squares, counts = (
                [state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step")
            )
            views = [count.numpy() for count in counts]
            found.append(Group(weights, means, squares, counts, views))
        self._state, self._groups = method.state, found
        return True


def _is_plain(method: torch.optim.Optimizer) -> bool:
    """Whether nobody would see that PyTorch's own step was not called."""
    kind: Any = type(method)
    if kind not in OWN or None in SUMS or _is_profiled is None or _is_profiled():
        return False
    hooks = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
    is_decoupled = kind is AdamW
    return (
        _inside(kind.step) is OWN[kind]
        and not any(getattr(method, name, True) for name in hooks)
        and not getattr(optimizer, "_global_optimizer_pre_hooks", True)
        and not getattr(optimizer, "_global_optimizer_post_hooks", True)
        and not any(name in method.__dict__ for name in REPLACED)
        and all(group["fused"] for group in method.param_groups)
        and not any(group[name] for group in method.param_groups for name in OTHER_WAYS)
        and all(
            group.get("decoupled_weight_decay", is_decoupled) == is_decoupled
            for group in method.param_groups
        )
    )
