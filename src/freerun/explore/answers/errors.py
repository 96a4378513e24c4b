"""How far paths are off, and from where on running free is worse than what needs no network."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

__all__ = ["listed", "running_mean", "running_root_mean", "worse_from"]


def running_root_mean(path: Tensor, truth: Tensor) -> Tensor:
    """The error so far: e(k) = sqrt(mean over j <= k of (path(j) - truth(j))^2).

    Args:
        path: (steps,). What is not finite is infinitely far off.
        truth: (steps,), NaN where nothing was observed: such steps do not count.

    Returns:
        (steps,) float64; NaN before the first step that counts.

    Example:
        >>> running_root_mean(torch.tensor([1.0, 5.0]), torch.tensor([0.0, 4.0])).tolist()
        [1.0, 1.0]
    """
    return running_mean((path.double() - truth.double()).square(), ~truth.isnan()).sqrt()


def running_mean(values: Tensor, counted: Tensor | None = None) -> Tensor:
    """The mean of the first k values, for every k, (steps,) float64; NaN of none."""
    values = values.double().nan_to_num(nan=math.inf, posinf=math.inf)
    counted = torch.ones_like(values, dtype=torch.bool) if counted is None else counted
    return torch.where(counted, values, 0).cumsum(0) / counted.cumsum(0)


def worse_from(free: Tensor, trivial: Mapping[str, Tensor]) -> tuple[int | None, str | None]:
    """From which step on, counted from 1, a path is worse than a trivial forecast, to the end.

    From one leaving point alone, who is better at a single step is chance. So errors so far are
    compared, with the trivial forecast whose error is least over all of the steps; and a path that
    catches up with it again has not been passed.

    Args:
        free: Errors so far, (steps,).
        trivial: The same of forecasts that need no network; NaN where there is none.

    Returns:
        The step, None where it is not worse at the end; and the name of the forecast, None where
        there is none.

    Example:
        >>> worse_from(torch.tensor([2.0, 1.0, 3.0]), {"mean": torch.tensor([1.0, 2.0, 2.0])})
        (3, 'mean')
    """
    last = {name: float(errors[-1]) for name, errors in trivial.items() if errors[-1].isfinite()}
    if not last:
        return None, None
    name = min(last, key=last.__getitem__)
    level = (~(free > trivial[name])).nonzero()
    step = int(level[-1]) + 2 if len(level) else 1
    return (step if step <= len(free) else None), name


def listed(values: Tensor) -> list[Any]:
    """Numbers for JSON; None stands for what is not finite."""
    if values.ndim > 1:
        return [listed(row) for row in values]
    return [value if math.isfinite(value) else None for value in values.tolist()]
