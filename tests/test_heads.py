"""Heads: their likelihoods, means, draws, and what of them is fed back."""

import math
import re
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution

from freerun._checks import ArgumentError
from freerun.heads import (
    HEADS,
    Bernoulli,
    Categorical,
    Gaussian,
    GaussianMixture,
    Head,
    Laplace,
    NegativeBinomial,
    Point,
    Poisson,
    Sampling,
    StudentT,
)
from tests.contracts.runs import draw_y
from tests.contracts.table import make_head

ALL = {name: make_head(name) for name in HEADS}
DRAWN = {name: head for name, head in ALL.items() if head.can_sample}
SCALED = {name: head for name, head in ALL.items() if head.scalable}


def over(heads: dict[str, Head]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("head", list(heads.values()), ids=list(heads))


def numbers(head: Head, *shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, head.size, generator=generator, dtype=torch.float64)


def log_prob(distribution: Distribution, y: Tensor) -> Tensor:
    """Summed over the features that the distribution keeps apart."""
    found = distribution.log_prob(y)
    return found if found.ndim == y.ndim - 1 or not y.is_floating_point() else found.sum(-1)


def softplus_floor(raw: float) -> float:
    return math.log1p(math.exp(raw) * (math.e - 1)) + 1e-4


# --- likelihoods ----------------------------------------------------------------------------------


@over(ALL)
def test_sizes_are_those_of_what_comes_out(head: Head) -> None:
    o, y = numbers(head, 4, 5), draw_y(head, 4, 5)
    fed = (4, 5, head.fed_size)
    assert y.shape == ((4, 5) if head.outputs is None else (4, 5, head.outputs))
    assert head.nll(o, y).shape == (4, 5)
    assert head.mean(o).shape == (4, 5, head.outputs or head.size)
    assert head.feed_mean(o).shape == head.feed_truth(y).shape == fed
    assert head.from_fed(head.feed_truth(y)).shape == y.shape
    if head.can_sample:
        noise = head.noise((4, 5), None, torch.float64)
        assert noise.shape == (4, 5, head.noise_size)
        assert head.feed_sample(o, noise).shape == fed


@over(DRAWN)
def test_the_nll_is_that_of_its_distribution(head: Head) -> None:
    o, y = numbers(head, 4, 5), draw_y(head, 4, 5)
    torch.testing.assert_close(head.nll(o, y), -log_prob(head.distribution(o), y))


@pytest.mark.parametrize("m", [-0.7, 0.4])
@pytest.mark.parametrize("raw", [-1.2, 0.8])
def test_real_valued_likelihoods_by_hand(m: float, raw: float) -> None:
    y, s, nu = 0.9, softplus_floor(raw), 2 + softplus_floor(0.3)
    z = (y - m) / s
    wanted = {
        Point(1): 0.5 * (y - m) ** 2,
        Gaussian(1): 0.5 * math.log(2 * math.pi) + math.log(s) + 0.5 * z**2,
        Laplace(1): math.log(2 * s) + abs(z),
        StudentT(1): (
            math.lgamma(nu / 2)
            - math.lgamma((nu + 1) / 2)
            + 0.5 * math.log(nu * math.pi)
            + math.log(s)
            + (nu + 1) / 2 * math.log1p(z**2 / nu)
        ),
    }
    for head, expected in wanted.items():
        o = torch.tensor([m, raw, 0.3], dtype=torch.float64)[: head.size]
        found = head.nll(o, torch.tensor([y], dtype=torch.float64)).item()
        assert found == pytest.approx(expected, rel=1e-12), head


@pytest.mark.parametrize("count", [0, 1, 7])
def test_count_likelihoods_by_hand(count: int) -> None:
    """Poisson with rate e^o; negative binomial with mean e^o and variance mean + mean^2 / r."""
    o, raw = 0.6, -0.4
    rate, r = math.exp(o), softplus_floor(raw)
    poisson = rate - count * o + math.lgamma(count + 1)
    p = rate / (rate + r)
    negative = -(
        math.lgamma(count + r) - math.lgamma(count + 1) - math.lgamma(r)
        + r * math.log1p(-p) + count * math.log(p)
    )  # fmt: skip
    y = torch.tensor([float(count)], dtype=torch.float64)
    found = Poisson(1).nll(torch.tensor([o], dtype=torch.float64), y).item()
    assert found == pytest.approx(poisson, rel=1e-12)
    found = NegativeBinomial(1).nll(torch.tensor([o, raw], dtype=torch.float64), y).item()
    assert found == pytest.approx(negative, rel=1e-12)


def test_the_likelihoods_of_classes_and_of_yes_or_no_by_hand() -> None:
    o = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    total = math.exp(0.5) + math.exp(-1.0) + math.exp(2.0)
    found = Categorical(3).nll(o, torch.tensor(1)).item()
    assert found == pytest.approx(math.log(total) + 1.0, rel=1e-12)
    soft = torch.tensor([1.0, 0.0, 0.25], dtype=torch.float64)
    wanted = (
        math.log1p(math.exp(-0.5))
        + math.log1p(math.exp(-1.0))
        + 0.25 * math.log1p(math.exp(-2.0))
        + 0.75 * math.log1p(math.exp(2.0))
    )
    assert Bernoulli(3).nll(o, soft).item() == pytest.approx(wanted, rel=1e-12)


def test_the_likelihood_of_a_mixture_by_hand() -> None:
    """o = (logits (k), locations (k, d), raw (k, d)), component by component."""
    head = GaussianMixture(outputs=2, components=2)
    logits, m, raw = (0.3, -0.2), ((0.1, 0.2), (-0.5, 1.0)), ((0.0, -1.0), (0.4, 0.7))
    y = (0.6, -0.3)
    o = torch.tensor([*logits, *m[0], *m[1], *raw[0], *raw[1]], dtype=torch.float64)
    density, total = 0.0, sum(math.exp(each) for each in logits)
    for j in range(2):
        share = math.exp(logits[j]) / total
        for i in range(2):
            s = softplus_floor(raw[j][i])
            share *= math.exp(-0.5 * ((y[i] - m[j][i]) / s) ** 2) / (s * math.sqrt(2 * math.pi))
        density += share
    found = head.nll(o, torch.tensor(y, dtype=torch.float64)).item()
    assert found == pytest.approx(-math.log(density), rel=1e-12)
    weights = [math.exp(each) / total for each in logits]
    mean = [weights[0] * m[0][i] + weights[1] * m[1][i] for i in range(2)]
    assert head.mean(o).tolist() == pytest.approx(mean, rel=1e-12)


@over(SCALED)
def test_with_a_scale_it_is_the_nll_of_the_users_y(head: Head) -> None:
    """The density of scale y + shift is p(y) / |scale|; a squared error grows by scale^2."""
    o, y = numbers(head, 5), draw_y(head, 5)
    scale = torch.tensor([3.0, 0.2], dtype=torch.float64)
    found = head.nll(o, y, None, scale)
    if isinstance(head, Point):
        wanted = 0.5 * (scale * y - scale * o).square().sum(-1)
    else:
        wanted = head.nll(o, y) + scale.log().sum()
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("head", [Gaussian(1), Laplace(1), StudentT(1), GaussianMixture(1, 3)])
def test_the_users_density_integrates_to_one(head: Head) -> None:
    o = numbers(head, 1)
    scale = torch.tensor([5.0], dtype=torch.float64)
    Y = torch.linspace(-4000, 4000, 800_001, dtype=torch.float64).unsqueeze(-1)
    density = (-head.nll(o, Y / scale, None, scale)).exp()
    # A Student's t with 3 degrees of freedom has 1e-7 of its mass beyond 4000 / 5 / scale.
    assert torch.trapezoid(density, Y[:, 0]).item() == pytest.approx(1.0, abs=1e-5)


@over(ALL)
def test_what_is_not_observed_adds_nothing(head: Head) -> None:
    """Neither to the loss nor to the gradient, whatever number stands there."""
    o, y = numbers(head, 60).requires_grad_(), draw_y(head, 60)
    observed = torch.rand(y.shape, generator=torch.Generator().manual_seed(1)) < 0.5
    observed[0] = False
    other = torch.where(observed, y, draw_y(head, 60, seed=3))
    found, again = head.nll(o, y, observed), head.nll(o, other, observed)
    torch.testing.assert_close(found, again, atol=0, rtol=0)
    whole = torch.ones_like(observed)
    torch.testing.assert_close(head.nll(o, y, whole), head.nll(o, y))
    (gradient,) = torch.autograd.grad(found.sum(), o)
    assert torch.isfinite(gradient).all()
    unseen = ~observed if observed.ndim == 1 else ~observed.any(-1)
    assert unseen[0]
    assert (found[unseen] == 0).all()
    assert (gradient[unseen] == 0).all()


@pytest.mark.parametrize("head", [Gaussian(1), Laplace(1), StudentT(1), Point(1)], ids=repr)
def test_what_is_not_observed_is_selected_away_and_not_multiplied(head: Head) -> None:
    """0 times infinity is NaN."""
    y = torch.full((3, 1), torch.inf, dtype=torch.float64)
    found = head.nll(numbers(head, 3), y, torch.zeros(3, 1, dtype=torch.bool))
    assert found.tolist() == [0.0, 0.0, 0.0]


@over({name: head for name, head in ALL.items() if head.outputs is not None})
def test_a_feature_that_is_not_observed_is_marginalised(head: Head) -> None:
    """What is left is the likelihood of the first feature alone."""
    o, y = numbers(head, 6), draw_y(head, 6)
    observed = torch.tensor([True, False]).expand(6, 2)
    if isinstance(head, GaussianMixture):
        k = head.components
        logits, location, raw = o.split([k, 2 * k, 2 * k], -1)
        alone = torch.cat([logits, location[:, ::2], raw[:, ::2]], -1)
        wanted = GaussianMixture(1, k).nll(alone, y[:, :1])
        scaled = wanted + math.log(3.0)
    else:
        wanted = type(head)(1).nll(o[:, ::2], y[:, :1])  # type: ignore[call-arg]
        scaled = type(
            head
        )(
            1
        ).nll(  # type: ignore[call-arg]
            o[:, ::2], y[:, :1], None, torch.tensor([3.0], dtype=torch.float64)
        )
    torch.testing.assert_close(head.nll(o, y, observed), wanted)
    scale = torch.tensor([3.0, 7.0], dtype=torch.float64)
    torch.testing.assert_close(head.nll(o, y, observed, scale), scaled)


@over(ALL)
def test_gradients_of_the_nll_and_of_what_is_fed(head: Head) -> None:
    o, y = numbers(head, 4).requires_grad_(), draw_y(head, 4)
    assert torch.autograd.gradcheck(lambda each: head.nll(each, y), (o,))
    assert torch.autograd.gradcheck(head.feed_mean, (o,))
    assert torch.autograd.gradcheck(head.mean, (o,))


@over(ALL)
def test_nothing_overflows_far_out(head: Head) -> None:
    """float32, and outputs that no healthy network has."""
    for size in (-1e4, -100.0, 0.0, 100.0, 1e4):
        o = torch.full((head.size,), size, requires_grad=True)
        y = draw_y(head, 1)[0]
        y = y if head.outputs is None else y.float()
        for value in (head.nll(o, y), head.mean(o).sum(), head.feed_mean(o).sum()):
            assert torch.isfinite(value), size
            (gradient,) = torch.autograd.grad(value, o)
            assert torch.isfinite(gradient).all(), size


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64], ids=str)
def test_classes_of_every_whole_number_type(dtype: torch.dtype) -> None:
    head, o = Categorical(3), torch.zeros(4, 3)
    y = torch.tensor([0, 2, 1, 1], dtype=dtype)
    torch.testing.assert_close(head.nll(o, y), torch.full((4,), math.log(3)))
    assert head.feed_truth(y).argmax(-1).tolist() == [0, 2, 1, 1]


