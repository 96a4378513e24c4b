"""What freerun's classifiers stand beside: aeon's, with their own defaults, and the trivial one."""

import numpy as np
from aeon.classification.convolution_based import RocketClassifier
from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
from aeon.transformations.collection.unequal_length import Padder

from benchmarks.accuracy.data import Labeled

__all__ = ["majority", "nearest_neighbour", "rocket"]


def rocket(train: Labeled, test: Labeled, seed: int) -> float:
    """Accuracy of ROCKET, 10,000 random kernels and a ridge (Dempster et al. 2020).

    It takes one length only: where lengths differ, zeros follow the shorter ones. On the training
    part of Japanese Vowels, 3 folds, that has 95 %, the last value repeated 86 %, and stretching,
    which hides how long a sequence was, 81 %.
    """
    x, asked = _collection(train), _collection(test)
    if len({one.shape[1] for one in x + asked}) > 1:
        padder = Padder().fit(x + asked)
        x, asked = list(padder.transform(x)), list(padder.transform(asked))
    model = RocketClassifier(random_state=seed).fit(np.stack(x), train.y)
    return float(np.mean(model.predict(np.stack(asked)) == test.y))


def nearest_neighbour(train: Labeled, test: Labeled, seed: int) -> float:
    """Accuracy of the nearest neighbour under dynamic time warping, any lengths, whole window.

    All channels warp together; nothing in it is random.
    """
    model = KNeighborsTimeSeriesClassifier(distance="dtw", n_neighbors=1)
    model.fit(_collection(train), train.y)
    return float(np.mean(model.predict(_collection(test)) == test.y))


def majority(train: Labeled, test: Labeled, seed: int) -> float:
    """Accuracy of the commonest class in the training part, whatever the sequence."""
    names, counts = np.unique(train.y, return_counts=True)
    return float(np.mean(test.y == names[counts.argmax()]))


def _collection(data: Labeled) -> list[np.ndarray]:
    """As aeon has it: arrays of (channels, time), float64."""
    return [np.ascontiguousarray(one.T, dtype=np.float64) for one in data.x]
