"""Compiling every kernel ahead of its first use."""

from time import perf_counter
from typing import Any

from numba.core.sigutils import normalize_signature

from freerun.kernels._backward import backward
from freerun.kernels._forward import forward
from freerun.kernels._packing import pack_all, unpack_all

__all__ = ["warm"]


def warm() -> list[dict[str, Any]]:
    """Compile all kernels that are not kept on this machine yet: half a minute, once.

    Returns:
        For each kernel and dtype: ``kernel``, ``dtype``, ``compiled`` (False where it was there),
        and ``seconds``.
    """
    found = []
    for dispatcher in (pack_all, forward, backward, unpack_all):
        kernel: Any = dispatcher
        for signature, dtype in zip(kernel.signatures_asked, ("float32", "float64"), strict=True):
            misses = sum(kernel.stats.cache_misses.values())
            start = perf_counter()
            kernel.compile(normalize_signature(signature)[0])  # the key that calls look for
            found.append(
                {
                    "kernel": kernel.py_func.__name__,
                    "dtype": dtype,
                    "compiled": sum(kernel.stats.cache_misses.values()) > misses,
                    "seconds": perf_counter() - start,
                }
            )
    return found
