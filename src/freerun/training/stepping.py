"""A step of PyTorch's fused Adam without what its class does around the sums."""

from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._C._autograd import _profiler_enabled
from torch.optim import optimizer as hooked

__all__ = ["step"]

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
    """A group of weights of one type on one device, as the sums take it."""

    weights: list[Tensor]
    gradients: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    counts: list[Tensor]
    options: dict[str, float]


def step(method: torch.optim.Optimizer) -> None:
    """``method.step()``, to the same bits, for weights that are all of one type on one device.

    Of what that costs in a small network the sums are a tenth; the rest makes room for hooks,
    profilers and compilers. Whoever hooks on, whatever is derived from Adam or was changed in it,
    and the first step, which makes the state, get that very call.
    """
    found = _read(method) if _is_plain(method) else None
    if found is None:
        method.step()
        return
    add = SUMS[type(method)]
    with torch.no_grad():
        torch._foreach_add_([*chain.from_iterable(group.counts for group in found)], 1)
        for weights, gradients, means, squares, counts, options in found:
            add(
                weights, gradients, means, squares, [], counts, amsgrad=False, maximize=False,
                **options,
            )  # fmt: skip


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
        and not _profiler_enabled()
    )


def _read(method: torch.optim.Optimizer) -> list[Group] | None:
    """All groups of which a weight has a gradient; None where PyTorch must see to one."""
    found = []
    for group in method.param_groups:
        if not group["fused"] or any(map(group.__getitem__, OTHER_WAYS)):
            return None
        weights = [one for one in group["params"] if one.grad is not None]
        states: list[Any] = [method.state.get(one) for one in weights]
        if not all(states):
            return None
        if weights:
            beta1, beta2 = group["betas"]
            options = {name: group[name] for name in ("lr", "weight_decay", "eps")}
            found.append(
                Group(
                    weights,
                    [one.grad for one in weights],
                    [state["exp_avg"] for state in states],
                    [state["exp_avg_sq"] for state in states],
                    [state["step"] for state in states],
                    {**options, "beta1": beta1, "beta2": beta2},
                )
            )
    return found
