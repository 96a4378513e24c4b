"""Tables that look like something they are not: none of them is misread in silence."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pytest

import freerun as fr
from freerun import ArgumentError, DataError

REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "nothing": (None, {}, "a table, got NoneType"),
    "an array": (np.zeros(3), {}, "a table, got ndarray"),
    "two time columns": ({"y": [1.0]}, {"time": ["a", "b"]}, "time must be the name of one column"),
    "no target": ({"y": [1.0]}, {"target": []}, "target must name a column"),
    "a number for a name": ({"y": [1.0]}, {"target": 3}, "target must be one of 'y', got 3"),
    "words and numbers": ({"y": ["a", 1]}, {}, "'y' must be of one kind, got int and str"),
    "names beyond float64": ({"id": np.array([2**53 + 1]), "y": [1.0]}, {}, "within 2^53"),
    "an infinite class": (
        {"y": [np.inf, 1.0, 1.0]},
        {"task": "label"},
        "'y' must be of classes, got inf",
    ),
    "decimal commas": ({"y": ["1,5", "2,5"]}, {}, "'y' must be of numbers, got '1,5' in row 1"),
    "a truth in between": (
        {"y": [1.0, 2.0, 3.0], "u": [True, None, False]},
        {"target": "y", "known": "u", "missing": "interpolate"},
        "for a truth has no in-between",
    ),
    "times close together": (
        {"time": [0, 1, 2, 2.0005, 3], "y": [0.0, 1.0, 2.0, 3.0, 4.0]},
        {"missing": "mask"},
        "'time' must go on by 1, got 2.0005 after 2 at row 4",
    ),
    "a far time": (
        {"time": [0, 1, 2, 10**12], "y": [0.0, 1.0, 2.0, 3.0]},
        {"missing": "mask"},
        "gaps must be fewer than 20 steps a row, got 1000000000000 after 2 at row 4",
    ),
    "dates in another order": (
        {"date": ["13/01/2024", "14/01/2024"], "y": [1.0, 2.0]},
        {},
        "'date' must have times, got '13/01/2024' in row 1",
    ),
    "words in a wide table": (
        {"time": [1, 2], "a": [1.0, 2.0], "b": ["5", "x"]},
        {"layout": "wide"},
        "column 'b' must be of numbers, got 'x' in row 2",
    ),
    "an empty series of a wide table": (
        {"time": [1, 2], "a": [1.0, 2.0], "b": [None, None]},
        {"layout": "wide"},
        "series 'b' must be of numbers, got nothing in all rows",
    ),
    "a target of a wide table": (
        {"time": [1], "a": [1.0]},
        {"layout": "wide", "target": "a"},
        "Leave out target=.",
    ),
    "channels of one name": (
        {"y": [1.0, 2.0], "k": ["a", "b"], "k=a": [1.0, 2.0]},
        {"target": "y", "known": ["k", "k=a"]},
        "inputs must have names of their own, got two 'k=a'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    source, options, message = REFUSED[case]
    with pytest.raises((ArgumentError, DataError)) as caught:
        fr.read(source, **options)
    assert message in str(caught.value)


def test_dates_are_iso_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("date,y\n01/01/2024,1\n02/01/2024,2\n03/01/2024,3\n")
    with pytest.raises(DataError, match="'date' must have times, got '01/01/2024' in row 1"):
        fr.read(path, "y")


@pytest.mark.parametrize(
    "values",
    [
        [True, None, False],
        polars.Series([True, None, False]),
        pandas.Series([True, None, False], dtype="boolean"),
        pandas.Series([True, None, False], dtype=object),
    ],
)
def test_a_missing_truth_changes_no_kind(values: Any) -> None:
    table = fr.read({"y": values}, missing="mask")
    assert table.schema.task == "label"
    assert table.sequences.classes == ("false", "true")
    assert table.sequences[0][1].tolist() == [1, -1, 0]
    whole = fr.read({"y": [True, False]})
    assert whole.schema.targets == table.schema.targets
    inputs = fr.read({"y": [1.0, 2.0, 3.0], "u": values}, "y", known="u", missing="mask")
    assert inputs.sequences[0][0].tolist() == [[1, 0], [1, 1], [0, 0]]  # type: ignore[union-attr]


def test_objects_of_numpy_are_numbers() -> None:
    ones = np.array([np.int64(1), np.int64(2), np.int64(4)], object)
    table = fr.read(pandas.DataFrame({"time": [1, 2, 3], "y": ones}))
    assert table.sequences[0][1].reshape(-1).tolist() == [1, 2, 4]


def test_other_classes_are_named_not_rounded() -> None:
    schema = fr.read({"y": [True, False]}).schema
    for strange in (-1.0, 0.4, 2.0):
        with pytest.raises(DataError, match="classes that were seen in training"):
            fr.read({"y": [1.0, 0.0, strange]}, schema=schema)
    assert fr.read({"y": [1.0, 0.0]}, schema=schema).sequences[0][1].tolist() == [1, 0]
    days = np.array(["2024-01-01", "2024-01-02"], "datetime64[us]")
    with pytest.raises(DataError, match="must be of classes, got times"):
        fr.read({"y": days}, schema=schema)


def test_a_schemas_clock_is_for_its_kind_of_times() -> None:
    months = np.array(["2024-01-05", "2024-02-05"], "datetime64[us]")
    schema = fr.read({"time": months, "y": [1.0, 2.0]}).schema
    with pytest.raises(DataError, match="'time' must go on by 1 month, got numbers"):
        fr.read({"time": [1, 2], "y": [1.0, 2.0]}, schema=schema)
    stray = np.array(["2024-01-05", "2024-02-07"], "datetime64[us]")
    with pytest.raises(DataError, match="must go on by 1 month, got 2024-02-07 after 2024-01-05"):
        fr.read({"time": stray, "y": [1.0, 2.0]}, schema=schema)


def test_names_of_series_keep_their_digits() -> None:
    ids = [123456789, 123456789, 123456790, 123456790]
    table = fr.read({"id": ids, "y": [1.0, 2.0, 3.0, 4.0]}, "y", series="id")
    assert table.keys == ("123456789", "123456790")


def test_clocks_that_change_to_summer_time_go_on() -> None:
    times = pandas.date_range("2024-10-26 22:00", periods=8, freq="h", tz="Europe/Berlin")
    frame = pandas.DataFrame({"time": times, "y": range(8)})
    assert str(fr.read(frame).schema.clock) == "1 hour"
    assert str(fr.read(polars.from_pandas(frame)).schema.clock) == "1 hour"


def test_files_of_one_name_are_not_one_series(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t,y\n1,2\n")
    (tmp_path / ".hidden.csv").write_text("no\n")
    assert fr.read(tmp_path).keys == ("a",)
    (tmp_path / "a.tsv").write_text("t\ty\n1\t2\n")
    with pytest.raises(DataError, match="files must have names of their own, got two called 'a'"):
        fr.read(tmp_path)


def test_text_keeps_its_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    table = fr.read(tmp_path / "a.txt")
    names = table.sequences.classes
    assert names is not None
    assert "".join(names[code] for code in table.sequences[0][1].tolist()) == "one\r\ntwo"
    with pytest.raises(ArgumentError, match="Leave out target="):
        fr.read(tmp_path / "a.txt", target="x")


def test_arrays_must_be_of_the_kind_trained_on(tmp_path: Path) -> None:
    x = np.zeros((3, 5, 2))
    np.savez(tmp_path / "classes.npz", x=x, y=np.array([0, 1, 1]))
    np.savez(tmp_path / "steps.npz", x=x, y=np.zeros((3, 5)))
    np.savez(tmp_path / "huge.npz", x=x, y=np.array([0, 1, 2**40]))
    schema = fr.read(tmp_path / "classes.npz").schema
    with pytest.raises(DataError, match="y must be classes per sequence, got numbers per step"):
        fr.read(tmp_path / "steps.npz", schema=schema)
    with pytest.raises(DataError, match="classes must be numbered from 0"):
        fr.read(tmp_path / "huge.npz")
