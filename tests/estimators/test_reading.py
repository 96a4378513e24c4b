"""The forms that users have their sequences, targets and series in, and those that are none."""

import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

import freerun as fr
from tests.estimators.examples import forecaster, ragged, small, waves

FLAT = np.stack([x[:3, 0] for x in ragged()])
DEEP = np.stack([x[:3] for x in ragged()])
Y = FLAT.sum(1)


def objects(parts: list[Any]) -> Any:
    found = np.empty(len(parts), object)
    found[:] = parts
    return found


SAME: dict[str, tuple[Any, list[Any]]] = {
    "two axes": (
        FLAT,
        [
            FLAT.tolist(),
            torch.from_numpy(FLAT),
            pd.DataFrame(FLAT),
            pl.DataFrame(FLAT),
            FLAT.astype(object),
            np.asfortranarray(FLAT),
            FLAT[:, :, None],
            list(FLAT),
            objects(list(FLAT)),
            [pd.Series(one) for one in FLAT],
        ],
    ),
    "three axes": (
        DEEP,
        [
            DEEP.tolist(),
            torch.from_numpy(DEEP).requires_grad_(),
            list(DEEP),
            tuple(DEEP),
            [torch.from_numpy(one) for one in DEEP],
            [pd.DataFrame(one) for one in DEEP],
            [one.tolist() for one in DEEP],
            objects([one.tolist() for one in DEEP]),
            np.asfortranarray(DEEP),
        ],
    ),
    "ragged": (
        ragged(),
        [
            objects(ragged()),
            [one.tolist() for one in ragged()],
            [torch.from_numpy(one) for one in ragged()],
            [pd.DataFrame(one) for one in ragged()],
            [pl.DataFrame(one) for one in ragged()],
        ],
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_sequences_in_every_form_are_the_same(name: str) -> None:
    X, forms = SAME[name]
    wanted = small("regress").fit(X, Y).predict(X)
    for form in forms:
        np.testing.assert_array_equal(small("regress").fit(form, Y).predict(form), wanted)


def test_targets_in_every_form_are_the_same() -> None:
    wanted = small("regress").fit(DEEP, Y).predict(DEEP)
    for form in (Y.tolist(), torch.from_numpy(Y), pd.Series(Y), pl.Series(Y), Y.astype(object)):
        np.testing.assert_array_equal(small("regress").fit(DEEP, form).predict(DEEP), wanted)
    labels = np.where(Y > 0, "up", "down")
    odds = small("classify").fit(DEEP, labels).predict_proba(DEEP)
    for other in (labels.tolist(), pd.Series(labels), labels.astype(object)):
        np.testing.assert_array_equal(small("classify").fit(DEEP, other).predict_proba(DEEP), odds)


def test_a_column_of_targets_is_taken_with_a_warning() -> None:
    with pytest.warns(match="A column-vector y was passed"):
        assert small("regress").fit(DEEP, Y[:, None]).predict(DEEP).shape == (12,)


def test_sequences_and_tables_bring_their_targets() -> None:
    X = ragged()
    rows = [(n, t, *row) for n, x in enumerate(X) for t, row in enumerate(x)]
    frame = pd.DataFrame(rows, columns=["series", "t", "a", "b"])
    frame["kind"] = ["up" if n % 2 else "down" for n in frame["series"]]
    table = fr.read(frame, "kind", task="classify", series="series", time="t")
    model = small("classify").fit(table)
    assert model.classes_.tolist() == ["down", "up"]
    assert len(model.predict(table)) == 12
    assert 0 <= model.score(table) <= 1
    assert model.score(table) == pytest.approx(model.score(X, ["down", "up"] * 6))
    np.testing.assert_array_equal(model.predict(table), model.predict(table.sequences))
    with pytest.raises(
        fr.ArgumentError, match=r"SequenceClassifier.fit: Sequences and tables have"
    ):
        small("classify").fit(table, ["a"] * 12)
    message = (
        "SequenceRegressor.fit: sequences must have numbers, one row per sequence, got classes"
    )
    with pytest.raises(fr.ArgumentError, match=message):
        small("regress").fit(table)


NAN = [x.copy() for x in ragged()]
NAN[2][1, 0] = np.nan


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "SequenceRegressor.fit: X must have a sequence or more, got none."),
        (NAN, "SequenceRegressor.fit: X must be finite, got NaN or infinity in sequence 2"),
        (np.stack([x[:3] for x in NAN]), "Input X contains NaN"),
        (
            [*ragged(11), np.ones((2, 2, 2))],
            "a sequence must be (time, channels), got (2, 2, 2) for sequence 11",
        ),
        ([*ragged(11), np.ones((0, 2))], "(time, channels), got (0, 2) for sequence 11."),
        ([*ragged(11), np.array(["a", "b"])], "a sequence must be an array of numbers, got could"),
        ([*ragged(11), np.array([1j])], "a sequence must be an array of numbers, got complex"),
        ([*ragged(11), [[1.0], [1.0, 2.0]]], "a sequence must be an array of numbers, got setting"),
        ([*ragged(11), np.ones((3, 5))], "x must have the same channels in every series, 2 as in"),
        (np.ones((12, 0, 2)), "(0, 2)"),
        (np.ones(12), "Expected 2D array, got 1D array instead"),
        (np.ones((12, 2, 2, 2)), "Found array with dim 4"),
        ("abc", "could not convert string to float: 'abc'"),
        (None, "Expected 2D array"),
    ],
)  # fmt: skip
def test_sequences_that_cannot_be_are_refused(X: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        small("regress").fit(X, Y)


@pytest.mark.parametrize(
    ("task", "y", "message"),
    [
        ("regress", None, "SequenceRegressor requires y to be passed, but the target y is None"),
        (
            "regress",
            Y[:5],
            "y must have 12 rows, one for each sequence, got (5,). Pass one row for",
        ),
        ("regress", np.where(Y > 0, np.nan, 1.0), "Input y contains NaN"),
        ("regress", ["a"] * 12, "could not convert string to float"),
        ("regress", np.ones((12, 2, 2)), "Found array with dim 3"),
        ("classify", None, "SequenceClassifier requires y to be passed, but the target y is None"),
        (
            "classify",
            [0, 1, 1],
            "y must have 12 labels, one for each sequence, got 3. Pass one for",
        ),
        ("classify", Y, "Unknown label type: continuous"),
        ("classify", [np.nan, *[1.0] * 11], "Input y contains NaN"),
        ("classify", [np.inf, *[1.0] * 11], "Input y contains infinity"),
        (
            "classify",
            ["a"] * 12,
            "SequenceClassifier.fit: there must be two classes or more, got 1 cl",
        ),
        ("classify", np.ones((12, 2)), "y should be a 1d array, got an array of shape (12, 2)"),
    ],
)
def test_targets_that_cannot_be_are_refused(task: str, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        small(task).fit(DEEP, y)


def test_other_channels_than_in_training_are_refused() -> None:
    model = small("regress").fit(ragged(), Y)
    for X in ([np.ones((3, 5))], np.ones((2, 3, 5)), fr.Sequences([np.ones((3, 5))], [np.ones(3)])):
        message = "sequences must have 2 channels, as in training, got 5 in sequence 0."
        with pytest.raises(fr.ArgumentError, match=re.escape(message)):
            model.predict(X)
    flat = small("regress").fit(FLAT, Y)
    with pytest.raises(ValueError, match="X has 2 features, but SequenceRegressor is expecting 3"):
        flat.predict(FLAT[:, :2])
    assert flat.predict([one[:2] for one in FLAT]).shape == (12,)


SERIES = waves(60, 1)[0]
SEVERAL = waves(60, 2)
TWO = np.stack([SERIES, SERIES[::-1]], 1)


@pytest.mark.parametrize(
    ("X", "forms"),
    [
        (
            SERIES,
            [SERIES.tolist(), torch.from_numpy(SERIES), pd.Series(SERIES), pl.Series(SERIES),
             SERIES.astype(object), fr.Sequences(None, SERIES, dtype=torch.float64),
             pd.Series(SERIES, pd.date_range("2024-01-01", periods=60))],
        ),
        (TWO, [torch.from_numpy(TWO), pd.DataFrame(TWO, columns=["a", "b"]), pl.DataFrame(TWO)]),
        (
            SEVERAL,
            [objects(SEVERAL), tuple(SEVERAL), [one.tolist() for one in SEVERAL],
             [pd.Series(one) for one in SEVERAL], [torch.from_numpy(one) for one in SEVERAL],
             fr.Sequences(None, SEVERAL, dtype=torch.float64)],
        ),
        (np.stack([TWO, TWO]), [[TWO, TWO], torch.from_numpy(np.stack([TWO, TWO]))]),
    ],
    ids=["one", "outputs", "several", "three axes"],
)  # fmt: skip
def test_series_in_every_form_are_the_same(X: Any, forms: list[Any]) -> None:
    wanted = forecaster().fit(X).predict(3)
    for form in forms:
        np.testing.assert_array_equal(forecaster().fit(form).predict(3), wanted)


def test_a_table_brings_series_inputs_and_season() -> None:
    months = pd.date_range("2015-01-01", periods=60, freq="MS")
    frame = pd.concat(
        pd.DataFrame({"shop": name, "month": months, "sales": size * SERIES, "price": SERIES})
        for name, size in (("b", 1.0), ("a", 10.0))
    )
    past = frame[frame["month"] < "2019-06-01"]
    table = fr.read(past, "sales", series="shop", time="month", known="price")
    model = forecaster().fit(table)
    assert table.sequences.season == 12
    found = model.predict(5, frame)
    assert [one.shape for one in found] == [(5,)] * 2
    ahead = [SERIES[53:58, None]] * 2
    np.testing.assert_array_equal(model.predict(5, ahead), found)
    again = model.predict(5, frame, series=table)
    np.testing.assert_array_equal(again, found)
    with pytest.raises(fr.DataError, match="inputs must reach over 9 steps"):
        model.predict(9, frame)
    with pytest.raises(fr.DataError, match="inputs must have the column 'price'"):
        model.predict(5, frame.drop(columns="price"))
    with pytest.raises(fr.ArgumentError, match="have their own inputs, got others"):
        forecaster().fit(table, ahead)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "Forecaster.fit: a series must have a step or more, got (0,). Pass some."),
        (None, "Forecaster.fit: a series must"),
        ("abc", "Forecaster.fit: a series must be numbers, got an array of <U3."),
        (["a", "b"], "Forecaster.fit: a series must be numbers, got"),
        ([1.0], "Forecaster.fit: a series must have two steps or more, got 1."),
        ([[1.0], [2.0]], "Forecaster.fit: a series must have two steps or more, got 1."),
        (
            [1.0, np.nan, 2.0],
            "a series must be finite, got NaN or infinity in series 0, step 2. Fill",
        ),
        (
            [SERIES, [1.0, np.inf]],
            "NaN or infinity in series 1, step 2. Fill the gaps, or pass freer",
        ),
        (np.ones((2, 2, 2, 2)), "a series must be (time,) or (time, outputs), got (2, 2, 2, 2)."),
        ([np.ones((2, 2, 2))], "got (2, 2, 2). Pass a list of arrays for several series."),
        ([SERIES, np.ones((5, 2))], "y must have the same channels in every series"),
        (np.array([1j, 2j]), "a series must be numbers, got an array of complex128."),
        (
            pd.DataFrame({"day": pd.date_range("2024", periods=3), "y": [1.0, 2.0, 3.0]}),
            "Forecaster.fit: a series must be numbers, got",
        ),
        (
            fr.Sequences(ragged(), torch.tensor([0, 1] * 6), target="sequence"),
            "Forecaster.fit: series must have numbers at every step, got classes.",
        ),
        (
            fr.Sequences(ragged(), Y, target="sequence"),
            "series must have numbers at every step, got one per sequence. Read them with task=",
        ),
    ],
)
def test_series_that_cannot_be_are_refused(X: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        forecaster().fit(X)
