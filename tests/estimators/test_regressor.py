"""Numbers of whole sequences."""

from typing import Any

import numpy as np
import pytest

import freerun as fr
from tests.estimators.examples import ragged, small


def test_sums_are_learned() -> None:
    X = ragged(40)
    y = np.array([x.sum() for x in X])
    model = fr.SequenceRegressor(16, epochs=60, batch_size=8).fit(X, y)
    assert model.score(X, y) > 0.95
    assert model.predict(X).shape == (40,)
    assert model.transform(X).shape == (40, 32)


@pytest.mark.parametrize("outputs", [2, 3])
def test_answers_have_the_form_of_y(outputs: int) -> None:
    X = ragged()
    y = np.random.default_rng(0).normal(size=(12, outputs))
    assert small("regress").fit(X, y).predict(X).shape == (12, outputs)


@pytest.mark.parametrize("head", ["Point", "Gaussian", "StudentT", "Laplace"])
def test_units_are_undone_exactly(head: str) -> None:
    X = ragged()
    y = np.array([x.mean() for x in X])
    near = small("regress", head=head).fit(X, y)
    far = small("regress", head=head).fit([8 * x for x in X], 2.0**30 + 4 * y)
    found = far.predict([8 * x for x in X])
    assert found.dtype == np.float64
    # Scales by powers of 2 are exact; 2^30 leaves float64 7 digits after the point.
    np.testing.assert_allclose(found, 2.0**30 + 4 * near.predict(X), rtol=0, atol=1e-4)


def test_sequences_bring_their_numbers() -> None:
    X = ragged()
    y = np.array([x.sum() for x in X])
    data = fr.Sequences(X, y, target="sequence")
    model = small("regress").fit(data)
    assert model.predict(data).shape == (12,)
    # Sequences hold float32, of numbers of order 1.
    assert model.score(data) == pytest.approx(model.score(X, y), abs=1e-5)
    two = small("regress").fit(fr.Sequences(X, np.stack([y, -y], 1), target="sequence"))
    assert two.predict(X).shape == (12, 2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"head": "point"}, "SequenceRegressor: head must be one of 'Point', 'Gaussian'"),
        ({"head": "Categorical"}, "got 'Categorical'"),
        ({"cell": "rnn"}, "RecurrentNetwork: cell must be one of"),
        ({"validate": 0}, "SequenceRegressor: validate must be a share above 0 and below 1, got 0"),
        ({"validate": 2}, "got 2. Use validate=0.2, say, or None."),
        ({"validate": "some"}, "got 'some'"),
        ({"validate": 0.001}, "SequenceRegressor: validate must leave a part on either side"),
        ({"patience": 0}, "SequenceRegressor: patience must be a whole number of 1 or more, got 0"),
        ({"epochs": 1.5}, "SequenceRegressor: epochs must be a whole number of 0 or more, got 1.5"),
        ({"batch_size": None}, "SequenceRegressor: batch_size must be a whole number"),
        ({"random_state": "x"}, "SequenceRegressor: random_state must be a whole number from 0"),
        ({"random_state": -1}, "random_state must be a whole number from 0 to 4294967295, got -1"),
        ({"lr": 0}, "Optimizer: lr must be above 0, got 0"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(parameters: dict[str, Any], message: str) -> None:
    X = ragged()
    with pytest.raises(fr.ArgumentError) as caught:
        small("regress", **parameters).fit(X, np.arange(12.0))
    assert message in str(caught.value)
