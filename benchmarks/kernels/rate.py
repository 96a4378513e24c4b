"""The machine's own matrix products: what no recurrence can outrun by much."""

import statistics
import time

import torch

__all__ = ["matrix_product_rate"]

SIZES = (256, 512, 1024, 2048)


def matrix_product_rate(seconds: float = 0.4) -> dict[str, float]:
    """Multiplications and additions a second of ``torch.mm`` on square matrices, by their size.

    Args:
        seconds: for each size.

    Returns:
        The median for each size, and the ``"best"`` of them.
    """
    found = {}
    for size in SIZES:
        a, b, out = (torch.randn(size, size) for _ in range(3))
        torch.mm(a, b, out=out)
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 3:
            start = time.perf_counter()
            torch.mm(a, b, out=out)
            times.append(time.perf_counter() - start)
        found[str(size)] = 2 * size**3 / statistics.median(times)
    return found | {"best": max(found.values())}
