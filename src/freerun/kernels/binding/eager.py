"""What ``torch.compile`` leaves alone: called as it is, between the graphs."""

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch

__all__ = ["eager"]

Function = TypeVar("Function", bound=Callable[..., Any])

_dynamo: Any = getattr(torch._C, "_dynamo", None)
_looked_at: Callable[[], Any] = getattr(
    getattr(_dynamo, "eval_frame", None), "get_eval_frame_callback", lambda: True
)
"""What looks at every frame that is run: None but for what ``torch.compile`` made."""


def eager(function: Function) -> Function:
    """``torch.compiler.disable``, without what it costs where nothing is compiled.

    Importing Dynamo takes a second, and every call of a disabled function some microseconds. Who
    does not compile never imports it (or an optimizer did), and no frame is looked at.
    """
    disabled: list[Callable[..., Any]] = []

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        if "torch._dynamo" not in sys.modules or not (
            torch.compiler.is_compiling() or _looked_at() is not None
        ):
            return function(*arguments, **named)
        if not disabled:
            disabled.append(torch.compiler.disable(function))
        return disabled[0](*arguments, **named)

    return cast(Function, call)
