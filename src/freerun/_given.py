"""What a network is given, made ready: checked, planned, and with what is random drawn."""

from typing import Protocol

import torch
from torch import Tensor

from freerun._checks import fail
from freerun._inputs import (
    Sized,
    check_lengths,
    check_plan,
    check_state,
    check_steps,
    check_x,
    check_y,
    is_usual,
)
from freerun._planning import Fed, plan_for
from freerun.plan import Forcing, Plan, PlanBatch
from freerun.state import Noise, State

__all__ = ["Given", "read_given"]

Given = tuple[Tensor | None, Plan | None, State | None, int, Tensor | None, Noise, Tensor | None]


class Readable(Sized, Fed, Protocol):
    """What of a network is read here."""

    output_lags: int

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        ...

    def initial_state(self, batch: int) -> State:
        """What comes before the first step."""
        ...

    def draw_noise(
        self, batch: int, steps: int, plan: Plan | None, generator: torch.Generator | None = None
    ) -> Noise:
        """What is random in one unroll."""
        ...


def read_given(
    net: Readable,
    x: Tensor | None,
    y: Tensor | None,
    forcing: Forcing | Plan | None,
    lengths: Tensor | None,
    mask: Tensor | None,
    state: State | None,
    steps: int | None,
    generator: torch.Generator | None,
    noise: Noise | None,
    score: bool,
    where: str = "RecurrentNetwork",
) -> Given:
    """What ``net.forward`` is given, checked, and as :func:`freerun.unroll.unroll` takes it.

    With ``score`` it is what ``net.loss`` is given. Errors speak of ``where``.

    Returns:
        x, the plan, the state, how many steps, the lengths, the noise, and what is to be scored on
        the way.
    """
    if steps is None and is_usual(net, x, y, lengths, mask):
        batch, steps, _ = x.shape  # type: ignore[union-attr]
    else:
        check_x(where, net, x)
        if mask is not None and y is None:
            fix = "Pass y, or leave mask out."
            fail(where, "mask says what of y is missing", "no y", fix)
        if score or (y is not None and net.has_output_edge):
            check_y(where, net, x, y, lengths, mask)  # type: ignore[arg-type]  # None: refused
        batch, steps = check_steps(where, net, x, y, state, steps)
    # A sequence without steps has no last one, unless a state says what was before.
    least = 1 if net.readout == "last" and state is None else 0
    if lengths is not None:
        lengths = check_lengths(where, lengths, batch, steps, least, net.device)
    known = None
    if y is not None and net.has_output_edge:
        known = PlanBatch(x, y, lengths, mask, state, None, net.head, net.output_lags)
    plan = plan_for(net, known, forcing, generator, where)
    # y was looked at, and a number has no shape.
    if plan is not None and (
        noise is not None or plan.values is not y or isinstance(plan.weights, Tensor)
    ):
        check_plan(where, net, plan, batch, steps, noise)
    if state is not None:
        check_state(where, net, state, batch)
    elif x is None and (plan is None or plan.values is None):  # nothing else says how many
        state = net.initial_state(batch)
    if noise is None:
        noise = net.draw_noise(batch, steps, plan, generator)
    target = y if score and mask is None and net.readout == "every" else None
    return x, plan, state, steps, lengths, noise, target
