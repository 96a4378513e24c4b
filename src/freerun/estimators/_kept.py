"""Estimators on disk: the run directory of their network, which also says what they are."""

import os
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from freerun import checkpoint
from freerun._checks import RunError, fail
from freerun.estimators._fitting import plain_parameters
from freerun.forcing import FORCINGS, forcing_of
from freerun.plan import Forcing
from freerun.recipes.recipe import Recipe
from freerun.training import History
from freerun.training.run_directory import plain

__all__ = ["Kept"]


class Kept:
    """``save`` and ``load``, for an estimator that says what else it learned.

    An estimator has ``_task``, the task of its runs; ``_learned()``, what ``config.json`` shall
    note besides, and files beside it; and ``_recall(notes, path)``, which takes that up again.
    """

    def save(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write a run directory: JSON and safetensors, no pickle; `freerun.load` reads it too.

        Args:
            path: The directory; its parents are made.
            overwrite: Replace a run that is there; nothing else is ever replaced.

        Raises:
            RunError: Something is there, or the place cannot be written to.
        """
        me: Any = self
        check_is_fitted(me, "network_")
        learned, files = me._learned()
        notes = {
            "task": me._task,
            "recipe": me.recipe_.to_dict(),
            "parameters": _plain(plain_parameters(me)),
            "features": _features(me),
            "history": {
                name: getattr(me.history_, name) for name in ("monitor", "best_epoch", "stopped")
            },
            **learned,
        }
        config = {**checkpoint.describe(me.network_), "notes": notes}
        files = {checkpoint.HISTORY: me.history_.to_lines().encode(), **files}
        checkpoint.create(path, config, me.network_, overwrite=overwrite, files=files)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a run directory: one that `save` wrote, or ``freerun train`` for the same task.

        Raises:
            RunError: There is none, or it is not whole, or of another task.
        """
        me: Any = cls
        config = checkpoint.read_config(path)
        notes = config.get("notes", {})
        task = notes.get("task") if isinstance(notes, dict) else None
        if task != me._task:
            fix = "Load it with the estimator of that task, or fr.load."
            got = "no task" if task is None else task
            fail(str(path), f"a run of {me._task}", got, fix, RunError)
        net = checkpoint.load(path)
        file = Path(path) / checkpoint.HISTORY
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        rows = History.rows_of(lines, file)
        try:
            kept = _parameters(config)
            found = me(**{name: kept[name] for name in me._get_param_names() if name in kept})
            found.recipe_, found.network_ = Recipe(**notes["recipe"]), net
            found.history_ = History(rows, **notes.get("history", {}))
            _recall_features(found, notes.get("features", {}))
            found._recall(config, Path(path))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            got, fix = f"{type(error).__name__}: {error}", "Restore it from a copy, or train again."
            fail(str(path), "the notes of an estimator", got, fix, RunError)
        return found


def _parameters(config: dict[str, Any]) -> dict[str, Any]:
    """What an estimator was made with; of a run by ``freerun train``, what amounts to the same."""
    notes = config["notes"]
    if "parameters" in notes:
        kept = dict(notes["parameters"])
    else:
        training = config["training"]
        kept = {**notes["recipe"], "season": config["data"]["season"]}
        kept |= {"forcing": training["forcing"], "random_state": training["seed"]}
    if isinstance(kept.get("forcing"), dict):
        kept["forcing"] = _forcing(kept["forcing"])
    return kept


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters as JSON; a generator of random numbers, which draws on, is None like any other."""
    found: dict[str, Any] = plain(parameters)
    if isinstance(found["random_state"], dict):
        found["random_state"] = None
    return found


def _forcing(kept: dict[str, Any]) -> Forcing:
    """A policy as it was passed."""
    try:
        return forcing_of(kept)
    except KeyError as error:
        expected = f"a forcing of {', '.join(map(repr, FORCINGS))}"
        fix = "Make it known with freerun.forcing.register."
        fail("load", expected, str(error), fix, RunError)


def _features(estimator: Any) -> dict[str, Any]:
    """The features that scikit-learn noted, where there were some."""
    found = {}
    if hasattr(estimator, "n_features_in_"):
        found["count"] = int(estimator.n_features_in_)
    if hasattr(estimator, "feature_names_in_"):
        found["names"] = estimator.feature_names_in_.tolist()
    return found


def _recall_features(estimator: Any, kept: dict[str, Any]) -> None:
    if "count" in kept:
        estimator.n_features_in_ = int(kept["count"])
    if "names" in kept:
        estimator.feature_names_in_ = np.array(kept["names"], object)
