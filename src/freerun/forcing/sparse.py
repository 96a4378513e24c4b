"""Sparse teacher forcing: the truth now and then."""

import math
from dataclasses import dataclass
from typing import Any

import torch

from freerun._checks import check_integer, fail
from freerun.data import Sequences
from freerun.dynamics import largest_exponent
from freerun.plan import Plan, PlanBatch

__all__ = ["SparseTeacherForcing", "forced_now_and_then"]


@dataclass(frozen=True)
class SparseTeacherForcing:
    """w = 1 every n steps, 0 between: the network runs free, and is brought back in time.

        w(t) = 1 at t = n, 2n, 3n, ...        so that step n + 1 is fed y(n)

    With ``output_lags=k`` one forced emission would replace one of k lags, so the k emissions up to
    each of these steps are forced. Gradients pass through every output that was fed back, and none
    through the truth: with output recurrence they are cut every n steps. With ``"both"`` hidden
    units carry them, and the state, across.

    On a chaotic system gradients grow like exp(lambda t); forced at the time in which an error
    doubles, n = ln 2 / lambda with lambda the largest Lyapunov exponent per step, they neither
    explode nor end before there is anything to learn.

    Args:
        every: n, ``output_lags`` or more; or ``"lyapunov"``: ln 2 / lambda, lambda from the
            training data by :func:`freerun.dynamics.largest_exponent` before training begins.

    Raises:
        ArgumentError: n is no whole number of 1 or more, or below ``output_lags``; or
            ``"lyapunov"`` is asked of classes, or of data whose errors do not grow.

    Example:
        >>> import torch, freerun as fr
        >>> batch = fr.forcing.PlanBatch(None, torch.zeros(1, 7, 1))
        >>> fr.SparseTeacherForcing(every=3).plan(batch, 0.0, None).weights
        tensor([0., 0., 1., 0., 0., 1., 0.])

    Source: Mikhaeil, Monfared and Durstewitz, "On the difficulty of learning chaotic dynamics with
    RNNs", NeurIPS 2022, section 3.2.
    """

    every: int | str = 10

    def __post_init__(self) -> None:
        if self.every == "lyapunov":
            return
        if isinstance(self.every, str):
            expected = "every must be a whole number of 1 or more, or 'lyapunov'"
            fail("SparseTeacherForcing", expected, repr(self.every), "Pass every=10, say.")
        check_integer("SparseTeacherForcing", "every", self.every, 1)

    def prepare(self, net: Any, train: Sequences) -> "SparseTeacherForcing":
        """The policy with its interval as a number; refuses one that the lags do not fit in."""
        if self.every != "lyapunov":
            _check_room(int(self.every), net.output_lags)
            return self
        if train.num_classes is not None:
            expected = "every='lyapunov' needs real-valued data"
            fail("SparseTeacherForcing", expected, "classes", "Pass every=10, say.")
        found = largest_exponent(train)
        if not math.isfinite(found.doubling_time):
            expected = "every='lyapunov' needs data in which errors are seen to grow"
            got = f"a Lyapunov exponent of {found.exponent:.3g} per step ({found.verdict})"
            fail("SparseTeacherForcing", expected, got, "Pass every=10, say.")
        return SparseTeacherForcing(max(round(found.doubling_time), net.output_lags, 1))

    def plan(self, batch: PlanBatch, progress: float, generator: torch.Generator | None) -> Plan:
        """Weights that are the same for every sequence."""
        if self.every == "lyapunov":
            fix = "Train with it, or pass every=10, say."
            expected = "every='lyapunov' is known once it was prepared on training data"
            fail("SparseTeacherForcing", expected, "an unroll without training", fix)
        every = int(self.every)
        _check_room(every, batch.lags)
        return forced_now_and_then(batch, every)


def forced_now_and_then(batch: PlanBatch, every: int) -> Plan:
    """w = 1 on the last ``batch.lags`` steps of each ``every``, else 0."""
    step = torch.arange(batch.y.shape[1], device=batch.y.device)
    forced = step % every >= every - batch.lags
    return Plan(batch.y, forced.to(torch.get_default_dtype()))


def _check_room(every: int, lags: int) -> None:
    if every < lags:
        expected = f"every must be output_lags={lags} or more, for all lags are forced"
        fail("SparseTeacherForcing", expected, every, f"Pass every={lags}, or TeacherForcing().")
