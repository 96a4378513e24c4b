"""How a batch is cut between threads."""

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["LEAST_PIECE", "is_worth_threads", "pieces_of_time", "slices_of"]

WORTH_A_THREAD = 1_500_000
"""Multiply-adds for which a second thread is worth calling."""

LEAST_PIECE = 64
"""Of a piece of time: its products are of as many rows."""


def is_worth_threads(work: int) -> bool:
    """Whether so many multiply-adds are enough for a second thread."""
    return work >= WORTH_A_THREAD


def slices_of(
    batch: int, work: int, threads: int, lengths: Sequence[int] | None
) -> list[tuple[int, int]]:
    """Cut a batch into slices of equal work, one for each thread that is worth waking.

    Args:
        batch: sequences.
        work: multiply-adds of all.
        threads: how many there may be.
        lengths: steps of each sequence, where they differ.
    """
    threads = min(threads, batch, 1 + work // WORTH_A_THREAD)
    if threads <= 1:
        return [(0, batch)]
    if lengths is None:
        cuts = [batch * thread // threads for thread in range(threads + 1)]
    else:
        total, reached, cuts = sum(lengths), 0, [0]
        for row, length in enumerate(lengths):
            reached += length
            if len(cuts) < threads and reached * threads >= total * len(cuts):
                cuts.append(row + 1)
        cuts.append(batch)
    return [(first, last) for first, last in pairwise(cuts) if last > first]


def pieces_of_time(batch: int, steps: int, work: int, threads: int) -> int:
    """Into how many pieces to cut every sequence, so that each thread has its part of them.

    Where no step waits for the one before, a piece is as good as a sequence.

    Args:
        batch: sequences.
        steps: of each.
        work: multiply-adds of all.
        threads: how many there may be.
    """
    if batch % threads == 0 or batch > 4 * threads:  # each has its part already, or nearly so
        return 1
    if not is_worth_threads(work // 2):  # half of it is what another thread would take over
        return 1
    most = min(8 * threads, steps // LEAST_PIECE)
    counts = [count for count in range(1, most + 1) if steps % count == 0]
    return min(counts, key=lambda count: (-(-batch * count // threads) / count, count), default=1)
