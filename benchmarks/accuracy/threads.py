"""One thread for everyone, whatever is imported later."""

import os

__all__ = ["pin"]


def pin() -> None:
    """Let nothing use more than one thread; to be called before anything that computes is imported.

    Importing aeon has Numba set the threads of the OpenMP library that PyTorch uses too, so that a
    ``torch.set_num_threads(1)`` from before does not last. Training small networks on two threads
    of busy processors then takes ten times as long.
    """
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
