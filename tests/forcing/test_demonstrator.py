"""The network's own earlier runs in place of the truth."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun._checks import ArgumentError
from freerun.forcing import DataAsDemonstrator, PlanBatch, Progress
from freerun.forcing.demonstrator import Demonstrations
from tests.forcing.examples import Watching, data, network, seeded, train

LENGTHS = (9, 6, 8, 7)


class Notes:
    """What every sequence was fed, and what the network would have made of it then."""

    def __init__(self) -> None:
        self.fed: list[tuple[int, int, Tensor, Tensor]] = []
        self.runs: dict[tuple[int, int], Tensor] = {}

    def __call__(
        self, policy: Any, net: Any, batch: PlanBatch, progress: Progress, plan: fr.Plan
    ) -> None:
        assert plan.is_teacher()
        assert plan.values is not None
        assert batch.index is not None
        epoch = int(progress.epoch + 1e-6)
        with torch.no_grad():
            state = batch.state or net.initial_state(len(batch.y))
            free = net(None, None, state=state, steps=batch.y.shape[1]).mean
        for row, number in enumerate(batch.index.tolist()):
            steps = LENGTHS[number]
            self.runs[number, epoch] = free[row, :steps]
            self.fed.append(
                (number, epoch, plan.values[row, :steps].clone(), batch.y[row, :steps].clone())
            )


def followed(policy: DataAsDemonstrator, **options: Any) -> Notes:
    notes = Notes()
    train(network(), Watching(policy, notes), train=data(*LENGTHS), **options)
    return notes


def source(notes: Notes, number: int, epoch: int, fed: Tensor, y: Tensor) -> int | None:
    """The epoch whose run was fed; None for the truth."""
    if torch.equal(fed, y):
        return None
    (found,) = (
        then
        for then in range(epoch + 1)
        if torch.allclose(notes.runs[number, then], fed, atol=1e-12, rtol=0)
    )
    return found


def test_what_is_fed_is_the_truth_or_exactly_an_earlier_run() -> None:
    """The first epoch is the teacher's. A run of the second one is of the weights before it."""
    notes, fed = followed(DataAsDemonstrator(keep=3), epochs=30, seed=1), Counter[int | None]()
    for number, epoch, values, y in notes.fed:
        then = source(notes, number, epoch, values, y)
        if epoch == 0:
            assert then is None
        elif then is not None:
            assert max(1, epoch - 2) <= then <= epoch, "the three newest ones alone"
        if epoch >= 3:
            fed[None if then is None else epoch - then] += 1
    assert sum(fed.values()) == 4 * 27
    # Four ways, each as likely: 27 of 108, five standard errors of 4.5.
    assert set(fed) == {None, 0, 1, 2}
    assert all(abs(count - 27) < 5 * 4.5 for count in fed.values())


def test_runs_are_made_every_few_epochs() -> None:
    notes = followed(DataAsDemonstrator(every=3), epochs=12)
    found = {source(notes, *row) for row in notes.fed}
    assert None in found
    assert found - {None} <= {3, 6, 9}
    assert len(found) > 1
    early = [source(notes, *row) for row in notes.fed if row[1] < 3]
    assert set(early) == {None}


def asked(
    policy: DataAsDemonstrator, net: Any, batch: PlanBatch, epochs: int
) -> tuple[Demonstrations, list[Tensor]]:
    """What is planned for a batch in epoch after epoch, the network staying as it is."""
    followed = policy.prepare(net, fr.Sequences(None, batch.y.nan_to_num()))
    plans = []
    for epoch in range(epochs):
        progress = Progress(epoch / epochs, epochs)
        batch = followed.arrange(net, batch, progress, seeded(epoch))
        values = followed.plan(batch, progress, seeded(100 + epoch)).values
        assert values is not None
        plans.append(values)
    return followed, plans


@pytest.mark.parametrize("runs", [1, 2, 3, 5])
def test_the_truth_and_each_run_that_is_kept_are_equally_likely(runs: int) -> None:
    """Runs that are told apart by a number of their own; of more than 3 the newest are there."""
    y = torch.zeros(2000, 4, 1, dtype=torch.float64)
    batch = PlanBatch(None, y, index=torch.arange(2000), head=fr.heads.Point(1))
    held = Demonstrations(DataAsDemonstrator(keep=3), 2000, 4)
    for number in range(1, runs + 1):
        held._keep(y + number, torch.arange(2000), torch.ones(2000, dtype=torch.bool))
    values = held.plan(batch, Progress(0.5, 2), seeded()).values
    assert values is not None
    fed = values[:, 0, 0].long()
    assert (values == fed[:, None, None]).all()
    ways = {0, *range(max(1, runs - 2), runs + 1)}
    share = torch.bincount(fed)[list(ways)] / 2000
    assert set(fed.tolist()) == ways
    assert (share - 1 / len(ways)).abs().max() < 5 * 0.5 / 2000**0.5  # five standard errors


