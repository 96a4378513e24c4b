"""Free runs of n steps from the truth, and n grows."""

import re
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun._checks import ArgumentError
from freerun.bptt import BPTT, FullBPTT
from freerun.forcing import HorizonCurriculum, PlanBatch, Progress
from freerun.forcing.horizon import Segments, cut
from freerun.state import Noise, State
from tests.contracts.runs import Run, assert_same, gradients
from tests.contracts.table import Case
from tests.forcing.examples import Watching, batch_of, data, network, train

CASES = [
    Case(recurrence="output"),
    Case(recurrence="output", output_lags=3, input_lags=2, residual=True),
    Case("gru", "output", num_layers=2, output_lags=2),
    Case("lstm", "both", num_layers=2, output_lags=3, input_lags=1),
    Case("tanh", "both", head="Categorical"),
    Case("tanh", "output", head="Poisson"),
]
"""Every way in which a state is made: lags of outputs and inputs, hidden units, classes, counts."""


def windows(run: Run, n: int, mask: Tensor | None) -> tuple[Tensor, float]:
    """By hand: each sequence alone, n steps at a time from where the truth leads; L and its count.

    Where a target is missing the truth has nothing to say, and the network's mean stands for it.
    """
    net, total, count = run.net, torch.zeros((), dtype=torch.float64), 0.0
    for row in range(len(run.y)):
        one = run.alone(row)
        seen = None if mask is None else mask[row : row + 1, : one.steps]
        for start in range(0, one.steps, n):
            stop = min(start + n, one.steps)
            state = one.state
            if start:
                part = None if seen is None else seen[:, :start]
                with torch.no_grad():
                    state = net(
                        one.x[:, :start], one.y[:, :start], mask=part, state=one.state
                    ).state.detach()
            o = net(one.x[:, start:stop], state=state).o
            here = None if seen is None else seen[:, start:stop]
            y = one.y[:, start:stop]
            observed = net.observed(y, None, here)
            total = total + net.score(o, y, observed).sum()
            count += net.count(y, observed)
    return total, count


def arranged(run: Run, batch: PlanBatch, n: int) -> Tensor:
    """The loss that training sees."""
    policy = Segments(HorizonCurriculum(n, end=n))
    found = policy.arrange(run.net, batch, 0.0, None)
    (part,) = FullBPTT().parts(run.net, found, policy.plan(found, 0.0, None), Noise())
    return part.loss


@pytest.mark.parametrize("lengths", [None, [7, 3, 5]], ids=["full", "ragged"])
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("n", [1, 2, 3, 6])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_loss_is_that_of_free_runs_from_the_truth(
    case: Case, n: int, masked: bool, lengths: list[int] | None
) -> None:
    """And so is every gradient: 7 steps leave a short segment at the end."""
    mask = None
    if masked:
        mask = torch.ones(3, 7, dtype=torch.bool)
        mask[0, 1] = mask[1, 2] = mask[2, 4] = False
    run, batch = batch_of(case, mask, lengths=lengths, steps=7)
    total, count = windows(run, n, mask)
    wanted = gradients(run, total / count)
    loss = arranged(run, batch, n)
    torch.testing.assert_close(loss, total / count)
    assert_same(gradients(run, loss), wanted)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_padding_and_what_is_missing_may_be_nan(case: Case) -> None:
    mask = torch.ones(3, 7, dtype=torch.bool)
    mask[0, 1] = mask[1, 2] = False
    run, batch = batch_of(case, mask, lengths=[7, 3, 5], steps=7)
    wanted = gradients(run, arranged(run, batch, 2))
    real = torch.arange(7) < torch.tensor([[7], [3], [5]])
    there = real & mask
    x = torch.where(real[..., None], run.x, torch.nan).detach().requires_grad_()
    if run.y.is_floating_point():
        y = torch.where(there[..., None], run.y, torch.nan)
    else:
        y = torch.where(there, run.y, -1)
    for now in (mask, mask & real):
        filled = replace(run, x=x, y=y)
        loss = arranged(filled, replace(batch, x=x, y=y, mask=now), 2)
        assert_same(gradients(filled, loss), wanted)


def test_segments_keep_their_sequences_order_and_number() -> None:
    run, batch = batch_of(Case(recurrence="output"), lengths=[7, 3, 5], steps=7)
    found = cut(run.net, batch, 3)
    assert found.state is not None
    assert found.index is not None
    assert found.lengths is not None
    assert found.index.tolist() == [0, 1, 2, 0, 2, 0]
    assert found.lengths.tolist() == [3, 3, 3, 3, 2, 1]
    for row, (sequence, start) in enumerate([(0, 0), (1, 0), (2, 0), (0, 3), (2, 3), (0, 6)]):
        stop = start + int(found.lengths[row])
        assert torch.equal(found.y[row, : stop - start], run.y[sequence, start:stop])
        assert found.x is not None
        assert torch.equal(found.x[row, : stop - start], run.x[sequence, start:stop])
        assert found.state.output is not None
        if start:
            assert torch.equal(found.state.output[row, 0], run.y[sequence, start - 1])
    assert cut(
        run.net, replace(batch, lengths=None, y=run.y[:, :6], x=run.x[:, :6]), 3
    ).lengths is (None)


