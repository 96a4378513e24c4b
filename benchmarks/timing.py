"""Timing that survives a noisy machine: contenders take turns, ratios are formed pair by pair."""

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["ratio", "take_turns"]


def take_turns(
    contenders: Mapping[str, Callable[[], object]], seconds: float, least: int = 5
) -> dict[str, list[float]]:
    """Run all contenders in turn, for about ``seconds``; the first round is not counted.

    Returns:
        Seconds of each run; the n-th of every contender belong to the same round.
    """
    for run in contenders.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    began = time.perf_counter()
    while time.perf_counter() - began < seconds or len(times[next(iter(times))]) < least:
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def ratio(slow: list[float], fast: list[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile of slow / fast, round by round."""
    pairs = [a / b for a, b in zip(slow, fast, strict=True)]
    low, middle, high = statistics.quantiles(pairs, n=4)
    return low, middle, high
