"""When threads do not step together, though they might: while others need the processors."""

import threading

__all__ = ["Truce"]


class Truce:
    """One team at a time, and none for a while after one that waited more than it worked.

    After a call that lost more than ``WORST`` of its time to someone who was late, some are done by
    one thread alone; the more of them, the more often that happens. That changes no bit of what is
    computed.
    """

    FEWEST, MOST, WORST = 4, 256, 1 / 3

    def __init__(self) -> None:
        self.left, self.length = 0, self.FEWEST
        self._is_under_way = threading.Lock()

    def begin(self) -> bool:
        """Whether a call may be a team's; after one that is, :meth:`end` follows."""
        if self.left > 0:
            self.left -= 1
            return False
        return self._is_under_way.acquire(blocking=False)

    def end(self, lost: float, seconds: float) -> None:
        """Take note of the time that a team's call lost and took."""
        self._is_under_way.release()
        if lost > self.WORST * seconds:
            self.left, self.length = self.length, min(2 * self.length, self.MOST)
        else:
            self.length = self.FEWEST
