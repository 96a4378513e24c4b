"""What policies are called in a comparison."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from freerun._checks import fail
from freerun.forcing import spell_forcing
from freerun.plan import Forcing

__all__ = ["name_of", "named"]


def name_of(policy: Forcing) -> str:
    """A policy as it is spelled for ``--forcing``, by its name alone where it has its defaults.

    Example:
        >>> import freerun as fr
        >>> name_of(fr.FreeRunning()), name_of(fr.FreeRunning(20))
        ('FreeRunning', 'FreeRunning:warmup=20')
    """
    made: Any = policy
    fields = dataclasses.fields(made) if dataclasses.is_dataclass(made) else ()
    usual = all(
        one.default is not dataclasses.MISSING and getattr(policy, one.name) == one.default
        for one in fields
        if one.init
    )
    return type(policy).__name__ if usual else spell_forcing(policy)


def named(forcings: Sequence[Forcing] | Mapping[str, Forcing]) -> dict[str, Forcing]:
    """Policies by names of their own.

    Raises:
        ArgumentError: There is none, one of them is no policy, or two are the same.
    """
    where = "compare"
    if not isinstance(forcings, Mapping):
        found: dict[str, Forcing] = {}
        for policy in forcings:
            _check_policy(policy)
            name = name_of(policy)
            if name in found:
                fix = "Leave one out; more seeds say more of it."
                fail(where, "forcings must differ from each other", f"{name} twice", fix)
            found[name] = policy
        forcings = found
    for policy in forcings.values():
        _check_policy(policy)
    if not forcings:
        fix = "Pass forcings=[fr.TeacherForcing(), fr.FreeRunning()], say."
        fail(where, "forcings must have one policy or more", "none", fix)
    return dict(forcings)


def _check_policy(policy: object) -> None:
    if not isinstance(policy, Forcing) or isinstance(policy, type):
        fix = "Pass fr.FreeRunning(), say."
        fail("compare", "forcings must be policies, made", repr(policy), fix)
