"""The data sets, as arrays in the axis order that freerun takes: (time, channels).

Japanese Vowels ships with freerun, the others within aeon: nothing is downloaded.
"""

from dataclasses import dataclass

import numpy as np
from aeon.datasets import load_classification

import freerun as fr

__all__ = ["CLASSIFICATION_SETS", "Labeled", "classification_set"]

JAPANESE_VOWELS = "Japanese Vowels"
WITHIN_AEON = ("ItalyPowerDemand", "GunPoint", "BasicMotions", "ArrowHead", "OSULeaf")
CLASSIFICATION_SETS = (JAPANESE_VOWELS, *WITHIN_AEON)


@dataclass(frozen=True)
class Labeled:
    """Sequences, and the class of each.

    Attributes:
        x: Arrays, ``(time, channels)`` each.
        y: ``(sequences,)``, labels of any type.
    """

    x: list[np.ndarray]
    y: np.ndarray

    def few(self, of_each: int) -> "Labeled":
        """The first so many sequences of each class."""
        rows = [row for one in np.unique(self.y) for row in np.flatnonzero(self.y == one)[:of_each]]
        return Labeled([self.x[row] for row in rows], self.y[rows])


def classification_set(name: str) -> tuple[Labeled, Labeled]:
    """The training and the test part of a data set, as its publishers divided it."""
    if name == JAPANESE_VOWELS:
        train, test = fr.datasets.load("japanese_vowels")
        return _from_freerun(train), _from_freerun(test)
    return _from_aeon(name, "train"), _from_aeon(name, "test")


def _from_freerun(data: fr.Sequences) -> Labeled:
    return Labeled([data[row][0].numpy() for row in range(len(data))], data.labels.numpy())


def _from_aeon(name: str, part: str) -> Labeled:
    x, y = load_classification(name, split=part)  # (channels, time) each
    return Labeled([np.asarray(one, dtype=np.float32).T for one in x], y)
