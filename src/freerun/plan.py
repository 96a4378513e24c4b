"""Plans: what the output edge carries, f(t) = w(t) y(t) + (1 - w(t)) g(o(t)), and who makes them.

A policy, a :class:`Forcing`, makes a :class:`Plan`, the values y and the weights w for one batch;
the unrolled network does as the plan says and knows nothing of policies.

    w = 1   teacher forcing, in system identification *series-parallel* or NARX training
    w = 0   free running, in system identification *parallel*, *simulation* or NOE training
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from freerun._checks import check_choice, fail
from freerun.heads import Head, Sampling

__all__ = ["Forcing", "Plan", "PlanBatch", "Progress"]


@dataclass(frozen=True, init=False)
class Plan:
    """What the output edge carries over one batch.

    Attributes:
        values: y, or what stands in its place: y's shape and units. None where no weight is above
            0.
        weights: w(t) in [0, 1]: a number, or a tensor ``(time,)`` or ``(batch, time)``.
        feed: what g(o) is: ``"mean"``, ``"sample"``, or a :class:`freerun.heads.Sampling` for
            classes.
        through: whether gradients pass through g(o). Through a sample they pass only where the head
            can reparameterise it.
    """

    values: Tensor | None
    weights: float | Tensor
    feed: str | Sampling = "mean"
    through: bool = True

    def __init__(
        self,
        values: Tensor | None,
        weights: float | Tensor,
        feed: str | Sampling = "mean",
        through: bool = True,
    ) -> None:
        # What a frozen dataclass has in place of this takes three times as long, in every batch.
        fields = self.__dict__
        fields["values"], fields["weights"] = values, weights
        fields["feed"], fields["through"] = feed, through
        if feed != "mean" and not isinstance(feed, Sampling):
            check_choice("Plan", "feed", feed, ("mean", "sample"))
        if isinstance(weights, float) and 0 <= weights <= (values is not None):
            return  # the usual numbers, without a tensor for each look at them
        weights = torch.as_tensor(weights).detach()
        if weights.numel() and not bool(((weights >= 0) & (weights <= 1)).all()):
            span = f"{weights.min():g} to {weights.max():g}"
            fail("Plan", "weights must lie in [0, 1]", f"values from {span}", "Clamp them.")
        if values is None and bool((weights > 0).any()):
            fail("Plan", "values must be given where a weight is above 0", "None", "Pass values=y.")

    @property
    def draws(self) -> bool:
        """Whether samples, not means, are fed back."""
        return self.feed != "mean"

    def is_teacher(self) -> bool:
        """Whether every weight is 1, so that no output is ever fed back."""
        return self._are_all(1.0)

    def is_free(self) -> bool:
        """Whether every weight is 0, so that no value is ever fed."""
        return self._are_all(0.0)

    def _are_all(self, weight: float) -> bool:
        if isinstance(self.weights, float):
            return self.weights == weight
        return bool((torch.as_tensor(self.weights) == weight).all())

    def part(self, start: int, stop: int) -> "Plan":
        """The plan for the steps ``start`` to ``stop``."""
        values = None if self.values is None else self.values[:, start:stop]
        weights = self.weights
        if isinstance(weights, Tensor) and weights.ndim:
            weights = weights[..., start:stop]
        return replace(self, values=values, weights=weights)


@dataclass(frozen=True, init=False)
class PlanBatch:
    """What a policy may look at, in scaled units.

    Attributes:
        x: ``(batch, time, input_size)``, or None.
        y: ``(batch, time, outputs)``, or ``(batch, time)`` of classes.
        lengths: ``(batch,)``, or None where every sequence fills the batch.
        mask: bool, True where y was observed, or None where all of it was.
        state: what came before the first step: a :class:`freerun.State`, or None.
        index: ``(batch,)``: which sequences of the training set these are, or None.
        head: what y is to the network: a policy that makes values of its own must know; or None.
        lags: how many of the last values fed a step reads.
    """

    x: Tensor | None
    y: Tensor
    lengths: Tensor | None = None
    mask: Tensor | None = None
    state: Any | None = None
    index: Tensor | None = None
    head: Head | None = None
    lags: int = 1

    def __init__(
        self,
        x: Tensor | None,
        y: Tensor,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
        state: Any | None = None,
        index: Tensor | None = None,
        head: Head | None = None,
        lags: int = 1,
    ) -> None:
        # What a frozen dataclass has in place of this takes three times as long, in every batch.
        fields = self.__dict__
        fields["x"], fields["y"], fields["lengths"], fields["mask"] = x, y, lengths, mask
        fields["state"], fields["index"], fields["head"], fields["lags"] = state, index, head, lags


class Progress(float):
    """How far training is, from 0 to 1; and in epochs.

    Args:
        share: of all that training will do at most.
        epochs: how many epochs training has at most; 0 where nothing is trained, or where that is
            not known. A phase of a curriculum may have part of one.

    Example:
        >>> progress = Progress(0.25, epochs=40)
        >>> float(progress), progress.epoch
        (0.25, 10.0)
    """

    epochs: float

    def __new__(cls, share: float = 0.0, epochs: float = 0) -> "Progress":
        """See the class."""
        made = super().__new__(cls, share)
        made.epochs = epochs
        return made

    @property
    def epoch(self) -> float:
        """Epochs done; the one under way in part."""
        return float(self) * self.epochs


@runtime_checkable
class Forcing(Protocol):
    """A policy: a frozen value with one method.

    Training calls four more where a policy has them. What changes while training goes on, none of
    them keeps in the policy: ``prepare`` makes the object that holds it.

        prepare(net, train)       before training: refuse what does not fit; returns the policy as
                                  it is followed from here on, or None for itself
        arrange(net, batch, progress, generator)
                                  before each step: another batch to learn from in place of this one
        penalty(net, batch, unrolled, generator)
                                  what is added to the loss of the batch, a scalar, or None
        update(net, batch, unrolled)
                                  after each step
        figures()                 at the end of each epoch: numbers by name, for the history

    What ``prepare`` returned may have ``state_dict()`` and ``load_state_dict()``, which resuming
    restores. ``needs_truth = False`` says that y is not looked at.
    """

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """The plan for ``batch``.

        Args:
            batch: what there is to feed.
            progress: how far training is, from 0 to 1; in training a :class:`Progress`.
            generator: where randomness comes from; PyTorch's global one by default.
        """
        ...
