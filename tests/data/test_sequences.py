"""Reading what users pass, selecting samples, splitting and windowing without a copy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from freerun._checks import ArgumentError, DataError
from freerun.data import Sequences

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=5)


def numbered(lengths: list[int], **options: object) -> Sequences:
    """Every step carries its row in the storage as x, and ten times that as y."""
    rows = torch.arange(sum(lengths), dtype=torch.float32).split(lengths)
    x, y = [row[:, None] for row in rows], [10 * row for row in rows]
    return Sequences(x, y, **options)  # type: ignore[arg-type]


def inputs(data: Sequences, number: int) -> list[float]:
    x, _ = data[number]
    assert x is not None
    return x[:, 0].tolist()


def address(tensor: Tensor | None) -> int:
    assert tensor is not None
    return tensor.untyped_storage().data_ptr()


# Reading


@pytest.mark.parametrize(
    ("x", "y", "lengths", "sizes"),
    [
        (np.zeros((5, 2)), np.zeros(5), [5], (2, 1)),
        (torch.zeros(5), torch.zeros(5, 3), [5], (1, 3)),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [3], (1, 1)),
        ([[[1.0], [2.0]], [[3.0]]], [[1.0, 2.0], [3.0]], [2, 1], (1, 1)),
        (np.zeros((4, 5, 2)), np.zeros((4, 5, 3)), [5] * 4, (2, 3)),
        (np.zeros((4, 5, 2)), np.zeros((4, 5)), [5] * 4, (2, 1)),
        ((np.zeros((3, 2)), torch.zeros(4, 2)), [np.zeros(3), [0.0] * 4], [3, 4], (2, 1)),
        (None, np.zeros((5, 2)), [5], (0, 2)),
        (np.zeros((5, 2), dtype=">f4"), np.zeros((5, 1), dtype=np.uint16), [5], (2, 1)),
    ],
)
def test_reads_series(x: object, y: object, lengths: list[int], sizes: tuple[int, int]) -> None:
    data = Sequences(x, y)
    assert data.lengths.tolist() == lengths
    assert (data.input_size, data.output_size) == sizes
    assert data.num_classes is None
    assert data.y_flat is not None
    assert data.y_flat.dtype == torch.float32


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (None, [0, 2, 1]),
        (None, np.array([0, 2, 1], dtype=np.uint8)),
        (None, [np.array([0, 2]), np.array([1])]),
        (np.zeros((2, 3, 1)), np.array([[0, 1, 2], [2, 1, 0]])),
    ],
)
def test_whole_numbers_with_one_axis_are_classes(x: object, y: object) -> None:
    data = Sequences(x, y)
    assert data.num_classes == 3
    assert data.output_size is None
    assert data.y_flat is not None
    assert data.y_flat.dtype == torch.int64


def test_bools_are_classes_with_one_axis_and_numbers_with_two() -> None:
    assert Sequences(None, np.array([True, False])).num_classes == 2
    column = Sequences(None, np.array([[True], [False]]))
    assert column.output_size == 1
    assert column[0][1].tolist() == [[1.0], [0.0]]


def test_one_target_per_sequence() -> None:
    x = [np.zeros((length, 2)) for length in (3, 5)]
    labelled = Sequences(x, [1, 0], target="sequence")
    assert (labelled.num_classes, labelled.batch([0, 1]).y.tolist()) == (2, [1, 0])
    valued = Sequences(x, np.array([0.5, 1.5]), target="sequence")
    assert valued.batch([1, 0]).y.tolist() == [[1.5], [0.5]]
    assert valued.windows(3).batch([0, 1]).y.tolist() == [[0.5], [1.5]]
    assert valued.batch([0], context=2).before_y is None


def test_storage_is_a_copy() -> None:
    y = np.zeros((3, 1), dtype=np.float32)
    data = Sequences(torch.from_numpy(y), y)
    y[:] = 7
    assert data[0][1].tolist() == [[0.0]] * 3
    assert data[0][0].tolist() == [[0.0]] * 3  # type: ignore[union-attr]
    codes = torch.tensor([0, 1])
    stepped = Sequences(None, codes)
    labelled = Sequences(torch.zeros(2, 3, 1), codes, target="sequence")
    codes[:] = 1
    assert stepped[0][1].tolist() == [0, 1]
    assert labelled.batch([0, 1]).y.tolist() == [0, 1]


def test_reads_arrays_that_are_views_or_read_only() -> None:
    y = np.arange(6.0)[::-2]
    y.setflags(write=False)
    assert Sequences(None, y)[0][1].tolist() == [[5.0], [3.0], [1.0]]


def test_what_was_named_is_kept_by_every_view() -> None:
    data = Sequences(None, [0, 1, 0, 1], classes=["rest", "work", "sleep"], season=2)
    for view in (data, data[:1], data.windows(2), *data.split(0.5), data.astype(torch.float64)):
        assert (view.classes, view.num_classes) == (("rest", "work", "sleep"), 3)
        assert (view.season, view.target) == (2, "step")
    assert Sequences(None, [[1.0], [2.0]], names=["load"]).names == ("load",)


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "message"),
    [
        (
            ([np.zeros((3, 1)), np.zeros((4, 1))], [np.zeros(3), np.zeros(5)]),
            {},
            ArgumentError,
            "Sequences: x and y of series 1 must have the same number of steps, got 4 and 5. "
            "Cut both to the same steps.",
        ),
        (
            ([np.zeros((3, 1))] * 2, np.zeros(3)),
            {},
            ArgumentError,
            "Sequences: x and y must come from the same series, got 2 series of x and 1 series of "
            "y. A list has one entry per series; one array is one series.",
        ),
        (
            ([np.zeros((3, 1)), np.zeros((3, 2))], [np.zeros(3)] * 2),
            {},
            ArgumentError,
            "Sequences: x must have the same channels in every series, 1 as in series 0, got 2 in "
            "series 1. Give all the same ones.",
        ),
        (
            (None, [np.zeros((3, 2)), np.array([[0, 1], [2, np.nan], [np.nan, 3]])]),
            {},
            DataError,
            "Sequences: y must be finite, got nan in series 1, row 1, column 1 and 1 more. "
            "Pass missing='mask' to leave NaN out of the loss.",
        ),
        (
            (None, [[np.nan], [np.inf]]),
            {"missing": "mask"},
            DataError,
            "Sequences: y must be finite, got inf in series 1, row 0, column 0. "
            "Write NaN for a missing target.",
        ),
        (
            ([0.0, np.nan], [0.0, 1.0]),
            {"missing": "mask"},
            DataError,
            "Sequences: x must be finite, got nan in series 0, row 1, column 0. "
            "Fill the gap, and add a channel that says where; missing='mask' is for y alone.",
        ),
        (
            (None, [np.array([0, 1]), np.array([2, -1])]),
            {},
            DataError,
            "Sequences: classes must be 0 or more, got -1 in series 1, row 1. "
            "Number classes from 0; with missing='mask', -1 marks a missing one.",
        ),
        (
            (None, [np.zeros(2), np.zeros(0)]),
            {},
            DataError,
            "Sequences: y of series 1 must have a step or more, got (0,). Leave out empty series.",
        ),
        (
            (None, []),
            {},
            DataError,
            "Sequences: y must hold a series, got an empty list. "
            "Pass a list with one array per series.",
        ),
        (
            (None, ["a", "b"]),
            {},
            ArgumentError,
            "Sequences: y must be numbers, got dtype <U1. Code text as whole numbers "
            "(numpy.unique with return_inverse) and pass classes=.",
        ),
        (
            (None, [0, 3]),
            {"classes": ["a", "b"]},
            ArgumentError,
            "Sequences: classes must name every class, got 2 names and class 3. Pass 4 names.",
        ),
        (
            (None, [0.5]),
            {"classes": ["a"]},
            ArgumentError,
            "Sequences: classes names whole-number targets, got real-valued y. "
            "Leave classes out, or pass y as whole numbers with one axis.",
        ),
        (
            (None, [0.5]),
            {"names": ["a", "b"]},
            ArgumentError,
            "Sequences: names must name every output, got 2 for 1 output. "
            "Give one name per output.",
        ),
        (
            (None, [0, 1]),
            {"names": ["a"]},
            ArgumentError,
            "Sequences: names must name real-valued outputs, got whole-number y. "
            "Pass classes= to name classes.",
        ),
        (
            (None, [1]),
            {"target": "sequence"},
            ArgumentError,
            "Sequences: one target per sequence needs inputs to read, got x=None. Pass x.",
        ),
        (
            (np.zeros((1, 3, 1)), [np.nan]),
            {"target": "sequence", "missing": "mask"},
            DataError,
            "Sequences: y must be finite, got nan in series 0, row 0, column 0. "
            "Leave out the sequences without a target.",
        ),
        (
            (None, [0.5]),
            {"dtype": torch.int64},
            ArgumentError,
            "Sequences: dtype must be a floating type, got torch.int64. Pass dtype=torch.float32.",
        ),
        (
            (None, [0.5]),
            {"target": "steps"},
            ArgumentError,
            "Sequences: target must be one of 'step', 'sequence', got 'steps'. "
            "Did you mean 'step'?",
        ),
    ],
)
def test_refuses_by_name_with_the_fix(
    arguments: tuple[object, object],
    options: dict[str, object],
    kind: type[Exception],
    message: str,
) -> None:
    with pytest.raises(kind) as caught:
        Sequences(*arguments, **options)  # type: ignore[arg-type]
    assert str(caught.value) == message


# Selecting


def test_indexing() -> None:
    data = numbered([2, 3, 1])
    assert inputs(data, 1) == [2, 3, 4]
    assert inputs(data, -1) == [5]
    assert data[1][1].tolist() == [[20.0], [30.0], [40.0]]
    assert [len(y) for _, y in data] == [2, 3, 1]
    for index in (slice(1, None), [1, 2], np.array([1, 2]), torch.tensor([False, True, True])):
        assert data[index].lengths.tolist() == [3, 1]  # type: ignore[index]
    assert data[::-1].lengths.tolist() == [1, 3, 2]
    with pytest.raises(IndexError):
        data[3]
    with pytest.raises(ArgumentError, match="must pick a sample or more"):
        data[3:]


def test_repr_says_what_is_inside() -> None:
    assert repr(numbered([4])) == "Sequences(1 sequence of 4 steps, 1 input, 1 output per step)"
    labelled = Sequences(np.zeros((2, 3, 4)), [0, 1], target="sequence")
    assert repr(labelled) == "Sequences(2 sequences of 3 steps, 4 inputs, 2 classes per sequence)"


def test_astype_keeps_classes_and_the_original() -> None:
    data = numbered([3])
    double = data.astype(torch.float64)
    assert [one.dtype for one in double[0] if one is not None] == [torch.float64] * 2
    assert data[0][1].dtype == torch.float32
    assert Sequences(None, [0, 1]).astype(torch.float64)[0][1].dtype == torch.int64
    valued = Sequences(np.zeros((2, 3, 1)), [0.5, 1.5], target="sequence").astype(torch.float64)
    assert valued.batch([0]).y.dtype == torch.float64


# Views


def test_windows_splits_and_selections_share_memory() -> None:
    data = numbered([10, 8])
    first, second = data.split(0.5)
    for view in (data[1:], data.windows(3), first, second, second.windows(2), data[[1, 0]]):
        assert address(view.x_flat) == address(data.x_flat)
        assert address(view.y_flat) == address(data.y_flat)
        assert address(view[0][1]) == address(data.y_flat)


@given(LENGTHS, st.integers(1, 6), st.integers(1, 8), st.booleans(), st.integers(0, 5))
def test_windows_are_all_the_windows(
    lengths: list[int], length: int, stride: int, drop_last: bool, reach_back: int
) -> None:
    data = numbered(lengths)
    view = data if min(lengths) < 2 else data.split(0.5)[1]
    expected = []
    for origin, start, stop in zip(view.origin, view.start, view.stop, strict=True):
        begin = max(int(origin), int(start) - reach_back)
        while begin < stop:
            end = min(begin + length, int(stop))
            if end - begin == length or not drop_last:
                expected.append(list(range(begin, end)))
            if end == stop:
                break
            begin += stride
    if not expected:
        with pytest.raises(DataError, match="length must be at most the longest sequence"):
            view.windows(length, stride, drop_last, reach_back)
        return
    windows = view.windows(length, stride, drop_last, reach_back)
    assert [inputs(windows, number) for number in range(len(windows))] == expected


def test_windows_of_another_split_never_cross_it() -> None:
    train, test = numbered([20]).split(0.75)
    assert int(train.windows(4).stop.max()) == 15
    assert int(test.windows(4).start.min()) == 15
    # With a warm-up of 3 steps, the first target after it is the first step of the test part.
    reached = test.windows(4, reach_back=3)
    assert int(reached.start.min()) == 12
    assert int(test.windows(5, reach_back=99, drop_last=True).start.min()) == 0


def test_windows_refuse_what_fits_nowhere() -> None:
    with pytest.raises(DataError) as caught:
        numbered([4, 7]).windows(8)
    assert str(caught.value) == (
        "Sequences.windows: length must be at most the longest sequence, 7 steps, got 8. "
        "Pass length=7 or less, or drop_last=False to keep shorter windows."
    )
    assert numbered([4, 7]).windows(5).lengths.tolist() == [5, 5, 5]
    for wrong in ({"length": 0}, {"length": 2, "stride": 0}, {"length": 2, "reach_back": -1}):
        with pytest.raises(ArgumentError, match=r"Sequences\.windows: .* must be a whole number"):
            numbered([4]).windows(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "first"),
    [(0.5, [5, 50]), (0.29, [2, 29]), (0.7, [7, 70]), (3, [3, 3]), (-3, [7, 97])],
)
def test_split_cuts_every_series(at: float, first: list[int]) -> None:
    data = numbered([10, 100])
    before, after = data.split(at)
    assert before.lengths.tolist() == first
    assert after.start.tolist() == before.stop.tolist()
    assert after.stop.tolist() == data.stop.tolist()
    assert after.origin.tolist() == data.origin.tolist()


@pytest.mark.parametrize("at", [0.05, 10, -10, 0, 11, 1.5, True])
def test_split_leaves_no_part_empty(at: float) -> None:
    with pytest.raises(ArgumentError, match=r"Sequences\.split: "):
        numbered([10, 11]).split(at)


def test_split_sequences_keeps_the_proportions_of_classes() -> None:
    labels = torch.arange(100) % 10 // 7  # 70 of class 0, 30 of class 1
    data = Sequences(torch.zeros(100, 2, 1), labels, target="sequence")
    first, second = data.split_sequences(0.8, seed=3)
    assert first.labels is not None
    assert torch.bincount(first.labels).tolist() == [56, 24]
    taken = torch.cat([first.start, second.start])
    assert sorted(taken.tolist()) == data.start.tolist()
    again, _ = data.split_sequences(0.8, seed=3)
    other, _ = data.split_sequences(0.8, seed=4)
    assert torch.equal(again.start, first.start)
    assert not torch.equal(other.start, first.start)


def test_split_sequences_draws_within_a_class_too() -> None:
    # One of each class goes to the first part: not always the one that comes first.
    data = Sequences(torch.zeros(8, 2, 1), [0, 1, 2, 3] * 2, target="sequence")
    picks = {tuple(data.split_sequences(0.5, seed=seed)[0].start.tolist()) for seed in range(20)}
    assert len(picks) > 4


def test_split_sequences_refuses_leaks() -> None:
    with pytest.raises(ArgumentError, match="sequences must not overlap"):
        numbered([10]).windows(4).split_sequences(0.5)
    numbered([10]).windows(5, stride=5).split_sequences(0.5)
    with pytest.raises(ArgumentError, match="each part needs a sequence or more"):
        numbered([10, 10]).split_sequences(0.1)


def test_split_in_time_refuses_one_target_per_sequence() -> None:
    with pytest.raises(ArgumentError, match="Use split_sequences"):
        Sequences(torch.zeros(2, 4, 1), [0, 1], target="sequence").split(0.5)


def test_digits_that_are_lost_in_rounding_are_refused() -> None:
    y = 2460000.5 + 0.05 * torch.sin(torch.arange(50.0).double())
    with pytest.raises(DataError, match=r"y, column 0, must keep its digits in torch.float32"):
        Sequences(None, y)
    exact = Sequences(None, y, dtype=torch.float64)
    assert torch.equal(exact.batch([0]).y[0, :, 0], y)
    Sequences(None, 0.1 + torch.zeros(5).double())  # a constant channel has none to lose
    Sequences(None, 1000 + torch.sin(torch.arange(50.0).double()))
