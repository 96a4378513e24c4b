from pathlib import Path

import pytest

from freerun.cli import main
from tests.cli.command_line import CommandLine

POINT = ["--head", "Point", "--cell", "relu", "--recurrence", "output", "--window", "60"]
SMALL = ["--hidden-size", "4", "--quiet"]


@pytest.fixture
def freerun(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a small run of every task: forecast, spread, classify, label, text."""
    folder = tmp_path_factory.mktemp("runs")
    for name, task, *options in (
        ("forecast", "forecast sunspots", "--epochs", "2", "--output-lags", "12", *POINT),
        ("spread", "forecast sunspots", "--epochs", "1", "--head", "Gaussian"),
        ("classify", "classify japanese_vowels", "--epochs", "2"),
        ("label", "label japanese_vowels", "--epochs", "2"),
        ("text", "text moby_dick", "--epochs", "1", "--batch-size", "512"),
    ):
        assert main(["train", *task.split(), "--out", str(folder / name), *SMALL, *options]) == 0
    return folder