# --- what is fed back -----------------------------------------------------------------------------


@over(ALL)
def test_from_fed_is_the_inverse_of_feed_truth(head: Head) -> None:
    y = draw_y(head, 50)
    torch.testing.assert_close(head.from_fed(head.feed_truth(y)), y)


def test_what_is_fed_back_by_hand() -> None:
    def vector(*values: float) -> Tensor:
        return torch.tensor(values, dtype=torch.float64)

    for head in (Gaussian(2), Laplace(2), StudentT(2), Point(2)):
        o = torch.arange(1.0, head.size + 1, dtype=torch.float64)
        assert head.feed_mean(o).tolist() == head.mean(o).tolist() == [1.0, 2.0]
        assert head.feed_truth(vector(3.0, 4.0)).tolist() == [3.0, 4.0]
    for count in (Poisson(1), NegativeBinomial(1)):
        o = vector(0.7, 0.1)[: count.size]
        assert count.feed_mean(o).item() == pytest.approx(math.log1p(math.exp(0.7)))
        assert count.mean(o).item() == pytest.approx(math.exp(0.7))
        assert count.feed_truth(vector(4.0)).item() == pytest.approx(math.log(5))
    assert Bernoulli(1).feed_mean(vector(0.7)).item() == pytest.approx(1 / (1 + math.exp(-0.7)))
    assert Bernoulli(1).feed_truth(vector(1.0)).item() == 1.0
    wanted = [math.exp(each) / (math.e + math.exp(2) + math.exp(3)) for each in (1, 2, 3)]
    assert Categorical(3).feed_mean(vector(1, 2, 3)).tolist() == pytest.approx(wanted)
    assert Categorical(3).mean(vector(1, 2, 3)).tolist() == pytest.approx(wanted)
    assert Categorical(3).feed_truth(torch.tensor(2)).tolist() == [0.0, 0.0, 1.0]
    assert Categorical(3).from_fed(vector(0.2, 0.5, 0.3)).item() == 1


