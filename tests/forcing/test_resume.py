"""What policies hold while training is kept with the run, and taken up again to the same bits."""

from pathlib import Path

import pytest
import torch

from freerun import checkpoint
from freerun.forcing import (
    Curriculum,
    DataAsDemonstrator,
    FreeRunning,
    GeneralizedTeacherForcing,
    HorizonCurriculum,
    NoisyTeacherForcing,
    ProfessorForcing,
    ScheduledSampling,
    SparseTeacherForcing,
)
from freerun.plan import Forcing
from tests.forcing.examples import network, train
from tests.training.examples import after_batches, kept, press_ctrl_c

ADAPTIVE = GeneralizedTeacherForcing("adaptive", every=2, decay=0.5)
PROFESSOR = ProfessorForcing(hidden_size=3, lr=0.1, least=0.2, feed="sample")

POLICIES: list[Forcing] = [
    ScheduledSampling(feed="sample"),
    SparseTeacherForcing(3),
    ADAPTIVE,
    NoisyTeacherForcing(),
    HorizonCurriculum(2),
    PROFESSOR,
    DataAsDemonstrator(keep=2),
    Curriculum([DataAsDemonstrator(), Curriculum([ADAPTIVE, PROFESSOR], [0.5]), FreeRunning()],
               [0.4, 0.8]),
]  # fmt: skip


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: type(policy).__name__)
@pytest.mark.parametrize("batches", [3, 5])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(
    policy: Forcing, batches: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 4 epochs of 2 batches, stopped within the second and the third."""
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    train(network(), policy, epochs=4, out=whole)
    with monkeypatch.context() as stopping:
        after_batches(stopping, batches, press_ctrl_c)
        assert train(network(), policy, epochs=4, out=halves).stopped == "interrupted"
    train(network(), policy, epochs=4, out=halves, resume=True)
    (tensors, rest), (resumed, others) = kept(whole), kept(halves)
    assert rest == others
    assert tensors.keys() == resumed.keys()
    for name, tensor in tensors.items():
        assert torch.equal(tensor, resumed[name]), name


def test_what_is_kept_is_all_that_they_hold(tmp_path: Path) -> None:
    """The test above would not miss what both runs leave out."""
    names: dict[str, set[str]] = {}
    for policy in POLICIES[-1], PROFESSOR:
        out = tmp_path / type(policy).__name__
        train(network(), policy, epochs=4, out=out)
        tensors, rest = checkpoint.read_tensors(out / checkpoint.LAST)
        names[out.name] = {name for name in tensors if name.startswith("forcing.")}
        assert rest["forcing"]
    professor = {name.removeprefix("forcing.") for name in names["ProfessorForcing"]}
    assert any(name.startswith("adversary.reader.") for name in professor)
    assert any(name.startswith("method.state.") for name in professor)
    nested = {name.removeprefix("forcing.policies.") for name in names["Curriculum"]}
    assert {"0.runs", "0.count", "0.due"} <= nested
    assert {f"1.policies.1.{name}" for name in professor} <= nested
