"""Turning Python into machine code: once per machine, kept on disk, and announced."""

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.sigutils import normalize_signature
from numba.core.types import unliteral
from numba.extending import intrinsic

from freerun.kernels.machine.once import kernel, part

__all__ = ["Number", "code_address", "entry", "inner", "primitive"]

Number = Any
"""A zero of the type that the addresses beside it point at: it tells a kernel which that is."""

Function = TypeVar("Function", bound=Callable[..., Any])

_njit: Any = njit  # whose annotations know only some of its options

OPTIONS: dict[str, Any] = {
    "error_model": "numpy",
    "fastmath": {"contract", "reassoc", "nsz"},  # NaN and infinity stay what they are
    "nogil": True,
    "_nrt": False,  # the caller holds all memory: nothing to count
}


_plain: Any = unliteral

UNSEEN: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Nothing but kernels calls it."""


def primitive(typing: Callable[..., Any]) -> Callable[..., Any]:
    """A function for kernels that is written as LLVM's instructions: Numba's ``intrinsic``."""
    return cast(Callable[..., Any], intrinsic(typing))


def inner(function: Function) -> Function:
    """A function that kernels call: compiled into each that does."""
    return cast(Function, _for_any_number(_njit(**OPTIONS, **UNSEEN)(function)))


def _for_any_number(dispatcher: Any) -> Any:
    """Keep Numba from compiling a copy for every constant that is passed."""
    find, compile_it = dispatcher.get_call_template, dispatcher.compile

    def find_plain(arguments: Any, keywords: Any) -> Any:
        return find(tuple(_plain(argument) for argument in arguments), keywords)

    def compile_part(signature: Any) -> Any:
        with part():
            return compile_it(signature)

    dispatcher.get_call_template, dispatcher.compile = find_plain, compile_part
    return dispatcher


def entry(*signatures: str) -> Callable[[Function], Function]:
    """A function that Python calls: compiled for ``signatures`` when first called, kept on disk.

    Numba keeps it beside the source, or in the user's cache directory where that is read-only; an
    environment variable, NUMBA_CACHE_DIR, puts it elsewhere. Any change in this package's kernels
    makes what was kept stale: Numba by itself looks at the one file only.
    """

    def compiled(function: Function) -> Function:
        dispatcher = _njit(**OPTIONS)(function)
        _keep(dispatcher)
        compile_it = dispatcher.compile

        def compile_kernel(signature: Any) -> Any:
            with kernel():
                return compile_it(signature)

        dispatcher.compile, dispatcher.signatures_asked = compile_kernel, signatures
        return cast(Function, dispatcher)

    return compiled


def code_address(kernel: Any, signature: str) -> int:
    """Where the machine code of a kernel for one of its signatures begins."""
    key = normalize_signature(signature)[0]
    kernel.compile(key)
    found = kernel.overloads[key]
    return int(found.library.get_pointer_to_function(found.fndesc.llvm_func_name))


def _keep(dispatcher: Any) -> None:
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # no directory at all may be written to: compiled in every process
        _announce_misses(dispatcher, "for this process; set NUMBA_CACHE_DIR to keep them")
        return
    dispatcher._cache._cache_file._source_stamp = _digest()
    _announce_misses(dispatcher, "once on this machine")


def _announce_misses(dispatcher: Any, how_often: str) -> None:
    kept = dispatcher._cache
    load_overload = kept.load_overload

    def load(signature: Any, target: Any) -> Any:
        found = load_overload(signature, target)
        if found is None:
            name = dispatcher.py_func.__name__
            sys.stderr.write(f"freerun: compiling {name}, {how_often} ...\n")
            sys.stderr.flush()
        return found

    kept.load_overload = load


@cache
def _digest() -> str:
    """Of all sources that kernels are made of."""
    total = hashlib.sha256()
    kernels = Path(__file__).parent.parent
    for folder in ("machine", "equations", "loop", "threads"):
        for source in sorted((kernels / folder).glob("*.py")):
            total.update(source.read_bytes())
    return total.hexdigest()