def state_of(batch: PlanBatch) -> State:
    assert isinstance(batch.state, State)
    return batch.state


def test_hidden_units_come_from_running_on_the_truth() -> None:
    run, batch = batch_of(Case("lstm", "both"), steps=6)
    taught = run.net(run.x[:, :4], run.y[:, :4], state=run.state).state
    found = state_of(cut(run.net, batch, 2))
    for name, part in taught.detach().tensors().items():
        assert torch.equal(found.tensors()[name][6:], part), name


@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_the_truth_is_run_on_without_dropout(recurrence: str) -> None:
    net = network(recurrence=recurrence, dropout=0.5, num_layers=2)
    y = torch.randn(2, 6, 1, dtype=torch.float64)
    mask = torch.ones(2, 6, dtype=torch.bool)
    mask[:, 1] = False
    batch = PlanBatch(None, y, mask=mask, head=net.head)
    wanted = state_of(cut(net.eval(), batch, 2)).tensors()
    found = state_of(cut(net.train(), batch, 2)).tensors()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert net.training


def test_the_horizon_grows_to_its_end_and_stays() -> None:
    policy = HorizonCurriculum(start=4, end=64, over=0.5)
    shares = (0.0, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0)
    assert [policy.horizon(p, 100) for p in shares] == [4, 8, 16, 32, 64, 64, 64]
    assert [policy.horizon(p, 10) for p in shares] == [4, 5, 6, 8, 10, 10, 10]
    assert HorizonCurriculum(4).horizon(1.0, 90) == 90
    assert HorizonCurriculum(400).horizon(0.0, 90) == 90
    assert HorizonCurriculum(3, end=3).horizon(1.0, 90) == 3


def test_a_horizon_of_the_whole_is_free_running() -> None:
    run, batch = batch_of(Case(recurrence="both"))
    for policy, progress in ((HorizonCurriculum(6), 0.0), (HorizonCurriculum(2), 0.5)):
        followed = policy.prepare(run.net, data())
        assert followed.arrange(run.net, batch, progress, None) is batch
        assert followed.plan(batch, progress, None).is_free()


def test_what_is_cut_runs_free_while_the_horizon_grows() -> None:
    """In training: segments of n steps each, and none of them is forced within."""
    seen: list[int] = []

    def see(policy: Any, net: Any, batch: PlanBatch, progress: Progress, plan: fr.Plan) -> None:
        assert plan.is_free()
        seen.append(batch.y.shape[1])

    policy = HorizonCurriculum(2)
    train(network(), Watching(policy, see), train=data(16, 16, 16, 16), epochs=6)
    wanted = [policy.horizon(batch / 12, 16) for batch in range(12)]
    assert seen == wanted
    assert seen[0] == 2
    assert 2 < seen[3] < 16
    assert seen[-1] == 16


def test_training_with_whole_sequences_is_free_running() -> None:
    one, other = network(), network()
    train(one, HorizonCurriculum(9))
    train(other, fr.FreeRunning())
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("bptt", [fr.TruncatedBPTT(2), fr.CheckpointedBPTT()], ids=repr)
def test_segments_go_with_every_kind_of_bptt(bptt: BPTT) -> None:
    history = train(network(), HorizonCurriculum(3), train=data(9, 5, 7, 4), bptt=bptt)
    assert len(history) == 2


def test_the_steps_that_are_counted_are_those_of_the_data() -> None:
    """Each step is in one segment, and in one only."""
    run, batch = batch_of(Case(recurrence="output"), lengths=[7, 3, 5], steps=7)
    for n in (1, 2, 3, 6):
        found = cut(run.net, batch, n)
        whole = run.net.count(found.y, run.net.observed(found.y, found.lengths, None))
        assert whole == 15


def test_outside_of_training_it_comes_back_to_the_truth() -> None:
    batch = PlanBatch(None, torch.zeros(1, 6, 1))
    weights = HorizonCurriculum(2).plan(batch, 0.0, None).weights
    assert torch.as_tensor(weights).tolist() == [0, 1, 0, 1, 0, 1]
    wide = replace(batch, lags=3)
    weights = HorizonCurriculum(2).plan(wide, 0.0, None).weights
    assert torch.as_tensor(weights).tolist() == [1, 1, 1, 1, 1, 1]
    assert HorizonCurriculum(2).plan(batch, 1.0, None).is_free()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 0}, "start must be a whole number of 1 or more, got 0. Pass start=1, say."),
        ({"end": 0}, "end must be a whole number of 1 or more, got 0. Pass end=1, say."),
        ({"start": 9, "end": 4}, "end must be start=9 or more, got 4. Pass end=9, or None for"),
        ({"over": 0}, "over must be above 0, got 0. Pass over=0.5, say."),
        ({"over": 1.5}, "over must be a finite number from 0 to 1, got 1.5. Pass over=0.5, say."),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(f'HorizonCurriculum: {message}')}"):
        HorizonCurriculum(**options)
