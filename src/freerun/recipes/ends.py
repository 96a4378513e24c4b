"""Where series end: what is needed to go on from there, kept with a run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun._checks import RunError, fail
from freerun.checkpoint import read_tensors, tensor_bytes
from freerun.closed_loop import run
from freerun.data import Levels, Sequences
from freerun.network import RecurrentNetwork
from freerun.path import Path as FreePath

__all__ = ["FILE", "Ends", "go_on"]

FILE = "ends.safetensors"
"""The file of a run directory that holds them."""

REMEMBERED = 500
"""Steps that hidden states are warmed up on: what lies further back has no say any more."""


@dataclass(frozen=True, eq=False)
class Ends:
    """The last steps of some series, in units of their own levels.

    Attributes:
        y: Targets, (time, outputs) each, NaN where missing.
        x: Inputs, (time, inputs) each, or None.
        levels: Where each series lies.
        keys: What the series are called.
        times: The time of each series' last step, (series,), or None.
        steps: How many steps each had in all, (series,).
    """

    y: list[Tensor]
    x: list[Tensor] | None
    levels: Levels
    keys: tuple[str, ...]
    times: "np.ndarray[Any, Any] | None"
    steps: list[int]

    @classmethod
    def of(
        cls, net: RecurrentNetwork, data: Sequences, levels: Levels, keys: tuple[str, ...] = (),
        times: "np.ndarray[Any, Any] | None" = None,
    ) -> "Ends":  # fmt: skip
        """The ends of ``data``, already without their levels: as far back as ``net`` looks.

        Args:
            net: The network that shall go on.
            data: Whole series, or the parts of them up to where it shall.
            levels: Of each.
            keys: What they are called.
            times: The time of every row of the storage, or None.
        """
        assert data.y_flat is not None
        # Where a target is missing the network is fed its own mean, which looks back in its turn.
        is_short = net.recurrence == "output" and not bool(data.y_flat.isnan().any())
        length = max(net.context, 1 if is_short else REMEMBERED)
        stops = data.stop.tolist()
        cuts = [
            (max(origin, stop - length), stop)
            for origin, stop in zip(data.origin.tolist(), stops, strict=True)
        ]
        return cls(
            [data.y_flat[a:b].clone() for a, b in cuts],
            None if data.x_flat is None else [data.x_flat[a:b].clone() for a, b in cuts],
            levels,
            keys or ("",) * len(cuts),
            None if times is None else times[[stop - 1 for stop in stops]],
            (data.stop - data.origin).tolist(),
        )

    def __len__(self) -> int:
        return len(self.y)

    def to_bytes(self) -> bytes:
        """As a safetensors file."""
        tensors = {
            "y": torch.cat(self.y),
            "lengths": torch.tensor([len(one) for one in self.y]),
            "center": self.levels.center,
            "spread": self.levels.spread,
            "steps": torch.tensor(self.steps),
        }
        if self.x is not None:
            tensors["x"] = torch.cat(self.x)
        kind = ""
        if self.times is not None:
            kind = str(self.times.dtype)
            raw = self.times.view(np.int64) if self.times.dtype.kind == "M" else self.times
            tensors["times"] = torch.from_numpy(raw.copy())
        return tensor_bytes(tensors, keys=list(self.keys), times=kind)

    @classmethod
    def read(cls, folder: Path) -> "Ends":
        """What a run directory holds.

        Raises:
            RunError: It has none: training has not come to its end, or kept none.
        """
        file = folder / FILE
        if not file.is_file():
            fix = "Finish training with --resume, or say which series to go on from."
            fail(str(folder), f"a run with {FILE}", "none", fix, RunError)
        tensors, about = read_tensors(file)
        try:
            lengths = tensors["lengths"].tolist()
            times = None
            if about["times"]:
                raw = tensors["times"].numpy()
                kind = np.dtype(about["times"])
                times = raw.view(kind) if kind.kind == "M" else raw.astype(kind)
            return cls(
                list(tensors["y"].split(lengths)),
                list(tensors["x"].split(lengths)) if "x" in tensors else None,
                Levels(tensors["center"], tensors["spread"]),
                tuple(about["keys"]),
                times,
                tensors["steps"].tolist(),
            )
        except (LookupError, TypeError, ValueError, RuntimeError) as error:
            fix = "Restore the run from a copy, or train it again."
            fail(str(file), "the ends of series", f"{type(error).__name__}: {error}", fix, RunError)


def go_on(
    net: RecurrentNetwork, ends: Ends, steps: int, inputs: list[Tensor] | None,
    widening: float = 1.0, **how: Any,
) -> FreePath:  # fmt: skip
    """Run on from ``ends``, in the user's units.

    Draws lie ``widening`` times as far from the run on the mean as the network's own.

    Args:
        net: The network.
        ends: Where to go on, (series).
        steps: How many steps.
        inputs: (steps, inputs) for each series, in the user's units, or None.
        widening: As above.
        **how: What :func:`freerun.run` takes besides.
    """
    ahead = None if inputs is None else torch.stack([one[:steps] for one in inputs])
    path = run(net, steps, warmup=(ends.x, ends.y), inputs=ahead, **how)
    y, paths, quantiles = path.y, path.paths, path.quantiles
    if widening != 1 and how.get("draw", "mean") != "mean":
        middle = run(net, steps, warmup=(ends.x, ends.y), inputs=ahead).y
        y = middle + widening * (y - middle)
        middle = middle.unsqueeze(1)
        paths = middle + widening * (paths - middle)
        quantiles = None if quantiles is None else middle + widening * (quantiles - middle)
    back = ends.levels.put_back
    quantiles = None if quantiles is None else back(quantiles)
    return FreePath(back(y), back(paths), path.mean, quantiles, path.state)
