"""Plans and policies, and how an unrolled network follows them."""

import re
from dataclasses import fields, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from freerun._checks import ArgumentError
from freerun.data import Sequences
from freerun.forcing import FORCINGS, FreeRunning, TeacherForcing
from freerun.heads import Categorical, Gaussian, Sampling
from freerun.network import RecurrentNetwork
from freerun.plan import Plan, PlanBatch
from tests.contracts.runs import assert_same, gradients, make_run
from tests.contracts.table import Case

Y = torch.arange(12.0).reshape(2, 6, 1)
BATCH = PlanBatch(None, Y)


# --- plans ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"values": Y, "weights": 1.5},
            "Plan: weights must lie in [0, 1], got values from 1.5 to 1.5. Clamp them.",
        ),
        (
            {"values": Y, "weights": torch.tensor([0.5, -0.25])},
            "Plan: weights must lie in [0, 1], got values from -0.25 to 0.5. Clamp them.",
        ),
        (
            {"values": Y, "weights": float("nan")},
            "Plan: weights must lie in [0, 1], got values from nan to nan. Clamp them.",
        ),
        (
            {"values": None, "weights": 0.1},
            "Plan: values must be given where a weight is above 0, got None. Pass values=y.",
        ),
        (
            {"values": Y, "weights": 1.0, "feed": "samples"},
            "Plan: feed must be one of 'mean', 'sample', got 'samples'. Did you mean 'sample'?",
        ),
    ],
    ids=["above 1", "below 0", "NaN", "no values", "feed"],
)
def test_a_plan_that_means_nothing_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        Plan(**arguments)


@pytest.mark.parametrize(
    ("weights", "teacher", "free"),
    [
        (1.0, True, False),
        (1, True, False),
        (0.0, False, True),
        (0.5, False, False),
        (torch.ones(6), True, False),
        (torch.zeros(2, 6), False, True),
        (torch.tensor([1.0, 0.0]), False, False),
    ],
    ids=str,
)
def test_a_plan_knows_whether_it_is_the_teachers_or_nobodys(
    weights: float | Tensor, teacher: bool, free: bool
) -> None:
    plan = Plan(Y, weights)
    assert (plan.is_teacher(), plan.is_free()) == (teacher, free)


def test_a_plan_draws_unless_it_feeds_means() -> None:
    assert not Plan(Y, 0.0).draws
    assert Plan(Y, 0.0, "sample").draws
    assert Plan(Y, 0.0, Sampling(0.5)).draws


@pytest.mark.parametrize("shape", [(), (6,), (2, 6)], ids=str)
def test_a_part_of_a_plan_is_its_steps(shape: tuple[int, ...]) -> None:
    weights = torch.rand(shape)
    part = Plan(Y, weights, "sample", through=False).part(2, 5)
    assert part.values is not None
    assert torch.equal(part.values, Y[:, 2:5])
    assert torch.equal(torch.as_tensor(part.weights), weights[..., 2:5] if shape else weights)
    assert (part.feed, part.through) == ("sample", False)
    assert Plan(None, 0.0).part(1, 2) == Plan(None, 0.0)


# --- policies -------------------------------------------------------------------------------------


def test_teacher_forcing_feeds_every_value() -> None:
    plan = TeacherForcing().plan(BATCH, 0.3, None)
    assert plan.values is Y
    assert plan.is_teacher()


@pytest.mark.parametrize("warmup", [0, 1, 4, 6, 9])
def test_free_running_is_forced_for_its_warmup_and_then_never(warmup: int) -> None:
    plan = FreeRunning(warmup).plan(BATCH, 0.3, None)
    found = torch.as_tensor(plan.weights).expand(6)
    assert found.tolist() == [1.0] * min(warmup, 6) + [0.0] * max(0, 6 - warmup)
    assert (plan.feed, plan.through) == ("mean", True)


@pytest.mark.parametrize("warmup", [-1, 1.5, True])
def test_free_running_refuses_a_warmup_that_counts_nothing(warmup: Any) -> None:
    message = (
        "FreeRunning: warmup must be a whole number of 0 or more, "
        f"got {warmup!r}. Pass warmup=0, say."
    )
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        FreeRunning(warmup)


