"""A case of the table with its network and data in float64, and everything that comes out of it."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from freerun.heads import Head
from freerun.network import RecurrentNetwork
from freerun.plan import Plan, PlanBatch
from freerun.state import Noise, State
from freerun.unroll import Unrolled
from tests.contracts.table import PLANS, Case, make_head, policies

INPUTS = 2

ROUNDING = 1e-11
"""Float64 sums of some hundred terms of order 1 to 10, added in another order."""


@dataclass(frozen=True)
class Run:
    """A network and one batch; x and the state are leaves, for their gradients are asked for."""

    net: RecurrentNetwork
    x: Tensor
    y: Tensor
    plan: Plan | None
    noise: Noise
    state: State | None
    lengths: Tensor | None

    @property
    def steps(self) -> int:
        return self.x.shape[1]

    def batch(self, mask: Tensor | None = None) -> PlanBatch:
        head, lags = self.net.head, self.net.output_lags
        return PlanBatch(self.x, self.y, self.lengths, mask, self.state, head=head, lags=lags)

    def unroll(
        self, start: int = 0, stop: int | None = None, state: State | None = None
    ) -> Unrolled:
        """The steps ``start`` to ``stop``; all of them by default, from the run's own state."""
        stop = self.steps if stop is None else stop
        lengths = None if self.lengths is None else (self.lengths - start).clamp(0, stop - start)
        if self.net.readout == "last" and stop - start == self.steps:
            lengths = self.lengths
        return self.net(
            self.x[:, start:stop],
            self.y[:, start:stop] if self.net.readout == "every" else None,
            None if self.plan is None else self.plan.part(start, stop),
            lengths,
            state=self.state if state is None else state,
            noise=self.noise.part(start, stop),
        )

    def nll(self, o: Tensor) -> Tensor:
        """L of the whole batch."""
        observed = self.net.observed(self.y, self.lengths, None)
        return self.net.score(o, self.y, observed).sum()

    def leaves(self) -> dict[str, Tensor]:
        """All that has a gradient, by name."""
        state = {} if self.state is None else self.state.tensors()
        named = {f"state.{name}": part for name, part in state.items()}
        return {"x": self.x} | named | dict(self.net.named_parameters())

    def alone(self, row: int) -> "Run":
        """One sequence by itself, without its padding: a part of the same graph."""
        rows = slice(row, row + 1)
        stop = self.steps if self.lengths is None else int(self.lengths[row])
        noise = Noise(
            None if self.noise.samples is None else self.noise.samples[rows],
            tuple(mask[rows] for mask in self.noise.dropout),
            None if self.noise.summary is None else self.noise.summary[rows],
        )
        return Run(
            self.net,
            self.x[rows, :stop],
            self.y[rows, :stop] if self.net.readout == "every" else self.y[rows],
            None if self.plan is None else plan_rows(self.plan, rows).part(0, stop),
            noise.part(0, stop),
            None if self.state is None else self.state.map(lambda part: part[rows]),
            None,
        )


def plan_rows(plan: Plan, rows: slice | Tensor) -> Plan:
    values, weights = plan.values, plan.weights
    if isinstance(weights, Tensor) and weights.ndim == 2:
        weights = weights[rows]
    return replace(plan, values=None if values is None else values[rows], weights=weights)


def network(case: Case, hidden_size: int = 3, input_size: int = INPUTS) -> RecurrentNetwork:
    """The case's network with every parameter drawn, so that none hides behind a zero."""
    head = make_head(case.head)
    net = RecurrentNetwork(
        input_size, hidden_size, head, case.cell, case.recurrence, case.readout, case.num_layers,
        case.bidirectional, 0.0, case.output_lags, case.input_lags, case.residual,
    )  # fmt: skip
    net.double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return net


