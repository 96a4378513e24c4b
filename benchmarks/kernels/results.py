"""The figures as JSON, written whole or not at all."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["write_json", "write_whole"]


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as JSON, a row of the tables on each line."""
    rows = content.get("rows", [])
    head = json.dumps({name: part for name, part in content.items() if name != "rows"}, indent=1)
    body = ",\n".join(json.dumps(row) for row in rows)
    write_whole(path, f'{head[:-2]},\n "rows": [\n{body}\n ]\n}}\n')


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
