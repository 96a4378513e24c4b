"""Reading what a module holds, fast."""

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


def has_hooks(module: Any) -> bool:
    """Whether calling ``module`` runs more than its ``forward``, by PyTorch's own account."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or of_all._global_forward_hooks
        or of_all._global_forward_pre_hooks
        or of_all._global_backward_hooks
        or of_all._global_backward_pre_hooks
    )
