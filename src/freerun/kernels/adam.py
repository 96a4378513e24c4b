"""An optimizer's step in one call: operation by operation, asking takes longer than computing."""

from math import sqrt
from typing import Any

from freerun.kernels._compiled import Number, entry
from freerun.kernels._memory import load, size, store

__all__ = ["COUNT", "GRADIENT", "JOB_SIZE", "MEAN", "PARAMETER", "SQUARE", "adam_step", "clip_all"]

COUNT, PARAMETER, GRADIENT, MEAN, SQUARE, JOB_SIZE = range(6)
"""Of a parameter: how many numbers, and the addresses of its blocks; no gradient is address 0."""

Table = Any


@entry(
    "float64(float32, int64[:, ::1], float64)",
    "float64(float64, int64[:, ::1], float64)",
)
def clip_all(number: Number, jobs: Table, limit: float) -> float:
    """g <- limit g / |g| where the norm |g| of all gradients is above ``limit``; returns it."""
    one, total = size(number), 0.0
    for job in jobs:
        if job[GRADIENT]:
            for index in range(job[COUNT]):
                value = 1.0 * load(number, job[GRADIENT] + index * one)  # in double precision
                total += value * value
    norm = total**0.5
    if norm > limit:
        share = limit / norm
        for job in jobs:
            if job[GRADIENT]:
                for index in range(job[COUNT]):
                    place = job[GRADIENT] + index * one
                    store(number, place, load(number, place) * share)
    return norm


TABLES = "int64[:, ::1], float64[:, ::1], float32[::1]"


@entry(
    f"void(float32[::1], {TABLES}, float64, float64, float64, boolean)",
    f"void(float64[::1], {TABLES}, float64, float64, float64, boolean)",
)
def adam_step(
    room: Table, jobs: Table, rates: Table, steps: Table,
    b1: float, b2: float, eps: float, decoupled: bool,
) -> None:  # fmt: skip
    """One step of Adam or, ``decoupled``, AdamW, for every parameter that has a gradient.

    Args:
        room: for eight numbers of the parameters' type: a factor put there and read again is of
            that type, as all arithmetic then is.
        jobs: a row for each parameter.
        rates: the rate and the decay of each.
        steps: how many steps each has taken; one is added.
        b1: how much of the mean gradient stays.
        b2: how much of the mean square stays.
        eps: what keeps the denominator above 0.
        decoupled: whether decay shrinks the weights beside the gradient, or is a part of it.
    """
    number = room[0]
    one = size(number)
    for index in range(len(jobs)):
        job = jobs[index]
        if not job[GRADIENT]:
            continue
        steps[index] += 1
        rate, decay, count = rates[index, 0], rates[index, 1], float(steps[index])
        room[0] = 1 - rate * decay if decoupled else 1.0
        room[1] = 0.0 if decoupled else decay
        room[2], room[3] = 1 - b1, b2
        room[4], room[5] = 1 - b2, 1 / (1 - b2**count) ** 0.5
        room[6], room[7] = eps, rate / (1 - b1**count)
        keep, penalty, new, old_square = room[0], room[1], room[2], room[3]
        new_square, root, least, step = room[4], room[5], room[6], room[7]
        place_p, place_g = job[PARAMETER], job[GRADIENT]
        place_m, place_v = job[MEAN], job[SQUARE]
        for at in range(0, job[COUNT] * one, one):
            p = load(number, place_p + at)
            g = load(number, place_g + at) + penalty * p
            m = load(number, place_m + at)
            m += new * (g - m)
            v = old_square * load(number, place_v + at) + new_square * (g * g)
            store(number, place_m + at, m)
            store(number, place_v + at, v)
            store(number, place_p + at, keep * p - step * m / (root * sqrt(v) + least))