@pytest.mark.parametrize("name", FORCINGS)
def test_every_policy_is_registered_under_its_own_name(name: str) -> None:
    assert FORCINGS[name].__name__ == name


@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_the_step_after_the_warmup_is_fed_the_truth_and_the_next_one_the_output(
    recurrence: str,
) -> None:
    run = make_run(Case(recurrence=recurrence))
    unrolled = run.net(run.x, run.y, FreeRunning(warmup=2), state=run.state)
    assert torch.equal(unrolled.f[:, :2], run.y[:, :2])
    assert torch.equal(unrolled.f[:, 2:], unrolled.mean[:, 2:])
    third = replace(run, plan=Plan(run.y, 0.0)).unroll(2, 3, unrolled_state(run, 2))
    torch.testing.assert_close(third.o[:, 0], unrolled.o[:, 2])


def unrolled_state(run: Any, steps: int) -> Any:
    """The state that a teacher leaves after ``steps``: its last fed value is y there."""
    state = run.net(run.x[:, :steps], run.y[:, :steps], state=run.state).state
    assert torch.equal(state.output[:, -1], run.y[:, steps - 1])
    return state


# --- what an unrolled network makes of them -------------------------------------------------------


@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_the_default_is_the_teacher_with_y_and_free_running_without(recurrence: str) -> None:
    run = make_run(Case(recurrence=recurrence))
    taught = run.net(run.x, run.y, TeacherForcing())
    assert torch.equal(run.net(run.x, run.y).o, taught.o)
    assert torch.equal(taught.f, run.y)
    free = run.net(run.x, run.y, FreeRunning())
    assert torch.equal(run.net(run.x).o, free.o)
    assert torch.equal(run.net(run.x, forcing=FreeRunning()).o, free.o)
    assert torch.equal(free.f, free.mean)
    assert not torch.allclose(free.o, taught.o)
    assert torch.equal(run.net.loss(run.x, run.y), run.net.loss(run.x, run.y, TeacherForcing()))


def test_forcing_means_nothing_without_an_output_edge() -> None:
    run = make_run(Case(recurrence="hidden"))
    unrolled = run.net(run.x, run.y)
    assert unrolled.f is None
    for forcing in (FreeRunning(), Plan(run.y, 0.3), Plan(None, 0.0)):
        assert torch.equal(run.net(run.x, run.y, forcing).o, unrolled.o)


@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_values_that_are_not_used_may_be_nan(recurrence: str) -> None:
    """0 times NaN is NaN: y is selected away where w = 0, forward and backward."""
    run = make_run(Case(recurrence=recurrence, forcing="0-or-1"))
    assert run.plan is not None
    used = torch.as_tensor(run.plan.weights) == 1
    assert used.any()
    assert not used.all()
    holes = Plan(torch.where(used.unsqueeze(-1), run.y, torch.nan), run.plan.weights)
    broken = replace(run, plan=holes)
    found = gradients(run, run.nll(broken.unroll().o))
    assert_same(found, gradients(run, run.nll(run.unroll().o)), atol=0)


def test_outputs_that_are_not_used_may_be_nan() -> None:
    """g(o) is selected away where w = 1: a step that fails does not spoil those after it."""
    run = make_run(Case(recurrence="output"))
    weights = torch.tensor([0.0, 1.0, 1.0, 0.0, 0.0, 0.0], dtype=torch.float64)
    x = run.x.detach().clone()
    x[:, 2] = torch.nan
    x.requires_grad_()
    broken = replace(run, x=x, plan=Plan(run.y, weights))
    o = broken.unroll().o
    assert o[:, 2].isnan().all()
    others = [0, 1, 3, 4, 5]
    wanted = replace(run, plan=Plan(run.y, weights)).unroll().o
    torch.testing.assert_close(o[:, others], wanted[:, others])
    (gradient,) = torch.autograd.grad(o[:, others].sum(), x)
    (expected,) = torch.autograd.grad(wanted[:, others].sum(), run.x)
    torch.testing.assert_close(gradient[:, others], expected[:, others])


