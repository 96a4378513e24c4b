"""What stands behind a length changes nothing, and sequences know nothing of each other."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from freerun.state import Noise
from freerun.unroll import real_steps
from tests.contracts.runs import (
    Run,
    assert_same,
    make_plan,
    make_run,
    plan_rows,
    results,
    stacked,
)
from tests.contracts.table import Case, cases, two_way_cases

ALL = [*cases(), *two_way_cases()]
LENGTHS = [6, 2, 4]

CLASS_PADDING = {0.0: 0, float("nan"): -100, 1e30: 1 << 40}
"""What stands for a garbage number where y holds classes."""


def padded(run: Run, case: Case, filling: float) -> Run:
    """The run with ``filling`` behind every length, in x and in y; its plan is made from these."""
    assert run.lengths is not None
    real = real_steps(run.lengths, run.steps)
    x = torch.where(real.unsqueeze(-1), run.x, filling).detach().requires_grad_()
    y = run.y
    if case.readout == "every" and y.is_floating_point():
        y = torch.where(real.unsqueeze(-1), y, filling)
    elif case.readout == "every":
        y = torch.where(real, y, CLASS_PADDING.get(filling, -100))
    filled = replace(run, x=x, y=y)
    return replace(filled, plan=make_plan(case, filled))


@pytest.mark.parametrize("filling", [float("nan"), 1e30], ids=["NaN", "1e30"])
@pytest.mark.parametrize("case", ALL, ids=str)
def test_padding_changes_nothing(case: Case, filling: float) -> None:
    """Loss, outputs, state and every gradient: those of the sequences alone, unpadded."""
    clean = padded(make_run(case, LENGTHS), case, 0.0)
    filled = padded(clean, case, filling)
    unrolled = filled.unroll()
    got = results(filled, unrolled)
    assert clean.lengths is not None
    alone = [clean.alone(row) for row in range(len(LENGTHS))]
    pieces = [run.unroll() for run in alone]
    wanted = results(clean, stacked(pieces, clean.steps))
    assert_same(got, wanted)
    behind = ~real_steps(clean.lengths, clean.steps)
    for name in {"o", "h", "f", "dx"} & got.keys():
        if got[name].ndim == 3:
            assert (got[name][behind] == 0).all(), name
    assert torch.isfinite(filled.net.loss(
        filled.x, filled.y, filled.plan, filled.lengths, state=filled.state,
        generator=torch.Generator().manual_seed(6),
    ))  # fmt: skip


@pytest.mark.parametrize("case", ALL, ids=str)
def test_the_order_of_the_batch_does_not_matter(case: Case) -> None:
    run = make_run(case, LENGTHS)
    assert run.lengths is not None
    order = torch.tensor([2, 0, 1])
    state = run.state
    turned = Run(
        run.net,
        run.x[order].detach().requires_grad_(),
        run.y[order],
        None if run.plan is None else plan_rows(run.plan, order),
        Noise(None if run.noise.samples is None else run.noise.samples[order]),
        None if state is None else state.map(lambda part: part[order].detach().requires_grad_()),
        run.lengths[order],
    )
    got, wanted = results(turned, turned.unroll()), results(run, run.unroll())
    parameters = {f"d{name}" for name, _ in run.net.named_parameters()}
    wanted = {
        name: part if name == "loss" or name in parameters else part[order]
        for name, part in wanted.items()
    }
    assert_same(got, wanted)


SOME = [
    Case(cell, recurrence, readout, forcing=forcing, output_lags=lags, input_lags=lags - 1)
    for cell in ("tanh", "lstm")
    for recurrence, readout, forcing, lags in (
        ("hidden", "every", "TeacherForcing", 1),
        ("hidden", "last", "TeacherForcing", 1),
        ("output", "every", "TeacherForcing", 2),
        ("output", "every", "in-between", 2),
        ("both", "every", "TeacherForcing", 2),
        ("both", "every", "0-or-1", 2),
    )
]


@pytest.mark.parametrize("case", SOME, ids=str)
@given(lengths=st.lists(st.integers(0, 5), min_size=1, max_size=4), odd=st.integers(1, 5))
@settings(max_examples=8)
def test_any_lengths(case: Case, lengths: list[int], odd: int) -> None:
    """Also none at all, one sequence, one step, and odd sizes."""
    steps = max(1, *lengths)
    least = 1 if case.readout == "last" else 0
    lengths = [max(least, length) for length in lengths]
    run = make_run(case, lengths, len(lengths), steps, odd)
    run = padded(run, case, float("nan"))
    clean = padded(run, case, 0.0)
    alone = [clean.alone(row) for row, length in enumerate(lengths) if length]
    unrolled = run.unroll()
    got, loss = unrolled.o, run.nll(unrolled.o)
    losses = sum((one.nll(one.unroll().o) for one in alone), torch.zeros(()).double())
    torch.testing.assert_close(loss, losses)
    for row, length in enumerate(lengths):
        if length == 0 and case.readout == "every":
            assert (got[row] == 0).all()
            assert run.state is not None
            assert unrolled.state is not None
            handed, given_state = unrolled.state.tensors(), run.state.tensors()
            for name, part in handed.items():
                assert torch.equal(part[row], given_state[name][row]), name


@pytest.mark.parametrize("case", SOME, ids=str)
@pytest.mark.parametrize(("batch", "steps"), [(1, 1), (1, 7), (5, 1)])
def test_small_batches_and_short_ones(case: Case, batch: int, steps: int) -> None:
    run = make_run(case, None, batch, steps, hidden_size=5)
    got = results(run, run.unroll())
    wanted = results(run, stacked([run.alone(row).unroll() for row in range(batch)], steps))
    assert_same(got, wanted)


def scattered(values: Tensor) -> Tensor:
    """The same numbers, neither dense nor in the order of the axes."""
    wide = values.new_full((*values.shape[::-1], 2), 7)
    wide[..., 0] = values.permute(*range(values.ndim)[::-1])
    return wide[..., 0].permute(*range(values.ndim)[::-1])


@pytest.mark.parametrize("case", SOME, ids=str)
def test_strides_do_not_matter(case: Case) -> None:
    run = make_run(case, LENGTHS)
    x = scattered(run.x.detach())
    assert not x.is_contiguous()
    state = run.state
    assert state is not None
    other = replace(run, x=x.requires_grad_(), y=scattered(run.y))
    other = replace(
        other,
        plan=make_plan(case, other),
        state=state.map(lambda part: scattered(part.detach()).requires_grad_()),
    )
    assert_same(results(other, other.unroll()), results(run, run.unroll()))
