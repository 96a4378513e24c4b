"""What other processes took of the processors while something was measured.

Threads that wait for each other in PyTorch's parallel loops lose whole time slices when somebody
else is running: times become many times longer, and not for everyone alike. A figure that was taken
beside others' work says nothing, and is marked.
"""

import os
import time
from pathlib import Path

__all__ = ["MUCH", "Disturbance"]

MUCH = 0.05
"""Share of the processors from which on a case counts as disturbed."""

IDLE = (3, 4)
"""Which columns of ``/proc/stat`` are no work: idle, and waiting for a disk."""


class Disturbance:
    """A stopwatch for the work of others, from when it is made."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.before = _others()

    def share(self) -> float | None:
        """Of all processors' time since the beginning; None where the system does not say."""
        now, seconds = _others(), time.perf_counter() - self.began
        if now is None or self.before is None or seconds == 0:
            return None
        return max(0.0, (now - self.before) / (seconds * (os.cpu_count() or 1)))


def _others() -> float | None:
    """Seconds of work of all processes but this one and its children."""
    try:
        total = Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]
        busy = sum(int(ticks) for column, ticks in enumerate(total) if column not in IDLE)
        return busy / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])
    except (OSError, ValueError):
        return None
