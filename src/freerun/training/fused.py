"""A step of PyTorch's fused Adam without what its class does around the sums."""

from functools import cache
from typing import Any, NamedTuple

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

_everywhere: dict[str, Any] = vars(optimizer)
"""Where hooks of all optimizers are."""

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
    """A group of weights, as the sums take it; how often each was changed, as memory too."""

    weights: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    counts: list[Tensor]
    numbers: list[memoryview]


class FusedAdam:
    """``method.step()``, to the same bits, for weights that are all of one type on one device.

    Of what that costs in a small network the sums are a tenth; the rest makes room for hooks,
    profilers and compilers. Whoever hooks on, whatever is derived from Adam or was changed in it,
    a weight without a gradient, and the first step, which makes the state, get that very call.

    In a training step whatever is called has to be fetched from far away in memory first: it is
    few and small calls that count here.

    Args:
        method: The optimizer. Where its state is, is remembered until it is replaced.
    """

    def __init__(self, method: torch.optim.Optimizer) -> None:
        self.method = method
        self._kind: Any = type(method)
        self._step: Any = None
        self._state: Any = None
        self._groups: list[Group] = []

    def step(self) -> None:
        """Take a step."""
        method = self.method
        gradients = self._gradients() if self._is_plain() and self._read() else None
        if gradients is None:
            method.step()
            return
        add = SUMS[KINDS.index(self._kind)]
        with torch.no_grad():
            for group, own, options in zip(
                self._groups, gradients, method.param_groups, strict=True
            ):
                for number in group.numbers:
                    number[0] += 1
                if not own:
                    continue
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
            numbers = [memoryview(count.numpy().reshape(1)) for count in counts]
            found.append(Group(weights, means, squares, counts, numbers))
        self._state, self._groups = method.state, found
        return True

    def _is_plain(self) -> bool:
        """Whether nobody would see that PyTorch's own step was not called."""
        own, is_decoupled = self.method.__dict__, self._kind is AdamW
        return (
            self._steps_as_pytorch()
            and not own.get("_optimizer_step_pre_hooks", True)
            and not own.get("_optimizer_step_post_hooks", True)
            and not _everywhere.get("_global_optimizer_pre_hooks", True)
            and not _everywhere.get("_global_optimizer_post_hooks", True)
            # What schedules of the rate and scalers of gradients put into an optimizer.
            and not ("step" in own or "grad_scale" in own or "found_inf" in own)
            and all(_is_usual(group, is_decoupled) for group in self.method.param_groups)
        )

    def _steps_as_pytorch(self) -> bool:
        """Whether the class's step is the one that PyTorch gave it, and nobody measures it."""
        kind = self._kind
        if kind not in OWN or None in SUMS or _is_profiled is None or _is_profiled():
            return False
        step = kind.step
        if step is not self._step and _inside(step) is OWN[kind]:
            self._step = step
        return step is self._step


def _is_usual(group: Any, is_decoupled: bool) -> bool:
    """Whether a group has none of the options that are left to PyTorch."""
    return (
        group["fused"]
        and not (group["amsgrad"] or group["maximize"])
        and not (group["capturable"] or group["differentiable"])
        and group.get("decoupled_weight_decay", is_decoupled) == is_decoupled
    )
