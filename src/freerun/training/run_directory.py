"""The run directory of a training: made new, or taken up again if it is the same training."""

import dataclasses
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from freerun import checkpoint
from freerun._checks import RunError, fail
from freerun._files import write_whole
from freerun.data import Sequences
from freerun.training.state import Training

__all__ = ["named", "open_run"]

MAY_DIFFER = ("epochs",)
"""Settings that a resumed training may change."""


def named(value: object) -> dict[str, Any]:
    """A policy's name and settings, for ``config.json``."""
    settings = dataclasses.asdict(value) if dataclasses.is_dataclass(value) else {}  # type: ignore[arg-type]
    return {"name": type(value).__name__, **settings}


def open_run(
    training: Training,
    out: str | os.PathLike[str] | None,
    resume: bool,
    train: Sequences,
    settings: Mapping[str, Any],
) -> Path | None:
    """Make ``out`` with the training as it stands; or, to resume, bring the training to where ``out`` stands.

    Returns:
        The directory, or None where nothing is kept.

    Raises:
        RunError: ``out`` is there and is not to be resumed, or holds another training.
    """
    if out is None:
        if resume:
            fail("fit", "resume needs a run to go on with", "out=None", "Pass out='runs/name'.")
        return None
    folder = Path(out)
    config = {
        **checkpoint.describe(training.net),
        "data": {"classes": train.classes, "names": train.names, "season": train.season},
        "training": {**settings, "train": _fingerprint(train)},
    }
    if not folder.exists():
        checkpoint.create(folder, config, training.net, training.to_bytes())
        return folder
    if not resume:
        fix = "Pass resume=True to go on with it, or another directory."
        fail(str(folder), "a new directory", "something is there", fix, RunError)
    _check_same(folder, checkpoint.read_config(folder), json.loads(json.dumps(config)))
    training.restore(folder)
    write_whole(folder / checkpoint.CONFIG, checkpoint.config_text(config))
    return folder


def _check_same(folder: Path, kept: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with another network, other data or other settings; name the first difference."""
    before, after = _leaves(kept), _leaves(now)
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new and name.rpartition(".")[2] not in MAY_DIFFER:
            what = f"{name}={old!r}, as the run has it"
            fail(
                str(folder),
                what,
                repr(new),
                "Use the same settings, or another directory.",
                RunError,
            )


def _leaves(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, Any] = {}
    for key, item in value.items():
        found |= _leaves(item, f"{name}.{key}" if name else key)
    return found


def _fingerprint(data: Sequences) -> dict[str, int]:
    """Enough to tell other data from the same."""
    check = 0
    for tensor in (data.start, data.stop, data.x_flat, data.y_flat, data.labels):
        if tensor is not None:
            check = zlib.crc32(tensor.contiguous().numpy().tobytes(), check)
    return {"sequences": len(data), "steps": int(data.lengths.sum()), "crc32": check}