@pytest.mark.parametrize("w", [0.0, 0.25, 1.0])
def test_gradients_pass_the_output_edge_in_the_share_that_is_not_forced(w: float) -> None:
    """d f(1) / d o(1) = 1 - w; nothing of the first step reaches the second one under a teacher."""
    run = make_run(Case("identity", "output", head="Point"), batch=1, steps=2)
    o = replace(run, plan=Plan(run.y, w)).unroll().o
    (own,) = torch.autograd.grad(o[0, 0].sum(), run.x, retain_graph=True)
    (through,) = torch.autograd.grad(o[0, 1].sum(), run.x)
    layer = run.net.layers[0]
    assert layer.weight_fh is not None
    V = run.net.output.weight
    jacobian = (1 - w) * V @ layer.weight_fh @ V @ layer.weight_ih
    torch.testing.assert_close(through[0, 0], jacobian.sum(0))
    torch.testing.assert_close(own[0, 0], (V @ layer.weight_ih).sum(0))


@pytest.mark.parametrize("feed", ["mean", "sample"])
def test_through_false_cuts_the_output_edge(feed: str) -> None:
    run = make_run(Case(recurrence="output"))
    for through in (True, False):
        plan = Plan(run.y, 0.0, feed, through)
        noise = run.net.draw_noise(3, 6, plan, torch.Generator().manual_seed(0))
        o = replace(run, plan=plan, noise=noise).unroll().o
        (gradient,) = torch.autograd.grad(o[:, -1].sum(), run.x)
        assert bool(gradient[:, 0].any()) == through
        assert gradient[:, -1].any()


def test_samples_are_drawn_from_the_generator_and_from_nowhere_else() -> None:
    run = make_run(Case(recurrence="both"))
    plan = Plan(None, 0.0, "sample")

    def path(seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        torch.rand(1)  # the global generator has moved on
        return run.net(run.x, forcing=plan, generator=generator).f

    assert torch.equal(path(1), path(1))
    assert not torch.equal(path(1), path(2))
    noise = run.net.draw_noise(3, 6, plan, torch.Generator().manual_seed(1))
    assert torch.equal(run.net(run.x, forcing=plan, noise=noise).f, path(1))


def test_noise_is_left_alone_where_means_are_fed() -> None:
    run = make_run(Case(recurrence="both"))
    noise = run.net.draw_noise(3, 6, Plan(None, 0.0, "sample"))
    plan = Plan(None, 0.0)
    assert torch.equal(run.net(run.x, forcing=plan, noise=noise).f, run.net(run.x, forcing=plan).f)


def test_sampling_sharpens_what_is_fed() -> None:
    """The coldest draw is the likeliest class; one of the likeliest one is, too."""
    run = make_run(Case(recurrence="both", head="Categorical"))
    for feed in (Sampling(temperature=1e-6), Sampling(top_k=1), Sampling(top_p=1e-9)):
        unrolled = run.net(run.x, forcing=Plan(None, 0.0, feed))
        assert torch.equal(unrolled.f.argmax(-1), unrolled.o.argmax(-1))
        assert torch.equal(unrolled.f.sum(-1), torch.ones(3, 6, dtype=torch.float64))


def test_a_missing_target_is_never_fed() -> None:
    """Whatever the policy says, w = 0 there: what is fed is the network's own mean."""
    run = make_run(Case(recurrence="both"))
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[0, 2] = mask[1, 0] = mask[1, 1] = False
    y = torch.where(mask.unsqueeze(-1), run.y, torch.nan)
    wanted = run.net(run.x, run.y, Plan(run.y, mask.double()))
    found = run.net(run.x, y, TeacherForcing(), mask=mask)
    assert torch.equal(found.f, wanted.f)
    assert torch.equal(found.f[0, 2], found.mean[0, 2])
    # One missing output is enough, for part of a truth is none.
    parts = torch.ones(3, 6, 2, dtype=torch.bool)
    parts[0, 2, 1] = parts[1, 0, 0] = parts[1, 1] = False
    y = torch.where(parts, run.y, torch.nan)
    assert torch.equal(run.net(run.x, y, mask=parts).f, wanted.f)


def test_a_number_for_w_keeps_the_networks_precision() -> None:
    run = make_run(Case(recurrence="both"))
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[0, 0] = False
    w = torch.full((3, 6), 0.3, dtype=torch.float64)
    exact = run.net(run.x, run.y, Plan(run.y, w))
    assert torch.equal(run.net(run.x, run.y, Plan(run.y, 0.3)).f, exact.f)
    w[0, 0] = 0
    exact = run.net(run.x, run.y, Plan(run.y, w))
    assert torch.equal(run.net(run.x, run.y, Plan(run.y, 0.3), mask=mask).f, exact.f)


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forcing", "message"),
    [
        (
            "teacher",
            "RecurrentNetwork: forcing must be a policy or a Plan, got 'teacher'. "
            "Pass forcing=fr.TeacherForcing(), say.",
        ),
        (
            TeacherForcing,
            "RecurrentNetwork: forcing must be a policy or a Plan, got TeacherForcing. "
            "Pass forcing=fr.TeacherForcing(), say.",
        ),
        (
            Plan(torch.zeros(2, 5, 1), 1.0),
            "RecurrentNetwork: the plan's values must be (2, 6, 1), as y, got (2, 5, 1). "
            "They stand in the place of y.",
        ),
        (
            Plan(torch.zeros(2, 6, 1), torch.ones(5)),
            "RecurrentNetwork: the plan's weights must be a number, (6,) or (2, 6), got (5,). "
            "Give one for each step.",
        ),
        (
            Plan(torch.zeros(2, 6, 1), torch.ones(2, 1)),
            "RecurrentNetwork: the plan's weights must be a number, (6,) or (2, 6), got (2, 1). "
            "Give one for each step.",
        ),
        (
            Plan(None, 0.0, Sampling()),
            "RecurrentNetwork: Sampling is for classes, got a Gaussian head. Use 'sample'.",
        ),
    ],
    ids=["name", "class", "values", "time", "axis", "Sampling"],
)
def test_forcing_that_does_not_fit_is_refused(forcing: Any, message: str) -> None:
    net = RecurrentNetwork(1, 3, Gaussian(1), recurrence="both")
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        net(torch.zeros(2, 6, 1), Y, forcing)


