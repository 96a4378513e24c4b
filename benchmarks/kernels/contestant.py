"""Something to run, and to read the results of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.kernels.problem import Array

__all__ = ["Contestant", "UnavailableError"]


@dataclass(frozen=True)
class Contestant:
    """One implementation of a problem, ready to run.

    Attributes:
        run: the whole work once, finished when it returns.
        read: what came out, from what ``run`` returned: gradients by the letters of their weights,
            or ``{"path": (steps, batch, outputs)}``. None for what has nothing to compare.
        units: by what a time is divided: steps of a closed loop, or of training; else 1.
        naive: whether it is known to be slow, and is timed less often where it is.
    """

    run: Callable[[], Any]
    read: Callable[[Any], Mapping[str, Array]] | None = None
    units: int = 1
    naive: bool = False


class UnavailableError(Exception):
    """A peer does not take part in a case; the message says why."""
