"""Whether two contestants do the same work."""

from collections.abc import Mapping

import numpy as np

from benchmarks.kernels.problem import Array

__all__ = ["TOLERANCE", "disagreement"]

TOLERANCE = 3e-5
"""Largest normwise difference from the reference, ``|g - g64| / |g64|``, for each array.

Rounding to float32 is 6e-8 a step. Through loops that forget, and in sums over B T terms, it grows
to 2e-7 to 3e-6 in these cases, for PyTorch, JAX and freerun alike; the tolerance is an order of
magnitude above that. What must not pass is more than an order above the tolerance: products in TF32
or bfloat16 round to 5e-4 and 4e-3, and a wrong term, gate or step is of the order of 1e-2 to 1.
"""


def disagreement(found: Mapping[str, Array], expected: Mapping[str, Array]) -> float:
    """The largest normwise relative difference over all arrays.

    Args:
        found: what a contestant computed.
        expected: the reference, in float64.

    Returns:
        The difference; infinite where an array is missing, not finite or of another shape.
    """
    worst = 0.0
    for name, wanted in expected.items():
        array = found.get(name)
        if array is None or array.shape != wanted.shape or not np.isfinite(array).all():
            return float("inf")
        scale = float(np.linalg.norm(wanted))
        difference = float(np.linalg.norm(array.astype(np.float64) - wanted))
        worst = max(worst, difference / scale if scale else difference)
    return worst
