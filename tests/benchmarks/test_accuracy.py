"""The tables of the accuracy benchmark."""

import pytest

from benchmarks.accuracy.kind import Figures, Kind, Row
from benchmarks.accuracy.table import cell, table

KIND = Kind(
    name="guessing",
    measures="per cent",
    methods={"freerun": "ours", "coin": "thrown"},
    sets=("long name", "b"),
    measure=lambda name, seeds: {},
)


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        (Figures([98.0, 99.0], 2.14), "98.5 ± 0.7, 2.1 s"),
        (Figures([98.0]), "98.0"),
        (Figures([98.0], 0.5), "98.0, 0.5 s"),
        (None, "-"),
    ],
)
def test_a_cell_says_mean_spread_and_seconds_as_far_as_there_are_any(
    figures: Figures | None, text: str
) -> None:
    assert cell(figures, 1) == text


def test_a_table_has_a_row_for_each_set_and_says_what_the_columns_are() -> None:
    rows: dict[str, Row] = {
        "long name": {"freerun": Figures([90.0]), "coin": Figures([50.0])},
        "b": {"freerun": Figures([100.0])},
    }
    assert table(KIND, rows).splitlines() == [
        "guessing: per cent",
        "",
        "           freerun  coin",
        "long name     90.0  50.0",
        "b            100.0     -",
        "",
        "  freerun: ours",
        "  coin: thrown",
    ]
