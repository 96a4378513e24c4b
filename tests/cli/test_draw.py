"""``freerun draw``: what it draws, says and refuses."""

from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_policy_is_drawn_into_a_file(freerun: CommandLine, here: Path) -> None:
    ended = freerun("draw", "forcing", "free-running:warmup=5")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "drawn in forcing.svg\n"
    assert (here / "forcing.svg").read_text().startswith("<?xml")
    assert "got forcing.svg, which is there" in freerun("draw", "forcing", "FreeRunning").mistake
    ended = freerun("draw", "forcing", "FreeRunning", "--overwrite", "--dark", "--out", "a.png")
    assert (ended.code, ended.err) == (0, "drawn in a.png\n")
    assert (here / "a.png").read_bytes().startswith(b"\x89PNG")


def test_one_object_says_what_is_drawn(freerun: CommandLine) -> None:
    command = "draw forcing SparseTeacherForcing:every=2 --epochs 3 --steps 4 --json"
    ended = freerun(*command.split())
    assert ended.object == {
        "file": "forcing.svg",
        "forcing": "SparseTeacherForcing:every=2",
        "mean": [0.5] * 3,
        "weights": [[0, 1, 0, 1]] * 3,
        "remarks": [],
    }
    assert ended.err == ""


@pytest.mark.parametrize(
    "policy",
    [
        "ScheduledSampling:schedule=inverse_sigmoid(k=5),through=False",
        "GeneralizedTeacherForcing:alpha=adaptive",
        "SparseTeacherForcing:every=lyapunov",
        "Curriculum:policies=[TeacherForcing,FreeRunning(warmup=5)],at=[0.5]",
    ],
)
def test_the_name_is_what_was_typed(policy: str, freerun: CommandLine) -> None:
    typed = policy.replace("inverse_sigmoid", "InverseSigmoid").replace("k=5", "k=5")
    assert freerun("draw", "forcing", policy, "--json").object["forcing"] == typed
