"""Files written whole or not at all: write aside, flush to the disk, rename."""

import ctypes
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from freerun._checks import RunError, fail

__all__ = ["new_directory", "recover", "sweep", "write_whole"]

ASIDE = ".partial-"
"""Part of the name of what is not whole yet; nothing reads it."""

LINUX = sys.platform == "linux"

REPLACED = ".replaced-"
"""Part of the name of a whole directory that is out of the way until its successor is in place."""


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part.

    Raises:
        RunError: The file cannot be written there.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}{ASIDE}", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        refuse(path, error)
    _flush_directory(path.parent)


@contextmanager
def new_directory(path: str | os.PathLike[str], replace: bool = False) -> Iterator[Path]:
    """Fill a directory aside and give it its name when it is whole.

    Args:
        path: Its name.
        replace: Whether it may take the place of what is there, which is removed after.

    Yields:
        Where to write. On an error nothing is left, and what was there still is.

    Raises:
        RunError: Something has that name already, or the place cannot be written to.
    """
    path = Path(path)
    recover(path)
    if os.path.lexists(path) and not replace:
        fix = "A run is replaced with overwrite=True; otherwise choose another path."
        fail(str(path), "a new directory", "something is there", fix, RunError)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent, path.name)
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name}{ASIDE}", dir=path.parent))
    except OSError as error:
        refuse(path, error)
    try:
        yield aside
        aside.chmod(0o777 & ~_umask())
        _take_place(aside, path)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        refuse(path, error)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    _flush_directory(path.parent)


def sweep(folder: Path, name: str = "") -> None:
    """Remove what a process that was killed left half written in ``folder``, meant for ``name``."""
    begun = f".{glob.escape(name)}{'' if name else '*'}"
    replaced = name and os.path.lexists(folder / name)
    for stale in [
        *folder.glob(f"{begun}{ASIDE}*"),
        *(folder.glob(f"{begun}{REPLACED}*") if replaced else ()),
    ]:
        _remove(stale)


def _take_place(aside: Path, path: Path) -> None:
    """Give ``aside`` the name ``path``; what had it is out of the way first, and then removed."""
    if not os.path.lexists(path):
        os.rename(aside, path)
        return
    if not _exchange(aside, path):
        old = path.with_name(aside.name.replace(ASIDE, REPLACED))
        os.rename(path, old)
        try:
            os.rename(aside, path)
        except BaseException:
            os.rename(old, path)
            raise
        # No longer what recover may give back: a removal that is cut short leaves a part of it.
        try:
            os.rename(old, aside)
        except OSError:
            _remove(old)
    _remove(aside)


def _remove(path: Path) -> None:
    """Remove a file, a directory or a link, not what a link points to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _exchange(one: Path, other: Path) -> bool:
    """Let two names change places in one step, so that neither is ever missing; False if unable."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if LINUX else None
    if rename is None:
        return False
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of linux/fs.h
    return bool(rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)


def recover(path: str | os.PathLike[str]) -> None:
    """Give back its name to what was put out of the way by a process that was killed just then."""
    path = Path(path)
    if os.path.lexists(path):
        return
    for old in path.parent.glob(f".{glob.escape(path.name)}{REPLACED}*"):
        with suppress(OSError):
            os.rename(old, path)
            return


def refuse(path: Path, error: OSError) -> NoReturn:
    """Raise a RunError that says why ``path`` cannot be written."""
    reason = (error.strerror or str(error)).lower()
    fail(f"writing {path}", "a place that can be written", reason, "Choose another path.", RunError)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_directory(path: Path) -> None:
    """Make the new name last through a power cut, where the system can: it is whole either way."""
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
