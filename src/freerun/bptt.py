"""BPTT: how far back in time gradients go.

A variant turns one batch into :class:`Part` after part, each with a loss whose ``backward()``
reaches as far back as the variant lets it. The parts of one batch together hold every step's loss
once.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from freerun._checks import check_choice, check_integer, fail
from freerun.network import RecurrentNetwork
from freerun.plan import Plan, PlanBatch
from freerun.state import Noise, State
from freerun.unroll import Unrolled

__all__ = ["BPTT", "CheckpointedBPTT", "FullBPTT", "Part", "TruncatedBPTT"]


@dataclass(frozen=True)
class Part:
    """A loss to back-propagate, and what there is to know of it.

    Attributes:
        loss: a scalar in scaled units: this part's summed NLL over the number of real steps in the
            whole batch; where the optimizer steps after every part, over the part's own.
        nll: the part's summed NLL in the user's units, detached.
        count: how many steps it counts.
        unrolled: what it was computed from.
        update: whether the optimizer steps now.
    """

    loss: Tensor
    nll: Tensor
    count: float
    unrolled: Unrolled
    update: bool


@runtime_checkable
class BPTT(Protocol):
    """A variant: one method."""

    def parts(
        self, net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, noise: Noise
    ) -> Iterator[Part]:
        """The losses of ``batch`` in the order in which they are to be back-propagated."""
        ...


@dataclass(frozen=True)
class FullBPTT:
    """Gradients go back to the first step (Goodfellow et al. 2016, section 10.2.2)."""

    def parts(
        self, net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, noise: Noise
    ) -> Iterator[Part]:
        """One part: the whole batch."""
        steps = _steps(net, batch)
        unrolled = _unroll(net, batch, plan, noise, batch.state, 0, steps)
        yield _part(net, batch, unrolled, (0, 0, steps), update=True)


@dataclass(frozen=True)
class TruncatedBPTT:
    """Every k1 steps the newest k1 losses go back at most k2 steps (Williams and Peng 1990).

    The state crosses each cut; the gradient does not.

    Args:
        k1: steps between two boundaries.
        k2: steps that a boundary's losses reach back, from the boundary; k1 or more, k1 by default.
        update: ``"sequence"`` adds the gradients up and updates once a batch: with k2 >= T that is
            full BPTT. ``"chunk"`` updates at each boundary; the next window is recomputed from the
            state that was saved where it begins, with the weights of then, so that no equality with
            full BPTT is claimed.
    """

    k1: int
    k2: int | None = None
    update: str = "sequence"

    def __post_init__(self) -> None:
        check_integer("TruncatedBPTT", "k1", self.k1, 1)
        if self.k2 is not None and check_integer("TruncatedBPTT", "k2", self.k2, 1) < self.k1:
            fail(
                "TruncatedBPTT",
                f"k2 must be k1={self.k1} or more, or losses would go back nowhere",
                self.k2,
                f"Pass k2={self.k1}.",
            )
        check_choice("TruncatedBPTT", "update", self.update, ("sequence", "chunk"))

    def parts(
        self, net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, noise: Noise
    ) -> Iterator[Part]:
        """A part for every boundary."""
        _check_one_direction("TruncatedBPTT", net)
        steps, reach = _steps(net, batch), self.k2 or self.k1
        state, start = batch.state, 0
        for stop in range(self.k1, steps + self.k1, self.k1):
            first, stop = stop - self.k1, min(stop, steps)
            next_start = max(0, min(stop + self.k1, steps) - reach) if stop < steps else start
            unrolled, state = _through_cut(net, batch, plan, noise, state, start, next_start, stop)
            chunk = self.update == "chunk"
            yield _part(net, batch, unrolled, (start, first, stop), chunk or stop == steps, chunk)
            start = next_start


@dataclass(frozen=True)
class CheckpointedBPTT:
    """Full BPTT in less memory: keep states between segments, recompute within (Chen et al. 2016).

    One more forward pass; the gradient is that of :class:`FullBPTT` to rounding.

    Args:
        segments: how many; ``"sqrt"`` takes about the square root of the number of steps.
    """

    segments: int | str = "sqrt"

    def __post_init__(self) -> None:
        if self.segments != "sqrt":
            check_integer("CheckpointedBPTT", "segments", self.segments, 1)

    def parts(
        self, net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, noise: Noise
    ) -> Iterator[Part]:
        """One part: the whole batch."""
        _check_one_direction("CheckpointedBPTT", net)
        steps, state = _steps(net, batch), batch.state
        segments = math.isqrt(steps) if self.segments == "sqrt" else int(self.segments)
        length = math.ceil(steps / max(1, min(segments, steps)))
        pieces = []
        for start in range(0, steps, length):
            stop = min(start + length, steps)
            piece = checkpoint(
                _unroll, net, batch, plan, noise, state, start, stop,
                use_reentrant=False, preserve_rng_state=False,  # the noise was drawn beforehand
            )  # fmt: skip
            pieces.append(piece)
            state = piece.state
        yield _part(net, batch, _joined(pieces), (0, 0, steps), update=True)


def _through_cut(
    net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, noise: Noise,
    state: State | None, start: int, cut: int, stop: int,
) -> tuple[Unrolled, State | None]:  # fmt: skip
    """Unroll from ``start`` to ``stop``; also the state at ``cut``, without its graph."""
    pieces, saved = [], state
    for begin, end in ((start, cut), (cut, stop)):
        if begin < end:
            pieces.append(_unroll(net, batch, plan, noise, state, begin, end))
            state = pieces[-1].state
        if end == cut:
            saved = state
    return _joined(pieces), None if saved is None else saved.detach()


def _unroll(
    net: RecurrentNetwork, batch: PlanBatch, plan: Plan | None, noise: Noise,
    state: State | None, start: int, stop: int,
) -> Unrolled:  # fmt: skip
    """The steps ``start`` to ``stop`` of the batch, from ``state``."""
    if start == 0 and stop == _steps(net, batch):
        return net(
            batch.x, batch.y, plan, batch.lengths, batch.mask, state, noise=noise, score=True
        )  # fmt: skip
    lengths = None if batch.lengths is None else (batch.lengths - start).clamp(0, stop - start)
    return net(
        None if batch.x is None else batch.x[:, start:stop],
        batch.y[:, start:stop] if net.readout == "every" else None,
        None if plan is None else plan.part(start, stop),
        lengths,
        None if batch.mask is None or net.readout == "last" else batch.mask[:, start:stop],
        state if state is not None else net.initial_state(len(batch.y)),
        noise=noise.part(start, stop),
        score=net.readout == "every",
    )


def _part(
    net: RecurrentNetwork, batch: PlanBatch, unrolled: Unrolled, span: tuple[int, int, int],
    update: bool, own_mean: bool = False,
) -> Part:  # fmt: skip
    """The losses from the second to the third of ``span``; ``unrolled`` begins at its first."""
    start, first, stop = span
    everything = net.observed(batch.y, batch.lengths, batch.mask)
    o, y, observed = unrolled.o, batch.y, everything
    is_all = first == 0 and stop == _steps(net, batch)  # nothing is to be cut, or counted twice
    if net.readout == "every" and not is_all:
        o, y = unrolled.o[:, first - start :], batch.y[:, first:stop]
        observed = None if everything is None else everything[:, first:stop]
    elif not is_all:
        observed = _ended_within(net, batch, everything, first, stop)
    total, count = unrolled.total, net.count(y, observed)
    whole = count if own_mean or is_all else net.count(batch.y, everything)
    if unrolled.nll is None:
        total = net.score(o, y, observed).sum()
    elif total is None or first > start:
        total = unrolled.nll[:, first - start :].sum()
    scale = net.scaling.y_scale
    nll = total.detach()
    if scale is not None:
        scale = scale.to(o)
        known = net.head.in_units(nll, count, scale) if batch.mask is None else None
        with torch.no_grad():
            nll = net.score(o, y, observed, scale).sum() if known is None else known
    return Part(total / max(whole, 1e-12), nll, count, unrolled, update)


def _ended_within(
    net: RecurrentNetwork, batch: PlanBatch, observed: Tensor | None, first: int, stop: int
) -> Tensor | None:
    """A sequence's one target counts where it ends: after ``first``, not after ``stop``."""
    lengths = batch.lengths
    if lengths is None:
        lengths = torch.full((len(batch.y),), _steps(net, batch), device=batch.y.device)
    ended = (lengths > first) & (lengths <= stop)
    ended = (ended if batch.y.ndim == 1 else ended.unsqueeze(-1)).expand_as(batch.y)
    return ended if observed is None else ended & observed


def _joined(pieces: Sequence[Unrolled]) -> Unrolled:
    """Pieces one after the other as one; with ``readout="last"``, o is the last piece's."""
    if len(pieces) == 1:
        return pieces[0]
    last = pieces[-1]
    o = last.o if last.o.ndim == 2 else torch.cat([piece.o for piece in pieces], 1)
    fed = [piece.f for piece in pieces if piece.f is not None]
    nlls = [piece.nll for piece in pieces if piece.nll is not None]
    return replace(
        last,
        o=o,
        h=torch.cat([piece.h for piece in pieces], 1),
        f=torch.cat(fed, 1) if fed else None,
        nll=torch.cat(nlls, 1) if len(nlls) == len(pieces) else None,
        total=None,
    )


def _steps(net: RecurrentNetwork, batch: PlanBatch) -> int:
    if batch.x is not None:
        return batch.x.shape[1]
    assert net.readout == "every"
    return batch.y.shape[1]


def _check_one_direction(where: str, net: RecurrentNetwork) -> None:
    if net.bidirectional:
        fail(
            where,
            "segments hand a state forward in time",
            "a bidirectional network",
            "Use FullBPTT().",
        )
