"""The run directory of a training: made new, or taken up again if it is the same training."""

import dataclasses
import json
import os
import zlib
from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from freerun import checkpoint
from freerun._checks import RunError, fail
from freerun._files import recover, sweep, write_whole
from freerun.data import Scaling, Sequences
from freerun.network import RecurrentNetwork
from freerun.training.state import Training

__all__ = ["check_out", "describe", "open_run", "plain"]

MAY_DIFFER = ("training.epochs", "notes.recipe.epochs", "notes.asked.epochs")
"""Settings that a resumed training may change."""


def describe(
    net: RecurrentNetwork,
    scaling: Scaling,
    train: Sequences,
    valid: Sequences | None,
    settings: Mapping[str, Any],
    notes: Mapping[str, Any],
) -> dict[str, Any]:
    """What ``config.json`` says of a training: all that decides its bits but the first weights."""
    return {
        **checkpoint.describe(net),
        "scaling": scaling.to_dict(),
        "data": {"classes": train.classes, "names": train.names, "season": train.season},
        "training": {
            **{name: plain(value) for name, value in settings.items()},
            "train": _fingerprint(train),
            "valid": None if valid is None else _fingerprint(valid),
        },
        "notes": plain(dict(notes)),
    }


def check_out(
    out: str | os.PathLike[str] | None, resume: bool, overwrite: bool, config: Mapping[str, Any]
) -> Path | None:
    """The directory to keep the run in, or None; nothing is changed yet.

    Raises:
        RunError: ``out`` is there and is not to be resumed or replaced, or holds another training,
            or is to be replaced and holds no run.
    """
    if resume and overwrite:
        fix = "Choose one."
        fail("fit", "resume and overwrite exclude each other", "both", fix)
    if out is None:
        if resume:
            fail("fit", "resume needs a run to go on with", "out=None", "Pass out='runs/name'.")
        return None
    folder = Path(out)
    recover(folder)
    if not os.path.lexists(folder):
        return folder
    if overwrite:
        checkpoint.read_config(folder)
        return folder
    if not resume:
        fix = (
            "Pass resume=True to go on with it, overwrite=True to replace it, or another directory."
        )
        fail(str(folder), "a new directory", "something is there", fix, RunError)
    _check_same(folder, checkpoint.read_config(folder), json.loads(json.dumps(config)))
    return folder


def open_run(training: Training, folder: Path, config: Mapping[str, Any], overwrite: bool) -> None:
    """Make ``folder`` with the training as it stands, or bring the training to where it stands.

    Raises:
        RunError: The training state in ``folder`` cannot be read, or the place not be written to.
    """
    if overwrite or not os.path.lexists(folder):
        checkpoint.create(folder, config, training.net, training.to_bytes(), overwrite)
        return
    training.restore(folder)
    sweep(folder.parent, folder.name)
    for part in (folder, (folder / checkpoint.LAST).parent):
        sweep(part)
    text = checkpoint.config_text(config)
    if (folder / checkpoint.CONFIG).read_text(encoding="utf-8") != text:
        write_whole(folder / checkpoint.CONFIG, text)


def plain(value: Any) -> Any:
    """A setting as JSON: a policy's name beside what it was built with."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Integral):  # NumPy's numbers
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, Tensor):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value)]
        return {"name": type(value).__name__} | {k: plain(getattr(value, k)) for k in fields}
    return {"name": getattr(value, "__qualname__", type(value).__name__)}


def _check_same(folder: Path, kept: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse another network, other data or other settings; name the first difference."""
    before, after = _leaves(kept), _leaves(now)
    names = before.keys() | after.keys()
    # Units follow from the data: where both differ, it is the data that were changed.
    for name in sorted(names, key=lambda name: (name.startswith("scaling"), name)):
        old, new = before.get(name), after.get(name)
        if old != new and name not in MAY_DIFFER:
            fix = "Use the same data and settings, or another directory."
            fail(str(folder), f"{name}={old!r}, as the run has it", repr(new), fix, RunError)


def _leaves(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        return {name: value}
    found: dict[str, Any] = {}
    for key, item in value.items():
        found |= _leaves(item, f"{name}.{key}" if name else key)
    return found


def _fingerprint(data: Sequences) -> dict[str, int]:
    """Enough to tell other data from the same."""
    check = 0
    parts = (data.origin, data.start, data.stop, data.x_flat, data.y_flat, data.labels)
    for tensor in parts:
        if tensor is not None:
            check = zlib.crc32(tensor.contiguous().view(torch.uint8).numpy().data, check)
    return {"sequences": len(data), "steps": int(data.lengths.sum()), "values_crc32": check}
