"""``freerun draw``: what it draws, says and refuses."""

from pathlib import Path

import pytest
import torch

import freerun as fr
from freerun.cli.commands.draw import MOST_STEPS
from freerun.drawing import asked
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
    typed = policy.replace("inverse_sigmoid", "InverseSigmoid")
    assert freerun("draw", "forcing", policy, "--json").object["forcing"] == typed


def test_what_the_options_describe_is_drawn(freerun: CommandLine, here: Path) -> None:
    command = "draw --recurrence output --output-lags 2 --residual --cell GRU --layers 2 --json"
    found = freerun(*command.split(), "--forcing", "SparseTeacherForcing:every=2").object
    assert found["file"] == "graph.svg"
    assert (
        found["title"] == "recurrence output, readout every, cell gru, 2 layers, "
        "2 output lags, residual"
    )
    assert {"key": "f@4", "kind": "fed", "drawn": True} in found["nodes"]
    edge = {"source": "f@1", "target": "h1@3", "kind": "fed", "parameter": "R_2",
            "weight": None, "delay": 2}  # fmt: skip
    assert edge in found["edges"]
    assert (here / "graph.svg").read_text().startswith("<?xml")


def test_every_option_reaches_the_picture(freerun: CommandLine) -> None:
    def drawn(*options: str) -> dict[str, object]:
        return freerun("draw", *options, "--json", "--overwrite").object

    plain = drawn()
    assert len(plain["edges"]) == len(drawn("--readout", "every")["edges"])  # type: ignore[arg-type]
    for options in (
        ["--recurrence", "both"], ["--readout", "last"], ["--cell", "relu"], ["--layers", "2"],
        ["--bidirectional"], ["--input-lags", "1"], ["--steps", "2"], ["--k1", "2"],
        ["--k1", "1", "--k2", "2"], ["--shapes"], ["--recurrence", "both", "--input-size", "0"],
        ["--shapes", "--hidden-size", "5"],
    ):  # fmt: skip
        assert drawn(*options) != plain, options
    edge = ["--recurrence", "output"]
    policy = [*edge, "--forcing", "Curriculum:policies=[TeacherForcing,FreeRunning],at=[20]"]
    assert drawn(*policy, "--epochs", "40")["edges"] == drawn(*policy, "--epochs", "50")["edges"]
    late = drawn(*policy, "--epochs", "40", "--progress", "0.5")
    assert late["edges"] != drawn(*policy, "--epochs", "50", "--progress", "0.3")["edges"]


def test_the_network_of_a_run_is_drawn(freerun: CommandLine, here: Path) -> None:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(3, 5, fr.heads.Categorical(4), "lstm", recurrence="both")
    fr.save(net, here / "run")
    ended = freerun("draw", "run", "--shapes", "--out", "run.png", "--json")
    assert ended.object["title"] == "recurrence both, readout every, cell lstm"
    assert "$x$ 3, $h$ 5, $o$ 4" in ended.object["captions"][-1]
    assert (here / "run.png").is_file()


def test_the_command_line_knows_how_many_steps_are_drawn() -> None:
    net = fr.RecurrentNetwork(1, 2, fr.heads.Point(1))
    assert asked(net, MOST_STEPS).steps == MOST_STEPS
    with pytest.raises(fr.ArgumentError):
        asked(net, MOST_STEPS + 1)
