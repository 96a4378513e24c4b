"""Labels of any kind, and the numbers that stand for them."""

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, column_or_1d
from torch import Tensor

from freerun._checks import fail
from freerun.data import Sequences

__all__ = [
    "MISSING",
    "check_classes",
    "kept_labels",
    "known_codes",
    "known_labels",
    "read_labels",
]

MISSING, STRANGE = -1, -2
"""Codes of a label that is not there, and of one that training did not know."""


def read_labels(
    estimator: Any, where: str, y: Any, count: int
) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
    """The distinct labels in order, and the number of each sequence's.

    Raises:
        ValueError: They are no labels, or not one for each sequence.
    """
    if y is None:
        # Word for word what scikit-learn's own checks look for.
        name = type(estimator).__name__
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    check_classification_targets(y)
    if len(y) != count:
        fix = "Pass one for each."
        fail(where, f"y must have {count} labels, one for each sequence", len(y), fix)
    classes, codes = np.unique(y, return_inverse=True)
    return classes, codes


def known_labels(where: str, data: Sequences, target: str, y: Any) -> "np.ndarray[Any, Any]":
    """The labels of sequences that have classes."""
    if y is not None:
        fail(where, "Sequences and tables have their own y", "another y", "Leave y out.")
    _check_known(where, data, target)
    return np.array(data.classes or [str(n) for n in range(data.num_classes or 0)])


def known_codes(
    where: str, data: Sequences, target: str, codes: Tensor | None, classes: "np.ndarray[Any, Any]"
) -> "np.ndarray[Any, Any]":
    """The codes of sequences' classes as numbers of ``classes``; by name, where they have names."""
    _check_known(where, data, target)
    assert codes is not None
    assert data.num_classes is not None
    own = {str(one): number for number, one in enumerate(classes.tolist())}
    if data.classes is None:
        places = [n if n < len(classes) else STRANGE for n in range(data.num_classes)]
    else:
        places = [own.get(name, STRANGE) for name in data.classes]
    found: np.ndarray[Any, Any] = np.array([*places, MISSING])[codes.numpy()]  # -1 is the last
    return found


def kept_labels(config: dict[str, Any]) -> "np.ndarray[Any, Any]":
    """The labels of a run."""
    notes = config["notes"]
    if "labels" in notes:
        return np.array(notes["labels"], np.dtype(notes["labels_are"]))
    known = range(config["network"]["head"]["classes"])
    return np.array(config["data"]["classes"] or [str(number) for number in known])


def _check_known(where: str, data: Sequences, target: str) -> None:
    if data.num_classes is None or data.target != target:
        got = "numbers" if data.num_classes is None else f"one per {data.target}"
        fix = "Read it with task='classify' for whole sequences, task='label' for their steps."
        fail(where, f"sequences must have a class per {target}", got, fix)


def check_classes(where: str, count: int) -> None:
    """Refuse to learn a single class."""
    if count < 2:
        fix = "Give it examples of another one."
        fail(where, "there must be two classes or more", f"{count} class", fix)
