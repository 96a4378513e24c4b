"""Files written whole or not at all: write aside, flush to the disk, rename."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from freerun._checks import RunError, fail

__all__ = ["new_directory", "write_whole"]

ASIDE = ".partial-"
"""Part of the name of what is not whole yet; nothing reads it."""


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
def new_directory(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Fill a directory aside and give it its name when it is whole.

    Yields:
        Where to write. On an error nothing is left.

    Raises:
        RunError: Something has that name already, or the place cannot be written to.
    """
    path = Path(path)
    if path.exists():
        refuse(path, FileExistsError(17, "it exists"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in path.parent.glob(f".{path.name}{ASIDE}*"):  # of a process that was killed
            shutil.rmtree(stale, ignore_errors=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name}{ASIDE}", dir=path.parent))
    except OSError as error:
        refuse(path, error)
    try:
        yield aside
        aside.chmod(0o777 & ~_umask())
        os.rename(aside, path)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        refuse(path, error)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    _flush_directory(path.parent)


def refuse(path: Path, error: OSError) -> NoReturn:
    """Raise a RunError that says why ``path`` cannot be written."""
    reason = (error.strerror or str(error)).lower()
    fail(f"writing {path}", "a place that can be written", reason, "Choose another path.", RunError)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_directory(path: Path) -> None:
    """Make the new name last through a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