def test_which_heads_have_a_location_and_which_pass_gradients_through_a_draw() -> None:
    shipped = {name for name, head in ALL.items() if type(head).__module__.startswith("freerun.")}
    located = {name for name in shipped if ALL[name].location_size}
    assert located == {"Gaussian", "Laplace", "StudentT", "Point"}
    assert {name for name in shipped if ALL[name].reparameterised} == located - {"Point"}
    assert {name for name in shipped if not ALL[name].can_sample} == {"Point"}
    assert {name for name in shipped if ALL[name].scalable} == located | {"GaussianMixture"}


@over(ALL)
def test_a_location_is_what_a_residual_edge_may_shift(head: Head) -> None:
    if not head.location_size:
        return
    assert head.location_size == head.fed_size
    o, shift = numbers(head, 4), torch.tensor([0.3, -2.0], dtype=torch.float64)
    moved = o.clone()
    moved[:, : head.location_size] += shift
    y = draw_y(head, 4)
    torch.testing.assert_close(head.nll(moved, y + shift), head.nll(o, y))
    torch.testing.assert_close(head.mean(moved), head.mean(o) + shift)


def test_scales_start_at_one() -> None:
    zero = torch.zeros(3, dtype=torch.float64)
    normal: Any = Gaussian(1).distribution(zero[:2])
    laplace: Any = Laplace(1).distribution(zero[:2])
    student: Any = StudentT(1).distribution(zero)
    # The floor of 1e-4 comes on top.
    assert normal.scale.item() == laplace.scale.item() == pytest.approx(1 + 1e-4)
    assert student.scale.item() == pytest.approx(1 + 1e-4)
    assert student.df.item() == pytest.approx(3 + 1e-4)


