"""A run directory: what it holds, how it is written, and how it is read.

    config.json                 the network, its units, its data's schema, how it was trained;
                                a format version
    weights.safetensors         the best weights so far
    history.jsonl               a line per epoch
    last/training.safetensors   all that resuming needs, in one file: whole, or not there
    ends.safetensors            of forecasts: where each series ended, to go on from there
    report.html                 of the command line: what was trained on what, and how good it is

Nothing in it is a pickle: loading a run never executes code from it.
"""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from freerun._checks import FreerunError, RunError, fail
from freerun._files import new_directory, recover, write_whole
from freerun.data import Scaling
from freerun.heads import HEADS
from freerun.network import RecurrentNetwork

__all__ = [
    "FORMAT",
    "build",
    "describe",
    "load",
    "read_config",
    "read_tensors",
    "save",
    "tensor_bytes",
]

FORMAT = 1
"""The format version this freerun writes, and the newest it reads."""

CONFIG, WEIGHTS, HISTORY = "config.json", "weights.safetensors", "history.jsonl"
LAST = Path("last") / "training.safetensors"

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16)
}

NETWORK_ARGUMENTS = (
    "input_size",
    "hidden_size",
    "cell",
    "recurrence",
    "readout",
    "num_layers",
    "bidirectional",
    "dropout",
    "output_lags",
    "input_lags",
    "residual",
)


def save(net: RecurrentNetwork, path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Write ``net``, with its units, as a new run directory.

    Args:
        net: the network.
        path: the directory; its parents are made.
        overwrite: replace a run directory that is there; nothing else is ever replaced.

    Raises:
        RunError: Something is there already, or the place cannot be written to.

    Example:
        >>> import tempfile, torch, freerun as fr
        >>> net = fr.RecurrentNetwork(2, 8, fr.heads.Gaussian(1))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fr.save(net, folder + "/run")
        ...     again = fr.load(folder + "/run")
        >>> torch.equal(net.output.weight, again.output.weight)
        True
    """
    create(path, describe(net), net, overwrite=overwrite)


def load(path: str | os.PathLike[str]) -> RecurrentNetwork:
    """Read the network of a run directory, with its best weights, in evaluation mode.

    Raises:
        RunError: There is no run, or it is not whole, or a newer freerun wrote it.
    """
    path = Path(path)
    net = build(read_config(path), path / CONFIG)
    load_weights(net, path / WEIGHTS)
    return net.eval()


def describe(net: RecurrentNetwork) -> dict[str, Any]:
    """What ``config.json`` says of a network: enough to build it again."""
    head = {"name": type(net.head).__name__, **dataclasses.asdict(net.head)}  # type: ignore[call-overload]
    return {
        "format": FORMAT,
        "network": {name: getattr(net, name) for name in NETWORK_ARGUMENTS} | {"head": head},
        "dtype": str(net.dtype).removeprefix("torch."),
        "scaling": net.scaling.to_dict() if net.has_scaling else None,
    }


def build(config: Mapping[str, Any], source: Path) -> RecurrentNetwork:
    """The network that ``config`` describes, its weights not yet read.

    Raises:
        RunError: The configuration does not describe one.
    """
    try:
        arguments = dict(config["network"])
        settings = dict(arguments.pop("head"))
        head = HEADS[settings.pop("name")](**settings)
        dtype = DTYPES[config["dtype"]]
        with torch.random.fork_rng(devices=[]):  # initial values are drawn, and thrown away
            net = RecurrentNetwork(head=head, **arguments).to(dtype)
        if config["scaling"] is not None:
            net.scaling = Scaling.from_dict(config["scaling"])
    except (
        FreerunError,
        LookupError,
        TypeError,
        ValueError,
        RuntimeError,
        AttributeError,
    ) as error:
        _broken(source, "a network's description", f"{type(error).__name__}: {error}")
    return net


def read_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The configuration of a run directory.

    Raises:
        RunError: There is none, or it is not one, or its format is newer than this freerun's.
    """
    path = Path(path)
    file = path / CONFIG
    recover(path)
    if not file.is_file():
        what = "a directory without config.json" if path.is_dir() else "nothing there"
        what = "a file" if path.is_file() else what
        fail(str(path), "a run directory", what, "Pass what fit(out=...) or save wrote.", RunError)
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        version = config["format"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        _broken(file, "a run's configuration", f"{type(error).__name__}: {error}")
    if type(version) is not int or not 1 <= version <= FORMAT:
        newer = type(version) is int and version > FORMAT
        fix = "Install a newer freerun." if newer else "Restore the file."
        fail(str(file), f"a format from 1 to {FORMAT}", repr(version), fix, RunError)
    return dict(config)


def create(
    path: str | os.PathLike[str],
    config: Mapping[str, Any],
    net: RecurrentNetwork,
    last: bytes | None = None,
    overwrite: bool = False,
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Make a new run directory, whole from its first moment; ``files`` lie beside the weights."""
    path = Path(path)
    recover(path)
    replace = overwrite and (path / CONFIG).is_file()
    if replace:
        read_config(path)  # only what is a run is ever replaced
    with new_directory(path, replace) as aside:
        write_whole(aside / CONFIG, config_text(config))
        write_whole(aside / WEIGHTS, tensor_bytes(net.state_dict()))
        write_whole(aside / HISTORY, "")
        if last is not None:
            (aside / LAST).parent.mkdir()
            write_whole(aside / LAST, last)
        for name, content in (files or {}).items():
            write_whole(aside / name, content)


def config_text(config: Mapping[str, Any]) -> str:
    """``config`` as ``config.json`` holds it."""
    return json.dumps(config, indent=2) + "\n"


def tensor_bytes(tensors: Mapping[str, Tensor], **metadata: object) -> bytes:
    """Tensors, and JSON beside them, as one safetensors file."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(
        plain, {name: json.dumps(value) for name, value in metadata.items()}
    )


def read_tensors(file: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What :func:`tensor_bytes` made: the tensors, and the JSON beside them.

    Raises:
        RunError: The file is missing, cut short, or not of this kind.
    """
    if not file.is_file():
        _broken(file, "whole safetensors", "no such file")
    try:
        with safetensors.safe_open(file, framework="pt") as opened:
            # Copies, for what is read this way is the file itself, which training will replace.
            tensors = {name: opened.get_tensor(name).clone() for name in opened.keys()}  # noqa: SIM118
            metadata = {name: json.loads(text) for name, text in (opened.metadata() or {}).items()}
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        _broken(file, "whole safetensors", str(error))
    return tensors, metadata


def load_weights(net: RecurrentNetwork, file: Path) -> None:
    """Fill ``net`` with the weights in ``file``."""
    tensors, _ = read_tensors(file)
    wanted, got = _kinds(net.state_dict()), _kinds(tensors)
    for name in sorted(wanted.keys() | got.keys()):
        if wanted.get(name) != got.get(name):
            expected = f"{name} {wanted.get(name, 'not there')}, as config.json says"
            _broken(file, expected, got.get(name, "none"))
    net.load_state_dict(tensors)


def _kinds(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    return {name: f"{tuple(one.shape)} of {one.dtype}" for name, one in tensors.items()}


def _broken(file: Path, expected: str, got: str) -> NoReturn:
    fail(str(file), expected, got, "Restore the run from a copy, or train it again.", RunError)
