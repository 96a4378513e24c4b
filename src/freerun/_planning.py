"""From what a caller passes as ``forcing`` to the plan that the network follows."""

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from freerun._checks import fail
from freerun.heads import Categorical, Head, Sampling
from freerun.plan import Forcing, Plan, PlanBatch, Progress
from freerun.unroll import real_steps

__all__ = ["plan_for"]

START = Progress()


class Fed(Protocol):
    """What of a network planning reads."""

    head: Head

    @property
    def has_output_edge(self) -> bool:
        """Whether outputs are fed back."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """Of the parameters."""
        ...


def plan_for(
    net: Fed,
    batch: PlanBatch | None,
    forcing: Forcing | Plan | None,
    generator: torch.Generator | None,
    where: str = "RecurrentNetwork",
) -> Plan | None:
    """The plan for ``batch``, which is None where there is no y; no plan without an output edge.

    With y the teacher's is the default; without it there is only free running. Where some of y is
    missing, w = 0. Errors speak of ``where``.

    Raises:
        ArgumentError: ``forcing`` is neither a policy nor a plan, needs a y that is not there, or
            feeds samples that the head cannot draw.
    """
    if forcing is not None:
        _check_forcing(where, forcing)
    if not net.has_output_edge:
        return None
    if isinstance(forcing, Plan):
        plan = forcing
    elif batch is not None:
        plan = Plan(batch.y, 1.0) if forcing is None else forcing.plan(batch, Progress(), generator)
    elif forcing is None or not getattr(forcing, "needs_truth", True):
        plan = Plan(None, 0.0)
    else:
        fix = f"Pass y, or leave out {forcing!r}."
        fail(where, "y must be given to be forced", "None", fix)
    if batch is not None and batch.mask is not None and plan.values is not None:
        plan = _without_missing(plan, batch.mask, batch.lengths, net.dtype)
    _check_feed(where, net.head, plan)
    return plan


def _without_missing(plan: Plan, mask: Tensor, lengths: Tensor | None, dtype: torch.dtype) -> Plan:
    """The plan with w = 0 where some of y is missing, but as it was behind a sequence's length."""
    whole = mask if mask.ndim == 2 else mask.all(-1)
    if lengths is not None:  # padding is not missing: a teacher that is always followed stays one
        lengths = torch.as_tensor(lengths, device=mask.device)
        whole = whole | ~real_steps(lengths, whole.shape[1])
    if bool(whole.all()):
        return plan
    weights = torch.as_tensor(plan.weights, dtype=dtype, device=mask.device)
    return replace(plan, weights=torch.where(whole, weights, 0))


def _check_forcing(where: str, forcing: object) -> None:
    plans = callable(getattr(type(forcing), "plan", None))  # not a class, whose type has none
    if plans or isinstance(forcing, Plan):
        return
    got = forcing.__name__ if isinstance(forcing, type) else repr(forcing)
    fix = "Pass forcing=fr.TeacherForcing(), say."
    fail(where, "forcing must be a policy or a Plan", got, fix)


def _check_feed(where: str, head: Head, plan: Plan) -> None:
    if plan.feed == "mean":
        return
    name = type(head).__name__
    if not head.can_sample:
        fix = "Use feed='mean', or a Gaussian head."
        fail(where, "feeding samples needs a head with a spread", name, fix)
    if isinstance(plan.feed, Sampling) and not isinstance(head, Categorical):
        fail(where, "Sampling is for classes", f"a {name} head", "Use 'sample'.")
