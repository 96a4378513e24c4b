"""The figures of a training, and how they are read, written and drawn."""

import math
from pathlib import Path

import matplotlib as mpl
import pytest

import freerun as fr
from tests.training.examples import driven, network

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


@pytest.mark.parametrize(
    ("recurrence", "forcing", "column", "wanted"),
    [
        ("output", fr.GeneralizedTeacherForcing("adaptive", every=1), "forcing_alpha", None),
        ("both", fr.ProfessorForcing(hidden_size=4), "forcing_accuracy", None),
        ("both", fr.HorizonCurriculum(3, over=1.0), "forcing_horizon", [4, 6, 10]),
        (
            "both",
            fr.Curriculum([fr.TeacherForcing(), fr.FreeRunning()], at=[1]),
            "forcing_phase",
            [0, 1, 1],
        ),
    ],
    ids=["adaptive", "professor", "horizon", "curriculum"],
)
def test_a_forcing_says_what_it_has_come_to(
    recurrence: str, forcing: fr.forcing.Forcing, column: str, wanted: list[float] | None
) -> None:
    net = network(recurrence)
    history = fr.fit(net, driven(), forcing=forcing, epochs=3, batch_size=2, progress=False)
    if wanted is not None:
        assert history[column] == wanted
    else:
        assert all(0 <= value <= 1 for value in history[column])
