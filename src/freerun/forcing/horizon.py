"""Horizon curriculum: back to the truth every n steps, and n grows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from freerun._checks import check_integer, check_number, fail
from freerun._measure import evaluating
from freerun._pieces import fed_truth
from freerun.data import Sequences
from freerun.forcing.sparse import forced_now_and_then
from freerun.plan import Plan, PlanBatch
from freerun.state import State
from freerun.unroll import real_steps

__all__ = ["HorizonCurriculum"]

WHERE = "HorizonCurriculum"


@dataclass(frozen=True)
class HorizonCurriculum:
    """Free runs of n steps from the truth, n growing while training: multiple shooting.

        n(p) = start (end / start)^(p / over)        p, the share of training that is done

    Each batch is cut into segments of n steps, each of which starts from true lags; with hidden
    recurrence also from the hidden state that the network reaches on the truth from where the
    sequence begins. All segments are run side by side: they are more sequences of fewer steps. No
    gradient flows from one segment to the one before, and none into what is run on the truth.

    The loss of one long free run is rough, exponentially so in its length where the system is not
    contractive; that of short ones is smooth, and each n starts near where the one before ended.

    Args:
        start: n when training begins, 1 or more.
        end: n at ``over``; None for whole sequences.
        over: The share of training in which n grows, above 0 and at most 1; at its end n is
            ``end``, and stays so.

    Raises:
        ArgumentError: A number is out of range.

    Source: Ribeiro, Tiels, Umenberger, Schoen and Aguirre, "On the smoothness of nonlinear system
    identification", *Automatica* 121 (2020), section 5.
    """

    start: int = 10
    end: int | None = None
    over: float = 0.5

    def __post_init__(self) -> None:
        check_integer(WHERE, "start", self.start, 1)
        if self.end is not None and check_integer(WHERE, "end", self.end, 1) < self.start:
            fix = f"Pass end={self.start}, or None for whole sequences."
            fail(WHERE, f"end must be start={self.start} or more", self.end, fix)
        if check_number(WHERE, "over", self.over, 0.0, 1.0) == 0:
            fail(WHERE, "over must be above 0", self.over, "Pass over=0.5, say.")

    def horizon(self, progress: float, steps: int) -> int:
        """n, at most ``steps``.

        Example:
            >>> [HorizonCurriculum(5).horizon(p, 80) for p in (0.0, 0.125, 0.25, 0.5, 1.0)]
            [5, 10, 20, 80, 80]
        """
        end = min(self.end or steps, steps)
        start = min(self.start, end)
        grown = start * (end / start) ** min(1.0, progress / self.over)
        return max(1, min(round(grown), end))

    def prepare(self, net: Any, train: Sequences) -> "Segments":
        """The object that cuts every batch."""
        return Segments(self)

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """Outside of training, where nothing cuts the batch: the truth every n steps."""
        steps = batch.y.shape[1]
        n = max(self.horizon(progress, steps), batch.lags)
        return Plan(batch.y, 0.0) if n >= steps else forced_now_and_then(batch, n)


class Segments:
    """A horizon curriculum under way: what it has cut runs freely from end to end.

    Attributes:
        steps: of the segments that were cut last.
    """

    def __init__(self, policy: HorizonCurriculum) -> None:
        self.policy = policy
        self.steps = 0

    def arrange(
        self, net: Any, batch: PlanBatch, progress: float, generator: torch.Generator | None
    ) -> PlanBatch:
        """The batch as segments of n steps, side by side."""
        steps = batch.y.shape[1]
        n = self.policy.horizon(progress, steps)
        self.steps = n
        return batch if n >= steps else cut(net, batch, n)

    def figures(self) -> dict[str, float]:
        """Steps of a segment."""
        return {"horizon": self.steps}

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """Free running."""
        return Plan(batch.y, 0.0)


def cut(net: Any, batch: PlanBatch, n: int) -> PlanBatch:
    """Segments of ``n`` steps, each from the state that the truth leads to; none is empty."""
    steps = batch.y.shape[1]
    starts = range(0, steps, n)
    lengths = batch.lengths
    if lengths is None:
        lengths = torch.full((len(batch.y),), steps, device=batch.y.device)
    left = torch.cat([(lengths - start).clamp(0, n) for start in starts])
    real = (left > 0).nonzero().squeeze(1)
    before = _lags if net.recurrence == "output" else _states
    first, *others = before(net, batch, starts)
    states = State.cat([first, *(state.detach() for state in others)])

    def rows(values: Tensor | None) -> Tensor | None:
        if values is None:
            return None
        widths = [0, 0] * (values.ndim - 2) + [0, len(starts) * n - steps]
        parts = pad(values, widths).split(n, 1)
        return torch.cat(parts)[real]

    y = rows(batch.y)
    assert y is not None
    index = batch.index
    return replace(
        batch,
        x=rows(batch.x),
        y=y,
        lengths=None if bool((left[real] == n).all()) else left[real],
        mask=rows(batch.mask),
        state=states.map(lambda tensor: tensor[real]),
        index=None if index is None else index.repeat(len(starts))[real.cpu()],
    )


def _lags(net: Any, batch: PlanBatch, starts: Sequence[int]) -> Iterator[State]:
    """The state before each segment where W = 0: the lags alone, and all of them are known."""
    state = net.initial_state(len(batch.y)) if batch.state is None else batch.state
    if batch.mask is None:
        steps = batch.y.shape[1]
        real = None if batch.lengths is None else real_steps(batch.lengths, steps)
        fed = fed_truth(net, Plan(batch.y, 1.0), real)
    else:  # where some of y is missing the network's own output is fed
        with evaluating(net):
            fed = net(
                batch.x, batch.y, Plan(batch.y, 1.0), batch.lengths, batch.mask, state
            ).f  # fmt: skip
    assert state.output is not None
    outputs = torch.cat([state.output, fed], 1)
    inputs = None
    if state.inputs is not None and batch.x is not None:
        inputs = torch.cat([state.inputs, batch.x], 1)
    for start in starts:
        seen = None if inputs is None else inputs[:, start : start + net.input_lags]
        yield State((), outputs[:, start : start + net.output_lags], seen)


def _states(net: Any, batch: PlanBatch, starts: Sequence[int]) -> Iterator[State]:
    """The state before each segment, the network fed the truth; without gradients or dropout."""
    state = net.initial_state(len(batch.y)) if batch.state is None else batch.state
    yield state
    with evaluating(net):
        for start, stop in pairwise(starts):
            part, n = slice(start, stop), stop - start
            x, y, mask, lengths = batch.x, batch.y[:, part], batch.mask, batch.lengths
            state = net(
                None if x is None else x[:, part],
                y,
                Plan(y, 1.0),
                None if lengths is None else (lengths - start).clamp(0, n),
                None if mask is None else mask[:, part],
                state,
            ).state
            yield state
