"""Where series end: enough to go on from there as from all of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import freerun as fr
from freerun.data import Levels
from freerun.recipes import ends as module
from freerun.recipes.ends import FILE, Ends, go_on

LENGTHS = (30, 12, 21)


def series(gaps: bool = False) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    x = [torch.randn(n, 2, generator=generator).double() for n in LENGTHS]
    y = [torch.randn(n, 1, generator=generator).double() for n in LENGTHS]
    if gaps:
        for one in y:
            one[[3, -2]] = float("nan")
    return x, y


def network(recurrence: str, inputs: int = 0, **settings: Any) -> fr.RecurrentNetwork:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(inputs, 6, fr.heads.Gaussian(1), recurrence=recurrence, **settings)
    return net.double()


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("inputs", [0, 2])
@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_going_on_from_the_ends_is_going_on_from_the_whole(
    recurrence: str, inputs: int, gaps: bool
) -> None:
    net = network(recurrence, inputs, output_lags=3, input_lags=1 if inputs else 0)
    x, y = series(gaps)
    data = fr.Sequences(x if inputs else None, y, missing="mask", dtype=torch.float64)
    ends = Ends.of(net, data, Levels.none(3, 1))
    ahead = [torch.ones(7, 2).double()] * 3 if inputs else None
    whole = fr.run(
        net, 5, warmup=(x if inputs else None, y),
        inputs=None if ahead is None else torch.stack(ahead)[:, :5],
    )  # fmt: skip
    assert torch.equal(go_on(net, ends, 5, ahead).y, whole.y)
    if recurrence == "output" and not gaps:
        assert {len(one) for one in ends.y} == {3}


def test_no_more_is_kept_than_hidden_states_remember(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 15)
    net = network("both")
    _, y = series()
    ends = Ends.of(net, fr.Sequences(None, y, dtype=torch.float64), Levels.none(3, 1))
    assert [len(one) for one in ends.y] == [15, 12, 15]
    assert ends.steps == list(LENGTHS)
    assert torch.equal(ends.y[0], y[0][-15:])


def test_levels_are_put_back() -> None:
    net = network("both")
    _, y = series()
    data = fr.Sequences(None, [100 + 7 * one for one in y], dtype=torch.float64)
    levels = Levels.of(data)
    ends = Ends.of(net, levels.remove(data), levels)
    how: dict[str, Any] = {"draw": "sample", "paths": 4, "quantiles": (0.25, 0.75), "generator": 3}
    found = go_on(net, ends, 6, None, **how)
    plain = fr.run(net, 6, warmup=(None, ends.y), **how)
    assert found.quantiles is not None
    assert plain.quantiles is not None
    for number in range(3):
        center, spread = levels.center[number], levels.spread[number]
        for one, other in (
            (found.y, plain.y), (found.paths, plain.paths), (found.quantiles, plain.quantiles),
        ):  # fmt: skip
            assert torch.equal(one[number], other[number] * spread + center)


@pytest.mark.parametrize(
    "times",
    [
        None,
        np.arange(63) / 2,
        np.arange(63),
        np.datetime64("2024-01-01") + np.arange(63),
        (np.datetime64("2024-01-01") + np.arange(63)).astype("datetime64[us]"),
    ],
    ids=["none", "floats", "counts", "days", "microseconds"],
)
@pytest.mark.parametrize("inputs", [0, 2])
def test_on_disk_and_back_they_are_the_same(times: Any, inputs: int, tmp_path: Path) -> None:
    x, y = series(gaps=True)
    data = fr.Sequences(x if inputs else None, y, missing="mask", dtype=torch.float64)
    levels = Levels.of(data)
    ends = Ends.of(network("both", inputs), levels.remove(data), levels, ("a", "b", "ü"), times)
    (tmp_path / FILE).write_bytes(ends.to_bytes())
    again = Ends.read(tmp_path)
    assert len(again) == 3
    assert again.keys == ("a", "b", "ü")
    assert again.steps == list(LENGTHS)
    for one, other in zip(again.y, ends.y, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert (again.x is None) == (inputs == 0)
    if again.x is not None:
        assert ends.x is not None
        assert all(torch.equal(a, b) for a, b in zip(again.x, ends.x, strict=True))
    assert torch.equal(again.levels.center, levels.center)
    assert torch.equal(again.levels.spread, levels.spread)
    if times is None:
        assert again.times is None
    else:
        assert again.times is not None
        assert again.times.dtype == times.dtype
        np.testing.assert_array_equal(again.times, times[[29, 41, 62]])


def test_a_run_without_them_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        fr.RunError, match=r"a run with ends.safetensors, got none. Finish training"
    ):
        Ends.read(tmp_path)
    (tmp_path / FILE).write_bytes(b"no tensors")
    with pytest.raises(fr.RunError, match="whole safetensors"):
        Ends.read(tmp_path)
    from freerun.checkpoint import tensor_bytes

    (tmp_path / FILE).write_bytes(tensor_bytes({"y": torch.zeros(3)}, keys=["a"], times=""))
    with pytest.raises(fr.RunError, match="the ends of series, got KeyError"):
        Ends.read(tmp_path)
