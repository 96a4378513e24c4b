"""Skill: how much better than the best trivial forecast."""

from dataclasses import replace

import pytest
import torch

import freerun as fr
from freerun.recipes.recipe import FORECAST
from freerun.recipes.skill import Skill, skill


def walk(steps: int = 200) -> fr.Sequences:
    generator = torch.Generator().manual_seed(0)
    y = torch.randn(steps, generator=generator, dtype=torch.float64).cumsum(0)
    return fr.Sequences(None, y, dtype=torch.float64)


def network(value: float | None = None) -> fr.RecurrentNetwork:
    """A network that forecasts ``value``, or the last value where it is None."""
    net = fr.RecurrentNetwork(
        0, 1, fr.heads.Point(1), recurrence="output", residual=value is None
    ).double()
    net.output.weight.data.zero_()
    net.output.bias.data.fill_(value or 0.0)
    net.scaling = fr.Scaling.identity()
    return net


def test_the_last_value_has_no_skill_beside_itself() -> None:
    found = Skill.measure(network(), walk(), 5)
    assert found.trivial == "last value"
    assert found.value == pytest.approx(0, abs=1e-12)
    assert found.error == pytest.approx(found.trivial_error)
    assert found.horizon == 5


def test_it_is_one_minus_the_ratio_of_mean_squares() -> None:
    net, data = network(0.3), walk()
    gap = fr.exposure_gap(net, data, 4)
    free, trivial = gap.free_running.square().mean(), gap.trivial["last value"].square().mean()
    found = Skill.measure(net, data, 4)
    assert found.value == pytest.approx(float(1 - free / trivial))
    assert found.value < 0
    assert found.error == pytest.approx(float(free.sqrt()))


def test_the_horizon_is_60_or_as_many_steps_as_there_are() -> None:
    assert Skill.measure(network(), walk(), None).horizon == 60
    assert Skill.measure(network(), walk(21), None).horizon == 20


@pytest.mark.parametrize(("value", "skilled"), [(7.0, 1.0), (7.5, 0.0), (-1e9, 0.0)])
def test_beside_a_perfect_trivial_forecast_it_is_1_or_0(value: float, skilled: float) -> None:
    data = fr.Sequences(None, torch.full((50,), 7.0).double(), dtype=torch.float64)
    found = Skill.measure(network(value), data, 5)
    assert found.trivial_error == 0
    assert found.value == skilled


def test_steps_at_which_nothing_was_observed_do_not_count() -> None:
    y = torch.arange(12.0).double()
    y[[8, 9]] = float("nan")
    data = fr.Sequences(None, y, missing="mask", dtype=torch.float64)
    _, valid = data.split(7)
    found = Skill.measure(network(), valid, 5)
    # From the one origin the errors are 1, -, -, 4, 5.
    assert found.error == pytest.approx((42 / 3) ** 0.5)
    assert found.value == pytest.approx(0)


def test_a_run_that_leaves_the_numbers_behind_has_no_skill() -> None:
    net = network()
    net.output.weight.data.fill_(1e200)
    net.output.bias.data.fill_(float("inf"))
    found = Skill.measure(net, walk(), 5)
    assert found.value == -float("inf")
    assert "no better than trivial" in str(found)


def test_it_is_measured_on_the_part_held_back() -> None:
    data = walk()
    recipe = replace(FORECAST, validate=0.2, horizon=5)
    assert skill(network(), replace(recipe, validate=None), data) is None
    _, valid = data.split(0.8)
    assert skill(network(), recipe, data) == Skill.measure(network(), valid, 5)


def test_it_says_what_it_is_beside() -> None:
    good = Skill(0.75, 5, 1.0, "mean", 2.0)
    assert str(good) == (
        "an error of 1 over 5 steps ahead beside 2 of the trivial forecast 'mean', "
        "on the part held back"
    )
    assert str(Skill(0.0, 5, 1.0, "mean", 1.0)).startswith("no better than trivial on the part")
    assert Skill(**good.to_dict()) == good
