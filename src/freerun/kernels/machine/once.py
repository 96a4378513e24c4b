"""Compiling a kernel and its parts: each thing once.

Numba optimises every function with all that it calls, twice, and turns it into machine code, before
the next one that calls it is treated alike: the innermost goes through that as often as there are
functions around it. A kernel's parts never run by themselves: they go as far as LLVM's language,
and the rest is done once, with the kernel they become part of. It is optimised once too; the first
of Numba's two passes prepares the counting of references, of which kernels have none. Together that
is more than half of the time that compiling takes.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

from numba.core.codegen import CPUCodeLibrary, JITCPUCodegen

__all__ = ["kernel", "part"]

NOTHING, KERNEL, PART = range(3)


class _UnderWay(local):
    """What this thread is compiling: a kernel's parts are compiled in the kernel's thread."""

    what = NOTHING


_under_way = _UnderWay()


@contextmanager
def part() -> Iterator[None]:
    """What is compiled meanwhile becomes part of something else."""
    yield from _compiling(PART)


@contextmanager
def kernel() -> Iterator[None]:
    """What is compiled meanwhile is a kernel.

    Nor is garbage looked for among what Numba holds on to till the end: a tenth of the time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield from _compiling(KERNEL)
    finally:
        if collects:
            gc.enable()


def _compiling(what: int) -> Iterator[None]:
    before, _under_way.what = _under_way.what, what
    try:
        yield
    finally:
        _under_way.what = before


def _instead(owner: Any, name: str, steps: dict[int, Callable[..., None]]) -> None:
    """Do another step in place of one of Numba's, by what is under way."""
    step = getattr(owner, name, None)
    if step is None:  # another Numba: its own steps are done, which only takes longer
        return

    def choose(self: Any, *arguments: Any) -> Any:
        return steps.get(_under_way.what, step)(self, *arguments)

    setattr(owner, name, choose)


def _nothing(*_: Any) -> None:
    pass


def _lay_out(library: Any, module: Any) -> None:
    """Tell a module the machine's layout of data."""
    module.data_layout = library._codegen._data_layout


def _optimize_once(library: Any) -> None:
    passes, builder = library._codegen._module_pass_manager()
    passes.run(library._final_module, builder)


def _is_ready(library: Any) -> None:
    """Say that the library may be linked into others."""
    library._finalize_dynamic_globals()
    library._finalized = True


_instead(CPUCodeLibrary, "_optimize_functions", {PART: _lay_out})
_instead(CPUCodeLibrary, "_optimize_final_module", {PART: _nothing, KERNEL: _optimize_once})
_instead(CPUCodeLibrary, "_finalize_final_module", {PART: _is_ready})
_instead(JITCPUCodegen, "set_env", {PART: _nothing})  # where machine code looks for Python's
