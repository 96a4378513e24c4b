"""Compiling every kernel ahead of its first use."""

from time import perf_counter
from typing import Any

from numba.core.sigutils import normalize_signature

from freerun.kernels.loop.backward import backward
from freerun.kernels.loop.clipping import clip
from freerun.kernels.loop.forward import forward
from freerun.kernels.loop.strip import strip
from freerun.kernels.threads.copying import copy_rows
from freerun.kernels.threads.errand import errand_float32, errand_float64
from freerun.kernels.threads.together import serve, share

__all__ = ["warm"]

KERNELS: tuple[Any, ...] = (
    forward, backward, strip, errand_float32, errand_float64, share, serve, copy_rows, clip,
)  # fmt: skip

DTYPES = ("float32", "float64")


def warm() -> list[dict[str, Any]]:
    """Compile all kernels that are not kept on this machine yet: half a minute, once.

    Returns:
        For each kernel and dtype: ``kernel``, ``dtype`` ("any" where it is for all), ``compiled``
        (False where it was there), and ``seconds``.
    """
    found = []
    for kernel in KERNELS:
        for signature in kernel.signatures_asked:
            misses = sum(kernel.stats.cache_misses.values())
            name, start = kernel.py_func.__name__, perf_counter()
            kernel.compile(normalize_signature(signature)[0])  # the key that calls look for
            found.append(
                {
                    "kernel": name,
                    "dtype": next((one for one in DTYPES if one in name + signature), "any"),
                    "compiled": sum(kernel.stats.cache_misses.values()) > misses,
                    "seconds": perf_counter() - start,
                }
            )
    return found
