"""Synthetic data against what is known of it."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from freerun._checks import ArgumentError
from freerun.data import Sequences, datasets

Generator = Callable[..., Tensor | tuple[Tensor, Tensor]]

# Every generator with arguments that make it quick.
GENERATORS: list[tuple[Generator, dict[str, int]]] = [
    (datasets.mackey_glass, {"steps": 40, "washout": 5}),
    (datasets.lorenz63, {"steps": 40, "washout": 5}),
    (datasets.lorenz96, {"steps": 40, "washout": 5}),
    (datasets.second_order, {"steps": 40}),
    (datasets.chen, {"steps": 40}),
    (datasets.adding, {"sequences": 5, "length": 8}),
    (datasets.copy_memory, {"sequences": 5, "delay": 8}),
    (datasets.temporal_order, {"sequences": 5, "length": 12}),
]


def parts(generated: Tensor | tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
    return generated if isinstance(generated, tuple) else (generated,)


@pytest.mark.parametrize(("generate", "arguments"), GENERATORS)
def test_the_seed_decides(generate: Generator, arguments: dict[str, int]) -> None:
    first, again = parts(generate(**arguments)), parts(generate(**arguments, seed=0))
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    other = parts(generate(**arguments, seed=1))
    assert not torch.equal(first[0], other[0])
    given = torch.Generator().manual_seed(1)
    assert torch.equal(parts(generate(**arguments, seed=given))[0], other[0])
    # A generator is drawn from where it stands.
    assert not torch.equal(parts(generate(**arguments, seed=given))[0], other[0])
    assert first[0].dtype == torch.float64


@pytest.mark.parametrize(("generate", "arguments"), GENERATORS)
def test_the_global_seed_is_left_alone(generate: Generator, arguments: dict[str, int]) -> None:
    before = torch.get_rng_state()
    generate(**arguments)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("generate", "arguments"), GENERATORS)
def test_wrong_arguments_are_refused(generate: Generator, arguments: dict[str, int]) -> None:
    for name in arguments:
        with pytest.raises(ArgumentError, match=rf"^{generate.__name__}: {name} must be"):
            generate(**{**arguments, name: -1})
    with pytest.raises(ArgumentError, match=rf"^{generate.__name__}: seed must be"):
        generate(**arguments, seed=-1)


@pytest.mark.parametrize("generate", [datasets.lorenz63, datasets.lorenz96])
def test_lorenz_paths_converge_at_fourth_order(generate: Callable[..., Tensor]) -> None:
    """Halving the step divides the error by 16, in one unit of time, while chaos is mild."""

    def end(substeps: int) -> Tensor:
        return generate(steps=11, dt=0.1, washout=0, substeps=substeps, seed=2)[-1]

    truth = end(640)
    coarse, fine = (float((end(substeps) - truth).norm()) for substeps in (20, 40))
    assert 3.7 < math.log2(coarse / fine) < 4.3


def test_lorenz63_starts_along_its_equations() -> None:
    """At (1, 2, 3) the field is (10, 23, -6); the first difference over dt is off by O(dt)."""
    start = torch.tensor([1.0, 2.0, 3.0])
    path = datasets.lorenz63(2, dt=1e-6, washout=0, initial=start)
    slope = (path[1] - path[0]) / 1e-6
    expected = torch.tensor([10.0, 23.0, -6.0], dtype=torch.float64)
    torch.testing.assert_close(slope, expected, atol=1e-3, rtol=0)


def test_lorenz63_visits_the_known_attractor() -> None:
    path = datasets.lorenz63(20_000)
    # Runs of 2,000 units of time give z a mean of 23.53 to 23.55; 200 give it to about 0.2.
    assert float(path[:, 2].mean()) == pytest.approx(23.55, abs=0.5)
    assert float(path[:, 0].abs().max()) < 20.5
    fixed = torch.tensor([math.sqrt(72), math.sqrt(72), 27.0], dtype=torch.float64)
    resting = datasets.lorenz63(5, washout=0, initial=fixed)
    torch.testing.assert_close(resting, fixed.expand(5, 3), atol=1e-10, rtol=0)


def test_lorenz96_rests_where_all_places_equal_the_forcing() -> None:
    resting = datasets.lorenz96(5, size=6, forcing=3.0, washout=0, initial=torch.full((6,), 3.0))
    assert torch.equal(resting, torch.full((5, 6), 3.0, dtype=torch.float64))


def test_lorenz96_is_a_ring_whose_nonlinear_terms_keep_energy() -> None:
    """Sum of x_i dx_i/dt is sum of F x_i - x_i^2; and turning the ring turns the path."""
    start = torch.tensor([1.0, -2.0, 0.5, 3.0, 0.0])
    path = datasets.lorenz96(2, size=5, dt=1e-6, washout=0, substeps=1, initial=start)
    rate = float(path[0] @ (path[1] - path[0])) / 1e-6
    assert rate == pytest.approx(float((8 * start - start.square()).sum()), abs=1e-3)
    slope = (path[1] - path[0]) / 1e-6
    assert float(slope[2]) == pytest.approx((3.0 - 1.0) * -2.0 - 0.5 + 8.0, abs=1e-3)
    turned = datasets.lorenz96(9, size=5, washout=0, initial=start.roll(1))
    straight = datasets.lorenz96(9, size=5, washout=0, initial=start)
    torch.testing.assert_close(turned, straight.roll(1, dims=1), atol=1e-12, rtol=0)


def test_lorenz_refuses_what_diverges() -> None:
    with pytest.raises(ArgumentError, match="must stay finite"):
        datasets.lorenz96(200, size=5, dt=5.0, substeps=1)
    with pytest.raises(ArgumentError, match=r"initial must be \(3,\)"):
        datasets.lorenz63(5, initial=torch.zeros(2))


def test_mackey_glass_converges_at_fourth_order() -> None:
    def path(substeps: int) -> Tensor:
        return datasets.mackey_glass(100, washout=0, substeps=substeps)

    truth = path(64)
    coarse, fine = (float((path(substeps) - truth).abs().max()) for substeps in (2, 4))
    assert 3.6 < math.log2(coarse / fine) < 4.4
    # 100 units of time after the start, the default step is right to 8 digits.
    assert float((path(10) - truth).abs().max()) < 1e-7


def test_mackey_glass_follows_its_equation_after_the_history() -> None:
    """Until t = tau the delayed value is the constant history, so the equation is linear."""
    x = datasets.mackey_glass(17, washout=0, substeps=20)[:, 0]
    history = float(x[0])
    production = 0.2 * history / (1 + history**10)
    time = torch.arange(17, dtype=torch.float64)
    exact = production / 0.1 + (history - production / 0.1) * torch.exp(-0.1 * time)
    torch.testing.assert_close(x, exact, atol=1e-9, rtol=0)


def test_mackey_glass_stays_on_the_known_attractor() -> None:
    x = datasets.mackey_glass(5000)
    # The published series for tau = 17 swings between about 0.2 and 1.4 around 0.93.
    assert 0.2 < float(x.min()) < 0.45
    assert 1.25 < float(x.max()) < 1.4
    assert float(x.mean()) == pytest.approx(0.93, abs=0.02)


def test_mackey_glass_refuses_a_delay_between_steps() -> None:
    with pytest.raises(ArgumentError, match="tau must be a whole number of dt / substeps"):
        datasets.mackey_glass(10, tau=17.05)
    assert len(datasets.mackey_glass(10, tau=17.05, substeps=20, washout=0)) == 10
    with pytest.raises(ArgumentError, match="Pass a larger substeps"):
        datasets.mackey_glass(10, tau=20.0, dt=20.0, substeps=1)


def test_second_order_without_noise_is_its_recursion() -> None:
    u, y = datasets.second_order(60)
    assert float(y[0]) == 0.0
    assert torch.equal(y[1], 0.5 * u[0])
    expected = 1.5 * y[1:-1] - 0.7 * y[:-2] + 0.5 * u[1:-1]
    torch.testing.assert_close(y[2:], expected, atol=1e-13, rtol=0)


def test_chen_without_noise_is_its_recursion() -> None:
    u, y = datasets.chen(60)
    assert float(y[0]) == 0.0
    assert torch.equal(y[1], u[0])
    y1, y2, u1, u2 = y[1:-1], y[:-2], u[1:-1], u[:-2]
    bell = torch.exp(-(y1**2))
    expected = (0.8 - 0.5 * bell) * y1 - (0.3 + 0.9 * bell) * y2 + u1 + 0.2 * u2 + 0.1 * u1 * u2
    torch.testing.assert_close(y[2:], expected, atol=1e-13, rtol=0)


def test_output_noise_is_not_fed_back_and_equation_noise_is() -> None:
    steps = 20_000
    u, clean = datasets.second_order(steps)
    other, measured = datasets.second_order(steps, output_noise=0.1)
    assert torch.equal(u, other)
    noise = measured - clean
    # The standard error of a deviation over 20,000 draws is 0.5 %.
    assert float(noise.std()) == pytest.approx(0.1, rel=0.02)
    assert abs(float((noise[1:] * noise[:-1]).mean())) < 0.0005
    driven = datasets.second_order(steps, equation_noise=0.1)[1]
    y1, y2, u1 = driven[1:-1], driven[:-2], u[1:-1]
    residual = driven[2:] - (1.5 * y1 - 0.7 * y2 + 0.5 * u1)
    assert float(residual.std()) == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(("generate", "hold"), [(datasets.second_order, 10), (datasets.chen, 5)])
def test_inputs_are_held(generate: Callable[..., tuple[Tensor, Tensor]], hold: int) -> None:
    u, _ = generate(10 * hold - 1)
    assert len(u) == 10 * hold - 1
    assert len(u.unique()) == 10
    assert torch.equal(u[:hold], u[:1].expand(hold, 1))


def test_adding_marks_one_number_in_each_half() -> None:
    x, y = datasets.adding(2000, 21)
    assert x.shape == (2000, 21, 2)
    assert y.shape == (2000, 1)
    assert torch.equal(x[:, :10, 1].sum(1), torch.ones(2000, dtype=torch.float64))
    assert torch.equal(x[:, 10:, 1].sum(1), torch.ones(2000, dtype=torch.float64))
    assert bool((x[..., 1].sum(0) > 0).all())
    torch.testing.assert_close((x[..., 0] * x[..., 1]).sum(1), y[:, 0])
    # The variance of the sum of two uniform numbers is 1/6; over 2,000 its standard error is 0.004.
    assert float((y - 1).square().mean()) == pytest.approx(1 / 6, abs=0.015)
    assert Sequences(x, y, target="sequence").output_size == 1


def test_copy_memory_layout() -> None:
    x, y = datasets.copy_memory(50, delay=7, symbols=4, copy=3)
    assert x.shape == (50, 13, 6)
    shown = x.argmax(2)
    assert torch.equal(x.sum(2), torch.ones(50, 13, dtype=torch.float64))
    blank, delimiter = 4, 5
    assert set(shown[:, :3].flatten().tolist()) == {0, 1, 2, 3}
    assert torch.equal(y[:, 10:], shown[:, :3])
    # The delimiter stands right before the first answer, as many steps after the last symbol as T.
    assert set(shown[:, 9].tolist()) == {delimiter}
    for blanks in (shown[:, 3:9], shown[:, 10:], y[:, :10]):
        assert set(blanks.flatten().tolist()) == {blank}
    assert Sequences(x, y).num_classes == 5


def test_copy_memory_baseline_is_the_published_one() -> None:
    """Blanks where they belong and even odds for the rest: 10 ln 8 / (T + 20)."""
    _, y = datasets.copy_memory(3, delay=100)
    odds = torch.zeros(3, 120, 9)
    odds[:, :110, 8] = 1.0
    odds[:, 110:, :8] = 1 / 8
    nll = -odds.gather(2, y[..., None]).log().mean()
    assert float(nll) == pytest.approx(10 * math.log(8) / 120, rel=1e-6)


def test_temporal_order_tells_which_two_symbols_came_and_where() -> None:
    x, y = datasets.temporal_order(2000, 50)
    shown = x.argmax(2)
    assert torch.equal(x.sum(2), torch.ones(2000, 50, dtype=torch.float64))
    assert set(shown.flatten().tolist()) == set(range(6))
    places = (shown < 2).nonzero()[:, 1].view(2000, 2)
    assert set(places[:, 0].tolist()) == set(range(5, 10))
    assert set(places[:, 1].tolist()) == set(range(20, 25))
    told = shown.gather(1, places)
    assert torch.equal(y, 2 * told[:, 0] + told[:, 1])
    # Four classes, each drawn about 500 times: s.d. 19.
    assert all(400 < count < 600 for count in y.bincount().tolist())
    assert Sequences(x, y, target="sequence").num_classes == 4
