"""The README's Python runs as it stands."""

import re
import warnings
from pathlib import Path

import pytest

from freerun.forcing import FORCINGS, read_forcing

README = Path(__file__).parents[1] / "README.md"


def test_the_python_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(compile(block, str(README), "exec"), {})
    assert "free running" in capsys.readouterr().out
    assert (tmp_path / "runs" / "sunspots" / "config.json").is_file()


def test_the_python_of_the_page_on_estimators_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (README.parent / "docs" / "estimators.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
            exec(compile(block, "docs/estimators.md", "exec"), names)
    assert (tmp_path / "runs" / "ways" / "config.json").is_file()


def test_the_page_on_forcing_runs_and_has_every_policy() -> None:
    page = (README.parent / "docs" / "forcing.md").read_text(encoding="utf-8")
    known = dict(FORCINGS)
    names: dict[str, object] = {"__name__": "docs.forcing"}
    try:
        for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
            exec(compile(block, "docs/forcing.md", "exec"), names)
        assert set(FORCINGS) == {*known, "Fading"}
    finally:
        FORCINGS.pop("Fading", None)
    for policy in known:
        assert f"| `{policy}(" in page
    for text in re.findall(r"--forcing \"?([^ \"]+)", page):
        read_forcing(text)


def test_the_python_of_the_page_on_comparing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (README.parent / "docs" / "comparing.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    # A worker would look for `build` in the file that this block is not in.
    block = block.replace("workers=2", "workers=1")
    exec(compile(block, "docs/comparing.md", "exec"), {"__name__": "__main__"})
    assert "| FreeRunning |" in capsys.readouterr().out
    assert (tmp_path / "compared.png").is_file()


def test_the_python_of_the_page_on_pictures_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib.pyplot as plt

    page = (README.parent / "docs" / "drawing.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "docs/drawing.md", "exec"), names)
    plt.close("all")
    assert (tmp_path / "net.svg").is_file()


def test_every_file_that_the_readme_names_is_there() -> None:
    text = README.read_text(encoding="utf-8")
    named = re.findall(r"\]\((?!http)([^)#]+)\)", text) + re.findall(
        r"`(benchmarks/[\w/.]+)`", text
    )
    assert len(named) > 8
    for name in named:
        assert (README.parent / name).exists(), name


def test_every_test_that_the_conventions_name_is_there() -> None:
    text = (README.parent / "docs" / "conventions.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 30
    for file, test in named:
        assert f"def {test}(" in (README.parent / file).read_text(encoding="utf-8"), (file, test)
