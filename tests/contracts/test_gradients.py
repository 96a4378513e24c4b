"""Every gradient is exact where the plan lets it flow, and gone where the plan cuts it."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from freerun.plan import Plan
from freerun.state import Noise
from tests.contracts.runs import Run, assert_same, gradients, make_run, results
from tests.contracts.table import Case, cases, make_head, two_way_cases


def cuts(case: Case) -> bool:
    """Whether what is fed back passes no gradient."""
    if case.recurrence == "hidden":
        return False
    return case.forcing == "cut" or (
        case.forcing == "samples" and not make_head(case.head).reparameterised
    )


EXACT = [case for case in [*cases(), *two_way_cases()] if not cuts(case)]
CUT = [case for case in cases() if cuts(case)]


def total(run: Run) -> Tensor:
    """The loss, and what is handed on."""
    unrolled = run.unroll()
    state = {} if unrolled.state is None else unrolled.state.tensors()
    return run.nll(unrolled.o) + sum(part.square().sum() for part in state.values())


@pytest.mark.parametrize("case", EXACT, ids=str)
def test_gradients_equal_finite_differences(case: Case) -> None:
    """Of the loss and the state handed on, for x, every parameter and the initial state."""
    run = make_run(case, [3, 2], batch=2, steps=3, hidden_size=2)
    leaves = tuple(run.leaves().values())
    # The fast mode takes one random direction in each of the tensors: enough to see any error.
    assert torch.autograd.gradcheck(
        lambda *_: total(run), leaves, fast_mode=True, check_undefined_grad=False
    )


@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_gradients_equal_finite_differences_number_by_number(cell: str, recurrence: str) -> None:
    run = make_run(Case(cell, recurrence, forcing="in-between"), None, 2, 3, 2)
    leaves = tuple(run.leaves().values())
    assert torch.autograd.gradcheck(lambda *_: total(run), leaves, check_undefined_grad=False)


@pytest.mark.parametrize("case", CUT, ids=str)
def test_a_cut_output_edge_carries_values_and_no_gradient(case: Case) -> None:
    """The loss's gradients are those of a teacher who says, step by step, what the network said."""
    run = make_run(case)
    unrolled = run.unroll()
    assert unrolled.f is not None
    free = replace(run, plan=Plan(None, 0.0), noise=Noise())
    state, losses = run.state, []
    for t in range(run.steps):
        step = free.unroll(t, t + 1, state)
        losses.append(run.net.score(step.o, run.y[:, t : t + 1], None).sum())
        assert state is not None
        assert state.output is not None
        assert step.state is not None
        register = torch.cat([state.output[:, 1:], unrolled.f[:, t : t + 1].detach()], 1)
        state = replace(step.state, output=register)
    assert_same(gradients(run, run.nll(unrolled.o)), gradients(run, torch.stack(losses).sum()))


@pytest.mark.parametrize("case", CUT, ids=str)
def test_cutting_changes_no_value(case: Case) -> None:
    run = make_run(case)
    assert run.plan is not None
    through = replace(run, plan=replace(run.plan, through=True))
    values = {name: part for name, part in results(run, run.unroll()).items() if name[0] != "d"}
    again = results(through, through.unroll())
    assert_same(values, {name: again[name] for name in values}, atol=0)


def test_a_plans_values_and_weights_get_no_gradient() -> None:
    run = make_run(Case(recurrence="both", forcing="in-between"))
    assert run.plan is not None
    values = run.y.clone().requires_grad_()
    weights = torch.full((6,), 0.3, dtype=torch.float64, requires_grad=True)
    for plan in (Plan(values, weights), Plan(values, 1.0)):
        o = replace(run, plan=plan).unroll().o
        found = torch.autograd.grad(o.sum(), (values, weights), allow_unused=True)
        assert all(part is None for part in found)
