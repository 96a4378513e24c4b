"""A whole equals its parts with the state handed over; what is fed at t, step t + 1 reads."""

from dataclasses import replace

import pytest
import torch

from freerun.state import State
from tests.contracts.runs import (
    ROUNDING,
    Run,
    assert_same,
    draw_y,
    joined,
    make_plan,
    make_run,
    results,
)
from tests.contracts.table import Case, cases

ALL = list(cases())
WITH_EDGE = [case for case in ALL if case.recurrence != "hidden"]

CUTS = {
    "step by step": (1, 2, 3, 4, 5),
    "two halves": (3,),
    "three uneven": (1, 5),
}


def in_parts(run: Run, cuts: tuple[int, ...]) -> dict[str, torch.Tensor]:
    pieces, state = [], run.state
    for start, stop in zip((0, *cuts), (*cuts, run.steps), strict=True):
        pieces.append(run.unroll(start, stop, state))
        state = pieces[-1].state
    return results(run, joined(pieces))


@pytest.mark.parametrize("lengths", [None, [6, 2, 4]], ids=["full", "ragged"])
@pytest.mark.parametrize("case", ALL, ids=str)
def test_a_whole_equals_its_parts(case: Case, lengths: list[int] | None) -> None:
    """Outputs, state, loss and every gradient, through the hand-over too."""
    run = make_run(case, lengths)
    whole = results(run, run.unroll())
    for cuts in CUTS.values():
        assert_same(in_parts(run, cuts), whole)


@pytest.mark.parametrize("case", WITH_EDGE, ids=str)
def test_the_first_step_is_fed_the_states_output_and_never_its_own_target(case: Case) -> None:
    run = make_run(case)
    other = run.y.clone()
    other[:, 0] = draw_y(run.net.head, 3, seed=11)
    assert not torch.equal(other, run.y)
    changed = replace(run, y=other)
    changed = replace(changed, plan=make_plan(case, changed))
    first, again = run.unroll(), changed.unroll()
    assert torch.equal(first.o[:, 0], again.o[:, 0])
    assert torch.equal(first.h[:, 0], again.h[:, 0])
    assert run.state is not None
    assert run.state.output is not None
    moved = replace(run.state, output=run.state.output + 0.5)
    assert not torch.isclose(run.unroll(state=moved).o[:, 0], first.o[:, 0]).all()


@pytest.mark.parametrize("case", WITH_EDGE, ids=str)
def test_what_is_fed_at_t_is_what_the_next_steps_read(case: Case) -> None:
    """Step t + 1 alone, from a state made by hand of f(t), f(t-1), ..., gives o(t+1)."""
    run = make_run(case)
    unrolled = run.unroll()
    assert run.state is not None
    assert run.state.output is not None
    assert unrolled.f is not None
    fed = torch.cat([run.state.output, unrolled.f], 1)
    for t in range(1, run.steps):
        before = run.unroll(0, t).state
        assert before is not None
        by_hand = State(before.hidden, fed[:, t : t + case.output_lags], before.inputs)
        step = run.unroll(t, t + 1, by_hand)
        torch.testing.assert_close(step.o[:, 0], unrolled.o[:, t], atol=ROUNDING, rtol=ROUNDING)
        torch.testing.assert_close(before.output, by_hand.output, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("case", WITH_EDGE, ids=str)
def test_what_is_fed_is_the_mixture_that_the_plan_says(case: Case) -> None:
    """f = w y + (1 - w) g(o), with y as the head feeds it and g the mean or the draw."""
    run = make_run(case)
    unrolled, plan, head = run.unroll(), run.plan, run.net.head
    assert plan is not None
    assert unrolled.f is not None
    if plan.draws and run.noise.samples is not None:
        g = head.feed_sample(unrolled.o, run.noise.samples)
    else:
        g = head.feed_mean(unrolled.o)
    w = torch.as_tensor(plan.weights, dtype=torch.float64).expand(run.y.shape[:2]).unsqueeze(-1)
    values = run.y if plan.values is None else plan.values
    wanted = w * head.feed_truth(values).double() + (1 - w) * g
    torch.testing.assert_close(unrolled.f, wanted, atol=ROUNDING, rtol=ROUNDING)


@pytest.mark.parametrize("lengths", [None, [6, 2, 4]], ids=["full", "ragged"])
@pytest.mark.parametrize("case", ALL, ids=str)
def test_the_state_is_taken_at_each_sequences_own_length(
    case: Case, lengths: list[int] | None
) -> None:
    run = make_run(case, lengths)
    unrolled = run.unroll()
    assert run.state is not None
    final = unrolled.state
    assert final is not None
    for row, length in enumerate(lengths or [6, 6, 6]):
        if case.recurrence == "output":
            assert final.hidden == ()
        else:
            torch.testing.assert_close(final.hidden[-1][0][row], unrolled.h[row, length - 1])
        if case.recurrence == "hidden":
            assert final.output is None
        else:
            assert final.output is not None
            assert run.state.output is not None
            assert unrolled.f is not None
            fed = torch.cat([run.state.output[row], unrolled.f[row, :length]])
            torch.testing.assert_close(final.output[row], fed[-case.output_lags :])
        if case.input_lags == 0:
            assert final.inputs is None
        else:
            assert final.inputs is not None
            assert run.state.inputs is not None
            seen = torch.cat([run.state.inputs[row], run.x[row, :length]])
            torch.testing.assert_close(final.inputs[row], seen[-case.input_lags :])
