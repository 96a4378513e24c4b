"""Sequences in the forms that users of scikit-learn have them in."""

from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_array, validate_data

from freerun._checks import DataError, fail
from freerun.data import Sequences, Table

__all__ = ["Arrays", "check_channels", "forget_features", "given", "read_x"]

Arrays = list["np.ndarray[Any, Any]"]
"""One array for each sequence, (time, channels) float64."""


def given(data: Any) -> Sequences | None:
    """The sequences of a `Table` or `Sequences`; None for anything else."""
    if isinstance(data, Table):
        return data.sequences
    return data if isinstance(data, Sequences) else None


def read_x(estimator: Any, where: str, X: Any, reset: bool) -> Arrays:
    """Read the inputs of many sequences.

    Args:
        estimator: Whose they are; two axes set or must have its ``n_features_in_``.
        where: Who asks, for the messages.
        X: ``(sequences, time, channels)``; or a list of ``(time, channels)`` or ``(time,)``; or as
            scikit-learn has it, ``(sequences, features)``: one channel, a step for each feature.
        reset: Whether this is training.

    Raises:
        ValueError: scikit-learn's own for arrays of two axes; ours for the rest.
    """
    if isinstance(X, torch.Tensor):
        X = X.detach().cpu().numpy()
    if _is_list_of_arrays(X):
        if not len(X):
            fail(where, "X must have a sequence or more", "none", "Pass some.", DataError)
        return [_one(where, number, one) for number, one in enumerate(X)]
    if getattr(X, "ndim", 2) == 3:
        array = check_array(X, allow_nd=True, dtype=np.float64, input_name="X")
        return list(array)
    array = validate_data(estimator, X, reset=reset, dtype=np.float64)
    return list(array[:, :, None])


def forget_features(estimator: Any) -> None:
    """Drop what a former training knew of features, which sequences of three axes do not have."""
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(estimator, name):
            delattr(estimator, name)


def check_channels(where: str, series: Arrays, channels: int) -> None:
    """Refuse other channels than a network was trained on."""
    for number, one in enumerate(series):
        if one.shape[1] != channels:
            fix = "Give it the channels that it was trained on."
            expected = f"sequences must have {channels} channels, as in training"
            got = f"{one.shape[1]} in sequence {number}"
            fail(where, expected, got, fix)


def _is_list_of_arrays(X: Any) -> bool:
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1
    if not isinstance(X, list | tuple):
        return False
    return not len(X) or any(len(getattr(one, "shape", ())) for one in X) or _is_deep(X)


def _is_deep(X: Any) -> bool:
    """Whether plain lists are ragged, or three deep."""
    if not all(isinstance(one, list | tuple) for one in X):
        return False
    return len({len(one) for one in X}) > 1 or any(
        isinstance(item, list | tuple) for one in X for item in one[:1]
    )


def _one(where: str, number: int, one: Any) -> "np.ndarray[Any, Any]":
    if isinstance(one, torch.Tensor):
        one = one.detach().cpu().numpy()
    try:
        array = np.asarray(one)
        if array.dtype.kind == "c":
            raise ValueError("complex numbers")
        array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        fix = "Pass numbers, as many channels at every step."
        fail(where, "a sequence must be an array of numbers", f"{error}", fix, DataError)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not array.size:
        got = f"{array.shape} for sequence {number}"
        fail(where, "a sequence must be (time, channels)", got, "Pass a list of them.", DataError)
    if not np.isfinite(array).all():
        step = int(np.argwhere(~np.isfinite(array))[0, 0])
        got = f"NaN or infinity in sequence {number}, step {step + 1}"
        fail(where, "X must be finite", got, "Fill the gaps.", DataError)
    return array
