"""Policies in writing: as the command line takes them, and as runs keep them."""

import ast
import dataclasses
import re
import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from freerun._checks import ArgumentError, check_choice, fail
from freerun.forcing.registry import FORCINGS
from freerun.forcing.schedules import SCHEDULES
from freerun.plan import Forcing

__all__ = ["forcing_of", "read_forcing", "spell_forcing"]


def spell_forcing(policy: Forcing) -> str:
    """A policy as ``freerun train --forcing`` takes it; what is as by default is left out.

    Example:
        >>> import freerun as fr
        >>> spell_forcing(fr.FreeRunning(20))
        'FreeRunning:warmup=20'
        >>> spell_forcing(fr.Curriculum([fr.TeacherForcing(), fr.FreeRunning(5)], at=[0.5]))
        'Curriculum:policies=[TeacherForcing,FreeRunning(warmup=5)],at=[0.5]'
    """
    name, _, arguments = _spelled(policy).partition("(")
    return f"{name}:{arguments[:-1]}" if arguments else name


def _spelled(value: Any) -> str:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        asked = ",".join(
            f"{one.name}={_spelled(getattr(value, one.name))}"
            for one in dataclasses.fields(value)
            if getattr(value, one.name) != one.default
        )
        return f"{type(value).__name__}({asked})" if asked else type(value).__name__
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_spelled, value))}]"
    if isinstance(value, Real) and not isinstance(value, bool):  # NumPy's numbers too
        value = int(value) if isinstance(value, Integral) else float(value)
    return value if isinstance(value, str) else repr(value)


def read_forcing(text: str, where: str = "forcing") -> Forcing:
    """Read ``NAME[:ARG=VALUE[,ARG=VALUE...]]``; the name as in Python, or as free-running.

    A value may be a number, a word, a list in brackets, or another policy or schedule, whose
    arguments then stand in parentheses.

    Args:
        text: What was written.
        where: What errors call it.

    Raises:
        ArgumentError: No policy has this name, or it has no such argument, or not such a value.

    Example:
        >>> read_forcing("free-running:warmup=20")
        FreeRunning(warmup=20)
        >>> read_forcing("scheduled-sampling:schedule=inverse-sigmoid(k=5),through=False")
        ScheduledSampling(schedule=InverseSigmoid(k=5, start=1.0, end=0.0), feed='mean', \
through=False)
    """
    name, _, rest = (text if re.match(r"[^:]*\(", text) else f"{text}:").partition(":")
    written = f"{name}({rest.rstrip(' :')})" if rest or "(" not in name else name
    joined = re.sub(r"(?<=[A-Za-z])-(?=[A-Za-z])", "_", written.strip())
    known = _known(where, re.match(r"[^(]*", joined)[0], FORCINGS)  # type: ignore[index]
    joined = re.sub(r"^[^(]*", known, joined)
    node = _parsed(joined)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        expected = f"{where} {known}: arguments must be ARG=VALUE"
        fail("freerun", expected, repr(text), _example(where, known))
    made = _called(where, node)
    assert isinstance(made, Forcing)
    return made


def _parsed(text: str) -> ast.expr | None:
    """What Python would read there; None where it could not, or would not as a whole."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what looks odd: it is refused, or means something
            return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _made(where: str, node: ast.expr) -> Any:
    """The value that was written; nothing is executed but the classes of both registries."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _called(where, node)
    if isinstance(node, ast.List | ast.Tuple):
        return [_made(where, one) for one in node.elts]
    if isinstance(node, ast.Name):
        if _folded(node.id) not in _kinds():
            return node.id
        return _called(where, ast.Call(node, [], []))
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        fix = "Write a number, a word, or a list in brackets."
        expected = f"{where}: a value must be a number, a word, or a list"
        fail("freerun", expected, repr(ast.unparse(node)), fix)


def _called(where: str, node: ast.Call) -> Any:
    assert isinstance(node.func, ast.Name)
    kinds = _kinds()
    known = _known(where, node.func.id, [kind.__name__ for kind in kinds.values()])
    kind = kinds[_folded(known)]
    settings = _settings(kind)
    arguments: dict[str, Any] = {}
    if not settings and (node.args or node.keywords):
        got = repr(", ".join(map(ast.unparse, [*node.args, *node.keywords])))
        fail("freerun", f"{where} {known} has no arguments", got, _example(where, known))
    for given in node.args:
        expected = f"{where} {known}: an argument must be ARG=VALUE"
        fail("freerun", expected, repr(ast.unparse(given)), _example(where, known))
    for keyword in node.keywords:
        key = str(keyword.arg)
        check_choice("freerun", f"the argument of {where} {known}", key, settings)
        if key in arguments:
            fail("freerun", f"{where} must give {key} once", "it twice", "Choose one.")
        arguments[key] = _made(where, keyword.value)
    try:
        return kind(**arguments)
    except ArgumentError as error:
        raise ArgumentError(f"freerun: {where} {error}") from None
    except TypeError:
        needed = ", ".join(settings)
        got = repr(ast.unparse(node))
        fail("freerun", f"{where} {known} needs {needed}", got, _example(where, known))


def _example(where: str, known: str) -> str:
    """How arguments are written, as a fix."""
    settings = _settings(_kinds()[_folded(known)])
    if not settings:
        return f"Write {where} {known}."
    return f"Write {where} {known}:{settings[0]}=VALUE."


def forcing_of(kept: Mapping[str, Any]) -> Forcing:
    """The policy that ``config.json`` keeps: its name beside what it was built with.

    Raises:
        KeyError: No policy or schedule is registered under a name.
        ArgumentError: It does not take such an argument, or not such a value.
    """
    made = _rebuilt(kept)
    assert isinstance(made, Forcing)
    return made


def _rebuilt(kept: Any) -> Any:
    if isinstance(kept, list):
        return [_rebuilt(one) for one in kept]
    if not isinstance(kept, Mapping):
        return kept
    kind = {one.__name__: one for one in _kinds().values()}[kept["name"]]
    arguments = {name: _rebuilt(one) for name, one in kept.items() if name != "name"}
    for name in arguments:
        check_choice("forcing", f"the argument of {kind.__name__}", name, _settings(kind))
    return kind(**arguments)


def _kinds() -> dict[str, Any]:
    """Every policy and schedule by its folded name, schedules by their short names too."""
    kinds: dict[str, Any] = {_folded(name): kind for name, kind in FORCINGS.items()}
    for name, kind in SCHEDULES.items():
        kinds[_folded(name)] = kinds[_folded(kind.__name__)] = kind
    return kinds


def _known(where: str, name: str, names: Any) -> str:
    """The name that is meant, in whatever case, and with hyphens or without."""
    found = {_folded(one): one for one in names}.get(_folded(name))
    return found or check_choice("freerun", where, name.strip(), names)


def _folded(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def _settings(kind: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]
