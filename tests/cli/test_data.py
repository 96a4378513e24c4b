"""`freerun data describe` and `convert`: files as the command line reads and writes them."""

from pathlib import Path

import numpy as np
import polars
import pytest

import freerun as fr
from tests.cli.command_line import CommandLine

SALES = """day,store,sales,price,kind
2024-01-01,a,3.0,8.0,x
2024-01-02,a,,7.0,y
2024-01-04,a,5.0,6.5,y
2024-01-01,b,1.0,9.5,x
2024-01-02,b,2.0,9.0,x
"""


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    return path


def test_describe(freerun: CommandLine, sales: Path) -> None:
    ended = freerun("data", "describe", sales, "--target", "sales", "--missing", "mask",
                    "--known", "price,kind")  # fmt: skip
    assert ended.code == 0
    assert ended.out.splitlines() == [
        f"{sales}: Sequences(2 sequences of 2 to 4 steps, 5 inputs, 1 output per step)",
        "  target: sales, one per step",
        "  inputs known ahead: price, kind (2 categories)",
        "  time: day, a step is 1 day",
        "  series: store",
        "  from 2024-01-01 to 2024-01-04",
    ]
    assert f"{sales}: 'store' tells series apart" in ended.err


def test_describe_as_json(freerun: CommandLine, sales: Path) -> None:
    found = freerun(
        "data", "describe", sales, "--target", "price", "--missing", "mask", "--json"
    ).object
    assert found["steps"] == 6
    assert found["outputs"] == ["price"]
    assert found["schema"]["clock"] == {"unit": "microseconds", "step": 86_400_000_000}
    assert "'day' is the time" in found["guessed"]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_convert_fills_gaps_and_can_be_read_again(
    freerun: CommandLine, sales: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"out{suffix}"
    asked = ["--target", "sales", "--missing", "interpolate", "--known", "price"]
    assert freerun("data", "convert", sales, out, *asked).code == 0
    table = fr.read(out, "sales", known="price")
    assert table.keys == ("a", "b")
    assert table.sequences[0][1].reshape(-1).tolist() == [
        3,
        pytest.approx(11 / 3),
        pytest.approx(13 / 3),
        5,
    ]
    assert str(table.schema.clock) == "1 day"


def test_convert_leaves_missing_targets_empty(
    freerun: CommandLine, sales: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    assert (
        freerun("data", "convert", sales, out, "--target", "sales", "--missing", "mask").code == 0
    )
    found = polars.read_csv(out)
    assert found["sales"].to_list() == [3, None, None, 5, 1, 2]
    assert found["day"].to_list()[:4] == [f"2024-01-0{day}" for day in range(1, 5)]


def test_convert_to_arrays(freerun: CommandLine, sales: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    assert freerun("data", "convert", sales, out, "--target", "kind", "--task", "label",
                   "--missing", "mask", "--known", "price").code == 0  # fmt: skip
    with np.load(out) as arrays:
        assert arrays["lengths"].tolist() == [4, 2]
        assert arrays["x"].shape == (2, 4, 2)
        assert arrays["y"].tolist() == [[0, 1, -1, 1], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("describe {folder}/sale.csv", "Did you mean"),
        ("describe {sales} --target sale", "Did you mean 'sales'?"),
        ("describe {sales} --target sales", "'day' must go on by 1 day, got 2024-01-04 after"),
        ("describe {sales} --target price", "or pass --missing interpolate or mask to fill them"),
        ("describe {sales} --delimiter ::", "Pass --delimiter ;, say."),
        ("describe {sales} --delimiter tab", "fields must be set apart by"),
        ("describe {sales}", "Pass --target with the name of one."),
        ("describe {sales} --missing drop", "--missing must be one of 'refuse', 'interpolate'"),
        ("describe {sales} --task forcast", "Did you mean 'forecast'?"),
        ("convert {sales} {folder}/out.xls --target price", "OUT must end with .csv, .tsv"),
        ("convert {sales} {folder}/no/out.csv --target price --missing mask", "no such file"),
        ("describ {sales}", "Did you mean 'describe'?"),
    ],
)
def test_mistakes(freerun: CommandLine, sales: Path, command: str, said: str) -> None:
    before = sorted(sales.parent.iterdir())
    words = command.format(sales=sales, folder=sales.parent).split()
    ended = freerun("data", *words)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert sorted(sales.parent.iterdir()) == before
