"""Where generators of synthetic data take their random numbers from."""

import torch
from torch import Tensor

from freerun._checks import check_integer

__all__ = ["as_generator", "held_noise", "normal", "uniform"]


def as_generator(where: str, seed: int | torch.Generator) -> torch.Generator:
    """Return a generator as it is, to be drawn from where it stands, or a new one of that seed."""
    if isinstance(seed, torch.Generator):
        return seed
    return torch.Generator().manual_seed(check_integer(where, "seed", seed, 0))


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Draw standard normal numbers, float64."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def uniform(generator: torch.Generator, *shape: int) -> Tensor:
    """Draw uniform numbers from [0, 1), float64."""
    return torch.rand(*shape, generator=generator, dtype=torch.float64)


def held_noise(generator: torch.Generator, steps: int, hold: int) -> Tensor:
    """Draw standard normal numbers, each held for ``hold`` steps: (steps,) float64."""
    return normal(generator, -(-steps // hold)).repeat_interleave(hold)[:steps]
