"""Each series' own level: taken out and put back to the last digit that there is."""

import numpy as np
import pytest
import torch

from freerun.data import Levels, Sequences

NAN = float("nan")


def many() -> Sequences:
    generator = torch.Generator().manual_seed(0)
    series = [
        10.0**n + 10.0 ** (2 * n - 2) * torch.randn(9 + n, 2, generator=generator).double()
        for n in range(4)
    ]
    return Sequences(None, series, dtype=torch.float64)


def test_every_series_has_mean_0_and_deviation_1() -> None:
    data = many()
    levels = Levels.of(data)
    assert levels.center.shape == levels.spread.shape == (4, 2)
    for _, y in levels.remove(data):
        # Sums of a dozen float64 numbers, the largest of them 1e3.
        torch.testing.assert_close(y.mean(0), torch.zeros(2).double(), atol=1e-12, rtol=0)
        torch.testing.assert_close(
            y.std(0, correction=0), torch.ones(2).double(), atol=1e-12, rtol=0
        )


def test_putting_back_undoes_taking_out() -> None:
    data = many()
    levels = Levels.of(data)
    assert data.y_flat is not None
    before = data.y_flat.clone()
    leveled = levels.remove(data)
    for number in range(4):
        y = leveled[number][1]
        alone = Levels(levels.center[number : number + 1], levels.spread[number : number + 1])
        torch.testing.assert_close(alone.put_back(y[None])[0], data[number][1])
    assert torch.equal(data.y_flat, before)


@pytest.mark.parametrize("shape", [(4, 5, 2), (4, 7, 5, 2)])
def test_any_axes_lie_between_series_and_outputs(shape: tuple[int, ...]) -> None:
    levels = Levels.of(many())
    y = torch.randn(*shape)
    found = levels.put_back(y)
    assert found.dtype == torch.float64
    wanted = torch.stack([y[n].double() * levels.spread[n] + levels.center[n] for n in range(4)])
    assert torch.equal(found, wanted)


def test_a_small_swing_about_a_high_level_keeps_its_digits() -> None:
    high = 2.0**40 + torch.tensor([0.0, 1.0, 0.0, 1.0]).double()
    levels = Levels.of(Sequences(None, [high], dtype=torch.float64))
    assert levels.put_back(torch.tensor([[[-1.0], [1.0]]])).flatten().tolist() == [2**40, 2**40 + 1]


def test_missing_values_do_not_count_and_stay_missing() -> None:
    y = [[1.0, NAN, 3.0], [NAN, 5.0, NAN], [NAN, NAN, NAN]]
    data = Sequences(None, y, missing="mask")
    levels = Levels.of(data)
    assert levels.center.flatten().tolist() == [2.0, 5.0, 0.0]
    assert levels.spread.flatten().tolist() == [1.0, 1.0, 1.0]
    found = levels.remove(data).y_flat
    assert found is not None
    np.testing.assert_array_equal(
        found.flatten().numpy(), [-1.0, NAN, 1.0, NAN, 0.0, NAN, NAN, NAN, NAN]
    )


@pytest.mark.parametrize("value", [0.0, 0.1, -3e-7, 1e15])
def test_a_constant_series_is_shifted_and_not_scaled(value: float) -> None:
    data = Sequences(None, [np.full(7, value), [1.0, 2.0]], dtype=torch.float64)
    levels = Levels.of(data)
    assert levels.center[0].tolist() == [value]
    assert levels.spread[0].tolist() == [1.0]
    assert levels.remove(data)[0][1].flatten().tolist() == [0.0] * 7


def test_a_series_that_hardly_varies_is_not_constant() -> None:
    y = 1e6 + 1e-7 * np.arange(4.0)
    levels = Levels.of(Sequences(None, [y], dtype=torch.float64))
    # 1e6 has 10 digits after the point in float64.
    assert float(levels.spread) == pytest.approx(np.std(1e-7 * np.arange(4.0)), rel=1e-2)


def test_the_level_is_of_the_steps_that_a_sample_covers() -> None:
    data = Sequences(None, [[0.0, 2.0, 10.0, 30.0], [1.0, 1.0, 1.0, 3.0]])
    first, second = data.split(2)
    assert Levels.of(first).center.flatten().tolist() == [1.0, 1.0]
    assert Levels.of(second).center.flatten().tolist() == [20.0, 2.0]
    # What lies before a sample, which lags look back on, is in its units too.
    found = Levels.of(first).remove(second)
    assert found.y_flat is not None
    assert found.y_flat.flatten().tolist() == [-1.0, 1.0, 9.0, 29.0, 0.0, 0.0, 0.0, 2.0]


def test_none_changes_nothing() -> None:
    data = many()
    none = Levels.none(4, 2)
    found = none.remove(data).y_flat
    assert found is not None
    assert data.y_flat is not None
    assert torch.equal(found, data.y_flat)
    y = torch.randn(4, 3, 2)
    assert torch.equal(none.put_back(y), y.double())


def test_dtype_and_all_else_of_the_data_stay() -> None:
    data = Sequences([[1.0, 2.0], [3.0, 4.0]], [[1.0, 3.0], [5.0, 6.0]], season=2, names=["sales"])
    found = Levels.of(data).remove(data)
    assert found.y_flat is not None
    assert found.y_flat.dtype == torch.float32
    assert (found.season, found.names, found.input_size) == (2, ("sales",), 1)
    assert torch.equal(found.lengths, data.lengths)
