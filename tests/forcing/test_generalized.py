"""Everywhere a little of the truth, and as much as keeps gradients from exploding."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import freerun as fr
from freerun._checks import ArgumentError
from freerun.forcing import GeneralizedTeacherForcing, generalized
from freerun.forcing.generalized import Adapting
from freerun.plan import PlanBatch
from tests.contracts.runs import make_run
from tests.contracts.table import Case
from tests.forcing.examples import Watching, data, network, scalar, train


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("head", ["Gaussian", "Categorical", "Poisson"])
def test_what_is_fed_lies_between_output_and_truth(alpha: float, head: str) -> None:
    run = make_run(Case(recurrence="both", head=head))
    plan = GeneralizedTeacherForcing(alpha).plan(run.batch(), 0.4, None)
    unrolled = replace(run, plan=plan).unroll()
    truth, own = run.net.head.feed_truth(run.y), run.net.head.feed_mean(unrolled.o)
    torch.testing.assert_close(unrolled.f, alpha * truth + (1 - alpha) * own)


@pytest.mark.parametrize("alpha", [0.0, 0.2, 0.75, 1.0])
def test_a_gradient_shrinks_by_what_is_forced_at_each_step(alpha: float) -> None:
    """o(t) = a f(t-1): d o(t+k) / d f(t-1) is a (a (1 - alpha))^k."""
    net, y = scalar(1.5), torch.randn(1, 6, 1, dtype=torch.float64)
    state = net.initial_state(1).map(lambda part: part.requires_grad_())
    assert state.output is not None
    o = net(None, y, GeneralizedTeacherForcing(alpha), state=state).o
    for k in range(6):
        (gradient,) = torch.autograd.grad(o[0, k, 0], state.output, retain_graph=True)
        assert gradient.item() == pytest.approx(1.5 * (1.5 * (1 - alpha)) ** k)


def updated(policy: Adapting, factor: float, times: int = 1) -> None:
    """Tell it of so many updates of a network whose Jacobians are ``factor``."""
    y = torch.ones(2, 5, 1, dtype=torch.float64)
    for _ in range(times):
        policy.update(scalar(factor), PlanBatch(None, y), None)


def test_alpha_jumps_up_and_decays_down() -> None:
    policy = Adapting(GeneralizedTeacherForcing("adaptive", every=1, decay=0.9))
    assert policy.alpha == 1.0
    updated(policy, 0.5)  # nothing explodes: alpha falls towards 0
    assert policy.alpha == pytest.approx(0.9)
    updated(policy, 0.5, 20)
    assert policy.alpha == pytest.approx(0.9**21)
    updated(policy, -4.0)  # 1 - 1 / 4, at once
    assert policy.alpha == pytest.approx(0.75)
    updated(policy, 2.0)  # and down from there, towards 1 - 1 / 2
    assert policy.alpha == pytest.approx(0.9 * 0.75 + 0.1 * 0.5)
    updated(policy, 0.0)  # no growth at all
    assert policy.alpha == pytest.approx(0.9 * 0.725)


def test_the_worst_sequence_decides_and_padding_does_not() -> None:
    """One of two relu units: a Jacobian of 3 where y is positive, of 0 elsewhere."""
    net = scalar(3.0)
    relu = fr.RecurrentNetwork(0, 1, fr.heads.Point(1), cell="relu", recurrence="output").double()
    relu.load_state_dict(net.state_dict())
    state = relu.initial_state(2, torch.tensor([[[1.0]], [[-1.0]]]))
    y = torch.tensor([[1.0, 1.0, 1.0, torch.nan], [-1.0] * 4], dtype=torch.float64)[..., None]
    policy = Adapting(GeneralizedTeacherForcing("adaptive", every=1))
    policy.alpha = 0.0
    policy.update(relu, PlanBatch(None, y, torch.tensor([3, 4]), state=state), None)
    assert policy.alpha == pytest.approx(1 - 1 / 3)


@pytest.mark.parametrize("room", [1, 99, 10**6])
def test_with_many_lags_only_the_first_sequences_are_looked_at(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 4 sequences of 6 steps with 3 lags of 2 outputs, 216 numbers of Jacobians each."""
    monkeypatch.setattr(generalized, "LOOKED_AT", room * 216)
    rows = min(room, 4)
    net = fr.RecurrentNetwork(
        2, 3, fr.heads.Gaussian(2), recurrence="output", output_lags=3, input_lags=1
    )  # fmt: skip
    x, y = torch.randn(4, 6, 2), torch.randn(4, 6, 2)
    mask, lengths = torch.ones(4, 6, dtype=torch.bool), torch.tensor([6, 5, 4, 6])
    batch = PlanBatch(x, y, lengths, mask, net.initial_state(4, torch.randn(4, 3, 2)))
    seen = []

    def looked(net: Any, *arguments: Any, **options: Any) -> torch.Tensor:
        seen.append(fr.dynamics.jacobians(net, *arguments, **options))
        return seen[-1]

    monkeypatch.setattr(generalized, "jacobians", looked)
    Adapting(GeneralizedTeacherForcing("adaptive", every=1)).update(net, batch, None)
    whole = fr.dynamics.jacobians(net, x, y, batch.state, lengths=lengths, mask=mask)
    torch.testing.assert_close(seen[0], whole[:rows])