# --- draws ----------------------------------------------------------------------------------------

MANY = 50_000


def draws(head: Head, o: Tensor, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    noise = head.noise((MANY,), generator, torch.float64)
    return head.from_fed(head.feed_sample(o.expand(MANY, -1), noise))


@over({name: head for name, head in DRAWN.items() if head.outputs is not None})
def test_draws_have_the_mean_and_the_variance_of_the_distribution(head: Head) -> None:
    o = 0.5 * numbers(head)
    found, distribution = draws(head, o).reshape(MANY, -1), head.distribution(o)
    mean, variance = distribution.mean, distribution.variance
    torch.testing.assert_close(head.mean(o), mean)
    # Five standard errors: sqrt(variance / n).
    assert ((found.mean(0) - mean).abs() < 5 * (variance / MANY).sqrt()).all()
    if not isinstance(head, StudentT):  # whose fourth moment need not exist
        spread = (found - mean).square()
        error = 5 * (spread.var(0) / MANY).sqrt()
        assert ((spread.mean(0) - variance).abs() < error).all()
    if not isinstance(head, GaussianMixture):
        correlation = torch.corrcoef(found.T)[0, 1].abs().item()
        assert correlation < 5 / math.sqrt(MANY), "features are independent given o"


@over({name: ALL[name] for name in ("Gaussian", "Laplace", "StudentT")})
def test_draws_have_the_distribution_function_of_their_density(head: Head) -> None:
    """Kolmogorov's distance: 1.95 / sqrt(n) is passed once in 1000 tries."""
    o = 0.5 * numbers(head)
    found = draws(head, o)[:, 0].sort().values
    grid = torch.linspace(-60, 60, 600_001, dtype=torch.float64)
    y = torch.stack([grid, torch.zeros_like(grid)], -1)
    first = torch.tensor([True, False]).expand_as(y)
    density = (-head.nll(o, y, first)).exp()
    below = torch.cumulative_trapezoid(density, grid)
    expected = below[((found + 60) / 120 * 600_000).long().clamp(0, 599_999)]
    rank = torch.arange(1, MANY + 1) / MANY
    inside = found.abs() < 50  # the tail beyond holds less than the distance
    assert (expected - rank)[inside].abs().max() < 1.95 / math.sqrt(MANY) + 1e-3


def chi_square(found: Tensor, expected: Tensor) -> float:
    return ((found - expected).square() / expected).sum().item()


@pytest.mark.parametrize("log_mean", [-2.0, 0.5, 3.0])
@pytest.mark.parametrize("head", [Poisson(1), NegativeBinomial(1)], ids=["Poisson", "negative"])
def test_counts_are_drawn_as_often_as_they_should(head: Head, log_mean: float) -> None:
    o = torch.tensor([log_mean, 0.4], dtype=torch.float64)[: head.size]
    found = draws(head, o)[:, 0].round().long()
    y = torch.arange(400, dtype=torch.float64).unsqueeze(-1)
    odds = (-head.nll(o, y)).exp()
    kept = int((odds * MANY > 10).nonzero().max()) + 1  # ten expected at least, and the rest as one
    counted = torch.bincount(found.clamp(max=kept), minlength=kept + 1).double()
    expected = MANY * torch.cat([odds[:kept], odds[kept:].sum().reshape(1)])
    expected[-1] += 1  # the rest may be next to nothing
    # Mean k, variance 2 k: five standard deviations.
    assert chi_square(counted, expected) < len(expected) + 5 * math.sqrt(2 * len(expected))


def test_classes_and_yes_or_no_are_drawn_as_often_as_they_should() -> None:
    o = torch.tensor([0.5, -1.0, 2.0, -torch.inf], dtype=torch.float64)
    counted = torch.bincount(draws(Categorical(4), o), minlength=4).double()
    expected = MANY * o.softmax(-1)
    assert counted[3] == 0
    # Two degrees of freedom: 13.8 is passed once in 1000 tries.
    assert chi_square(counted[:3], expected[:3]) < 13.8
    found = draws(Bernoulli(3), o[:3]).mean(0)
    p = o[:3].sigmoid()
    assert ((found - p).abs() < 5 * (p * (1 - p) / MANY).sqrt()).all()
    assert set(draws(Bernoulli(1), o[:1]).unique().tolist()) == {0.0, 1.0}


def test_a_mixture_draws_its_components_as_often_as_it_says() -> None:
    head = GaussianMixture(1, 3)
    o = torch.tensor([0.5, -1.0, 0.0, -50, 0, 50, 0, 0, 0], dtype=torch.float64)
    found = draws(head, o)[:, 0]
    counted = torch.stack([(found < -25).sum(), (found.abs() < 25).sum(), (found > 25).sum()])
    assert chi_square(counted, MANY * o[:3].softmax(-1)) < 13.8  # as above


@over(DRAWN)
def test_the_same_noise_gives_the_same_draw_and_another_generator_another(head: Head) -> None:
    o = numbers(head, 20)
    noise = [
        head.noise((20,), torch.Generator().manual_seed(seed), torch.float64) for seed in (1, 1, 2)
    ]
    found = [head.feed_sample(o, each) for each in noise]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert head.noise((3,), None, torch.float32).dtype == torch.float32


@over(DRAWN)
def test_gradients_pass_through_a_draw_just_where_the_head_says_so(head: Head) -> None:
    o = numbers(head, 6).requires_grad_()
    noise = head.noise((6,), torch.Generator().manual_seed(0), torch.float64)
    if head.reparameterised:
        assert torch.autograd.gradcheck(lambda each: head.feed_sample(each, noise), (o,))
    else:
        # A mixture's is exact for the component that was chosen, and blind to the choice.
        assert isinstance(head, GaussianMixture) or not head.feed_sample(o, noise).requires_grad


@over(DRAWN)
def test_draws_at_the_ends_of_the_noise_are_finite(head: Head) -> None:
    """Uniform noise stays off 0 and 1, where quantiles are infinite: in float32, too."""
    noise = head.noise((50_000,), torch.Generator().manual_seed(0), torch.float32)
    o = torch.zeros(50_000, head.size, requires_grad=True)
    found = head.feed_sample(o, noise)
    assert torch.isfinite(found).all()
    edge = torch.finfo(torch.float32).eps / 2
    for extreme in (edge, 1 - edge):
        found = head.feed_sample(o[:3], torch.full((3, head.noise_size), extreme))
        assert torch.isfinite(found).all()
        if found.requires_grad:
            (gradient,) = torch.autograd.grad(found.sum(), o)
            assert torch.isfinite(gradient).all()


def test_large_counts_are_drawn_without_loss() -> None:
    o = torch.tensor([math.log(1e6)], dtype=torch.float64)
    found = draws(Poisson(1), o)[:, 0]
    assert found.mean().item() == pytest.approx(1e6, abs=5 * 1e3 / math.sqrt(MANY))
    assert found.std().item() == pytest.approx(1e3, rel=5 / math.sqrt(2 * MANY))


# --- sampling classes -----------------------------------------------------------------------------


def odds_of(sampling: Sampling, odds: list[float]) -> list[float]:
    found: list[float] = (
        sampling(torch.tensor(odds, dtype=torch.float64).log()).softmax(-1).tolist()
    )
    return found


def test_temperature_raises_odds_to_its_inverse() -> None:
    odds = [0.5, 0.3, 0.2]
    for temperature in (0.5, 1.0, 3.0):
        powers = [each ** (1 / temperature) for each in odds]
        wanted = [each / sum(powers) for each in powers]
        assert odds_of(Sampling(temperature), odds) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("sampling", "wanted"),
    [
        (Sampling(), [0.1, 0.4, 0.2, 0.3]),
        (Sampling(top_k=1), [0, 1, 0, 0]),
        (Sampling(top_k=2), [0, 4 / 7, 0, 3 / 7]),
        (Sampling(top_k=9), [0.1, 0.4, 0.2, 0.3]),
        (Sampling(top_p=0.3), [0, 1, 0, 0]),
        # The smallest set that reaches 0.5 is {0.4, 0.3}.
        (Sampling(top_p=0.5), [0, 4 / 7, 0, 3 / 7]),
        (Sampling(top_p=0.85), [0, 4 / 9, 2 / 9, 3 / 9]),
        (Sampling(top_p=1.0), [0.1, 0.4, 0.2, 0.3]),
        # After top_k, 0.4 of 0.7 reaches 0.55 alone.
        (Sampling(top_k=2, top_p=0.55), [0, 1, 0, 0]),
    ],
    ids=str,
)
def test_what_may_be_drawn(sampling: Sampling, wanted: list[float]) -> None:
    assert odds_of(sampling, [0.1, 0.4, 0.2, 0.3]) == pytest.approx(wanted)


