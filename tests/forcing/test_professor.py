"""Running free shall look like being taught."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

import freerun as fr
from freerun._checks import ArgumentError
from freerun.forcing import Curriculum, ProfessorForcing, TeacherForcing
from freerun.forcing.professor import Discriminator, Professor
from freerun.plan import Forcing, PlanBatch
from tests.contracts.runs import assert_same, gradients
from tests.contracts.table import Case
from tests.forcing.examples import batch_of, data, network, seeded, train
from tests.training.examples import labelled

ALWAYS = ProfessorForcing(hidden_size=4, least=0.0, most=1.0, lr=0.002)
"""The network learns from it, however bad it is."""


def penalised(
    policy: ProfessorForcing, net: Any, batch: PlanBatch, seed: int = 0
) -> tuple[Professor, Tensor | None]:
    professor = policy.prepare(net, data())
    unrolled = net(batch.x, batch.y, None, batch.lengths, batch.mask, batch.state)
    return professor, professor.penalty(net, batch, unrolled, seeded(seed))


def copied(module: torch.nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def unchanged(module: torch.nn.Module, before: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(module.parameters(), before, strict=True))


CASES = [Case(recurrence="output"), Case("lstm", "both", num_layers=2, output_lags=2)]


@pytest.mark.parametrize("lengths", [None, [6, 2, 4]], ids=["full", "ragged"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_penalty_is_what_the_adversary_says_of_each_free_run(
    case: Case, lengths: list[int] | None
) -> None:
    """By hand, each sequence alone; and so is every gradient."""
    run, batch = batch_of(case, lengths=lengths)
    policy = replace(ALWAYS, weight=0.7)
    professor, penalty = penalised(policy, run.net, batch)
    assert penalty is not None
    wanted = torch.zeros((), dtype=torch.float64)
    for row in range(3):
        one = replace(run.alone(row), plan=fr.Plan(None, 0.0))
        free = one.unroll()
        steps = torch.tensor([one.steps])
        odds = professor.adversary(torch.cat([free.h, free.o], -1), steps)
        wanted = wanted - 0.7 * logsigmoid(odds).sum() / 3
    torch.testing.assert_close(penalty, wanted)
    assert_same(gradients(run, penalty), gradients(run, wanted))
    assert gradients(run, penalty)["dx"].any()


def test_the_penalty_teaches_the_network_and_not_the_adversary() -> None:
    run, batch = batch_of(CASES[1])
    professor, penalty = penalised(ALWAYS, run.net, batch)
    assert penalty is not None
    penalty.backward()
    assert all(parameter.grad is not None for parameter in run.net.parameters())
    assert any(bool(parameter.grad.any()) for parameter in run.net.layers.parameters())  # type: ignore[attr-defined]
    assert all(parameter.grad is None for parameter in professor.adversary.parameters())


def test_the_adversary_learns_and_does_not_touch_the_network() -> None:
    run, batch = batch_of(CASES[1])
    professor, _ = penalised(ALWAYS, run.net, batch)
    net, adversary = copied(run.net), copied(professor.adversary)
    assert professor.seen is not None
    taught, free, lengths = professor.seen

    def loss() -> Tensor:
        found = -logsigmoid(professor.adversary(taught, lengths))
        return (found - logsigmoid(-professor.adversary(free, lengths))).mean()

    before = loss()
    professor.update(run.net, batch, None)
    assert unchanged(run.net, net)
    assert all(parameter.grad is None for parameter in run.net.parameters())
    assert not unchanged(professor.adversary, adversary)
    assert loss() < before
    after = copied(professor.adversary)
    professor.update(run.net, batch, None)
    assert unchanged(professor.adversary, after), "each batch teaches once"


def test_no_gradient_flows_through_the_run_that_is_taught() -> None:
    run, batch = batch_of(CASES[0])
    professor = ALWAYS.prepare(run.net, data())
    unrolled = run.net(batch.x, batch.y, None, state=batch.state)
    h = unrolled.h.detach().requires_grad_()
    penalty = professor.penalty(run.net, batch, replace(unrolled, h=h), None)
    assert penalty is not None
    (found,) = torch.autograd.grad(penalty, h, allow_unused=True)
    assert found is None


@pytest.mark.parametrize(
    ("accuracy", "penalises", "learns"),
    [(0.5, False, True), (0.7, False, True), (0.75, True, True), (0.95, True, False),
     (1.0, True, False)],
)  # fmt: skip
def test_the_one_learns_while_the_other_is_not_too_weak_or_too_strong(
    accuracy: float, penalises: bool, learns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 20 judgements so many are right: free runs are always found out."""

    class Judge(Discriminator):
        def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
            odds = super().forward(steps, lengths) * 0 - 1
            right = round(20 * accuracy) - 10
            if torch.equal(steps, taught):
                odds = odds + 2 * (torch.arange(10) < right)
            return odds

    run, batch = batch_of(CASES[0], batch=10)
    monkeypatch.setattr("freerun.forcing.professor.Discriminator", Judge)
    unrolled = run.net(batch.x, batch.y, None, state=batch.state)
    taught = torch.cat([unrolled.h, unrolled.o], -1)
    professor, penalty = penalised(ProfessorForcing(most=0.95), run.net, batch)
    assert professor.accuracy == pytest.approx(accuracy)
    assert (penalty is not None) == penalises
    stepped: list[int] = []
    monkeypatch.setattr(professor.method, "step", lambda: stepped.append(1))
    professor.update(run.net, batch, None)
    assert bool(stepped) == learns