def test_jacobians_are_looked_at_every_few_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    policy = Adapting(GeneralizedTeacherForcing("adaptive", every=3))

    def jacobians(*arguments: Any, **options: Any) -> Any:
        looked.append(policy.updates)
        return fr.dynamics.jacobians(*arguments, **options)

    monkeypatch.setattr(generalized, "jacobians", jacobians)
    updated(policy, 2.0, 10)
    assert looked == [3, 6, 9]


def test_training_follows_alpha() -> None:
    """Looked at after every update, alpha is what the next batch is fed by."""
    seen: list[tuple[float, float]] = []

    def see(policy: Adapting, net: Any, batch: Any, progress: Any, plan: fr.Plan) -> None:
        assert isinstance(plan.weights, float)
        seen.append((policy.alpha, plan.weights))

    policy = GeneralizedTeacherForcing("adaptive", every=1, decay=0.5)
    train(network(), Watching(policy, see))
    assert [alpha for alpha, _ in seen] == [weight for _, weight in seen]
    assert seen[0][1] == 1.0
    assert all(0 < weight < 1 for _, weight in seen[1:])


def test_hidden_units_are_what_no_alpha_shrinks(tmp_path: Path) -> None:
    message = (
        "GeneralizedTeacherForcing: alpha='adaptive' needs recurrence='output', all of which "
        "alpha shrinks, got recurrence='both'. Pass alpha=0.1, say, or recurrence='output'."
    )
    net, policy = network(recurrence="both"), GeneralizedTeacherForcing("adaptive")
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        train(net, policy, out=tmp_path / "run")
    assert not list(tmp_path.iterdir())
    train(net, GeneralizedTeacherForcing(0.1), epochs=1)


def test_a_fixed_alpha_is_nothing_to_prepare() -> None:
    policy = GeneralizedTeacherForcing(0.4)
    assert policy.prepare(network(), data()) is policy
    assert (
        GeneralizedTeacherForcing("adaptive")
        .plan(PlanBatch(None, torch.zeros(1, 4, 1)), 0.0, None)
        .is_teacher()
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 2}, "alpha must be a finite number from 0 to 1, got 2. Pass alpha=0.5, say."),
        ({"alpha": 10**400}, "alpha must be a finite number from 0 to 1, got 1000"),
        ({"alpha": "adaptiv"}, "alpha must be a number from 0 to 1, or 'adaptive', got 'adaptiv'."),
        ({"every": 0}, "every must be a whole number of 1 or more, got 0. Pass every=1, say."),
        ({"decay": 1.1}, "decay must be a finite number from 0 to 1, got 1.1. Pass decay=0.5"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    message = f"GeneralizedTeacherForcing: {message}"
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}"):
        GeneralizedTeacherForcing(**options)
