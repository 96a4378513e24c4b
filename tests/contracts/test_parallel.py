"""Output recurrence under a teacher has no recurrence left, and runs that way."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from freerun import _reference as unrolling
from freerun.cells import CELLS
from freerun.forcing import FreeRunning
from freerun.heads import HEADS
from freerun.kernels import disabled
from freerun.plan import Plan
from freerun.state import Noise
from tests.contracts.runs import Run, assert_same, draw_y, gradients, make_run
from tests.contracts.table import DEEP, EDGES, Case

TAUGHT = [
    Case(cell, recurrence, readout, head, **shape)
    for recurrence, readout in EDGES
    if recurrence != "hidden"
    for shape in ({}, DEEP)
    for cell in CELLS
    for head in HEADS
    if head == "Gaussian" or (cell == "tanh" and not shape)
]


@pytest.fixture(autouse=True)
def on_the_reference_path() -> Iterator[None]:
    """What is counted here are the reference's loops."""
    with disabled():
        yield


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of steps of every loop over time that is made."""
    made: list[int] = []
    scan: Callable[..., Any] = unrolling.scan

    def counted(step: Any, memory: Any, steps: int, real: Tensor | None) -> Any:
        made.append(steps)
        return scan(step, memory, steps, real)

    monkeypatch.setattr(unrolling, "scan", counted)
    return made


@pytest.mark.parametrize("lengths", [None, [6, 2, 4]], ids=["full", "ragged"])
@pytest.mark.parametrize("case", TAUGHT, ids=str)
def test_a_teacher_leaves_only_the_hidden_edge_to_loop_over(
    case: Case, lengths: list[int] | None, scans: list[int]
) -> None:
    run = make_run(case, lengths)
    run.nll(run.unroll().o).backward()
    assert scans == ([] if case.recurrence == "output" else [6] * case.num_layers)


@pytest.mark.parametrize(
    "plan",
    [
        Plan(torch.zeros(3, 6, 2, dtype=torch.float64), 1.0),
        Plan(torch.zeros(3, 6, 2, dtype=torch.float64), 1),
        Plan(torch.zeros(3, 6, 2, dtype=torch.float64), torch.ones(6)),
        Plan(torch.zeros(3, 6, 2, dtype=torch.float64), torch.ones(3, 6)),
        Plan(torch.zeros(3, 6, 2, dtype=torch.float64), 1.0, "sample"),
    ],
    ids=["number", "int", "(time,)", "(batch, time)", "samples never drawn"],
)
def test_every_way_to_say_teacher_runs_without_a_loop(plan: Plan, scans: list[int]) -> None:
    replace(make_run(Case(recurrence="output")), plan=plan).unroll()
    assert scans == []


def test_padding_that_a_mask_leaves_out_is_no_reason_to_loop(scans: list[int]) -> None:
    run = make_run(Case(recurrence="output"), [6, 2, 4])
    assert run.lengths is not None
    real = torch.arange(6) < run.lengths[:, None]
    run.net(run.x, run.y, lengths=run.lengths, mask=real)
    assert scans == []


def test_a_free_running_network_loops_once_through_all_layers(scans: list[int]) -> None:
    run = make_run(Case(recurrence="output", num_layers=2))
    run.net(run.x, run.y, FreeRunning())
    assert scans == [6]


def rows(run: Run, count: int) -> dict[str, Tensor]:
    """What the first ``count`` sequences give, with the gradients of their loss and state."""
    unrolled = run.unroll()
    assert unrolled.state is not None
    assert unrolled.f is not None
    values = {"o": unrolled.o, "h": unrolled.h, "f": unrolled.f}
    values |= unrolled.state.tensors()
    values = {name: value[:count] for name, value in values.items()}
    observed = run.net.observed(run.y, run.lengths, None)
    loss = run.net.score(unrolled.o, run.y, observed)[:count].sum()
    loss = loss + sum(value.square().sum() for value in values.values())
    found = gradients(run, loss)
    found = {
        name: part[:count] if name == "dx" or name.startswith("dstate") else part
        for name, part in found.items()
    }
    return {name: part.detach() for name, part in (values | found).items()}


@pytest.mark.parametrize("lengths", [None, [6, 2, 4]], ids=["full", "ragged"])
@pytest.mark.parametrize("case", TAUGHT, ids=str)
def test_without_a_loop_equals_with_it(
    case: Case, lengths: list[int] | None, scans: list[int]
) -> None:
    """A fourth sequence, which runs free, sends the three others through the loop as well."""
    run = make_run(case, lengths)
    assert run.state is not None
    weights = torch.ones(4, 6, dtype=torch.float64)
    weights[3] = 0
    y = torch.cat([run.y, draw_y(run.net.head, 1, 6, seed=12)])
    longer = Run(
        run.net,
        torch.cat([run.x, run.x[:1]]).detach().requires_grad_(),
        y,
        Plan(y, weights),
        Noise(),
        run.state.map(lambda part: torch.cat([part, part[:1]]).detach().requires_grad_()),
        None if run.lengths is None else torch.cat([run.lengths, torch.tensor([6])]),
    )
    looped = rows(longer, 3)
    assert scans == [6]
    assert_same(rows(run, 3), looped)


@pytest.mark.parametrize("cell", CELLS)
def test_output_recurrence_gives_the_cell_zeros_for_its_past(cell: str) -> None:
    """h and c, at every layer: what both edges give from a state of zeros at every step."""
    case = Case(cell, "both", num_layers=2, forcing="in-between")
    output = make_run(replace(case, recurrence="output"))
    both = replace(make_run(case), x=output.x)
    own = dict(output.net.named_parameters())
    with torch.no_grad():
        for name, parameter in both.net.named_parameters():
            if name in own:
                parameter.copy_(own[name])
            else:
                assert "weight_hh" in name
    wanted = output.unroll()
    assert wanted.state is not None
    assert wanted.state.hidden == ()
    state = both.net.initial_state(3)
    assert output.state is not None
    for t in range(6):
        before = output.state if t == 0 else output.unroll(0, t).state
        assert before is not None
        step = both.unroll(t, t + 1, replace(state, output=before.output))
        torch.testing.assert_close(step.o[:, 0], wanted.o[:, t])
        torch.testing.assert_close(step.h[:, 0], wanted.h[:, t])
