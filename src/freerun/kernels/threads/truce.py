"""When threads do not step together, though they might: while others need the processors."""

import threading
from collections.abc import Callable
from time import perf_counter

__all__ = ["Truce"]


class Truce:
    """One team at a time, and none for a while after two that waited more than they worked.

    After two calls in a row that each lost more than ``WORST`` of their time to someone who was
    late, one thread works alone for ``REST`` times as long as they lost, so that trying again costs
    no more than a part of that. Once is nothing: whoever sleeps has to wake up. It changes no bit
    of what is computed.

    Args:
        clock: seconds.
    """

    WORST, REST = 1 / 3, 20

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self.clock = clock
        self._until = clock()
        self._lost = 0.0  # in the call before, if that was too much
        self._is_under_way = threading.Lock()

    def begin(self) -> bool:
        """Whether a call may be a team's; after one that is, :meth:`end` follows."""
        return self.clock() >= self._until and self._is_under_way.acquire(blocking=False)

    def end(self, lost: float, seconds: float) -> None:
        """Take note of the time that a team's call lost and took."""
        self._is_under_way.release()
        if lost <= self.WORST * seconds:
            self._lost = 0.0
        elif self._lost:
            self._until = self.clock() + self.REST * (self._lost + lost)
            self._lost = 0.0
        else:
            self._lost = lost
