"""Systems with an input, from the literature of system identification."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from freerun._checks import check_integer, check_number

from ._seeding import as_generator, held_noise, normal

__all__ = ["chen", "second_order"]


def second_order(
    steps: int,
    *,
    output_noise: float = 0.0,
    equation_noise: float = 0.0,
    hold: int = 10,
    seed: int | torch.Generator = 0,
) -> tuple[Tensor, Tensor]:
    """Generate a linear system of second order, on which teacher forcing is biased by output noise.

        y*(t) = 1.5 y*(t-1) - 0.7 y*(t-2) + 0.5 u(t-1) + v(t)
        y(t)  = y*(t) + w(t)

    u is standard normal, each value held for ``hold`` steps; v and w are white and normal. It
    starts from rest: y* and u are 0 before the first step.

    Args:
        steps: Steps to return.
        output_noise: Standard deviation of w, which is measured but not fed back; in units of y.
        equation_noise: Standard deviation of v, which is fed back; in units of y.
        hold: Steps for which an input stays the same.
        seed: Seed, or a generator to draw from. u, v and w are drawn in this order whatever their
            scale, so the same seed gives the same u.

    Returns:
        u and y, each (steps, 1) float64, without a unit. u(t) stands beside y(t) but first acts
        on y(t+1).

    Example:
        >>> u, y = second_order(300, output_noise=0.1)
        >>> u.shape, y.shape
        (torch.Size([300, 1]), torch.Size([300, 1]))

    Source: Ribeiro and Aguirre, "Parallel training considered harmful?", *Neurocomputing* (2018).
    """

    def system(y1: float, y2: float, u1: float, u2: float) -> float:
        return 1.5 * y1 - 0.7 * y2 + 0.5 * u1

    return _simulate("second_order", system, steps, output_noise, equation_noise, hold, seed)


def chen(
    steps: int,
    *,
    output_noise: float = 0.0,
    equation_noise: float = 0.0,
    hold: int = 5,
    seed: int | torch.Generator = 0,
) -> tuple[Tensor, Tensor]:
    """Generate the nonlinear system of Chen, Billings and Grant.

        y*(t) = (0.8 - 0.5 exp(-y1^2)) y1 - (0.3 + 0.9 exp(-y1^2)) y2
                + u1 + 0.2 u2 + 0.1 u1 u2 + v(t),      y1 = y*(t-1), u2 = u(t-2), ...
        y(t)  = y*(t) + w(t)

    u is standard normal, each value held for ``hold`` steps; v and w are white and normal. It
    starts from rest: y* and u are 0 before the first step.

    Args:
        steps: Steps to return.
        output_noise: Standard deviation of w, which is measured but not fed back; in units of y.
        equation_noise: Standard deviation of v, which is fed back; in units of y.
        hold: Steps for which an input stays the same.
        seed: Seed, or a generator to draw from. u, v and w are drawn in this order whatever their
            scale, so the same seed gives the same u.

    Returns:
        u and y, each (steps, 1) float64, without a unit. u(t) stands beside y(t) but first acts
        on y(t+1).

    Example:
        >>> u, y = chen(1000, equation_noise=0.1, output_noise=0.5)
        >>> u.shape, y.shape
        (torch.Size([1000, 1]), torch.Size([1000, 1]))

    Source: Chen, Billings and Grant, *International Journal of Control* 51 (1990), 1191-1214; with
    output noise, Ribeiro and Aguirre, *Neurocomputing* 316 (2018).
    """

    def system(y1: float, y2: float, u1: float, u2: float) -> float:
        bell = math.exp(-y1 * y1)
        return (0.8 - 0.5 * bell) * y1 - (0.3 + 0.9 * bell) * y2 + u1 + 0.2 * u2 + 0.1 * u1 * u2

    return _simulate("chen", system, steps, output_noise, equation_noise, hold, seed)


def _simulate(
    where: str,
    system: Callable[[float, float, float, float], float],
    steps: int,
    output_noise: float,
    equation_noise: float,
    hold: int,
    seed: int | torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Run y*(t) = system(y*(t-1), y*(t-2), u(t-1), u(t-2)) + v(t) from rest: u and y."""
    check_integer(where, "steps", steps, 1)
    check_integer(where, "hold", hold, 1)
    check_number(where, "output_noise", output_noise, 0.0)
    check_number(where, "equation_noise", equation_noise, 0.0)
    generator = as_generator(where, seed)
    u = held_noise(generator, steps, hold)
    v = (equation_noise * normal(generator, steps)).tolist()
    w = output_noise * normal(generator, steps)
    y: list[float] = []
    y1 = y2 = u1 = u2 = 0.0
    for now, noise in zip(u.tolist(), v, strict=True):
        y1, y2 = system(y1, y2, u1, u2) + noise, y1
        u1, u2 = now, u1
        y.append(y1)
    return u[:, None], (torch.tensor(y, dtype=torch.float64) + w)[:, None]
