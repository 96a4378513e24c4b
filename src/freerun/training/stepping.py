"""A step of PyTorch's fused Adam without what its class does around the sums."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch._C._autograd import _profiler_enabled
from torch.optim import optimizer as hooked

__all__ = ["Stepper"]

SUMS: dict[Any, Any] = {
    torch.optim.AdamW: torch._fused_adamw_,
    torch.optim.Adam: torch._fused_adam_,
}
"""What the methods come down to where they are fused."""

REPLACED = ("step", "grad_scale", "found_inf")
"""What schedules of the rate and scalers of gradients put into an optimizer."""

OTHER_WAYS = ("amsgrad", "maximize", "capturable", "differentiable")
"""Options that are left to PyTorch."""


HOOKS = torch.optim.Optimizer.profile_hook_step(torch.optim.Optimizer.step).__code__
"""Of what every class wraps around its step when the first of its optimizers is made."""


def _inside(wrapped: Any) -> Any:
    """A class's step without the hooks around it."""
    return wrapped.__wrapped__ if wrapped.__code__ is HOOKS else wrapped


OWN = {kind: _inside(kind.step) for kind in SUMS}
"""The steps that PyTorch gave the classes."""


class Group(NamedTuple):
    """A group of weights, as the sums take it; the counts as NumPy's views of them too."""

    weights: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    counts: list[Tensor]
    views: list[Any]


class Stepper:
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
        add = SUMS[type(method)]
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
    kind = type(method)
    return (
        kind in SUMS
        and _inside(kind.step) is OWN[kind]
        and not method._optimizer_step_pre_hooks
        and not method._optimizer_step_post_hooks
        and not hooked._global_optimizer_pre_hooks
        and not hooked._global_optimizer_post_hooks
        and not any(name in method.__dict__ for name in REPLACED)
        and all(group["fused"] for group in method.param_groups)
        and not any(group[name] for group in method.param_groups for name in OTHER_WAYS)
        and not _profiler_enabled()
    )
