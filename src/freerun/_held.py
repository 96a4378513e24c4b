"""Reading what a module holds, fast."""

from collections.abc import Mapping
from typing import Any

from torch.nn.modules import module as of_all

__all__ = ["has_hooks", "held"]


def held(module: Any, name: str) -> Any:
    """``module.name``, a parameter or a module.

    PyTorch looks everywhere else first, a microsecond each time; a step of a small network reads
    thirty of them. What is not held as such, for it is computed from others when asked for, is
    found as PyTorch finds it.
    """
    parameters = module._parameters
    if name in parameters:
        return parameters[name]
    modules = module._modules
    return modules[name] if name in modules else getattr(module, name)


def has_hooks(own: Mapping[str, Any]) -> bool:
    """Whether calling a module with these attributes runs more than its ``forward``."""
    return bool(
        own["_forward_hooks"]
        or own["_forward_pre_hooks"]
        or own["_backward_hooks"]
        or own["_backward_pre_hooks"]
        or of_all._global_forward_hooks
        or of_all._global_forward_pre_hooks
        or of_all._global_backward_hooks
        or of_all._global_backward_pre_hooks
    )
