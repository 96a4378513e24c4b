"""Threads, versions, the processor: what the figures depend on besides the code."""

import contextlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["describe", "pin"]

THREADS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "NPROC",
)  # fmt: skip
PACKAGES = ("freerun", "torch", "numpy", "numba", "jax", "jaxlib", "keras", "onnx", "onnxruntime")


def pin(threads: int) -> None:
    """Give every library so many threads, and the process so many processors.

    Before NumPy, PyTorch or JAX is imported, for they read it once. Libraries that count
    processors instead of reading a variable, as JAX does, see as many as there are threads.
    """
    for name in THREADS:
        os.environ[name] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["KERAS_BACKEND"] = "jax"
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])

    import torch

    torch.set_num_threads(threads)


def describe(threads: int) -> dict[str, Any]:
    """Versions, the processor and the threads, as JSON knows them."""
    import torch

    return {
        "threads": threads,
        "processors": _processors(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else "unknown"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
