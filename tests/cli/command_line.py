"""The command line as the tests drive it: in this process, or in one of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from freerun.cli import main

COMMAND = [sys.executable, "-m", "freerun.cli"]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """Standard output as exactly one JSON object."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def mistake(self) -> str:
        """The one line that says what was wrong; nothing is on standard output."""
        assert self.code == 2, self.err
        assert self.out == ""
        (line,) = self.err.splitlines()
        return line


class CommandLine:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: object) -> Ended:
        self.capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ended(code, *self.capsys.readouterr())


def in_a_process(*arguments: object) -> Ended:
    command = [*COMMAND, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    return Ended(done.returncode, done.stdout, done.stderr)
