"""A thread that does not come when it is called."""

import numpy as np

from freerun.kernels.threads.together import BOX_SIZE

__all__ = ["Lazy"]


class Lazy:
    """In place of a worker: what is put into its box stays there."""

    def __init__(self) -> None:
        self.box = np.zeros(BOX_SIZE, np.int64)
        self.place = self.box.ctypes.data

    def wake(self) -> None:
        pass
