"""Adam on the CPU: one call for all parameters, and no thread to wake."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from freerun.kernels.adam import (
    COUNT,
    GRADIENT,
    JOB_SIZE,
    MEAN,
    PARAMETER,
    SQUARE,
    adam_step,
    clip_all,
)

__all__ = ["Adam", "suits"]

BETAS, EPS = (0.9, 0.999), 1e-8

FEW = 2**16
"""Weights up to which one thread is faster than all of PyTorch's, woken for each parameter."""


def suits(parameters: Sequence[nn.Parameter]) -> bool:
    """Whether :class:`Adam` takes them: few, of one type that kernels know, in main memory."""
    first = parameters[0].dtype
    return (
        first in (torch.float32, torch.float64)
        and all(p.device.type == "cpu" and p.dtype == first for p in parameters)
        and all(p.is_contiguous() for p in parameters)
        and sum(p.numel() for p in parameters) <= FEW
    )


class Adam:
    """Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019).

        m <- b1 m + (1 - b1) g
        v <- b2 v + (1 - b2) g^2
        p <- (1 - lr decay) p - lr (m / (1 - b1^n)) / (sqrt(v / (1 - b2^n)) + eps)

    after n steps. A parameter without a gradient stays as it is.

    Args:
        groups: Parameters that it :func:`suits`, and their ``weight_decay``, as PyTorch takes them.
        lr: The rate at the start; ``param_groups`` have it as PyTorch's do.
        decoupled: Whether decay is AdamW's; else it is a penalty: g <- g + decay p.
    """

    def __init__(self, groups: Sequence[Mapping[str, Any]], lr: float, decoupled: bool) -> None:
        self.param_groups: list[dict[str, Any]] = [{**group, "lr": lr} for group in groups]
        self.decoupled = decoupled
        self.parameters: list[nn.Parameter] = [p for group in groups for p in group["params"]]
        count = len(self.parameters)
        self.steps = torch.zeros(count)
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self._jobs = np.zeros((count, JOB_SIZE), np.int64)
        self._jobs[:, COUNT] = [p.numel() for p in self.parameters]
        self._jobs[:, MEAN] = [one.data_ptr() for one in self.means]
        self._jobs[:, SQUARE] = [one.data_ptr() for one in self.squares]
        self._rates, self._steps = np.zeros((count, 2)), self.steps.numpy()
        self._room = torch.zeros(8, dtype=self.parameters[0].dtype).numpy()

    def clip(self, limit: float) -> float:
        """Clip the gradient in place to a global norm of ``limit``; return the norm before."""
        gradients = self._look()
        norm: float = clip_all(self._room[0], self._jobs, limit)
        del gradients
        return norm

    def step(self) -> None:
        """Change the parameters by their gradients."""
        gradients, first = self._look(), 0
        for group in self.param_groups:
            last = first + len(group["params"])
            self._rates[first:last] = group["lr"], group["weight_decay"]
            first = last
        adam_step(self._room, self._jobs, self._rates, self._steps, *BETAS, EPS, self.decoupled)
        del gradients
        # Kernels write past PyTorch, which others ask whether weights are still what they were.
        torch.autograd.graph.increment_version(self.parameters)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for p in self.parameters:
            p.grad = None

    def _look(self) -> list[Tensor]:
        """Tell the kernels where parameters and gradients are; what must live until they ran."""
        kept, places = [], []
        for p in self.parameters:
            gradient = p.grad
            if gradient is None:
                places.append((p.data_ptr(), 0))
                continue
            if not gradient.is_contiguous():
                gradient = p.grad = gradient.contiguous()
            kept.append(gradient)
            places.append((p.data_ptr(), gradient.data_ptr()))
        self._jobs[:, PARAMETER : GRADIENT + 1] = places
        return kept

    def state_dict(self) -> dict[str, Any]:
        """All that a later step depends on, as PyTorch's methods give it."""
        parts = zip(self.steps, self.means, self.squares, strict=True)
        state = {
            number: {"step": step, "exp_avg": mean, "exp_avg_sq": square}
            for number, (step, mean, square) in enumerate(parts)
        }
        numbers, groups = iter(range(len(self.parameters))), []
        for group in self.param_groups:
            groups.append({**group, "params": [next(numbers) for _ in group["params"]]})
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state_dict` gave.

        Raises:
            ValueError: It is of other parameters.
        """
        groups, sizes = saved["param_groups"], [len(one["params"]) for one in self.param_groups]
        if [len(one["params"]) for one in groups] != sizes:
            raise ValueError("its parameters are grouped otherwise")
        for number, p in enumerate(self.parameters):
            held = saved["state"].get(number, {})
            mean, square = held.get("exp_avg"), held.get("exp_avg_sq")
            for here, there in ((self.means[number], mean), (self.squares[number], square)):
                if there is not None and there.shape != p.shape:
                    raise ValueError(f"{tuple(there.shape)} in place of {tuple(p.shape)}")
                here.copy_(torch.zeros_like(p) if there is None else there)
            self.steps[number] = float(held.get("step", 0))
        for group, there in zip(self.param_groups, groups, strict=True):
            group.update(lr=there["lr"], weight_decay=there["weight_decay"])
