"""Classes of whole sequences: what is learned, in whose words, and how sure."""

from typing import Any

import numpy as np
import pytest
import torch

import freerun as fr
from tests.estimators.examples import ragged, small

WAVES = [np.sin(np.arange(20 + n) * (0.3 + 0.5 * (n % 2))) for n in range(12)]


@pytest.mark.parametrize(
    "labels", [["slow", "fast"], [3, 1], [True, False], [2.0, 1.0], np.array(["b", "a"], object)]
)
def test_labels_of_any_kind_are_learned_and_given_back(labels: Any) -> None:
    y = np.array([labels[n % 2] for n in range(12)], getattr(labels, "dtype", None))
    model = fr.SequenceClassifier(8, epochs=40, lr=1e-2).fit(WAVES, y)
    found = model.predict(WAVES)
    assert found.tolist() == y.tolist()
    assert found.dtype == y.dtype
    assert model.classes_.tolist() == sorted(set(y.tolist()))
    assert model.score(WAVES, y) == 1


def test_odds_are_those_of_the_network() -> None:
    X = ragged()
    model = small("classify").fit(X, ["a", "b", "c"] * 4)
    odds = model.predict_proba(X)
    assert odds.shape == (12, 3)
    # They are made to sum to 1 in float64.
    np.testing.assert_allclose(odds.sum(1), 1, rtol=1e-15)
    theirs = fr.predict(model.network_, [torch.from_numpy(x) for x in X])
    assert isinstance(theirs, torch.Tensor)
    np.testing.assert_allclose(odds, theirs.numpy(), atol=1e-6)  # float32
    np.testing.assert_array_equal(model.predict(X), model.classes_[odds.argmax(1)])


@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_summary_is_as_wide_as_the_layers_that_end(bidirectional: bool) -> None:
    X = ragged()
    model = small("classify", bidirectional=bidirectional, num_layers=2).fit(X, [0, 1] * 6)
    wide = 8 if bidirectional else 4
    assert model.transform(X).shape == (12, wide)
    assert len(model.get_feature_names_out()) == wide


def test_more_sequences_than_fit_in_a_batch_keep_their_order() -> None:
    model = small("classify").fit(ragged(), [0, 1] * 6)
    many = ragged(300)
    alone = np.concatenate([model.predict_proba([x]) for x in many[-5:]])
    np.testing.assert_allclose(model.predict_proba(many)[-5:], alone, atol=1e-6)  # float32


def test_prediction_changes_nothing() -> None:
    X = ragged()
    model = small("classify").fit(X, [0, 1] * 6)
    before = dict(vars(model))
    model.predict(X), model.transform(X), model.score(X, [0, 1] * 6)
    assert vars(model) == before


def test_a_high_level_takes_no_digits() -> None:
    X = ragged()
    near = small("classify").fit(X, [0, 1] * 6)
    far = small("classify").fit([x + 2.0**40 for x in X], [0, 1] * 6)
    # 2^40 leaves float64 4 digits after the point, of numbers of order 1.
    np.testing.assert_allclose(
        far.predict_proba([x + 2.0**40 for x in X]), near.predict_proba(X), atol=1e-3
    )


def test_score_of_sequences_goes_by_the_names_of_their_classes() -> None:
    y = [n % 2 for n in range(12)]
    data = fr.Sequences(WAVES, torch.tensor(y), target="sequence", classes=["slow", "fast"])
    model = fr.SequenceClassifier(8, epochs=40, lr=1e-2).fit(data)
    assert model.score(data) == 1
    turned = fr.Sequences(
        WAVES, torch.tensor([1 - n for n in y]), target="sequence", classes=["fast", "slow"]
    )
    assert model.score(turned) == 1
    strange = fr.Sequences(WAVES, torch.tensor(y), target="sequence", classes=["slow", "new"])
    assert model.score(strange) == 0.5
    weights = [1 - n for n in y]
    assert model.score(strange, sample_weight=weights) == 1
    plain = fr.Sequences(WAVES, torch.tensor(y), target="sequence")
    assert model.score(plain) == 1


def test_the_same_seed_gives_the_same_and_no_seed_another() -> None:
    X, y = ragged(), [0, 1] * 6

    def odds(random_state: Any) -> Any:
        return small("classify", random_state=random_state).fit(X, y).predict_proba(X)

    np.testing.assert_array_equal(odds(3), odds(3))
    one, other = (odds(np.random.RandomState(0)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert np.abs(odds(None) - odds(None)).max() > 0
    assert np.abs(odds(3) - odds(4)).max() > 0


def test_validation_chooses_the_epoch() -> None:
    model = small("classify", epochs=6, validate=0.25, patience=2).fit(ragged(20), [0, 1] * 10)
    assert model.history_.best_epoch is not None
    assert model.history_.monitor == "valid_loss"
    assert model.recipe_.validate == 0.25