def test_a_teacher_without_a_truth_is_refused() -> None:
    net = RecurrentNetwork(1, 3, Categorical(3), recurrence="both")
    message = (
        "RecurrentNetwork: y must be given to be forced, got None. "
        "Pass y, or leave out FreeRunning(warmup=2)."
    )
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        net(torch.zeros(2, 6, 1), forcing=FreeRunning(2))


def test_noise_without_the_samples_that_a_plan_feeds_is_refused() -> None:
    run = make_run(Case(recurrence="both"))
    message = (
        "RecurrentNetwork: noise must hold samples where the plan feeds them, got none. "
        "Take it from net.draw_noise(batch, steps, plan)."
    )
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        run.net(run.x, forcing=Plan(None, 0.0, "sample"), noise=run.noise)


def test_samples_may_be_asked_of_a_teacher_who_misses_a_target() -> None:
    """Noise is drawn before the mask is seen, so a plan that seems to need none has it too."""
    run = make_run(Case(recurrence="both"))
    plan = Plan(run.y, 1.0, "sample")
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[0, 0] = False
    noise = run.net.draw_noise(3, 6, plan)
    assert noise.samples is not None
    unrolled = run.net(run.x, run.y, plan, mask=mask, noise=noise)
    drawn = run.net.head.feed_sample(unrolled.o, noise.samples)
    torch.testing.assert_close(unrolled.f[0, 0], drawn[0, 0])


def test_a_warm_up_that_leaves_nothing_to_run_is_refused() -> None:
    train = Sequences(None, torch.zeros(3, 7, 1))
    FreeRunning(6).prepare(None, train)
    with pytest.raises(ArgumentError, match="warmup must leave a step to run freely, got 7 for"):
        FreeRunning(7).prepare(None, train)


@pytest.mark.parametrize("made", [Plan(None, 0.0), PlanBatch(None, Y)], ids=["plan", "batch"])
def test_every_field_is_written(made: Any) -> None:
    """Both write their fields themselves."""
    assert list(vars(made)) == [one.name for one in fields(made)]
    copied = replace(made)
    assert vars(copied) == vars(made)
