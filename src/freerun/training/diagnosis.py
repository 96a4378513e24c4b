"""Why a loss or a gradient is not finite: the likeliest cause, and what to do about it."""

import torch
from torch import Tensor

from freerun.bptt import Part
from freerun.forcing import Plan, PlanBatch
from freerun.network import RecurrentNetwork

__all__ = ["diagnose"]


def diagnose(net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, part: Part) -> str:
    """One sentence for the cause, one for the fix."""
    broken = [name for name, p in net.named_parameters() if not bool(torch.isfinite(p).all())]
    if broken:
        return f"The weights {broken[0]} are not finite. Start from weights that are."
    for name, values in (("x", batch.x), ("y", batch.y)):
        if values is not None and not _finite_where_real(values, batch):
            return f"{name} is not finite. Look at the data, and at net.scaling."
    step = _first_bad_step(part.unrolled.o)
    if step is not None:
        where = f"The output is not finite from step {step + 1} of a sequence on"
        if plan is not None and not plan.is_teacher():
            return (
                f"{where}: the network, running on its own outputs, grew without bound. "
                "Lower lr or clip, or begin with TeacherForcing() or a longer warmup."
            )
        return f"{where}: its state grew without bound. Lower lr or clip, or use a tanh, gru or lstm cell."
    if not bool(torch.isfinite(part.loss)):
        return (
            "The outputs are finite but the likelihood is not: a target far from what the head allows. "
            "Look for outliers in y, or use a head with longer tails (StudentT)."
        )
    return (
        "The loss is finite but its gradient is not: it grew too large on the way back in time. "
        "Lower lr, or use TruncatedBPTT with fewer steps."
    )


def _first_bad_step(o: Tensor) -> int | None:
    if o.ndim < 3:
        return None if bool(torch.isfinite(o).all()) else o.shape[0] - 1
    bad = ~torch.isfinite(o).all(-1).all(0)
    return int(bad.nonzero()[0]) if bool(bad.any()) else None


def _finite_where_real(values: Tensor, batch: PlanBatch) -> bool:
    finite = torch.isfinite(values)
    if values is batch.y and batch.mask is not None:
        mask = batch.mask
        finite = finite | ~(mask if mask.ndim == finite.ndim else mask.unsqueeze(-1))
    return bool(finite.all())
