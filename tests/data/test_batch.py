"""Gathering samples: padding, what came before them, what is missing, and the order."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from freerun._checks import ArgumentError
from freerun.data import Sequences

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def numbered(lengths: list[int]) -> Sequences:
    """Every step carries 1 + its row in the storage as x, and ten times that as y."""
    rows = torch.arange(1.0, sum(lengths) + 1).split(lengths)
    return Sequences([row[:, None] for row in rows], [10 * row for row in rows])


@given(LENGTHS, st.data())
def test_a_batch_is_its_samples_padded_with_zeros(lengths: list[int], draw: st.DataObject) -> None:
    data = numbered(lengths)
    index = draw.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=6))
    batch = data.batch(index)
    assert batch.x is not None
    assert batch.x.shape == (len(index), max(lengths[number] for number in index), 1)
    assert batch.index.tolist() == index
    assert len(batch) == len(index)
    assert batch.observed is None
    for row, number in enumerate(index):
        x, y = data[number]
        length = lengths[number]
        assert batch.lengths[row] == length
        assert x is not None
        assert torch.equal(batch.x[row, :length], x)
        assert torch.equal(batch.y[row, :length], y)
        assert not batch.x[row, length:].any()
        assert not batch.y[row, length:].any()


@given(LENGTHS, st.integers(1, 4), st.integers(0, 6), st.integers(0, 3))
def test_context_is_what_came_before_in_the_same_series(
    lengths: list[int], length: int, context: int, reach_back: int
) -> None:
    data = numbered(lengths)
    windows = data.windows(length, drop_last=False, reach_back=reach_back)
    batch = windows.batch(torch.arange(len(windows)), context=context)
    assert batch.before_x is not None
    assert batch.before_y is not None
    assert batch.before_x.shape == batch.before_y.shape == (len(windows), context, 1)
    assert batch.before_real.shape == (len(windows), context)
    for row in range(len(windows)):
        origin, start = int(windows.origin[row]), int(windows.start[row])
        before = [place if place >= origin else None for place in range(start - context, start)]
        assert batch.before_real[row].tolist() == [place is not None for place in before]
        assert torch.equal(batch.before_exists, batch.before_real)
        expected = [0.0 if place is None else place + 1.0 for place in before]
        assert batch.before_x[row, :, 0].tolist() == expected
        assert batch.before_y[row, :, 0].tolist() == [10 * value for value in expected]


def test_context_at_the_start_of_a_series_is_not_the_end_of_the_one_before() -> None:
    batch = numbered([3, 3]).batch([1], context=2)
    assert batch.before_x is not None
    assert batch.before_x.tolist() == [[[0.0], [0.0]]]
    assert batch.before_real.tolist() == [[False, False]]


def test_the_second_part_of_a_split_sees_the_first() -> None:
    _, test = numbered([4, 4]).split(0.5)
    batch = test.batch([0, 1], context=3)
    assert batch.before_y is not None
    assert batch.before_y[..., 0].tolist() == [[0, 10, 20], [0, 50, 60]]
    assert batch.before_real.tolist() == [[False, True, True]] * 2


@pytest.mark.parametrize(
    ("lengths", "length", "stride", "reach_back"),
    [
        ([4, 4, 4], 4, 1, 0),  # whole sequences, which lie side by side
        ([5, 4], 2, 2, 0),  # nearly: the second begins within a window's length of the start
        ([4, 5], 2, 2, 0),  # side by side, and a row is left over
        ([6, 7], 3, 1, 0),  # overlapping
        ([6], 6, 1, 0),
        ([3, 6], 2, 3, 1),
    ],
)
@pytest.mark.parametrize("classes", [False, True])
def test_windows_of_one_length(
    lengths: list[int], length: int, stride: int, reach_back: int, classes: bool
) -> None:
    rows = torch.arange(sum(lengths))
    x = [torch.stack([part, -part], 1) for part in (rows + 1.0).split(lengths)]
    y: list[torch.Tensor] = [part if classes else 10.0 * part for part in rows.split(lengths)]
    _, late = Sequences(x, y).split(1)
    for data in (Sequences(x, y), late):
        windows = data.windows(min(length, int(data.lengths.min())), stride, reach_back=reach_back)
        index = torch.arange(len(windows)).flip(0)
        batch = windows.batch(index, context=2)
        for row, number in enumerate(index.tolist()):
            start, stop = int(windows.start[number]), int(windows.stop[number])
            assert batch.x is not None
            assert batch.x[row, :, 0].tolist() == [place + 1.0 for place in range(start, stop)]
            assert batch.x[row, :, 1].tolist() == [-place - 1.0 for place in range(start, stop)]
            factor = 1 if classes else 10
            assert batch.y[row].flatten().tolist() == [factor * p for p in range(start, stop)]
            exists = [place >= windows.origin[number] for place in range(start - 2, start)]
            assert batch.before_exists[row].tolist() == batch.before_real[row].tolist() == exists


def test_missing_targets_are_zeros_that_are_not_observed() -> None:
    nan = np.nan
    y = [np.array([[1.0, nan], [3.0, 4.0], [nan, nan]]), np.array([[5.0, 6.0]])]
    data = Sequences([np.ones((3, 1)), np.ones((1, 1))], y, missing="mask")
    batch = data.batch([0, 1])
    assert batch.y.tolist() == [[[1, 0], [3, 4], [0, 0]], [[5, 6], [0, 0], [0, 0]]]
    assert batch.observed is not None
    assert batch.observed[0].tolist() == [[True, False], [True, True], [False, False]]
    assert batch.observed[1].tolist() == [[True, True], [False, False], [False, False]]
    assert data[0][1].isnan().sum() == 3  # a sample by itself says what is missing as it was said
    before = data.windows(1).batch([2], context=3)
    assert before.before_real.tolist() == [[False, False, True]]
    assert before.before_y is not None
    assert before.before_y.tolist() == [[[0, 0], [0, 0], [3, 4]]]
    assert before.before_x is not None
    assert before.before_x.tolist() == [[[0], [1], [1]]]  # its inputs are known all the same
    assert before.before_exists.tolist() == [[False, True, True]]


def test_missing_classes_are_minus_one() -> None:
    data = Sequences(None, [np.array([2, -1, 1]), np.array([0])], missing="mask")
    batch = data.batch([0, 1])
    assert batch.y.tolist() == [[2, 0, 1], [0, 0, 0]]
    assert batch.observed is not None
    assert batch.observed.tolist() == [[True, False, True], [True, False, False]]
    assert data.num_classes == 3


def test_nothing_missing_needs_no_mask() -> None:
    assert Sequences(None, [1.0, 2.0], missing="mask").batch([0]).observed is None


def test_an_autonomous_system_has_no_inputs() -> None:
    batch = Sequences(None, torch.ones(4, 2, dtype=torch.float64), dtype=torch.float64).batch([0])
    assert batch.x is None
    assert batch.before_x is None
    assert batch.y.dtype == torch.float64


def test_a_batch_is_a_copy() -> None:
    data = numbered([4])
    batch = data.batch([0], context=1)
    batch.y.fill_(0)
    assert data[0][1].tolist() == [[10.0], [20.0], [30.0], [40.0]]


def test_batches_go_through_the_samples_once() -> None:
    data = numbered([3] * 7)
    assert [batch.index.tolist() for batch in data.batches(3)] == [[0, 1, 2], [3, 4, 5], [6]]

    def shuffled() -> list[int]:
        generator = torch.Generator().manual_seed(5)
        batches = data.batches(3, shuffle=True, generator=generator)
        return torch.cat([batch.index for batch in batches]).tolist()

    assert shuffled() == shuffled()
    assert sorted(shuffled()) == list(range(7)) != shuffled()


def test_an_order_resumes_an_epoch_exactly() -> None:
    data = numbered([3, 1, 4, 1, 5])
    order = torch.tensor([4, 2, 0, 3, 1])
    whole = list(data.batches(2, order=order, context=1))
    rest = list(data.batches(2, order=order[2:], context=1))
    assert [batch.index.tolist() for batch in whole] == [[4, 2], [0, 3], [1]]
    for one, other in zip(whole[1:], rest, strict=True):
        assert torch.equal(one.y, other.y)
        assert torch.equal(one.index, other.index)


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 0},
        {"batch_size": 1, "context": -1},
        {"batch_size": 1, "order": torch.tensor([0]), "shuffle": True},
        {"batch_size": 1, "order": torch.tensor([0, 2])},
        {"batch_size": 1, "order": torch.tensor([-1])},
        {"batch_size": 1, "order": torch.tensor([0.0])},
        {"batch_size": 1, "order": torch.tensor([[0]])},
    ],
)
def test_wrong_arguments_are_refused_before_the_first_batch(wrong: dict[str, object]) -> None:
    with pytest.raises(ArgumentError, match=r"Sequences\.batches: "):
        numbered([3, 3]).batches(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64], ids=str)
def test_types_that_numpy_lacks_are_gathered_too(dtype: torch.dtype) -> None:
    values = [torch.arange(5.0), torch.arange(3.0) + 10]
    data = Sequences(None, values, dtype=dtype)
    batch = data.batch([1, 0], context=1)
    assert batch.y.dtype == dtype
    assert batch.y[..., 0].tolist() == [[10, 11, 12, 0, 0], [0, 1, 2, 3, 4]]
    before = data.windows(2).batch([0, 3], context=1)
    assert before.y[..., 0].tolist() == [[0, 1], [3, 4]]
    assert before.before_y is not None
    assert before.before_y.dtype == dtype
    assert before.before_y.flatten().tolist() == [0, 2]
