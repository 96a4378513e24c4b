"""How a batch is cut between threads."""

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["is_worth_threads", "slices_of"]

WORTH_A_THREAD = 1_500_000
"""Multiply-adds for which a second thread is worth calling."""


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
