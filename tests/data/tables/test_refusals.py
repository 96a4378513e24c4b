"""Tables that cannot be used: each is refused in one sentence that names the place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import freerun as fr
from freerun import ArgumentError, DataError

DATES = "date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n"

BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "empty": ("", {}, "must hold something, got an empty one"),
    "header only": ("date,y\n", {}, "must have rows"),
    "wrong delimiter": (
        "date;y\n2024-01-01;1\n",
        {"delimiter": ","},
        "fields must be set apart by ',', got 'date;y'. Pass delimiter=';'.",
    ),
    "two columns of one name": ("y,y\n1,2\n", {}, "names of their own, got two 'y'"),
    "ragged rows": ("date,y\n2024-01-01,1,7,8\n", {}, "rows must fit the header"),
    "no such column": (DATES, {"target": "yy"}, "Did you mean 'y'?"),
    "two roles": (DATES, {"target": "y", "known": "y"}, "'y' must have one role"),
    "words among numbers": (
        DATES.replace(",2\n", ",two\n"),
        {"target": "y", "task": "forecast"},
        "column 'y' must be of numbers, got 'two' in row 2",
    ),
    "missing": (
        DATES.replace(",2\n", ",\n"),
        {},
        "'y' must have a value in every row, got nothing in row 2",
    ),
    "infinite": (DATES.replace(",2\n", ",inf\n"), {}, "'y' must be finite, got inf in row 2"),
    "double time": (
        DATES.replace("-02,", "-01,"),
        {},
        "'date' must have each time once, got 2024-01-01 after 2024-01-01 at row 2",
    ),
    "out of order": (
        DATES.replace("-01,1", "-09,1"),
        {},
        "rows in order of time, got 2024-01-02 after 2024-01-09 at row 2. Sort the rows.",
    ),
    "a gap": (
        DATES.replace("-03,", "-05,") + "2024-01-06,4\n",
        {},
        "'date' must go on by 1 day, got 2024-01-05 after 2024-01-02 at row 3",
    ),
    "irregular": (
        "t,y\n0,1\n1,2\n2,3\n2.5,4\n",
        {"time": "t", "missing": "mask"},
        "'t' must go on by 1, got 2.5 after 2 at row 4. Bring the table to equal steps first.",
    ),
    "not a time": (
        "when,y\nyesterday,1\ntoday,2\n",
        {"time": "when"},
        "'when' must have times, got 'yesterday' in row 1",
    ),
    "no time": (
        DATES.replace("2024-01-02", ""),
        {"time": "date"},
        "'date' must have a time in every row, got nothing in row 2",
    ),
    "nothing to predict": ("a,b\n1,2\n", {}, "must say what is to be predicted"),
    "several classes": (
        "a,b\nx,y\nz,w\n",
        {"target": ["a", "b"], "task": "label"},
        "several targets must be numbers",
    ),
    "classes that are not whole": (
        "a\n1\n1.5\n",
        {"target": "a", "task": "label"},
        "'a' must be of classes, got 1.5",
    ),
    "a series of two classes": (
        "series,u,label\n1,0.5,up\n1,0.6,down\n",
        {"task": "classify"},
        "'label' must be the same in all rows of a series to classify, got another one in row 2",
    ),
    "a class in between": (
        "u,y\nx,1\n,2\nz,3\n",
        {"target": "y", "known": "u", "missing": "interpolate"},
        "for a category has no in-between",
    ),
    "an unknown task": (DATES, {"task": "forcast"}, "Did you mean 'forecast'?"),
    "an unknown layout": (DATES, {"layout": "tall"}, "layout must be one of 'long', 'wide'"),
    "a long delimiter": (
        DATES,
        {"delimiter": "::"},
        "delimiter must be one character, a plain one",
    ),
    "an unknown encoding": (DATES, {"encoding": "utf-9"}, "encoding must be one that Python knows"),
}


@pytest.mark.parametrize("case", BAD)
def test_refused(tmp_path: Path, case: str) -> None:
    text, options, message = BAD[case]
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises((ArgumentError, DataError)) as caught:
        fr.read(path, **options)
    found = str(caught.value)
    assert message in found
    assert found.startswith(str(path))
    assert "\n" not in found


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\x7fELF\0\0\1")
    with pytest.raises(DataError, match="got bytes that are no text"):
        fr.read(path)
    path.write_bytes(b"y\n1\n\xe4\n")
    with pytest.raises(DataError, match=r"text must be utf-8, got byte 0xe4 at place 4\. Pass enc"):
        fr.read(path)
    assert fr.read(path, task="label", encoding="latin-1").sequences.classes == ("1", "ä")


def test_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(DATES)
    with pytest.raises(DataError, match=r"Did you mean .*sales\.csv\?"):
        fr.read(tmp_path / "sale.csv")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="a directory of files, got none that can be read"):
        fr.read(empty)


def test_files_of_a_directory_must_be_alike(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t,y\n1,2\n")
    (tmp_path / "b.csv").write_text("t,z\n1,2\n")
    with pytest.raises(DataError, match=r"b must have the columns of a, got 't', 'z'"):
        fr.read(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("price", "cost"), "must have the column 'price'"),
        (lambda text: text.replace(",x\n", ",q\n"), "'q' in row 3 of series 'a'"),
        (lambda text: text.replace("store", "shop"), "must have the column 'store'"),
        (lambda text: text.replace("9.5", "cheap"), "'price' must be of numbers, got 'cheap'"),
    ],
)
def test_other_columns_than_in_training(tmp_path: Path, change: Any, message: str) -> None:
    from tests.data.tables.test_read import LONG

    path = tmp_path / "a.csv"
    path.write_text(LONG)
    schema = fr.read(path, "sales", known=["price", "kind"]).schema
    path.write_text(change(LONG))
    with pytest.raises(DataError, match=message):
        fr.read(path, schema=schema)


@pytest.mark.parametrize(
    "text",
    [
        "@data\n",
        "1,2:a\n",
        "@classLabel true a\n@data\n1,?:a\n",
        "@classLabel true a\n@data\n1,2:b\n",
        "@classLabel true a\n@data\n1:2:a\n1:a\n",
        "@classLabel false\n@data\n1,2\n",
        "@timestamps true\n@classLabel true a\n@data\n1:a\n",
    ],
)
def test_ts_files_that_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.ts"
    path.write_text(text)
    with pytest.raises(DataError):
        fr.read(path)


def test_numpy_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="a file that NumPy wrote"):
        fr.read(path)
    np.savez(path, a=np.zeros(3))
    with pytest.raises(DataError, match=r"must hold y, got a\."):
        fr.read(path)
    np.savez(path, x=np.zeros((2, 3, 1)), y=np.zeros(2), lengths=np.array([3, 9]))
    with pytest.raises(DataError, match="lengths must be"):
        fr.read(path)


def test_frames_of_what_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'y' must be of one kind"):
        fr.read({"y": np.array([1, "a"], object)})
    with pytest.raises(DataError, match="the same number of rows"):
        fr.read({"a": [1.0], "y": [1.0, 2.0]})
    with pytest.raises(DataError, match="no columns"):
        fr.read({})
