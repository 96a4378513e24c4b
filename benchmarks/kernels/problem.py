"""The weights and data of a case: the same numbers for everyone, drawn from one seed.

Letters are those of the equations:

    a(t) = b + U x(t) + W h(t-1) + R f(t-1),    o(t) = c + V h(t)

Weights are small enough for the loops to forget, as trained ones do: in a chaotic loop rounding
grows with every step, and no two libraries could be compared.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.kernels.case import GATES, Case

__all__ = ["Array", "Problem", "problem_of"]

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Problem:
    """What a contestant is given, in float32.

    Attributes:
        case: which work, and its sizes.
        weights: by letter. U ``(gates * H, I)``, W ``(gates * H, H)``, b_ih and b_hh
            ``(gates * H,)`` in PyTorch's order of gates for hidden recurrence; else
            U ``(H, I)``, R ``(H, O)``, V ``(O, H)``, b ``(H,)``, c ``(O,)``, and W where it is.
        data: x ``(B, T, I)``; y ``(B, T, O)``, or for hidden recurrence dh ``(B, T, H)``, the
            gradient that comes back to every h; for closed loops h ``(B, H)`` and f ``(B, O)``
            before the first step.
    """

    case: Case
    weights: dict[str, Array]
    data: dict[str, Array]


def problem_of(case: Case, seed: int = 0) -> Problem:
    """The problem of a case."""
    draw = np.random.default_rng(seed)
    B, T, H, O, I = case.B, case.T, case.H, case.O, case.I  # noqa: E741

    def uniform(*shape: int, bound: float) -> Array:
        return draw.uniform(-bound, bound, shape).astype(np.float32)

    def normal(*shape: int) -> Array:
        return draw.standard_normal(shape, dtype=np.float32)

    if case.family == "hidden":
        rows, bound = GATES[case.cell] * H, H**-0.5
        weights = {
            "U": uniform(rows, I, bound=bound),
            "W": uniform(rows, H, bound=bound),
            "b_ih": uniform(rows, bound=bound),
            "b_hh": uniform(rows, bound=bound),
        }
        return Problem(case, weights, {"x": normal(B, T, I), "dh": normal(B, T, H)})
    weights = {
        "R": uniform(H, O, bound=(3 / (I + O + H)) ** 0.5),
        "V": uniform(O, H, bound=(3 / (O + H)) ** 0.5),
        "b": uniform(H, bound=0.5),
        "c": uniform(O, bound=0.5),
    }
    if case.recurrence != "output":
        weights["W"] = uniform(H, H, bound=H**-0.5)
    if case.is_per_step:
        return Problem(case, weights, {"h": np.tanh(normal(B, H)), "f": normal(B, O)})
    weights["U"] = uniform(H, I, bound=(3 / (I + O + H)) ** 0.5)
    return Problem(case, weights, {"x": normal(B, T, I), "y": normal(B, T, O)})