def draw_y(head: Head, *shape: int, seed: int = 2) -> Tensor:
    """Targets that the head can meet: draws from it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        o = torch.randn(*shape, head.size, dtype=torch.float64)
        return head.distribution(o).sample() if head.can_sample else head.mean(o)


def make_plan(case: Case, run: Run, seed: int = 3) -> Plan | None:
    """What the case's forcing plans for the run's batch: the same for the same seed."""
    if case.recurrence == "hidden":
        return None
    generator = torch.Generator().manual_seed(seed)
    if case.forcing in PLANS:
        return PLANS[case.forcing](run.y, generator)
    index = torch.arange(len(run.y))
    batch = replace(run.batch(), index=index)
    return policies()[case.forcing].plan(batch, 0.5, generator)


def make_run(
    case: Case,
    lengths: list[int] | None = None,
    batch: int = 3,
    steps: int = 6,
    hidden_size: int = 3,
) -> Run:
    """The case on random data, from a random state."""
    net = network(case, hidden_size)
    generator = torch.Generator().manual_seed(4)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    state = None
    if not case.bidirectional:
        before = draw_y(net.head, batch, case.output_lags, seed=5)
        zeros = net.initial_state(batch, before if net.has_output_edge else None)
        state = State(
            tuple(tuple(normal(*part.shape) for part in memory) for memory in zeros.hidden),
            zeros.output,
            None if zeros.inputs is None else normal(*zeros.inputs.shape),
        ).map(lambda part: part.requires_grad_())
    shape = (batch, steps) if case.readout == "every" else (batch,)
    x = normal(batch, steps, INPUTS).requires_grad_()
    y = draw_y(net.head, *shape)
    given = None if lengths is None else torch.tensor(lengths)
    run = Run(net, x, y, None, Noise(), state, given)
    run = replace(run, plan=make_plan(case, run))
    noise = net.draw_noise(batch, steps, run.plan, torch.Generator().manual_seed(6))
    return replace(run, noise=noise)


# --- what comes out ------------------------------------------------------------------------


def results(run: Run, unrolled: Unrolled) -> dict[str, Tensor]:
    """Loss, outputs, state and every gradient: of L, and through the state that is handed on."""
    state = {} if unrolled.state is None else unrolled.state.tensors()
    nll = run.nll(unrolled.o)
    handed = sum((part.square().sum() for part in state.values()), nll.new_zeros(()))
    found = {"loss": nll, "o": unrolled.o, "h": unrolled.h}
    for name, part in (("f", unrolled.f), ("summary", unrolled.summary)):
        if part is not None:
            found[name] = part
    found |= {f"final.{name}": part for name, part in state.items()}
    found |= gradients(run, nll + handed)
    return {name: part.detach() for name, part in found.items()}


def gradients(run: Run, loss: Tensor) -> dict[str, Tensor]:
    """d loss by x, the state and every parameter; zeros where it does not depend on them."""
    leaves = run.leaves()
    found = torch.autograd.grad(
        loss, list(leaves.values()), retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return {f"d{name}": part for name, part in zip(leaves, found, strict=True)}


def joined(pieces: list[Unrolled]) -> Unrolled:
    """Pieces of time, one after the other, as one; the last one's state and summary."""
    last = pieces[-1]
    o = last.o if last.o.ndim == 2 else torch.cat([piece.o for piece in pieces], 1)
    fed = [piece.f for piece in pieces if piece.f is not None]
    h = torch.cat([piece.h for piece in pieces], 1)
    return replace(last, o=o, h=h, f=torch.cat(fed, 1) if fed else None)


def stacked(pieces: list[Unrolled], steps: int) -> Unrolled:
    """Sequences unrolled alone as rows of one batch, 0 behind their ends."""

    def rows(parts: list[Tensor | None], timed: bool) -> Tensor | None:
        there = [part for part in parts if part is not None]
        if timed:
            there = [
                torch.cat([part, part.new_zeros(1, steps - part.shape[1], part.shape[2])], 1)
                for part in there
            ]
        return torch.cat(there) if there else None

    states = [piece.state for piece in pieces if piece.state is not None]
    state = None
    if states:
        first = states[0]
        hidden = tuple(
            tuple(torch.cat(parts) for parts in zip(*memories, strict=True))
            for memories in zip(*(each.hidden for each in states), strict=True)
        )
        output = None if first.output is None else rows([each.output for each in states], False)
        inputs = None if first.inputs is None else rows([each.inputs for each in states], False)
        state = State(hidden, output, inputs)
    o = rows([piece.o for piece in pieces], timed=pieces[0].o.ndim == 3)
    h = rows([piece.h for piece in pieces], timed=True)
    assert o is not None
    assert h is not None
    f = rows([piece.f for piece in pieces], timed=True)
    summary = rows([piece.summary for piece in pieces], timed=False)
    return replace(pieces[0], o=o, h=h, summarize=lambda: summary, f=f, hand_on=lambda: state)


def assert_same(got: dict[str, Tensor], wanted: dict[str, Tensor], atol: float = ROUNDING) -> None:
    """Every tensor, by name, within rounding."""
    assert got.keys() == wanted.keys()
    for name in wanted:
        try:
            torch.testing.assert_close(got[name], wanted[name], atol=atol, rtol=ROUNDING)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
