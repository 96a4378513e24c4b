"""What changes the weights: the method, its rate over training, decay and clipping."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from freerun._checks import check_choice, check_number, fail

__all__ = ["Optimizer"]

RATES = {"adamw": 3e-3, "adam": 3e-3, "rmsprop": 1e-3, "sgd": 1e-2, "lbfgs": 1.0}
SCHEDULES = ("constant", "cosine", "linear")


@dataclass(frozen=True)
class Optimizer:
    """How :func:`freerun.fit` turns gradients into steps.

    Args:
        name: ``"adamw"`` (Loshchilov and Hutter 2019), ``"adam"``, ``"rmsprop"``, ``"sgd"``
            (momentum 0.9), or ``"lbfgs"`` for small deterministic fits: the whole training set at
            once, line search, no clipping and no schedule.
        lr: The rate at the start; None for 3e-3 (adamw, adam), 1e-3 (rmsprop), 1e-2 (sgd) or
            1 (lbfgs).
        weight_decay: Decoupled for adamw, else an L2 penalty; on matrices only, never on biases or
            on the residual s. None for 0.01 (adamw) or 0.
        clip: Largest global norm of the gradient, g <- clip g / |g| (Pascanu et al. 2013); None
            for none. ``fit`` never clips for lbfgs.
        schedule: The rate over training, as a share of ``lr``: ``"constant"``, or ``"cosine"`` or
            ``"linear"``, both from 1 to 0.01.
        warmup: Share of training over which the rate first rises from 0.
    """

    name: str = "adamw"
    lr: float | None = None
    weight_decay: float | None = None
    clip: float | None = 1.0
    schedule: str = "cosine"
    warmup: float = 0.0

    def __post_init__(self) -> None:
        check_choice("Optimizer", "name", self.name, RATES)
        check_choice("Optimizer", "schedule", self.schedule, SCHEDULES)
        check_number("Optimizer", "warmup", self.warmup, 0.0, 1.0)
        if self.lr is not None and not check_number("Optimizer", "lr", self.lr) > 0:
            fix = f"Pass lr={RATES[self.name]:g}, say."
            fail("Optimizer", "lr must be above 0", self.lr, fix)
        if self.clip is not None and check_number("Optimizer", "clip", self.clip, 0.0) == 0:
            fail("Optimizer", "clip must be above 0", self.clip, "Pass clip=None for no clipping.")
        if self.weight_decay is not None:
            check_number("Optimizer", "weight_decay", self.weight_decay, 0.0)
            if self.name == "lbfgs" and self.weight_decay:
                fail("Optimizer", "lbfgs has no weight decay", self.weight_decay, "Leave it out.")

    @property
    def whole_batch(self) -> bool:
        """Whether every step needs the whole training set."""
        return self.name == "lbfgs"

    @property
    def limit(self) -> float:
        """The largest global norm of the gradient; infinite for none."""
        return math.inf if self.clip is None or self.whole_batch else float(self.clip)

    def rate(self, progress: float) -> float:
        """The learning rate at ``progress``, from 0 to 1, through training."""
        lr = RATES[self.name] if self.lr is None else self.lr
        if self.whole_batch:
            return lr
        if progress < self.warmup:
            return lr * max(progress / self.warmup, 1e-3)
        left = 1 - (progress - self.warmup) / max(1 - self.warmup, 1e-12)
        share = {"constant": 1.0, "linear": left, "cosine": 0.5 - 0.5 * math.cos(math.pi * left)}
        return lr * max(share[self.schedule], 0.01)

    def build(self, net: nn.Module) -> torch.optim.Optimizer:
        """The PyTorch optimizer for the parameters of ``net`` that require gradients."""
        trained = [p for p in net.parameters() if p.requires_grad]
        if not trained:
            fail("fit", "a parameter must require gradients", "none", "Use net.requires_grad_().")
        if self.name == "lbfgs":
            # PyTorch's tolerances are float32's: in float64 they stop four digits too early.
            fine = 1e-14 if all(p.dtype == torch.float64 for p in trained) else 1e-9
            return torch.optim.LBFGS(
                trained,
                lr=self.rate(0),
                max_iter=20,
                tolerance_grad=100 * fine,
                tolerance_change=fine,
                history_size=50,
                line_search_fn="strong_wolfe",
            )
        decay = self.weight_decay
        if decay is None:
            decay = 0.01 if self.name == "adamw" else 0.0
        groups = [
            {"params": [p for p in trained if p.ndim > 1], "weight_decay": decay},
            {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
        if self.name == "rmsprop":
            return torch.optim.RMSprop(groups, lr=self.rate(0))
        # One pass over the weights in place of a dozen: a third of the time on a small network.
        fused = all(p.device.type in ("cpu", "cuda") for p in trained)
        if self.name == "sgd":
            return torch.optim.SGD(groups, lr=self.rate(0), momentum=0.9, fused=fused)
        method = torch.optim.AdamW if self.name == "adamw" else torch.optim.Adam
        return method(groups, lr=self.rate(0), fused=fused)
