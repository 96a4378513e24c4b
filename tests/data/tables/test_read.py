"""Files and frames that are as they should be: what is said, what is guessed, what comes out."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow
import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.data.tables import Schema

LONG = """date,store,sales,price,holiday,kind
2024-01-01,b,1.0,9.5,false,x
2024-01-02,b,2.0,9.0,true,y
2024-01-01,a,3.0,8.0,false,x
2024-01-02,a,4.0,7.0,false,x
2024-01-03,a,5.0,6.0,true,y
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def y_of(table: Any, number: int) -> list[Any]:
    _, y = table.sequences[number]
    return y.reshape(-1).tolist()


def days(times: Any) -> list[str]:
    return [str(one) for one in times.astype("datetime64[D]")]


def times_in(table: fr.Table) -> Any:
    assert table.times is not None
    return table.times


def x_of(table: Any, number: int) -> list[Any]:
    x, _ = table.sequences[number]
    assert isinstance(x, Tensor)
    return x.tolist()


def test_a_long_table_has_a_row_for_every_step_of_every_series(tmp_path: Path) -> None:
    table = fr.read(write(tmp_path / "a.csv", LONG), "sales", known=["price", "holiday", "kind"])
    assert table.keys == ("a", "b")
    assert y_of(table, 0) == [3, 4, 5]
    assert y_of(table, 1) == [1, 2]
    assert x_of(table, 1) == [[9.5, 0, 1, 0], [9, 1, 0, 1]]
    assert table.schema.inputs == ("price", "holiday", "kind=x", "kind=y")
    assert days(table.times_of(1)) == [
        "2024-01-01",
        "2024-01-02",
    ]
    assert str(table.schema.clock) == "1 day"
    assert [str(t) for t in table.times_after(0, 2).astype("datetime64[D]")] == [
        "2024-01-04",
        "2024-01-05",
    ]
    assert table.sequences.season == 7
    assert table.guessed == (
        "'date' is the time",
        "'store' tells series apart",
        "the task is to forecast",
    )


def test_what_is_not_used_is_said(tmp_path: Path) -> None:
    table = fr.read(write(tmp_path / "a.csv", LONG), "sales", known="price")
    assert table.guessed[-1] == "not used: 'holiday', 'kind'; name them as known or observed"


def test_observed_columns_are_predicted_beside_the_targets(tmp_path: Path) -> None:
    table = fr.read(write(tmp_path / "a.csv", LONG), "sales", observed="price")
    assert table.schema.outputs == ("sales", "price")
    assert table.sequences.names == ("sales", "price")
    assert table.sequences[1][1].tolist() == [[1, 9.5], [2, 9]]


@pytest.mark.parametrize("kind", ["csv", "tsv", "semicolon", "bar", "parquet", "utf-16", "bom"])
def test_every_kind_of_file_says_the_same(tmp_path: Path, kind: str) -> None:
    plain = fr.read(write(tmp_path / "plain.csv", LONG), "sales", known="price")
    options: dict[str, Any] = {}
    if kind == "parquet":
        path = tmp_path / "a.parquet"
        polars.read_csv(tmp_path / "plain.csv", try_parse_dates=True).write_parquet(path)
    elif kind == "tsv":
        path = write(tmp_path / "a.tsv", LONG.replace(",", "\t"))
    elif kind in ("semicolon", "bar"):
        path = write(tmp_path / "a.csv", LONG.replace(",", ";" if kind == "semicolon" else "|"))
    elif kind == "utf-16":
        path, options = tmp_path / "a.csv", {"encoding": "utf-16"}
        path.write_text(LONG, encoding="utf-16")
    else:
        path = tmp_path / "a.csv"
        path.write_text(LONG, encoding="utf-8-sig")
    other = fr.read(path, "sales", known="price", **options)
    assert other.schema == plain.schema
    assert other.keys == plain.keys
    assert [y_of(other, n) for n in range(2)] == [y_of(plain, n) for n in range(2)]
    assert np.array_equal(times_in(other), times_in(plain))


