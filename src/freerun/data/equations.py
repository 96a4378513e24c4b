"""The equations behind the chaotic generators, for numbers, arrays and tensors alike.

Written once: generators integrate them, and :mod:`freerun.dynamics` differentiates the same steps.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

__all__ = [
    "lorenz63_field",
    "lorenz96_field",
    "mackey_glass_slope",
    "mackey_glass_step",
    "rk4_step",
]

Number = TypeVar("Number", float, Tensor)
States = TypeVar("States", NDArray[np.float64], Tensor)


def lorenz63_field(
    x: Number, y: Number, z: Number, sigma: float, rho: float, beta: float
) -> tuple[Number, Number, Number]:
    """(dx/dt, dy/dt, dz/dt) = (sigma (y - x), x (rho - z) - y, x y - beta z)."""
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def lorenz96_field(size: int, forcing: float) -> Callable[[Any], Any]:
    """dx_i/dt = (x_(i+1) - x_(i-2)) x_(i-1) - x_i + F of states ``(..., size)``."""
    places = np.arange(size)
    after, before, before_that = (places + 1) % size, places - 1, places - 2

    def field(state: States) -> States:
        ahead, behind = state[..., after], state[..., before_that]
        return (ahead - behind) * state[..., before] - state + forcing

    return field


def rk4_step(field: Callable[[States], States], state: States, h: float) -> States:
    """One step of the classical Runge-Kutta method of fourth order along dx/dt = field(x)."""
    k1 = field(state)
    k2 = field(state + h / 2 * k1)
    k3 = field(state + h / 2 * k2)
    k4 = field(state + h * k3)
    return state + h / 6 * (k1 + 2 * (k2 + k3) + k4)


def mackey_glass_slope(x: Number, delayed: Number, beta: float, gamma: float, n: float) -> Number:
    """dx/dt = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x(t)."""
    return beta * delayed / (1.0 + delayed**n) - gamma * x


def mackey_glass_step(
    x: Number,
    old: Number,
    new: Number,
    slopes: tuple[Number, Number, Number],
    h: float,
    beta: float,
    gamma: float,
    n: float,
) -> Number:
    """One RK4 step of the delay equation: x(t + h).

    Args:
        x: x(t).
        old: x(t - tau).
        new: x(t - tau + h).
        slopes: dx/dt at t, just after t - tau, and just before t - tau + h.
        h: step.
        beta: rate of production.
        gamma: rate of decay.
        n: exponent of the feedback.
    """
    k1, old_slope, new_slope = slopes
    # The delayed value at half a step: of the cubic that matches values and slopes at both ends.
    middle = (old + new) / 2 + h / 8 * (old_slope - new_slope)
    k2 = mackey_glass_slope(x + h / 2 * k1, middle, beta, gamma, n)
    k3 = mackey_glass_slope(x + h / 2 * k2, middle, beta, gamma, n)
    k4 = mackey_glass_slope(x + h * k3, new, beta, gamma, n)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
