"""The figures of a training, and how they are read, written and drawn."""

import math
from pathlib import Path

import matplotlib as mpl
import pytest

import freerun as fr

mpl.use("agg")

ROWS = [
    {"epoch": 1, "train_loss": 2.0, "valid_loss": 3.0},
    {"epoch": 2, "train_loss": 1.0},
    {"epoch": 3, "train_loss": math.inf, "valid_loss": 1.0},
]


def test_columns_and_the_best_row() -> None:
    history = fr.History(ROWS, "valid_loss", best_epoch=3)
    assert history["valid_loss"] == [3.0, None, 1.0]
    assert history.best == ROWS[2]
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert len(history) == 3
    with pytest.raises(fr.ArgumentError, match="one of epoch, train_loss, valid_loss, got 'loss'"):
        history["loss"]


def test_written_and_read(tmp_path: Path) -> None:
    lines = fr.History(ROWS).to_lines().splitlines()
    read = fr.History.rows_of(lines, tmp_path)
    assert read[:2] == ROWS[:2]
    assert read[2] == {"epoch": 3, "train_loss": None, "valid_loss": 1.0}
    with pytest.raises(fr.RunError, match="one JSON object a line"):
        fr.History.rows_of(["{"], tmp_path)


def test_in_words() -> None:
    assert str(fr.History()) == "no epoch yet"
    assert str(fr.History(ROWS[:1])) == "1 epochs (epochs), last 1: train_loss 2, valid_loss 3"
    assert "best 1" in str(fr.History(ROWS, "valid_loss", 1))


def test_drawn_where_it_was_measured() -> None:
    axes = fr.History(ROWS, "valid_loss", 3).plot()
    train, valid, best = axes.get_lines()
    assert list(valid.get_xdata()) == [1, 3]
    assert list(valid.get_ydata()) == [3.0, 1.0]
    assert (train.get_label(), valid.get_label(), best.get_label()) == (
        "train loss", "valid loss", "best epoch",
    )  # fmt: skip
    mpl.pyplot.close(axes.figure)
    mpl.pyplot.close(fr.History().plot().figure)