@pytest.mark.parametrize(
    "library", ["polars", "lazy", "pandas", "arrow", "mapping", "pandas index"]
)
def test_every_kind_of_frame_says_the_same(tmp_path: Path, library: str) -> None:
    path = write(tmp_path / "a.csv", LONG)
    plain = fr.read(path, "sales", known=["price", "kind", "holiday"])
    frame: Any = polars.read_csv(path, try_parse_dates=True)
    if library == "lazy":
        frame = frame.lazy()
    elif library.startswith("pandas"):
        frame = pandas.read_csv(path, parse_dates=["date"])
        frame["kind"] = frame["kind"].astype("category")
        if library == "pandas index":
            frame.index = [5, 3, 1, 9, 7]
    elif library == "arrow":
        frame = pyarrow.Table.from_pydict({name: frame[name].to_arrow() for name in frame.columns})
    elif library == "mapping":
        frame = {name: frame[name].to_list() for name in frame.columns}
    other = fr.read(frame, "sales", known=["price", "kind", "holiday"])
    assert other.schema == plain.schema
    for number in range(2):
        assert torch.equal(other.sequences[number][0], plain.sequences[number][0])  # type: ignore[arg-type]
        assert torch.equal(other.sequences[number][1], plain.sequences[number][1])
    assert np.array_equal(times_in(other), times_in(plain))


def test_a_wide_table_has_a_column_for_every_series(tmp_path: Path) -> None:
    text = "month,a,b\n2024-01,1,\n2024-02,2,5\n2024-03,,6\n"
    table = fr.read(write(tmp_path / "a.csv", text), layout="wide")
    assert table.keys == ("a", "b")
    assert [y_of(table, n) for n in range(2)] == [[1, 2], [5, 6]]
    assert str(table.schema.clock) == "1 month"
    assert days(table.times_of(1)) == ["2024-02-01", "2024-03-01"]
    again = fr.read(tmp_path / "a.csv", schema=Schema.from_dict(table.schema.to_dict()))
    assert again.schema == table.schema
    assert [y_of(again, n) for n in range(2)] == [[1, 2], [5, 6]]


def test_a_directory_has_a_file_for_every_series(tmp_path: Path) -> None:
    write(tmp_path / "one.csv", "t,value\n1,5\n2,6\n")
    write(tmp_path / "two.csv", "t,value\n7,1\n8,2\n9,3\n")
    write(tmp_path / "notes.txt", "not read")
    table = fr.read(tmp_path)
    assert table.keys == ("one", "two")
    assert y_of(table, 1) == [1, 2, 3]
    assert table.times_after(1, 2).tolist() == [10, 11]


def test_words_are_classes_of_steps_or_of_whole_series(tmp_path: Path) -> None:
    text = "series,u,label\n1,0.5,up\n1,0.6,up\n2,0.1,down\n2,0.2,down\n2,0.3,down\n"
    table = fr.read(write(tmp_path / "a.csv", text))
    assert table.schema.task == "classify"
    assert table.sequences.classes == ("down", "up")
    assert table.sequences.labels is not None
    assert table.sequences.labels.tolist() == [1, 0]
    table = fr.read(tmp_path / "a.csv", task="label")
    assert y_of(table, 1) == [0, 0, 0]
    changed = write(tmp_path / "b.csv", text.replace("0.3,down", "0.3,up"))
    assert fr.read(changed).schema.task == "label"


def test_numbers_can_be_classes_or_one_a_series(tmp_path: Path) -> None:
    text = "id,u,y\na,1,3\na,2,3\nb,1,10\n"
    table = fr.read(write(tmp_path / "a.csv", text), task="classify")
    assert table.sequences.classes == ("3", "10")
    table = fr.read(tmp_path / "a.csv", task="regress")
    assert table.sequences.labels is not None
    assert table.sequences.labels.tolist() == [[3], [10]]


def test_numpy_files(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(3, 5, 2)), np.array([0, 1, 1])
    np.savez(tmp_path / "a.npz", x=x, y=y, lengths=np.array([5, 4, 3]))
    table = fr.read(tmp_path / "a.npz")
    assert table.schema.task == "classify"
    assert table.sequences.lengths.tolist() == [5, 4, 3]
    assert torch.equal(table.sequences[1][0], torch.tensor(x[1, :4], dtype=torch.float32))  # type: ignore[arg-type]
    np.save(tmp_path / "b.npy", np.arange(6.0))
    assert y_of(fr.read(tmp_path / "b.npy"), 0) == [0, 1, 2, 3, 4, 5]


def test_ts_files(tmp_path: Path) -> None:
    text = (
        "# a comment\n@problemName two\n@timeStamps false\n@univariate false\n"
        "@classLabel true b a\n@data\n1,2,3:4,5,6:a\n7,8:9,10:b\n"
    )
    table = fr.read(write(tmp_path / "a.ts", text))
    assert table.sequences.classes == ("b", "a")
    assert table.sequences.labels is not None
    assert table.sequences.labels.tolist() == [1, 0]
    assert x_of(table, 0) == [[1, 4], [2, 5], [3, 6]]
    assert x_of(table, 1) == [[7, 9], [8, 10]]


