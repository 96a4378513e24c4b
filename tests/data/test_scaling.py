"""Units: fitted on the samples' own steps, and undone exactly."""

import json
import math

import numpy as np
import pytest
import torch

from freerun._checks import ArgumentError, DataError
from freerun.data import Scaling, Sequences


@pytest.fixture
def data(generator: torch.Generator) -> Sequences:
    values = torch.randn(50, 5, generator=generator, dtype=torch.float64)
    values = values * torch.tensor([1.0, 100.0, 0.01, 3.0, 7.0]) + torch.tensor([5.0, 0, 0, -2, 1])
    return Sequences(values[:, :3], values[:, 3:], dtype=torch.float64)


def test_standard_is_the_mean_and_the_population_deviation(data: Sequences) -> None:
    scaling = Scaling.standard(data)
    x, y = data[0]
    assert x is not None
    one = torch.ones(3, dtype=torch.float64)
    # Sums of 50 float64 numbers of order 1: errors of 1e-15.
    torch.testing.assert_close(scaling.scale_x(x).mean(0), 0 * one, atol=1e-13, rtol=0)
    torch.testing.assert_close(scaling.scale_x(x).std(0, correction=0), one, atol=1e-13, rtol=0)
    torch.testing.assert_close(scaling.y_scale, y.std(0, correction=0), atol=0, rtol=1e-13)
    torch.testing.assert_close(scaling.unscale_y(scaling.scale_y(y)), y, atol=1e-14, rtol=1e-14)


def test_a_step_counts_once_however_many_windows_share_it(data: Sequences) -> None:
    assert Scaling.standard(data.windows(7)) == Scaling.standard(data)


def test_steps_only_looked_back_on_do_not_count(data: Sequences) -> None:
    train, test = data.split(0.5)
    y = data[0][1]
    torch.testing.assert_close(Scaling.standard(train).y_shift, y[:25].mean(0))
    torch.testing.assert_close(Scaling.standard(test).y_shift, y[25:].mean(0))


def test_missing_targets_do_not_count() -> None:
    y = np.array([[1.0, np.nan], [np.nan, 2.0], [3.0, 6.0]])
    scaling = Scaling.standard(Sequences(None, y, missing="mask"))
    assert scaling.y_shift is not None
    assert scaling.y_scale is not None
    assert scaling.y_shift.tolist() == [2.0, 4.0]
    assert scaling.y_scale.tolist() == [1.0, 2.0]
    with pytest.raises(DataError, match="output 0 needs an observed target"):
        Scaling.standard(Sequences(None, [[np.nan, np.nan]], missing="mask"))


def test_a_constant_channel_is_shifted_and_not_scaled() -> None:
    scaling = Scaling.standard(Sequences(None, np.full((7, 1), 0.1), dtype=torch.float64))
    assert scaling.y_scale is not None
    assert scaling.y_scale.tolist() == [1.0]
    assert scaling.scale_y(torch.full((2, 1), 0.1, dtype=torch.float64)).tolist() == [[0.0]] * 2


def test_one_target_per_sequence_is_scaled_too() -> None:
    scaling = Scaling.standard(Sequences(np.ones((2, 3, 1)), [1.0, 5.0], target="sequence"))
    assert scaling.y_shift is not None
    assert scaling.y_scale is not None
    assert (scaling.y_shift.tolist(), scaling.y_scale.tolist()) == ([3.0], [2.0])


def test_classes_and_the_sides_not_asked_for_stay(data: Sequences) -> None:
    classes = Scaling.standard(Sequences(np.ones((3, 1)), [0, 1, 1]))
    labels = torch.tensor([0, 1])
    assert classes.scale_y(labels) is labels
    assert classes.unscale_y(labels) is labels
    assert classes.log_scale is None
    assert Scaling.standard(data, x=False, y=False) == Scaling.identity()
    value = torch.ones(2, 3)
    assert Scaling.identity().scale_x(value) is value


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_stays(data: Sequences, dtype: torch.dtype) -> None:
    scaling = Scaling.standard(data)
    y = torch.ones(4, 6, 2, dtype=dtype)
    assert scaling.scale_y(y).dtype == scaling.unscale_y(y).dtype == dtype


def test_log_scale_takes_a_density_to_the_users_units(data: Sequences) -> None:
    scaling = Scaling.standard(data)
    assert scaling.y_shift is not None
    assert scaling.y_scale is not None
    assert scaling.log_scale is not None
    y = data[0][1]
    scaled = torch.distributions.Normal(0.0, 1.0).log_prob(scaling.scale_y(y))
    own = torch.distributions.Normal(scaling.y_shift, scaling.y_scale).log_prob(y)
    torch.testing.assert_close(-own, -scaled + scaling.log_scale)


def test_json_is_exact(data: Sequences) -> None:
    scaling = Scaling.standard(data)
    assert Scaling.from_dict(json.loads(json.dumps(scaling.to_dict()))) == scaling
    assert Scaling.from_dict(Scaling.identity().to_dict()) == Scaling.identity()
    assert scaling != Scaling.identity()
    assert hash(scaling) == hash(Scaling.from_dict(scaling.to_dict()))
    assert scaling != "scaling"


@pytest.mark.parametrize(
    ("shift", "scale"),
    [
        ([0.0], None),
        ([0.0], [1.0, 2.0]),
        ([[0.0]], [[1.0]]),
        ([0.0], [0.0]),
        ([0.0], [-1.0]),
        ([math.nan], [1.0]),
        ([0.0], [math.inf]),
    ],
)
def test_what_cannot_be_undone_is_refused(shift: object, scale: object) -> None:
    sides = {"x_shift": None, "x_scale": None, "y_shift": shift, "y_scale": scale}
    with pytest.raises(ArgumentError, match=r"^Scaling: y"):
        Scaling.from_dict(sides)


def test_refuses_other_channels_and_other_keys(data: Sequences) -> None:
    scaling = Scaling.standard(data)
    with pytest.raises(ArgumentError, match=r"y must be floats \(\.\.\., 2\)"):
        scaling.scale_y(torch.ones(4, 1))
    with pytest.raises(ArgumentError, match=r"y must be floats \(\.\.\., 2\)"):
        scaling.unscale_y(torch.ones(4, 3))
    with pytest.raises(ArgumentError, match=r"x must be floats \(\.\.\., 3\)"):
        scaling.scale_x(torch.ones(3, dtype=torch.int64))
    with pytest.raises(ArgumentError, match="keys must be"):
        Scaling.from_dict({"x_shift": None})
    with pytest.raises(ArgumentError, match="float64"):
        Scaling(None, None, torch.zeros(1), torch.ones(1))
