"""Why a loss or a gradient is not finite: the likeliest cause, and what to do about it."""

import torch
from torch import Tensor

from freerun.bptt import Part
from freerun.network import RecurrentNetwork
from freerun.plan import Plan, PlanBatch
from freerun.state import Noise

__all__ = ["diagnose"]

FAR = 1e6
"""In scaled units, where targets lie within a few of 0: what no sound network says."""

BOUNDED = ("tanh", "gru", "lstm")
"""Cells whose state cannot grow, whatever they read."""


def diagnose(
    net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, noise: Noise, part: Part
) -> str:
    """One sentence for the cause, one for the fix."""
    broken = [name for name, p in net.named_parameters() if not bool(torch.isfinite(p).all())]
    if broken:
        return (
            f"The weights {broken[0]} are not finite: the step before was too large, or they were "
            "not to begin with. Lower lr, or start from weights that are finite."
        )
    for name, values in (("x", batch.x), ("y", batch.y)):
        if values is not None and not _finite_where_real(values, batch):
            return f"{name} is not finite. Look at the data, and at net.scaling."
    step = _first_bad_step(net, batch, plan, noise)
    if step is not None:
        where = f"The output is not finite from step {step + 1} of a sequence on"
        if net.cell in BOUNDED and (plan is None or plan.is_teacher()):
            return f"{where}: weights or inputs grew too large. Lower lr or clip, or look at x."
        if plan is not None and not plan.is_teacher():
            return (
                f"{where}: the network, running on its own outputs, grew without bound. "
                "Lower lr or clip, or begin with TeacherForcing() or a longer warmup."
            )
        return (
            f"{where}: its state grew without bound. "
            "Lower lr or clip, or use a tanh, gru or lstm cell."
        )
    largest = float(part.unrolled.o.detach().abs().max())
    if largest > FAR and not (batch.y.is_floating_point() and float(batch.y.abs().max()) > FAR):
        grew = f"The outputs grew to {largest:.1g}, far beyond the targets"
        if plan is not None and not plan.is_teacher():
            return (
                f"{grew}: the network, running on its own outputs, grew without bound, or the "
                "steps before were too large. "
                "Lower lr or clip, or begin with TeacherForcing() or a longer warmup."
            )
        return f"{grew}: the steps before were too large, or x is. Lower lr or clip, or look at x."
    if not bool(torch.isfinite(part.loss)):
        return (
            "The outputs are finite but the likelihood is not: a target far from what the head "
            "allows. Look for outliers in y, or use a head with longer tails (StudentT)."
        )
    return (
        "The loss is finite but its gradient is not: it grew too large on the way back in time. "
        "Lower lr, or use TruncatedBPTT with fewer steps."
    )


@torch.no_grad()
def _first_bad_step(
    net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, noise: Noise
) -> int | None:
    """From the whole batch unrolled once more, for a part of it may begin at any step."""
    y = batch.y if net.readout == "every" else None
    unrolled = net(batch.x, y, plan, batch.lengths, None, batch.state, noise=noise)
    bad = ~torch.isfinite(unrolled.h).all(-1).all(0)
    if net.readout == "every":
        bad |= ~torch.isfinite(unrolled.o).all(-1).all(0)
    elif not bool(torch.isfinite(unrolled.o).all()):
        bad[-1] = True
    return int(bad.nonzero()[0]) if bool(bad.any()) else None


def _finite_where_real(values: Tensor, batch: PlanBatch) -> bool:
    finite = torch.isfinite(values)
    if values is batch.y and batch.mask is not None:
        mask = batch.mask
        finite = finite | ~(mask if mask.ndim == finite.ndim else mask.unsqueeze(-1))
    return bool(finite.all())
