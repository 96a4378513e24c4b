"""What is promised of the repository itself, rather than of the code in it."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = PROJECT["dependencies"]
DEVELOPMENT = PROJECT["optional-dependencies"]["dev"]
EXPLORE = PROJECT["optional-dependencies"]["explore"]
ACCURACY = PROJECT["optional-dependencies"]["accuracy"]

A_MACHINES_PATH = re.compile(r"(?<![\w.-])/(?:work|root|home|Users)/")
A_REGISTRYS_HOST = re.compile(
    r"\b(?:pypi|pythonhosted|anaconda|npmjs|download\.pytorch)\.(?:org|com)\b"
)


def tracked_texts() -> Iterator[tuple[str, str]]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    # The checkout may belong to another user, which git refuses unless told.
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT)]
    names = subprocess.run([*git, "ls-files", "-z"], check=True, capture_output=True, text=True)
    for name in filter(None, names.stdout.split("\0")):
        if (ROOT / name).is_file():
            yield name, (ROOT / name).read_bytes().decode(errors="ignore")


def pins(constraints: str = "constraints.txt") -> dict[str, str]:
    lines = (ROOT / constraints).read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported_packages(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("pattern", [A_MACHINES_PATH, A_REGISTRYS_HOST], ids=["path", "host"])
def test_no_file_depends_on_one_machine(pattern: re.Pattern[str]) -> None:
    found = {name: hit[0] for name, text in tracked_texts() if (hit := pattern.search(text))}
    assert found == {}


@pytest.mark.parametrize("constraints", ["constraints.txt", "constraints-accuracy.txt"])
def test_constraints_are_exact_and_fit_any_build(constraints: str) -> None:
    for name, pinned in pins(constraints).items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
        assert re.fullmatch(r"\d+(\.\w+)*", pinned), f"{name}: a local build such as +cpu is no pin"
    assert pins(constraints)["torch"] == "2.13.0"


@pytest.mark.parametrize(
    ("requirement", "constraints"),
    [(one, "constraints.txt") for one in [*RUNTIME, *DEVELOPMENT, *EXPLORE]]
    + [(one, "constraints-accuracy.txt") for one in [*RUNTIME, *ACCURACY]],
)
def test_requirements_are_lower_bounds_that_the_constraints_pin(
    requirement: str, constraints: str
) -> None:
    match = re.fullmatch(r"([\w.-]+)>=[\d.]+", requirement)
    assert match, "only a lower bound, so that freerun fits beside other packages"
    assert canonical(match[1]) in map(canonical, pins(constraints))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_the_library_imports_only_what_it_requires(path: Path) -> None:
    extra = EXPLORE if path == ROOT / "src" / "freerun" / "explore" / "server.py" else []
    required = {requirement.partition(">=")[0] for requirement in [*RUNTIME, *extra]}
    required = {{"scikit-learn": "sklearn"}.get(name, name) for name in required}
    known = {"freerun", *required, *sys.stdlib_module_names}
    assert set(imported_packages(path.read_text())) <= known


def test_there_is_one_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {PROJECT['version']}\n" in citation
    assert version("freerun") == PROJECT["version"]