def test_only_as_many_runs_as_asked_are_kept() -> None:
    net = network()
    batch = PlanBatch(None, data().batch([0, 1, 2, 3]).y, index=torch.arange(4), head=net.head)
    held, _ = asked(DataAsDemonstrator(keep=2), net, batch, 6)
    assert held.runs is not None
    assert held.runs.shape == (4, 2, 9, 1)
    assert held.count.tolist() == [5] * 4
    held, _ = asked(DataAsDemonstrator(every=2, keep=5), net, batch, 6)
    assert held.count.tolist() == [2] * 4
    assert held.due.tolist() == [6] * 4


def test_a_run_that_leaves_the_numbers_behind_is_not_kept() -> None:
    """o(t) = 1e200 f(t-1), which starts from 0 in all sequences but one."""
    net = network(fr.heads.Point(1), cell="identity")
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        assert net.layers[0].weight_fh is not None
        net.layers[0].weight_fh.fill_(1e200)
        net.output.weight.fill_(1.0)
    y = torch.randn(3, 4, 1, dtype=torch.float64)
    state = net.initial_state(3, torch.tensor([[[0.0]], [[1.0]], [[0.0]]]))
    batch = PlanBatch(None, y, state=state, index=torch.tensor([2, 0, 1]), head=net.head)
    held, plans = asked(DataAsDemonstrator(keep=4), net, batch, 30)
    assert held.count.tolist() == [0, 29, 29]
    for values in plans:
        assert values.isfinite().all()
        assert torch.equal(values[1], y[1])
    assert any((values[0] == 0).all() for values in plans)


def test_padding_and_what_is_missing_matter_not() -> None:
    net = network()
    lengths = torch.tensor([6, 3, 5])
    y = torch.randn(3, 6, 1, dtype=torch.float64)
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[0, 2] = False
    real = (torch.arange(6) < lengths[:, None]) & mask
    plain = PlanBatch(None, y, lengths, mask, index=torch.arange(3), head=net.head)
    holes = PlanBatch(
        None, torch.where(real[..., None], y, torch.nan), lengths, mask, None, torch.arange(3),
        net.head,
    )  # fmt: skip
    for one, other in zip(
        asked(DataAsDemonstrator(), net, plain, 6)[1],
        asked(DataAsDemonstrator(), net, holes, 6)[1],
        strict=True,
    ):
        assert torch.equal(one[real], other[real])
        loss = net.loss(None, holes.y, fr.Plan(other, 1.0), lengths, mask)
        assert loss.isfinite()


def test_classes_are_drawn() -> None:
    net = network(fr.heads.Categorical(3), recurrence="both")
    y = torch.randint(3, (200, 12), generator=seeded())
    state = net.initial_state(200)
    batch = PlanBatch(None, y, state=state, index=torch.arange(200), head=net.head)
    held = DataAsDemonstrator(keep=1).prepare(net, fr.Sequences(None, list(y)))
    held.arrange(net, batch, Progress(0.5, 2), seeded(5))
    assert held.runs is not None
    runs = held.runs[:, 0]
    assert runs.dtype == torch.int64
    odds = net(None, None, fr.Plan(None, 0.0), state=state, steps=12).mean[:, 0]
    first = torch.bincount(runs[:, 0], minlength=3) / 200
    assert (first - odds[0]).abs().max() < 5 * 0.5 / 200**0.5  # five standard errors
    assert len(runs.unique(dim=0)) > 100, "draws, not the likeliest"
    again = DataAsDemonstrator(keep=1).prepare(net, fr.Sequences(None, list(y)))
    again.arrange(net, batch, Progress(0.5, 2), seeded(5))
    assert again.runs is not None
    assert torch.equal(again.runs, held.runs)


@pytest.mark.parametrize("head", [fr.heads.Poisson(1), fr.heads.Bernoulli(1), fr.heads.StudentT(1)])
def test_every_head_learns_from_its_means(head: fr.heads.Head, tmp_path: Path) -> None:
    steps = [torch.arange(n).double()[:, None] % 2 for n in LENGTHS]
    given = fr.Sequences(None, steps, dtype=torch.float64)
    net = network(head)
    train(net, DataAsDemonstrator(), train=given, epochs=3, out=tmp_path / "run")
    tensors, _ = fr.checkpoint.read_tensors(tmp_path / "run" / "last" / "training.safetensors")
    assert tensors["forcing.count"].tolist() == [2] * 4


def test_the_random_state_of_dropout_is_left_alone_by_runs() -> None:
    net = network(num_layers=2, dropout=0.5).train()
    batch = PlanBatch(None, data().batch([0, 1]).y, index=torch.arange(2), head=net.head)
    held = DataAsDemonstrator(keep=1).prepare(net, data())
    generator = seeded()
    before = generator.get_state()
    held.arrange(net, batch, Progress(0.5, 2), generator)
    assert torch.equal(generator.get_state(), before)
    assert net.training
    assert held.runs is not None
    wanted = net.eval()(None, None, fr.Plan(None, 0.0), state=net.initial_state(2), steps=9).mean
    assert torch.equal(held.runs[:2, 0], wanted)


@pytest.mark.parametrize("name", ["every", "keep"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_numbers_below_1_are_refused(name: str, value: Any) -> None:
    message = f"DataAsDemonstrator: {name} must be a whole number of 1 or more, got {value!r}."
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}"):
        DataAsDemonstrator(**{name: value})
