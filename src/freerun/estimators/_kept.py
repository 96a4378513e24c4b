"""Estimators on disk: the run directory of their network, which also says what they are."""

import os
from pathlib import Path
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from freerun import checkpoint
from freerun._checks import RunError, fail
from freerun.forcing import FORCINGS, Forcing
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
            "parameters": plain(me.get_params(deep=False)),
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
        try:
            names = me._get_param_names()
            kept = notes.get("parameters", notes["recipe"])
            parameters = {name: kept[name] for name in names if name in kept}
            if "forcing" in parameters:
                parameters["forcing"] = _forcing(parameters["forcing"])
            found = me(**parameters)
            found.recipe_ = me._recipe(notes["recipe"])
            found.network_ = checkpoint.load(path)
            file = Path(path) / checkpoint.HISTORY
            lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
            found.history_ = History(History.rows_of(lines, file))
            found._recall(config, Path(path))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            fix = "Save it again."
            fail(str(path), "a run of an estimator", f"{type(error).__name__}: {error}", fix,
                 RunError)  # fmt: skip
        return found


def _forcing(kept: Any) -> str | Forcing | None:
    """A policy as it was passed; a name as it was written."""
    if not isinstance(kept, dict):
        return kept
    arguments = {name: value for name, value in kept.items() if name != "name"}
    kind: Any = FORCINGS[kept["name"]]
    return kind(**arguments)
