"""Compiling what is only ever a part of something else: to LLVM's language, and no further.

Numba optimises every function with all that it calls, and turns it into machine code, before the
next one that calls it is treated alike: the innermost goes through that as often as there are
functions around it. A kernel's parts are never run by themselves. What is left out here is done
once, with the kernel they become part of: half of the time that compiling takes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core.codegen import CPUCodeLibrary, JITCPUCodegen

__all__ = ["unfinished"]

_depth = 0  # Numba compiles one function at a time, under a lock


@contextmanager
def unfinished() -> Iterator[None]:
    """Leave what is compiled meanwhile unoptimised, and make no machine code of it."""
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1


def _unless_unfinished(owner: Any, name: str, instead: Callable[..., None]) -> None:
    """Do ``instead`` in place of a step of Numba's while unfinished."""
    step = getattr(owner, name, None)
    if step is None:  # another Numba: everything is finished, which only takes longer
        return

    def choose(self: Any, *arguments: Any) -> Any:
        return instead(self) if _depth else step(self, *arguments)

    setattr(owner, name, choose)


def _nothing(_: Any) -> None:
    pass


def _is_ready(library: Any) -> None:
    """Say that the library may be linked into others."""
    library._finalize_dynamic_globals()
    library._finalized = True


_unless_unfinished(CPUCodeLibrary, "_optimize_final_module", _nothing)
_unless_unfinished(CPUCodeLibrary, "_finalize_final_module", _is_ready)
_unless_unfinished(JITCPUCodegen, "set_env", _nothing)  # where its machine code looks for Python's
