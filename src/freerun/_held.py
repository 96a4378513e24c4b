"""Reading what a module holds, fast."""

from collections.abc import Mapping
from typing import Any

from torch import nn
from torch.nn.modules import module as of_all

__all__ = ["held", "is_called_plainly", "modules_of"]


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


def modules_of(module: nn.Module) -> list[nn.Module]:
    """It and all that it holds, each once, in a third of the time of ``module.modules()``."""
    found, seen = [module], {module}
    for one in found:
        for part in one._modules.values():
            if part is not None and part not in seen:
                seen.add(part)
                found.append(part)
    return found


def is_called_plainly(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether calling the module is running the ``forward`` of ``kind`` and nothing else."""
    own, held_here = module.__class__, module.__dict__
    return (
        own.forward is kind.forward
        and own.__call__ is nn.Module.__call__
        and "forward" not in held_here
        and held_here.get("_compiled_call_impl") is None
        and not _has_hooks(held_here)
    )


def _has_hooks(own: Mapping[str, Any]) -> bool:
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