def test_top_p_stops_where_it_is_reached_exactly() -> None:
    assert sorted(odds_of(Sampling(top_p=0.5), [0.5, 0.5])) == [0.0, 1.0]


def test_ties_with_the_last_class_that_top_k_keeps_stay() -> None:
    assert odds_of(Sampling(top_k=1), [0.4, 0.4, 0.2]) == pytest.approx([0.5, 0.5, 0.0])


def test_a_class_that_may_not_be_drawn_never_is() -> None:
    """At either end of the noise, and where rounding leaves the last rungs without height."""
    head, least = Categorical(4), torch.finfo(torch.float32).eps / 2
    for logits in ([-torch.inf, 0.0, -torch.inf, -torch.inf], [-torch.inf, -40.0, 0.0, -torch.inf]):
        o = torch.tensor(logits)
        for u in (least, 0.5, 1 - least):
            drawn = head.feed_sample(o, torch.tensor([u])).argmax()
            assert math.isfinite(logits[int(drawn)])


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "2", None], ids=repr)
@pytest.mark.parametrize("name", [name for name in HEADS if name != "Categorical"])
def test_outputs_that_count_nothing_are_refused(name: str, wrong: Any) -> None:
    message = (
        f"{name}: outputs must be a whole number of 1 or more, got {wrong!r}. Pass outputs=1, say."
    )
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        HEADS[name](wrong)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: Categorical(1),
            "Categorical: classes must be a whole number of 2 or more, got 1. Pass classes=2, say.",
        ),
        (
            lambda: GaussianMixture(1, 0),
            "GaussianMixture: components must be a whole number of 1 or more, got 0. "
            "Pass components=1, say.",
        ),
        (
            lambda: Sampling(0.0),
            "Sampling: temperature must be a finite number from 1e-06 to 1e+06, got 0.0. "
            "Pass temperature=0.5, say.",
        ),
        (
            lambda: Sampling(top_k=0),
            "Sampling: top_k must be a whole number of 1 or more, got 0. Pass top_k=1, say.",
        ),
        (
            lambda: Sampling(top_p=1.5),
            "Sampling: top_p must be a finite number from 1e-09 to 1, got 1.5. "
            "Pass top_p=0.5, say.",
        ),
        (
            lambda: Point(1).distribution(torch.zeros(1)),
            "Point: a distribution needs a spread, got a head with a location only. "
            "Use Gaussian, Laplace or StudentT.",
        ),
        (
            lambda: Point(1).noise((1,), None, torch.float32),
            "Point: a sample needs a spread, got a head with a location only. "
            "Use Gaussian, Laplace or StudentT.",
        ),
        (
            lambda: Point(1).feed_sample(torch.zeros(1), torch.zeros(0)),
            "Point: a sample needs a spread, got a head with a location only. "
            "Use Gaussian, Laplace or StudentT.",
        ),
    ],
    ids=["classes", "components", "temperature", "top_k", "top_p", "density", "noise", "sample"],
)
def test_refusals(build: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        build()


@over(ALL)
def test_a_head_is_a_value(head: Head) -> None:
    assert head == make_head(type(head).__name__)
    assert hash(head) == hash(make_head(type(head).__name__))
    with pytest.raises(FrozenInstanceError):
        head.outputs = 7  # type: ignore[misc]


@pytest.mark.parametrize("head", [Poisson(2), NegativeBinomial(2)])
def test_a_draw_of_what_is_no_number_is_none(head: Head) -> None:
    o = torch.zeros(3, head.size)
    o[1] = torch.nan
    drawn = head.feed_sample(o, torch.full((3, head.noise_size), 0.5))
    assert drawn[1].isnan().all()
    assert drawn[[0, 2]].isfinite().all()
