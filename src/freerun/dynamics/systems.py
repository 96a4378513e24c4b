"""The Lyapunov spectra of the generators in ``fr.datasets``, from their own equations."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from freerun._checks import check_choice, check_integer, fail
from freerun.data import datasets
from freerun.data.equations import (
    lorenz63_field,
    lorenz96_field,
    mackey_glass_slope,
    mackey_glass_step,
    rk4_step,
)

from .exponents import LyapunovSpectrum, frame, spectrum_of, stretched
from .linearisation import rowwise_jacobian

__all__ = ["SYSTEMS", "system_spectrum"]

NUMBERS = 2**20
"""Numbers of Jacobians made at a time: 8 megabytes, beside a graph some dozen times larger."""

ALIGNMENT = 10
"""Units of time, or delays, for vectors to turn to what grows most, before anything counts."""


def system_spectrum(
    name: str, steps: int = 10_000, count: int | None = None, **parameters: Any
) -> LyapunovSpectrum:
    """Measure the Lyapunov exponents of a system that ``fr.datasets`` generates, per unit of time.

        Q(t+1) R(t+1) = J(t) Q(t),   lambda_i = mean over t of log |R_ii(t)| / dt

    J(t) is the exact derivative of the generator's own Runge-Kutta steps from one value to the
    next, which is the variational equation integrated by the same method. ``"mackey_glass"`` is a
    map of all values within the delay, and of their slopes: 2 tau / h + 1 numbers, so that by
    default only the 4 largest exponents are found.

    The usual systems have, per unit of time: Lorenz-63 0.906, 0 and -14.572, whose sum is
    -(sigma + 1 + beta) exactly; Lorenz-96 with 40 places and F = 8 about 1.7 for the largest, and
    -40 for the sum; Mackey-Glass with tau = 17 0.0053 over 60,000 units of time (0.006 to 0.007 is
    often quoted), then 0.

    Args:
        name: ``"lorenz63"``, ``"lorenz96"`` or ``"mackey_glass"``.
        steps: Values to average over, each ``dt`` after the last. Errors fall as 1 / sqrt(steps).
        count: How many exponents, the largest ones; all by default, of Mackey-Glass 4.
        **parameters: As the generator takes them: ``dt``, ``seed``, ``washout``, its constants.

    Returns:
        The exponents per unit of time; times ``dt`` they are those per step of the data.

    Raises:
        ArgumentError: The system is not known, or an argument does not fit it.

    Example:
        >>> spectrum = system_spectrum("lorenz63", steps=1000)
        >>> round(spectrum.sum, 2)  # volumes shrink at -(10 + 1 + 8/3), wherever one is
        -13.67

    Source: Benettin et al. 1980; values for Lorenz-63 and Mackey-Glass, Sprott, *Chaos and
    Time-Series Analysis* (2003); for Lorenz-96, Lorenz and Emanuel 1998.
    """
    where = "system_spectrum"
    check_choice(where, "name", name, SYSTEMS)
    check_integer(where, "steps", steps, 1)
    if count is not None:
        check_integer(where, "count", count, 1)
    signature = inspect.signature(getattr(datasets, name))
    unknown = set(parameters) - set(signature.parameters) | set(parameters) & {"steps"}
    if unknown:
        known = ", ".join(key for key in signature.parameters if key != "steps")
        fail(where, f"parameters of {name} are {known}", ", ".join(sorted(unknown)), "Drop it.")
    arguments = signature.bind(steps, **parameters)
    arguments.apply_defaults()
    return SYSTEMS[name](steps, count, arguments.arguments)


def _lorenz63(steps: int, count: int | None, given: dict[str, Any]) -> LyapunovSpectrum:
    constants = given["sigma"], given["rho"], given["beta"]

    def field(states: Tensor) -> Tensor:
        x, y, z = states.unbind(-1)
        return torch.stack(lorenz63_field(x, y, z, *constants), -1)

    return _along_a_path("lorenz63", field, steps, count, given)


def _lorenz96(steps: int, count: int | None, given: dict[str, Any]) -> LyapunovSpectrum:
    field = lorenz96_field(given["size"], given["forcing"])
    return _along_a_path("lorenz96", field, steps, count, given)


def _along_a_path(
    name: str,
    field: Callable[[Tensor], Tensor],
    steps: int,
    count: int | None,
    given: dict[str, Any],
) -> LyapunovSpectrum:
    """The spectrum of a differential equation along the path that its generator makes."""
    align = math.ceil(ALIGNMENT / given["dt"])
    path = getattr(datasets, name)(**{**given, "steps": steps + align})
    size, dt, h = path.shape[1], given["dt"], given["dt"] / given["substeps"]
    count = size if count is None else check_integer("system_spectrum", "count", count, 1, size)

    def advance(states: Tensor) -> Tensor:
        for _ in range(given["substeps"]):
            states = rk4_step(field, states, h)
        return states

    vectors, logs = frame(1, size, count), []
    for states in path.split(max(1, NUMBERS // size**2)):
        vectors, found = stretched(rowwise_jacobian(advance, states).unsqueeze(0), vectors)
        logs.append(found)
    return spectrum_of(torch.cat(logs, 1)[:, align:], "unit of time", size, dt)


def _mackey_glass(steps: int, count: int | None, given: dict[str, Any]) -> LyapunovSpectrum:
    """The spectrum of the delay map: vectors of what x and its slope were within the delay."""
    dt, substeps = given["dt"], given["substeps"]
    delay = round(given["tau"] * substeps / dt)
    size = 2 * delay + 1
    count = 4 if count is None else check_integer("system_spectrum", "count", count, 1, size)
    align = math.ceil(ALIGNMENT * delay / substeps)
    fine = given | {"substeps": 1, "dt": dt / substeps, "washout": given["washout"] * substeps}
    total = (steps + align) * substeps
    # The first two delays hold what derivatives are made of.
    path = datasets.mackey_glass(**{**fine, "steps": total + 2 * delay + 1}).squeeze(1)
    of_step, of_slope = _derivatives(path, delay, fine)
    vectors = frame(1, size, count)[0].numpy()
    logs = np.empty((steps + align, count))
    # x(t - tau) ... x(t) as rows, and the slopes of all of them but the last.
    values, slopes = vectors[: delay + 1], vectors[delay + 1 :]
    for number in range(steps + align):
        here = slice(number * substeps, (number + 1) * substeps)
        values, slopes = _carried(of_step[here], of_slope[here], values, slopes)
        vectors, upper = np.linalg.qr(np.concatenate([values, slopes]))
        values, slopes = vectors[: delay + 1], vectors[delay + 1 :]
        logs[number] = np.log(np.abs(upper.diagonal()))
    return spectrum_of(torch.from_numpy(logs)[None, align:], "unit of time", size, dt)


def _derivatives(path: Tensor, delay: int, given: dict[str, Any]) -> tuple[Any, Any]:
    """Of every step from the ``2 delay``-th value on, by what it reads; and of the slope there.

    Returns:
        ``(steps, 5)`` by x, x(t - tau), x(t - tau + h) and the slopes at these two times, and
        ``(steps, 2)`` by x and x(t - tau).
    """
    constants = given["beta"], given["gamma"], given["n"]
    slope = mackey_glass_slope(path[delay:], path[:-delay], *constants)  # at delay, delay + 1, ...
    steps = len(path) - 2 * delay - 1
    x, old, new = path[2 * delay :][:steps], path[delay:][:steps], path[delay + 1 :][:steps]
    read = torch.stack([x, old, new, slope[:steps], slope[1 : steps + 1]], 1)

    def advance(read: Tensor) -> Tensor:
        x, old, new, old_slope, new_slope = read.unbind(1)
        slopes = mackey_glass_slope(x, old, *constants), old_slope, new_slope
        return mackey_glass_step(x, old, new, slopes, given["dt"], *constants).unsqueeze(1)

    def turn(read: Tensor) -> Tensor:
        x, old = read.unbind(1)
        return mackey_glass_slope(x, old, *constants).unsqueeze(1)

    by_step = rowwise_jacobian(advance, read).squeeze(1)
    return by_step.numpy(), rowwise_jacobian(turn, read[:, :2]).squeeze(1).numpy()


def _carried(of_step: Any, of_slope: Any, values: Any, slopes: Any) -> tuple[Any, Any]:
    """Vectors of values and slopes, some steps of h later."""
    count, delay = len(of_step), len(slopes)
    values = np.concatenate([values, np.empty((count, values.shape[1]))])
    slopes = np.concatenate([slopes, np.empty((count, values.shape[1]))])
    for i in range(count):
        now = delay + i
        slopes[now] = of_slope[i] @ values[[now, i]]
        read = (values[now], values[i], values[i + 1], slopes[i], slopes[i + 1])
        values[now + 1] = of_step[i] @ np.stack(read)
    return values[count:], slopes[count:]


SYSTEMS: dict[str, Callable[[int, int | None, dict[str, Any]], LyapunovSpectrum]] = {
    "lorenz63": _lorenz63,
    "lorenz96": _lorenz96,
    "mackey_glass": _mackey_glass,
}
"""Every system whose equations are known, by its generator's name."""
