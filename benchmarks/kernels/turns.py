"""Who runs when: contestants take turns, and the n-th turns of all make a round.

A turn is a rest, which lasts until this process does nothing any more, one run that is not counted,
and runs that are counted until the turn's time is over; its sample is their median. So nobody pays
for the threads that another left spinning, nor for caches that another filled, and a machine that
slows down slows everyone. Each round begins with another contestant.
"""

import gc
import itertools
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.kernels.contestant import Contestant

__all__ = ["Schedule", "take_turns"]

ASLEEP = 0.05
"""The part of a processor that a process uses at most in which nobody spins."""


@dataclass(frozen=True)
class Schedule:
    """How long things may take.

    Attributes:
        seconds: for all turns of a case, unless the least number of rounds takes longer.
        turn: for the counted runs of one turn, in seconds; one run at least.
        rest: before each turn, in seconds, and again while threads of whoever came before are busy:
            PyTorch's spin for up to 15 ms, those of NumPy's OpenBLAS for up to a hundred.
        longest: all of it, in seconds, whoever may still be busy then.
        least: rounds at least, or ``fewest`` when four times ``seconds`` are over.
        fewest: rounds at least.
        most: rounds at most.
        settles: the longest run, in seconds, that is worth an uncounted one before it: threads spin
            and caches refill for milliseconds.
        naive: rounds after which a contestant known to be slow drops out, once it has had a fifth
            of ``seconds`` for itself.
    """

    seconds: float
    turn: float = 0.03
    rest: float = 0.01
    longest: float = 0.5
    least: int = 5
    fewest: int = 3
    most: int = 30
    settles: float = 0.1
    naive: int = 3

    def is_over(self, rounds: int, seconds: float) -> bool:
        """Whether so many rounds, which took so long, are enough."""
        if seconds < self.seconds:
            return rounds >= self.most
        return rounds >= (self.fewest if seconds > 4 * self.seconds else self.least)


def take_turns(contestants: Mapping[str, Contestant], schedule: Schedule) -> dict[str, list[float]]:
    """Run everyone in turn.

    Returns:
        A sample for each round, in seconds per unit of the contestant; fewer for one that dropped
        out.
    """
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    spent = dict.fromkeys(contestants, 0.0)
    left = list(contestants)
    gc.disable()
    began = time.perf_counter()
    try:
        for number in itertools.count():
            start = number % len(contestants)
            for name in [*contestants][start:] + [*contestants][:start]:
                if name not in left:
                    continue
                turn_began = time.perf_counter()
                last = samples[name][-1] * contestants[name].units if number else 0.0
                samples[name].append(_turn(contestants[name], schedule, last))
                spent[name] += time.perf_counter() - turn_began
                is_slow = contestants[name].naive and spent[name] > schedule.seconds / 5
                if is_slow and number + 1 >= schedule.naive:
                    left.remove(name)
            if not left or schedule.is_over(number + 1, time.perf_counter() - began):
                break
    finally:
        gc.enable()
    return samples


def _turn(contestant: Contestant, schedule: Schedule, last: float) -> float:
    """Seconds per unit: the median of the counted runs; a run took ``last`` the turn before."""
    _rest(schedule)
    run, clock = contestant.run, time.perf_counter
    if last < schedule.settles:
        run()
    times = []
    end = clock() + schedule.turn
    while True:
        start = clock()
        run()
        stop = clock()
        times.append(stop - start)
        if stop >= end:
            return statistics.median(times) / contestant.units


def _rest(schedule: Schedule) -> None:
    """Sleep until this process's threads do, too."""
    end = time.perf_counter() + schedule.longest
    while schedule.rest:
        began, used = time.perf_counter(), time.process_time()
        time.sleep(schedule.rest)
        now = time.perf_counter()
        if time.process_time() - used <= ASLEEP * (now - began) or now >= end:
            break
