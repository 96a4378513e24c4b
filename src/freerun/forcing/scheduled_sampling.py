"""Scheduled sampling: a coin decides at every step what is fed back."""

from dataclasses import dataclass
from typing import Any

import torch

from freerun._checks import fail
from freerun.data import Sequences
from freerun.forcing.feeding import check_draws, check_feed
from freerun.forcing.schedules import Linear, Schedule, as_schedule, share_at
from freerun.plan import Plan, PlanBatch

__all__ = ["ScheduledSampling"]


WITHDRAWN = Linear(start=1.0, end=0.0)
"""The truth at first, and at the end none of it."""


@dataclass(frozen=True)
class ScheduledSampling:
    """w(t) ~ Bernoulli(e): at every step of every sequence a coin decides between truth and output.

        w(t) = 1 with probability e, else 0        e as the schedule says

    One coin for a whole sequence was much worse (Bengio et al. 2015, section 3.1), and is not
    offered. As an objective it is inconsistent: its optimum need not be the data's distribution
    (Huszar 2015).

    Args:
        schedule: e over training: one of :mod:`freerun.forcing.schedules`, its name, or a number.
            ``Linear(1, 0)`` withdraws the truth, ``Linear(0, 1)`` brings it in.
        feed: ``"mean"`` or ``"sample"``: what of the network's own is fed. For classes the mean is
            the vector of probabilities (differentiable scheduled sampling, Goyal et al. 2017), a
            sample what the original draws.
        through: Whether gradients pass through what is fed back. None passes in Bengio et al.
            (2015); for means they can, and then the loss feels what an output does to later steps.
            Through a sample they pass only where the head can reparameterise it.

    Raises:
        ArgumentError: The schedule is none or leaves [0, 1], or ``feed`` is neither; in training,
            samples are to be fed and the head has no spread.

    Example:
        >>> import torch, freerun as fr
        >>> policy = fr.ScheduledSampling(fr.forcing.InverseSigmoid(k=5), through=False)
        >>> batch = fr.forcing.PlanBatch(None, torch.zeros(2, 50, 1))
        >>> plan = policy.plan(batch, fr.forcing.Progress(0.5, epochs=20), None)
        >>> plan.weights.shape, plan.weights.unique()
        (torch.Size([2, 50]), tensor([0., 1.]))

    Source: Bengio, Vinyals, Jaitly and Shazeer, "Scheduled sampling for sequence prediction with
    recurrent neural networks", NIPS 2015, section 2.4.
    """

    schedule: Schedule | str | float = WITHDRAWN
    feed: str = "mean"
    through: bool = True

    def __post_init__(self) -> None:
        where = type(self).__name__
        object.__setattr__(self, "schedule", as_schedule(where, self.schedule))
        check_feed(where, self.feed)
        if not isinstance(self.through, bool):
            fail(where, "through must be True or False", repr(self.through), "Pass through=True.")

    def prepare(self, net: Any, train: Sequences) -> None:
        """Refuse samples that the head cannot draw."""
        check_draws(type(self).__name__, self.feed, net.head)

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """A coin for every step of every sequence."""
        assert isinstance(self.schedule, Schedule)
        share = share_at(self.schedule, progress)
        device = "cpu" if generator is None else generator.device
        coins = torch.rand(batch.y.shape[:2], generator=generator, device=device)
        weights = (coins < share).to(batch.y.device, torch.get_default_dtype())
        return Plan(batch.y, weights, self.feed, self.through)
