"""Classes of whole sequences: test accuracy of freerun, its summaries, and the references."""

import time
from collections.abc import Callable

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import freerun as fr
from benchmarks.accuracy.data import CLASSIFICATION_SETS, Labeled, classification_set
from benchmarks.accuracy.kind import Figures, Kind, Row
from benchmarks.accuracy.references import majority, nearest_neighbour, rocket

__all__ = ["CLASSIFICATION"]

Method = Callable[[Labeled, Labeled, int], float]

REFERENCES: dict[str, tuple[Method, bool]] = {
    "ROCKET": (rocket, True),
    "1-NN DTW": (nearest_neighbour, False),
    "majority": (majority, False),
}
"""A reference, and whether it depends on the seed."""


def measure(name: str, seeds: int) -> Row:
    """Train and score everything on one data set: shares of the test part, in per cent."""
    train, test = classification_set(name)
    _compile(train)
    found = _freerun(train, test, seeds)
    for label, (method, random) in REFERENCES.items():
        found[label] = _repeated(method, train, test, seeds if random else 1)
    return found


def _freerun(train: Labeled, test: Labeled, seeds: int) -> dict[str, Figures]:
    """freerun with no setting but the seed; and a linear classifier upon the same networks."""
    accuracies, linear, seconds, more = [], [], [], []
    for seed in range(seeds):
        began = time.perf_counter()
        model = fr.SequenceClassifier(random_state=seed).fit(train.x, train.y)
        accuracies.append(100 * float(model.score(test.x, test.y)))
        seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
        linear.append(100 * _upon_summaries(model, train, test))
        more.append(time.perf_counter() - began)
    return {
        "freerun": Figures(accuracies, float(np.mean(seconds))),
        "summary + linear": Figures(linear, float(np.mean(more))),
    }


def _upon_summaries(model: fr.SequenceClassifier, train: Labeled, test: Labeled) -> float:
    """Accuracy of a logistic regression that sees a fixed-size summary of each sequence."""
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    regression.fit(model.transform(train.x), train.y)
    return float(regression.score(model.transform(test.x), test.y))


def _repeated(method: Method, train: Labeled, test: Labeled, seeds: int) -> Figures:
    """A reference's accuracy for each seed, and how long one takes."""
    began = time.perf_counter()
    values = [100 * method(train, test, seed) for seed in range(seeds)]
    seconds = (time.perf_counter() - began) / seeds
    return Figures(values, None if method is majority else seconds)


def _compile(train: Labeled) -> None:
    """Run the references on a few sequences, so that their compiling is not timed."""
    few = train.few(2)
    for method, _ in REFERENCES.values():
        method(few, few, 0)


CLASSIFICATION = Kind(
    name="classification",
    measures="test accuracy in per cent, mean and standard deviation over seeds; one fit and score",
    methods={
        "freerun": "fr.SequenceClassifier, no setting but the seed",
        "summary + linear": "a logistic regression upon its transform(), after that training",
        "ROCKET": "aeon's RocketClassifier, shorter sequences padded with zeros",
        "1-NN DTW": "aeon's nearest neighbour under dynamic time warping",
        "majority": "the commonest class",
    },
    sets=CLASSIFICATION_SETS,
    measure=measure,
)
