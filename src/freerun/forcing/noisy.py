"""Noisy teacher forcing: the truth is fed back, blurred."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from freerun._checks import check_number
from freerun.data import Sequences
from freerun.heads import Bernoulli, Categorical, Head, NegativeBinomial, Poisson
from freerun.plan import Plan, PlanBatch

__all__ = ["NoisyTeacherForcing"]


@dataclass(frozen=True)
class NoisyTeacherForcing:
    """w = 1, and the truth that is fed is off, as the network's own outputs will be.

        f(t) = y(t) + scale * n(t)          n(t) standard normal, for real y, in scaled units
        f(t) = max(0, y(t) + scale * n(t))  for counts
        f(t) = 1 - y(t)                     with probability ``scale``, for Bernoulli's 0 and 1
        f(t) = any class, each as likely    with probability ``scale``, for classes

    Targets stay what they are. A strong baseline that costs nothing: with output recurrence every
    step is still independent of the others.

    Args:
        scale: Standard deviation of the noise in the network's units (of y's standard deviation,
            where :func:`freerun.fit` fitted them); for counts in counts; for classes and Bernoulli
            a probability, at most 1.

    Raises:
        ArgumentError: ``scale`` is negative, or a probability above 1.

    Source: noise on inputs as regularisation, Bishop, *Neural Computation* 7 (1995), 108-116; on
    classes, Xie et al., "Data noising as smoothing in neural network language models", ICLR 2017.
    """

    scale: float = 0.1

    def __post_init__(self) -> None:
        check_number(type(self).__name__, "scale", self.scale, 0.0)

    def prepare(self, net: Any, train: Sequences) -> None:
        """Refuse a scale that is no probability where it has to be one."""
        self._check_scale(net.head)

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """Every value blurred, every weight 1."""
        return Plan(self._blurred(batch.head, batch.y, generator), 1.0)

    def _blurred(self, head: Head | None, y: Tensor, generator: torch.Generator | None) -> Tensor:
        device = torch.device("cpu") if generator is None else generator.device

        def noise(draw: str) -> Tensor:
            dtype = y.dtype if y.is_floating_point() else torch.get_default_dtype()
            law = getattr(torch, draw)
            return law(y.shape, generator=generator, device=device, dtype=dtype).to(y.device)

        if isinstance(head, Categorical | Bernoulli):
            self._check_scale(head)
            hit = noise("rand") < self.scale
            if isinstance(head, Bernoulli):
                return torch.where(hit, 1 - y, y)
            return torch.where(hit, (noise("rand") * head.classes).to(y.dtype), y)
        moved = y + self.scale * noise("randn")
        return moved.clamp_min(0) if isinstance(head, Poisson | NegativeBinomial) else moved

    def _check_scale(self, head: Head | None) -> None:
        if isinstance(head, Categorical | Bernoulli):
            where = f"{type(self).__name__} for a {type(head).__name__} head"
            check_number(where, "scale", self.scale, 0.0, 1.0)