def test_padding_matters_not() -> None:
    run, batch = batch_of(CASES[1], lengths=[6, 2, 4])
    real = torch.arange(6) < torch.tensor([[6], [2], [4]])
    assert batch.x is not None
    holes = replace(
        batch,
        x=torch.where(real[..., None], batch.x, torch.nan),
        y=torch.where(real[..., None], batch.y, torch.nan),
    )
    (one, wanted), (other, found) = (penalised(ALWAYS, run.net, b) for b in (batch, holes))
    assert found is not None
    assert wanted is not None
    torch.testing.assert_close(found, wanted)
    assert_same(
        {k: v for k, v in gradients(run, found).items() if k != "dx"},
        {k: v for k, v in gradients(run, wanted).items() if k != "dx"},
    )
    for professor in (one, other):
        professor.update(run.net, batch, None)
    for a, b in zip(one.adversary.parameters(), other.adversary.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_sequences_without_steps_are_not_judged() -> None:
    run, batch = batch_of(CASES[0], lengths=[6, 0, 4])
    kept = torch.tensor([0, 2])
    assert batch.state is not None
    assert batch.x is not None
    fewer = PlanBatch(
        batch.x[kept], batch.y[kept], torch.tensor([6, 4]),
        state=batch.state.map(lambda part: part[kept]),
    )  # fmt: skip
    wanted = penalised(ALWAYS, run.net, fewer)[1]
    torch.testing.assert_close(penalised(ALWAYS, run.net, batch)[1], wanted)
    nobody = replace(batch, lengths=torch.tensor([0, 0, 0]))
    professor, penalty = penalised(ALWAYS, run.net, nobody)
    assert penalty is None
    professor.update(run.net, nobody, None)


def test_classes_may_be_drawn() -> None:
    run, batch = batch_of(Case(recurrence="both", head="Categorical"))
    policy = replace(ALWAYS, feed="sample")
    one, again, other = (penalised(policy, run.net, batch, seed)[1] for seed in (1, 1, 2))
    assert one is not None
    assert again is not None
    assert torch.equal(one, again)
    assert not torch.equal(one, other or one)
    assert gradients(run, one)["dx"].any()
    mean = penalised(ALWAYS, run.net, batch)[1]
    assert mean is not None
    assert not torch.equal(one, mean)


def test_a_free_run_that_leaves_the_numbers_behind_teaches_nobody() -> None:
    """One that is not a number would make the adversary one, for good."""
    net = network(fr.heads.Point(1), cell="identity")
    with torch.no_grad():
        assert net.layers[0].weight_fh is not None
        net.layers[0].weight_fh.mul_(1e60)
        net.output.bias.fill_(1.0)
    professor, penalty = penalised(ALWAYS, net, PlanBatch(None, data().batch([0, 1]).y))
    before = copied(professor.adversary)
    assert penalty is None
    professor.update(net, PlanBatch(None, torch.zeros(0)), None)
    assert unchanged(professor.adversary, before)


def test_an_adversary_learns_to_tell_them_apart() -> None:
    """An untrained network: taught, its hidden units follow the wave; free, they come to rest."""
    net, given = network(), data(*[20] * 16)
    professor = ProfessorForcing(hidden_size=8, lr=0.01).prepare(net, given)
    batch = PlanBatch(None, given.batch(range(16)).y)
    found = []
    for _ in range(40):
        unrolled = net(None, batch.y)
        penalty = professor.penalty(net, batch, unrolled, None)
        assert (penalty is None) == (professor.accuracy < 0.75)
        professor.update(net, batch, unrolled)
        found.append(professor.accuracy)
    assert found[0] <= 0.75
    assert found[-1] > 0.9


@pytest.mark.parametrize("bptt", [fr.FullBPTT(), fr.CheckpointedBPTT()], ids=repr)
def test_training_adds_the_penalty_to_the_gradient(bptt: Any) -> None:
    """With a weight of 0 it is teacher forcing; with another it is not. The loss is the NLL."""
    nets, losses = [network() for _ in range(3)], []
    policies: list[Forcing] = [TeacherForcing(), replace(ALWAYS, weight=0.0), ALWAYS]
    for net, policy in zip(nets, policies, strict=True):
        history = train(
            net, policy, bptt=bptt, epochs=1, batch_size=4, optimizer=fr.Optimizer("sgd", lr=0.1)
        )
        losses.append(history["train_loss"])
    taught, unweighted, forced = (
        torch.nn.utils.parameters_to_vector(net.parameters()) for net in nets
    )
    torch.testing.assert_close(taught, unweighted)
    assert not torch.allclose(taught, forced)
    assert losses[0] == pytest.approx(losses[2])


def test_pytorchs_global_generator_is_left_alone() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(123)
        before = torch.get_rng_state()
        first, second = (ALWAYS.prepare(network(), data()) for _ in range(2))
        assert torch.equal(torch.get_rng_state(), before)
    assert unchanged(first.adversary, copied(second.adversary))


IN_A_CURRICULUM = Curriculum([TeacherForcing(), Curriculum([TeacherForcing(), ALWAYS], [0.5])], [1])


@pytest.mark.parametrize("policy", [ALWAYS, IN_A_CURRICULUM], ids=["alone", "within"])
@pytest.mark.parametrize(
    ("options", "got"),
    [
        ({"bptt": fr.TruncatedBPTT(3)}, "TruncatedBPTT(k1=3, k2=None, update='sequence')"),
        ({"optimizer": fr.Optimizer("lbfgs")}, "lbfgs"),
    ],
)
def test_it_needs_one_loss_for_the_whole_batch(
    options: dict[str, Any], got: str, policy: Forcing, tmp_path: Path
) -> None:
    message = (
        f"fit: {type(policy).__name__} needs one loss a batch, and one look at it, got {got}. "
        "Use FullBPTT() and Optimizer('adamw')."
    )
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        train(network(), policy, out=tmp_path / "run", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("policy", [ALWAYS, IN_A_CURRICULUM], ids=["alone", "within"])
def test_it_needs_an_output_edge(policy: Forcing, tmp_path: Path) -> None:
    net = fr.RecurrentNetwork(2, 4, fr.heads.Categorical(2), recurrence="hidden", readout="last")
    message = f"{type(policy).__name__} needs a network with an output edge, got recurrence='hid"
    with pytest.raises(ArgumentError, match=message):
        fr.fit(net, labelled(), forcing=policy, out=tmp_path / "run", progress=False)
    assert not list(tmp_path.iterdir())


def test_samples_need_a_head_with_a_spread(tmp_path: Path) -> None:
    message = "ProfessorForcing: feed='sample' needs a head with a spread, got a Point head. Use "
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}"):
        train(network(fr.heads.Point(1)), replace(ALWAYS, feed="sample"), out=tmp_path / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": -1}, "weight must be a finite number of 0 or more, got -1."),
        ({"hidden_size": 0}, "hidden_size must be a whole number of 1 or more, got 0."),
        ({"lr": -0.1}, "lr must be a finite number of 0 or more, got -0.1."),
        ({"least": 1.5}, "least must be a finite number from 0 to 1, got 1.5."),
        ({"most": -0.5}, "most must be a finite number from 0 to 1, got -0.5."),
        ({"least": 0.8, "most": 0.8}, "least must be below most, or the network would learn "
            "nothing, got least=0.8 and most=0.8. Pass least=0.75, most=0.99, say."),
        ({"feed": "truth"}, "feed must be one of 'mean', 'sample', got 'truth'."),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(f'ProfessorForcing: {message}')}"):
        ProfessorForcing(**options)
