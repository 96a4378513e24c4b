"""Settings from a TOML file: options by their names, which the command line itself overrides."""

import difflib
import tomllib
from pathlib import Path
from typing import Any

import typer

from freerun._checks import fail

__all__ = ["Config"]


def _read(context: typer.Context, value: str | None) -> str | None:
    """Take the file's values as the defaults of this command's options."""
    if value is None or context.resilient_parsing:
        return value
    file = Path(value)
    settings = _settings(file)
    known = {name: parameter for parameter in context.command.params if (name := parameter.name)}
    defaults: dict[str, Any] = {}
    for key, setting in settings.items():
        name = _name(str(file), key, known)
        if name in defaults:
            fail(str(file), f"{key} must be there once", "two of it", "Choose one.")
        if isinstance(setting, dict):
            fail(str(file), f"{key} must be a value", "a table", f"Write {key} = ... at the top.")
        _check_kind(str(file), key, setting, known[name])
        defaults[name] = _text(setting)
    context.default_map = {**(context.default_map or {}), **defaults}
    return value


def _settings(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        fail(str(file), "a file of settings", reason, "Pass --config FILE.toml.")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fail(str(file), "settings in TOML", str(error), 'Write hidden-size = 32, cell = "gru".')


def _check_kind(file: str, key: str, setting: Any, parameter: Any) -> None:
    """Refuse values that would be read as something else: true is not 1, nor "yes" true."""
    shown = "[]" if setting == [] else repr(setting)
    if parameter.is_flag:
        if not isinstance(setting, bool):
            fail(file, f"{key} must be true or false", shown, f"Write {key} = true.")
        return
    if isinstance(setting, bool):
        got = str(setting).lower()
        fail(file, f"{key} must be a number or a word in quotes", got, f"Write {key} = ..., say.")
    if isinstance(setting, list):
        if "[,...]" not in (parameter.metavar or ""):
            fail(file, f"{key} must be one value", shown, f"Write {key} = ... without brackets.")
        if not setting or not all(isinstance(one, str) for one in setting):
            fix = f'Write {key} = ["price", "day"], say, or leave it out.'
            fail(file, f"{key} must be names of columns in quotes", shown, fix)


def _name(file: str, key: str, known: dict[str, Any]) -> str:
    """The parameter that ``key`` means, written with hyphens or underscores."""
    spelled = {
        spelling: name
        for name, parameter in known.items()
        for option in parameter.opts
        for spelling in (option.lstrip("-").replace("-", "_"), option.lstrip("-"))
        if option.startswith("--") and name not in ("config", "help")
    }
    if key in spelled:
        return spelled[key]
    near = difflib.get_close_matches(key, spelled, n=1)
    fix = (
        f"Did you mean {near[0].replace('_', '-')}?" if near else "See --help for those there are."
    )
    fail(file, "settings must be options of this command", key, fix)


def _text(value: Any) -> Any:
    """A value as it would be typed; lists of columns side by side."""
    if isinstance(value, bool):
        return value
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


Config = typer.Option(
    "--config",
    callback=_read,
    is_eager=True,
    metavar="FILE",
    help="Settings from a TOML file, named as the options; options typed here override it.",
)
"""The option of commands that take settings from a file."""
