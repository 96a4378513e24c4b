"""Chaotic systems, integrated by the classical Runge-Kutta method of fourth order (RK4)."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from freerun._checks import check_integer, check_number, fail

from ._seeding import as_generator, normal, uniform
from .equations import (
    lorenz63_field,
    lorenz96_field,
    mackey_glass_slope,
    mackey_glass_step,
    rk4_step,
)

__all__ = ["lorenz63", "lorenz96", "mackey_glass"]

Vector = NDArray[np.float64]


def mackey_glass(
    steps: int,
    tau: float = 17.0,
    dt: float = 1.0,
    beta: float = 0.2,
    gamma: float = 0.1,
    n: float = 10.0,
    *,
    seed: int | torch.Generator = 0,
    washout: int = 1000,
    substeps: int = 10,
) -> Tensor:
    """Generate the Mackey-Glass series, a delay equation that is chaotic from tau of about 17.

        dx/dt = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x(t)

    RK4 with steps of h = dt / substeps; the delayed value at half a step is read from the cubic
    that matches x and dx/dt at both ends, so that the whole is of fourth order. The history is a
    constant drawn from [0.5, 1.3).

    Args:
        steps: Values to return.
        tau: Delay, in units of time; a whole number of h.
        dt: Time from one value to the next.
        beta: Rate of production, per unit of time.
        gamma: Rate of decay, per unit of time.
        n: Exponent of the feedback.
        seed: Seed, or a generator to draw from.
        washout: Values dropped from the beginning.
        substeps: Integration steps per value.

    Returns:
        x, (steps, 1) float64, without a unit.

    Raises:
        ArgumentError: An argument is out of range, or tau is not a whole number of h.

    Example:
        >>> mackey_glass(500).shape
        torch.Size([500, 1])

    Source: Mackey and Glass, *Science* 197 (1977), 287-289, equation (4b) in these units.
    """
    where = "mackey_glass"
    _check_path(where, steps, dt, washout, substeps)
    for name, value in (("tau", tau), ("beta", beta), ("gamma", gamma), ("n", n)):
        check_number(where, name, value, 0.0)
    h = dt / substeps
    delay = round(tau / h)
    if delay < 1 or abs(delay * h - tau) > 1e-9 * tau:
        fix = "Choose dt and substeps so that tau * substeps / dt is whole."
        fail(where, "tau must be a whole number of dt / substeps", f"{tau:g} and {h:g}", fix)
    if gamma * h > 1:
        expected = "gamma dt / substeps must be at most 1, to stay positive"
        fail(where, expected, f"{gamma * h:g}", "Pass a larger substeps.")
    history = 0.5 + 0.8 * float(uniform(as_generator(where, seed), 1))
    count = (washout + steps) * substeps

    # path[i] is x((i - delay) h) and slope[i] its derivative; within the history it is 0.
    path = [history] * (delay + 1)
    slope = [0.0] * delay
    for i in range(count - 1):
        x, old, new = path[-1], path[i], path[i + 1]
        slope.append(mackey_glass_slope(x, old, beta, gamma, n))
        # x has a kink where the history ends: an interval that ends there takes its slope, 0.
        slopes = slope[-1], slope[i], 0.0 if i + 1 == delay else slope[i + 1]
        path.append(mackey_glass_step(x, old, new, slopes, h, beta, gamma, n))
    values = torch.tensor(path[delay:], dtype=torch.float64)
    return values[washout * substeps :: substeps, None].contiguous()


def lorenz63(
    steps: int,
    dt: float = 0.01,
    sigma: float = 10.0,
    rho: float = 28.0,
    beta: float = 8.0 / 3.0,
    *,
    seed: int | torch.Generator = 0,
    washout: int = 2000,
    substeps: int = 1,
    initial: Tensor | None = None,
) -> Tensor:
    """Generate a path of the Lorenz system of 1963.

        dx/dt = sigma (y - x)
        dy/dt = x (rho - z) - y
        dz/dt = x y - beta z

    With the usual parameters its largest Lyapunov exponent is 0.905 per unit of time.

    Args:
        steps: States to return.
        dt: Time from one state to the next.
        sigma: Prandtl number.
        rho: Rayleigh number over its critical value.
        beta: Geometric factor.
        seed: Seed, or a generator to draw the initial state from.
        washout: States dropped from the beginning.
        substeps: RK4 steps per state.
        initial: First state before the washout, (3,), instead of a random one.

    Returns:
        The states (x, y, z), (steps, 3) float64, without a unit.

    Raises:
        ArgumentError: An argument is out of range, or the path diverges.

    Example:
        >>> lorenz63(3, washout=0, initial=torch.tensor([0.0, 0.0, 1.0]))[0]
        tensor([0., 0., 1.], dtype=torch.float64)

    Source: Lorenz, *Journal of the Atmospheric Sciences* 20 (1963), 130-141, equations (25)-(27).
    """
    where = "lorenz63"
    _check_path(where, steps, dt, washout, substeps)
    for name, value in (("sigma", sigma), ("rho", rho), ("beta", beta)):
        check_number(where, name, value)

    def field(state: Vector) -> Vector:
        x, y, z = state.tolist()
        return np.array(lorenz63_field(x, y, z, sigma, rho, beta))

    generator = as_generator(where, seed)
    drawn = torch.tensor([0.0, 0.0, 25.0]) + 5.0 * normal(generator, 3)
    return _rk4_path(where, field, _first(where, initial, drawn), steps, dt, washout, substeps)


def lorenz96(
    steps: int,
    size: int = 40,
    forcing: float = 8.0,
    dt: float = 0.05,
    *,
    seed: int | torch.Generator = 0,
    washout: int = 1000,
    substeps: int = 5,
    initial: Tensor | None = None,
) -> Tensor:
    """Generate a path of the Lorenz system of 1996, a ring of ``size`` places.

        dx_i/dt = (x_(i+1) - x_(i-2)) x_(i-1) - x_i + F

    One unit of time stands for 5 days of weather, so dt = 0.05 for 6 hours.

    Args:
        steps: States to return.
        size: Places on the ring, 4 or more.
        forcing: F; chaotic at 8 with 40 places.
        dt: Time from one state to the next.
        seed: Seed, or a generator to draw the initial state from.
        washout: States dropped from the beginning.
        substeps: RK4 steps per state.
        initial: First state before the washout, (size,), instead of a random one.

    Returns:
        The states, (steps, size) float64, without a unit.

    Raises:
        ArgumentError: An argument is out of range, or the path diverges.

    Example:
        >>> lorenz96(10, size=5).shape
        torch.Size([10, 5])

    Source: Lorenz, "Predictability: a problem partly solved", ECMWF seminar (1996), equation (1).
    """
    where = "lorenz96"
    _check_path(where, steps, dt, washout, substeps)
    check_integer(where, "size", size, 4)
    check_number(where, "forcing", forcing)
    field = lorenz96_field(size, forcing)
    drawn = forcing + normal(as_generator(where, seed), size)
    return _rk4_path(where, field, _first(where, initial, drawn), steps, dt, washout, substeps)


def _check_path(where: str, steps: int, dt: float, washout: int, substeps: int) -> None:
    check_integer(where, "steps", steps, 1)
    check_integer(where, "washout", washout, 0)
    check_integer(where, "substeps", substeps, 1)
    if check_number(where, "dt", dt, 0.0) == 0.0:
        fail(where, "dt must be above 0", dt, "Pass dt=0.01, say.")


def _first(where: str, initial: Tensor | None, drawn: Tensor) -> Vector:
    if initial is None:
        return drawn.numpy()
    if initial.shape != drawn.shape:
        expected = f"initial must be ({len(drawn)},)"
        fail(where, expected, tuple(initial.shape), "Pass one number per variable.")
    return initial.double().numpy()


def _rk4_path(
    where: str,
    field: Callable[[Vector], Vector],
    state: Vector,
    steps: int,
    dt: float,
    washout: int,
    substeps: int,
) -> Tensor:
    """Integrate dx/dt = field(x) and return every ``substeps``-th state, (steps, size) float64."""
    h = dt / substeps
    path = np.empty((steps, len(state)))
    with np.errstate(over="ignore", invalid="ignore"):  # a path that diverges is refused below
        for step in range(-washout, steps):
            if step >= 0:
                path[step] = state
            for _ in range(substeps):
                state = rk4_step(field, state, h)
    if not np.isfinite(path).all():
        fail(where, "the path must stay finite", "one that diverges", "Pass a smaller dt.")
    return torch.from_numpy(path)
