"""A coin at every step of every sequence decides what is fed."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import freerun as fr
from freerun._checks import ArgumentError
from freerun.forcing import Linear, PlanBatch, Progress, ScheduledSampling
from tests.contracts.runs import assert_same, gradients, make_run
from tests.contracts.table import Case
from tests.forcing.examples import network, seeded, train

ROWS = PlanBatch(None, torch.zeros(200, 100, 1))


def coins(share: float, seed: int = 0) -> torch.Tensor:
    weights = ScheduledSampling(share).plan(ROWS, 0.0, seeded(seed)).weights
    assert isinstance(weights, torch.Tensor)
    assert weights.shape == (200, 100)
    assert set(weights.unique().tolist()) <= {0.0, 1.0}
    return weights


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_coins_fall_as_often_as_the_schedule_says_and_know_nothing_of_each_other(
    share: float,
) -> None:
    found = coins(share)
    spread = (share * (1 - share)) ** 0.5
    # Five standard errors of means of 20 000, 200 and 100 coins.
    assert abs(found.mean() - share) < 5 * spread / 20_000**0.5
    assert (found.mean(0) - share).abs().max() < 5 * spread / 200**0.5
    assert (found.mean(1) - share).abs().max() < 5 * spread / 100**0.5
    off = (found - share) / spread
    for one, other in ((off[:, 1:], off[:, :-1]), (off[1:], off[:-1])):
        assert abs((one * other).mean()) < 5 / one.numel() ** 0.5


def test_the_ends_are_the_teacher_and_free_running() -> None:
    assert (coins(1.0) == 1).all()
    assert (coins(0.0) == 0).all()


def test_the_same_seed_throws_the_same_coins() -> None:
    assert torch.equal(coins(0.5, 1), coins(0.5, 1))
    assert not torch.equal(coins(0.5, 1), coins(0.5, 2))
    with torch.random.fork_rng(devices=[]):
        before = torch.get_rng_state()
        coins(0.5)
        assert torch.equal(torch.get_rng_state(), before)


def test_the_odds_follow_the_schedule() -> None:
    policy = ScheduledSampling(Linear(0.8, 0.2))
    for share in (0.0, 0.5, 1.0):
        weights = policy.plan(ROWS, Progress(share, 3), seeded()).weights
        assert torch.as_tensor(weights).mean() == pytest.approx(0.8 - 0.6 * share, abs=0.02)


def test_by_default_the_truth_is_withdrawn() -> None:
    assert ScheduledSampling() == ScheduledSampling("linear") == ScheduledSampling(Linear(1, 0))


@pytest.mark.parametrize("through", [True, False])
@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_gradients_pass_what_is_fed_back_only_if_asked(recurrence: str, through: bool) -> None:
    """By hand: step by step, with what is fed cut from the graph or not."""
    run = make_run(Case(recurrence=recurrence))
    plan = ScheduledSampling(0.4, through=through).plan(run.batch(), 0.0, seeded(3))
    weights = torch.as_tensor(plan.weights)
    assert 0 < weights.mean() < 1
    net, state, outputs = run.net, run.state, []
    for t in range(run.steps):
        step = net(run.x[:, t : t + 1], state=state)
        outputs.append(step.o)
        fed = step.o[:, :, : net.head.fed_size]
        fed = fed if through else fed.detach()
        fed = torch.where(weights[:, t, None, None] == 1, run.y[:, t : t + 1], fed)
        state = replace(step.state, output=fed)
    wanted = gradients(run, run.nll(torch.cat(outputs, 1)))
    got = gradients(run, run.nll(replace(run, plan=plan).unroll().o))
    assert_same(got, wanted)
    other = ScheduledSampling(0.4, through=not through).plan(run.batch(), 0.0, seeded(3))
    differs = gradients(run, run.nll(replace(run, plan=other).unroll().o))
    assert not torch.allclose(differs["dx"], got["dx"])


@pytest.mark.parametrize("head", ["Categorical", "Gaussian"])
def test_samples_are_fed_in_training(head: str) -> None:
    """What is fed is the truth where the coin says so, and a draw elsewhere."""
    run = make_run(Case(recurrence="both", head=head), batch=30, steps=20)
    plan = ScheduledSampling(0.5, feed="sample").plan(run.batch(), 0.0, seeded(1))
    noise = run.net.draw_noise(30, 20, plan, seeded(2))
    unrolled = replace(run, plan=plan, noise=noise).unroll()
    assert unrolled.f is not None
    taught = torch.as_tensor(plan.weights) == 1
    truth = run.net.head.feed_truth(run.y)
    assert torch.equal(unrolled.f[taught], truth[taught].to(unrolled.f))
    off = (unrolled.f - run.net.head.feed_mean(unrolled.o))[~taught]
    if head == "Categorical":
        assert torch.equal(unrolled.f.sum(-1), torch.ones_like(unrolled.f[..., 0]))
        assert set(unrolled.f.unique().tolist()) == {0.0, 1.0}
        assert off.abs().min() > 0
    else:
        assert off.abs().min() > 0
        scale = unrolled.distribution().stddev[~taught]
        assert abs((off / scale).std() - 1) < 0.15


def test_samples_that_a_head_cannot_draw_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    message = (
        "ScheduledSampling: feed='sample' needs a head with a spread, got a Point head. "
        "Use feed='mean', or a Gaussian head."
    )
    net = network(fr.heads.Point(1))
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        train(net, ScheduledSampling(feed="sample"), out=tmp_path / "run")
    assert not list(tmp_path.iterdir())


class Steep:
    def at(self, progress: float) -> float:
        return 1 + progress


def test_a_schedule_that_leaves_the_shares_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"^Steep.at: .* at progress 0.5, got 1.5. Clamp it"):
        ScheduledSampling(Steep()).plan(ROWS, 0.5, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule": 2}, "ScheduledSampling: schedule must be a finite number from 0 to 1, got 2"),
        ({"feed": "draw"}, "ScheduledSampling: feed must be one of 'mean', 'sample', got 'draw'"),
        ({"through": 1}, "ScheduledSampling: through must be True or False, got 1. Pass through="),
    ],
)
def test_what_it_cannot_do_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}"):
        ScheduledSampling(**options)
