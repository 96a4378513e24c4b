"""What a policy plans over training, found by asking it: w(t) of every step in every epoch."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from freerun._checks import check_integer, fail
from freerun.drawing.remarks import remarks, shown, spelled
from freerun.forcing import Curriculum
from freerun.heads import Gaussian
from freerun.plan import Forcing, Plan, PlanBatch, Progress

__all__ = ["Planned", "made_up_batch", "plan_over_training", "weights_of"]

WHERE = "draw"

SEQUENCES = 32
"""How many are made up: enough for the mean of coins to look like their odds."""


@dataclass(frozen=True)
class Planned:
    """w(t) over training.

    Attributes:
        name: The policy as :func:`freerun.forcing.spell_forcing` writes it.
        weights: ``(epochs, steps)``: w of one sequence, in the middle of every epoch.
        mean: ``(epochs,)``: the mean of w over all steps of all sequences.
        phases: Of a curriculum, the epochs at which the next policy begins.
        remarks: What w does not say, a sentence each.
    """

    name: str
    weights: NDArray[np.float64]
    mean: NDArray[np.float64]
    phases: tuple[float, ...]
    remarks: tuple[str, ...]


def plan_over_training(policy: Forcing, epochs: int = 50, steps: int = 50) -> Planned:
    """Ask ``policy`` for its plan in the middle of every epoch, for a batch that is made up.

    The batch has 32 sequences of one channel, x and y, for a ``Gaussian`` head, with all of y
    observed. What a policy learns from a network in training, it has not learned here; what is
    known only then is shown by an example, and a remark says so.

    Args:
        policy: Any :class:`freerun.forcing.Forcing`, your own too.
        epochs: How long training is.
        steps: How long a sequence is.

    Raises:
        ArgumentError: It is no policy, or it never comes to the last of its phases.

    Example:
        >>> import freerun as fr
        >>> planned = plan_over_training(fr.ScheduledSampling("linear"), epochs=4, steps=1000)
        >>> planned.name, planned.mean.round(1).tolist()
        ('ScheduledSampling', [0.9, 0.6, 0.4, 0.1])
    """
    _check_policy(policy)
    check_integer(WHERE, "epochs", epochs, 1)
    check_integer(WHERE, "steps", steps, 1)
    if isinstance(policy, Curriculum):
        policy.check_turns(epochs, 1)
    asked = shown(policy)
    batch = made_up_batch(SEQUENCES, steps)
    generator = torch.Generator().manual_seed(0)
    plans = [
        asked.plan(batch, Progress((epoch + 0.5) / epochs, epochs), generator)
        for epoch in range(epochs)
    ]
    weights = np.stack([weights_of(plan, SEQUENCES, steps) for plan in plans])
    return Planned(
        spelled(policy),
        weights[:, 0],
        weights.mean((1, 2)),
        _phases(policy, epochs),
        (*remarks(policy, epochs), *_seen(policy, plans, batch, weights)),
    )


def made_up_batch(sequences: int, steps: int, lags: int = 1) -> PlanBatch:
    """Waves with noise on them, of mean 0 and standard deviation 1 as scaled data are."""
    generator = torch.Generator().manual_seed(1)
    time = torch.arange(steps) / 3 + torch.arange(sequences)[:, None]
    noise = torch.randn(sequences, steps, generator=generator)
    y = (1.38 * torch.sin(time) + 0.2 * noise)[..., None]
    x = torch.randn(sequences, steps, 1, generator=generator)
    return PlanBatch(x, y, index=torch.arange(sequences), head=Gaussian(1), lags=lags)


def weights_of(plan: Plan, sequences: int, steps: int) -> NDArray[np.float64]:
    """w as ``(sequences, steps)``, in whichever form it was given."""
    weights = torch.as_tensor(plan.weights).detach().cpu().double()
    return weights.expand(sequences, steps).numpy()


def _check_policy(policy: object) -> None:
    if not isinstance(policy, Forcing) or isinstance(policy, type):
        got = f"the class {policy.__name__}" if isinstance(policy, type) else repr(policy)
        fail(
            WHERE, "what is drawn must be a network or a policy", got, "Pass fr.FreeRunning(), say."
        )


def _phases(policy: Forcing, epochs: int) -> tuple[float, ...]:
    if not isinstance(policy, Curriculum):
        return ()
    return tuple(one if one >= 1 else one * epochs for one in policy.at)


def _seen(
    policy: Forcing, plans: list[Plan], batch: PlanBatch, weights: NDArray[np.float64]
) -> list[str]:
    """What the plans themselves say, of any policy."""
    said = []
    if bool((weights != weights[:, :1]).any()):
        said.append(f"Shade: one sequence. Curve: the mean of {len(batch.y)}.")
    mixed = [plan for plan, w in zip(plans, weights, strict=True) if (w < 1).any()]
    if any(plan.draws for plan in mixed):
        said.append("What is fed of the network's own are samples, not means.")
    if any(not plan.through for plan in mixed):
        said.append("No gradient passes through the outputs that are fed.")
    off = [
        float((plan.values - batch.y).square().mean().sqrt())
        for plan, w in zip(plans, weights, strict=True)
        if (w > 0).any() and plan.values is not None
    ]
    if any(off) and not remarks(policy, len(plans)):
        said.append(f"The values are not y: off by {max(off):.2g} of its standard deviation.")
    return said
