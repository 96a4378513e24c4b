"""What training carries from step to step: all of it can be saved, and restored bit for bit."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun import checkpoint
from freerun._checks import RunError, fail
from freerun._files import write_whole
from freerun._flatten import flatten, unflatten
from freerun.forcing.hooks import figures
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing
from freerun.training.history import History
from freerun.training.trained import Trained

__all__ = ["Training"]


class Training:
    """The network, its optimizer and random state, and where in the data training stands.

    Attributes:
        trained: the parameters that the optimizer changes.
        epoch: epochs done.
        position: batches done of the epoch under way.
        sums: of the epoch under way: NLL, steps, gradient norms, updates, seconds.
        rows: the history so far.
        best: the best value of the monitored measure, and ``best_epoch`` where it was.
        waited: measurements since.
        finished: why training ended, or None.
        best_weights: of the best epoch; None before the first.
        good_weights: of the end of the last epoch, or where training began or was taken up;
            ``good_where`` says which.
    """

    def __init__(
        self, net: RecurrentNetwork, method: torch.optim.Optimizer, forcing: Forcing, seed: int
    ) -> None:
        self.net = net
        self.method = method
        self.trained = Trained(method)
        self.forcing = forcing
        self.seed = seed
        self.generator = torch.Generator().manual_seed(seed)
        self.epoch = self.position = self.waited = 0
        self.sums = dict.fromkeys(("nll", "steps", "norm", "updates", "seconds"), 0.0)
        self.rows: list[dict[str, Any]] = []
        self.best = math.inf
        self.best_epoch: int | None = None
        self.best_weights: dict[str, Tensor] | None = None
        self.finished: str | None = None
        self.good_weights, self.good_where = self.weights(), "before training"

    def order(self, sequences: int) -> Tensor:
        """The order of the sequences in the epoch under way, the same whenever it is asked for."""
        # NumPy's seeds mix all their bits; PyTorch's on the CPU are cut to the lowest 32.
        shuffle = np.random.default_rng((self.seed, self.epoch))
        return torch.from_numpy(shuffle.permutation(sequences))

    def add(self, **amounts: float) -> None:
        """Add to the sums of the epoch under way."""
        for name, amount in amounts.items():
            self.sums[name] += amount

    def close_epoch(self, rate: float, measured: Mapping[str, float]) -> dict[str, Any]:
        """End the epoch under way; returns its row of the history."""
        forced = figures(self.forcing) if self.net.has_output_edge else {}
        sums = self.sums
        row = {
            "epoch": self.epoch + 1,
            "train_loss": sums["nll"] / max(sums["steps"], 1e-12),
            **{f"valid_{name}": value for name, value in measured.items()},
            **{f"forcing_{name}": value for name, value in forced.items()},
            "lr": rate,
            "gradient_norm": sums["norm"] / max(sums["updates"], 1),
            "seconds": sums["seconds"],
            "steps_per_second": sums["steps"] / max(sums["seconds"], 1e-9),
        }
        self.rows.append(row)
        self.epoch, self.position = self.epoch + 1, 0
        self.sums = dict.fromkeys(sums, 0.0)
        self.good_weights, self.good_where = self.weights(), f"of the end of epoch {self.epoch}"
        return row

    def judge(self, value: float, patience: int | None) -> None:
        """Keep the weights if ``value`` is the best so far; end training if none was for long."""
        self.waited += 1
        if value < self.best:  # never true for NaN, which a diverged free run gives
            self.best, self.best_epoch, self.waited = value, self.epoch, 0
            self.best_weights = self.weights()
        if patience is not None and self.waited >= patience:
            self.finished = "patience"

    def go_back(self, out: Path | None) -> None:
        """After what is not finite: the network and the run get the last weights that were good."""
        kept = self.best_weights or self.good_weights
        self.net.load_state_dict(kept)
        if out is not None:
            write_whole(out / checkpoint.WEIGHTS, checkpoint.tensor_bytes(kept))
            write_whole(out / checkpoint.HISTORY, History(self.rows).to_lines())

    @property
    def kept_where(self) -> str:
        """Whose weights :meth:`go_back` goes back to."""
        best = f"of epoch {self.best_epoch}, the best so far"
        return self.good_where if self.best_weights is None else best

    def weights(self) -> dict[str, Tensor]:
        """A copy of the network's weights."""
        return {name: tensor.detach().clone() for name, tensor in self.net.state_dict().items()}

    def save(self, out: Path) -> None:
        """Write best weights, history, and what resuming needs; each whole, that one last."""
        best = self.best_weights or self.net.state_dict()
        write_whole(out / checkpoint.WEIGHTS, checkpoint.tensor_bytes(best))
        write_whole(out / checkpoint.HISTORY, History(self.rows).to_lines())
        write_whole(out / checkpoint.LAST, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Everything, as one safetensors file."""
        tensors = {f"net.{name}": tensor for name, tensor in self.net.state_dict().items()}
        for name, tensor in (self.best_weights or {}).items():
            tensors[f"best.{name}"] = tensor
        tensors["generator"] = self.generator.get_state()
        method = flatten(self.method.state_dict(), "optimizer", tensors)
        policy: dict[str, Any] = getattr(self.forcing, "state_dict", dict)()
        return checkpoint.tensor_bytes(
            tensors,
            optimizer=method,
            forcing=flatten(policy, "forcing", tensors),
            **{name: getattr(self, name) for name in SAVED},
        )

    def restore(self, out: Path) -> None:
        """Take up what :meth:`save` wrote.

        Raises:
            RunError: It is missing, cut short, or of another network.
        """
        file = out / checkpoint.LAST
        tensors, metadata = checkpoint.read_tensors(file)
        try:
            self.net.load_state_dict(_under("net.", tensors))
            self.method.load_state_dict(unflatten(metadata["optimizer"], tensors))
            if hasattr(self.forcing, "load_state_dict"):
                self.forcing.load_state_dict(unflatten(metadata["forcing"], tensors))
            self.generator.set_state(tensors["generator"])
            for name in SAVED:
                setattr(self, name, metadata[name])
        except (LookupError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            fix = "Build the network as it was, or train into another directory."
            fail(str(file), "the training state of this network", str(error), fix, RunError)
        self.best_weights = _under("best.", tensors) or None
        self.good_weights, self.good_where = self.weights(), "the run was taken up with"


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


SAVED = (
    "epoch",
    "position",
    "sums",
    "rows",
    "best",
    "best_epoch",
    "waited",
    "finished",
)
