"""Forcing policies as recipes note them, always in the same words."""

import dataclasses
from typing import Any

from freerun.forcing import Forcing

__all__ = ["spell_forcing"]


def spell_forcing(policy: Forcing) -> str:
    """A policy as ``freerun train --forcing`` takes it.

    Example:
        >>> import freerun as fr
        >>> spell_forcing(fr.FreeRunning(20))
        'FreeRunning:warmup=20'
    """
    made: Any = policy
    settings = dataclasses.fields(made) if dataclasses.is_dataclass(made) else ()
    arguments = ",".join(f"{one.name}={getattr(policy, one.name)}" for one in settings)
    return f"{type(policy).__name__}{':' if arguments else ''}{arguments}"
