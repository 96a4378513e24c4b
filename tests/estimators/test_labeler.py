"""A class at every step."""

import re
from typing import Any

import numpy as np
import pytest
import torch

import freerun as fr
from tests.estimators.examples import labelled, ragged, small


def test_labels_are_learned_step_by_step() -> None:
    X = ragged(40)
    y = labelled(X)
    model = fr.SequenceLabeler(16, epochs=80, batch_size=8).fit(X, y)
    assert model.score(X, y) > 0.95
    found = model.predict(X)
    assert [one.shape for one in found] == [one.shape for one in y]
    assert found[0].dtype == y[0].dtype
    odds = model.predict_proba(X)
    assert [one.shape for one in odds] == [(len(x), 2) for x in X]
    for one, other in zip(odds, found, strict=True):
        np.testing.assert_array_equal(model.classes_[one.argmax(1)], other)


def test_one_direction_hears_nothing_of_what_comes() -> None:
    X = ragged()
    model = small("label").fit(X, labelled(X))
    both = small("label", bidirectional=True).fit(X, labelled(X))
    whole, part = X[4], X[4][:3]
    np.testing.assert_allclose(
        model.predict_proba([whole])[0][:3], model.predict_proba([part])[0], atol=1e-6
    )  # float32
    assert np.abs(both.predict_proba([whole])[0][:3] - both.predict_proba([part])[0]).max() > 1e-4


def test_labels_come_in_every_form() -> None:
    X = np.stack([x[:3] for x in ragged()])
    y = np.where(X.sum(2) > 0, 1, 0)
    model = small("label").fit(X, y)
    for form in (y.tolist(), list(y), torch.from_numpy(y)):
        other = small("label").fit(X, form)
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
        assert model.score(X, form) == model.score(X, y)


def test_sequences_bring_their_classes_and_what_is_missing_does_not_count() -> None:
    X = ragged()
    y = [np.where(x[:, 0] > 0, 1, 0) for x in X]
    gaps = [np.where(np.arange(len(one)) == 1, -1, one) for one in y]
    data = fr.Sequences(X, gaps, missing="mask", classes=["below", "above"])
    model = small("label").fit(data)
    assert model.classes_.tolist() == ["below", "above"]
    found = np.concatenate(model.predict(X))
    codes = np.concatenate(gaps)
    there = codes >= 0
    wanted = np.array(["below", "above"])[codes[there]]
    assert model.score(data) == pytest.approx((found[there] == wanted).mean())
    turned = fr.Sequences(
        X, [np.where(one < 0, -1, 1 - one) for one in gaps], missing="mask",
        classes=["above", "below"],
    )  # fmt: skip
    assert model.score(turned) == model.score(data)


GOOD = labelled(ragged())


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "SequenceLabeler.fit: y must have labels for every sequence, got None"),
        ("abc", "y must have labels for every sequence, got 'abc'"),
        (3, "y must have labels for every sequence, got 3"),
        (GOOD[:5], "y must have labels for 12 sequences, got 5. Pass a list with a label"),
        ([one[0] for one in GOOD], "labels of sequence 0 must be (3,), one for each step, got ()"),
        ([*GOOD[:11], GOOD[0][:1]], "labels of sequence 11 must be (4,), one for each step"),
        ([np.full(len(one), np.nan) for one in GOOD], "labels must be there, got NaN or infinity"),
        ([np.full(len(one), 0.5) for one in GOOD], "Unknown label type"),
        ([np.full(len(one), None) for one in GOOD], "Unknown label type"),
        ([np.full(len(one), "a") for one in GOOD], "there must be two classes or more, got 1"),
    ],
)
def test_labels_that_cannot_be_are_refused(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        small("label").fit(ragged(), y)


def test_sequences_of_another_task_are_refused() -> None:
    X = ragged()
    whole = fr.Sequences(X, torch.tensor([0, 1] * 6), target="sequence")
    numbers = fr.Sequences(X, [x[:, :1] for x in X])
    for data, got in ((whole, "one per sequence"), (numbers, "numbers")):
        message = f"SequenceLabeler.fit: sequences must have a class per step, got {got}."
        with pytest.raises(fr.ArgumentError, match=re.escape(message)):
            small("label").fit(data)
    model = small("label").fit(X, labelled(X))
    with pytest.raises(fr.ArgumentError, match="must have a class per step, got one per sequence"):
        model.score(whole)
    steps = fr.Sequences(X, [np.zeros(len(x), int) for x in X])
    with pytest.raises(fr.ArgumentError, match="have their own y, got another y"):
        small("label").fit(steps, labelled(X))