@pytest.mark.parametrize(("unit", "count"), [("characters", 24), ("words", 9), ("bytes", 27)])
def test_text(tmp_path: Path, unit: str, count: int) -> None:
    from freerun.data.tables.text import join

    text = "Wär's so — what? It\u2019s.\n\n"
    table = fr.read(write(tmp_path / "a.txt", text), unit=unit)
    names = table.sequences.classes
    assert names is not None
    assert join([names[code] for code in y_of(table, 0)], unit) == text
    assert len(y_of(table, 0)) >= count - 3
    part = fr.read(write(tmp_path / "b.txt", "so what"), schema=table.schema)
    assert join([names[code] for code in y_of(part, 0)], unit) == "so what"


# What is missing


GAPS = "day,y,u\n2024-01-01,1,1\n2024-01-02,,2\n2024-01-04,4,\n2024-01-05,5,5\n"


def test_missing_values_are_interpolated_and_missing_rows_filled_in(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", GAPS)
    table = fr.read(path, "y", known="u", time="day", missing="interpolate")
    assert y_of(table, 0) == [1, 2, 3, 4, 5]
    torch.testing.assert_close(
        torch.tensor(x_of(table, 0))[:, 0], torch.tensor([1, 2, 3, 4, 5.0]), rtol=0, atol=1e-6
    )


def test_missing_values_are_masked_and_the_network_is_told_where(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", GAPS)
    table = fr.read(path, "y", known="u", time="day", missing="mask")
    assert np.isnan(y_of(table, 0)).tolist() == [False, True, True, False, False]
    assert table.schema.inputs == ("u", "u missing")
    assert x_of(table, 0) == [[1, 0], [2, 0], [2, 1], [2, 1], [5, 0]]


def test_the_same_columns_are_read_alike_by_a_schema(tmp_path: Path) -> None:
    first = fr.read(write(tmp_path / "a.csv", LONG), "sales", known=["kind", "price"])
    kept = Schema.from_dict(first.schema.to_dict())
    assert kept == first.schema
    other = LONG.replace(",y\n", ",x\n")  # no kind y: its channel must still be there
    again = fr.read(write(tmp_path / "b.csv", other), schema=kept)
    assert x_of(again, 1) == [[1, 0, 9.5], [1, 0, 9]]


# Clocks


@pytest.mark.parametrize(
    ("times", "clock", "after"),
    [
        (["2024-01", "2024-02", "2024-03"], "1 month", "2024-04-01"),
        (["2024-01-31", "2024-02-29", "2024-03-31"], "1 month", "2024-04-30"),
        (["2024-03-15", "2024-06-15"], "3 months", "2024-09-15"),
        (["2020-12-31", "2021-12-31"], "1 year", "2022-12-31"),
        (["2024-01-01", "2024-01-08"], "7 days", "2024-01-15"),
        (["2024-01-01T00:00", "2024-01-01T00:15"], "15 minutes", "2024-01-01T00:30"),
        (["2024-02-28", "2024-02-29", "2024-03-01"], "1 day", "2024-03-02"),
    ],
)
def test_clocks(times: list[str], clock: str, after: str) -> None:
    table = fr.read({"when": np.array(times, "datetime64[us]"), "y": np.arange(len(times))})
    assert str(table.schema.clock) == clock
    assert table.times_after(0, 1)[0] == np.datetime64(after, "us")


# What is found further down than the rows that are looked at first


@pytest.mark.parametrize(
    ("usual", "odd", "kind"),
    [
        ("1", "1.5", "f"),
        ("1", "word", "words"),
        ("2024-01-02", "soon", "words"),
        ("true", "7", "words"),
    ],
)
def test_a_large_file_may_look_otherwise_further_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usual: str, odd: str, kind: str
) -> None:
    from freerun.data.tables import delimited

    monkeypatch.setattr(delimited, "SMALL", 0)
    monkeypatch.setattr(delimited, "FEW_ROWS", 10)
    path = write(tmp_path / "a.csv", "a,b\n" + f"{usual},1\n" * 5000 + f"{odd},1\n")
    columns, _ = delimited.read_delimited(path)
    whole = columns["a"]
    if kind == "f":
        assert whole[-1] == 1.5
    else:
        assert whole.names == tuple(sorted((usual, odd)))
