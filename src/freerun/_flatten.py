"""Nested state (an optimizer's, say) as named tensors and JSON, and back: no pickle needed."""

from typing import Any

from torch import Tensor

__all__ = ["flatten", "unflatten"]


def flatten(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """JSON for ``value``; its tensors go into ``tensors``, under names that begin with ``name``.

    Args:
        value: Tensors, numbers, strings, None, and lists, tuples and dicts of them; keys are
            strings or whole numbers.
        name: What it is called.
        tensors: Where the tensors go.

    Raises:
        TypeError: Anything else is in it.

    Example:
        >>> import torch
        >>> tensors = {}
        >>> structure = flatten({0: {"step": torch.tensor(3.0), "lr": 0.1}}, "optimizer", tensors)
        >>> list(tensors)
        ['optimizer.0.step']
        >>> unflatten(structure, tensors)
        {0: {'step': tensor(3.), 'lr': 0.1}}
    """
    if isinstance(value, Tensor):
        while name in tensors:  # the keys 1 and "1", say, have one spelling
            name += "'"
        tensors[name] = value.detach().clone()
        return {"tensor": name}
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str | int):
                raise TypeError(f"{name}: the key {key!r} cannot be saved without a pickle")
        return {"dict": [[k, flatten(v, f"{name}.{k}", tensors)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [flatten(v, f"{name}.{i}", tensors) for i, v in enumerate(value)]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{name}: {type(value).__name__} cannot be saved without a pickle")


def unflatten(structure: Any, tensors: dict[str, Tensor]) -> Any:
    """What :func:`flatten` took apart; tuples come back as lists."""
    if not isinstance(structure, dict):
        return structure
    if "tensor" in structure:
        return tensors[structure["tensor"]]
    if "list" in structure:
        return [unflatten(item, tensors) for item in structure["list"]]
    return {key: unflatten(item, tensors) for key, item in structure["dict"]}
