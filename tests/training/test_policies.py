"""What is no policy is refused before anything changes."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

import freerun as fr
from freerun.training import run_directory
from tests.training.examples import Drawn, driven, network

ADAM = torch.optim.Adam([torch.zeros(1, requires_grad=True)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"forcing": fr.FreeRunning}, "fit: forcing must be an object, got the class FreeRunning. "
            "Pass forcing=fr.FreeRunning()."),
        ({"forcing": "free"}, "fit: forcing must be like fr.TeacherForcing(), got 'free'."),
        ({"forcing": fr.Plan(None, 0.0)}, "fit: forcing must be like fr.TeacherForcing(), got Pla"),
        ({"bptt": fr.FullBPTT}, "fit: bptt must be an object, got the class FullBPTT. "),
        ({"bptt": 5}, "fit: bptt must be like fr.FullBPTT(), got 5."),
        ({"optimizer": "adam"}, "fit: optimizer must be like fr.Optimizer('adamw'), got 'adam'. "
            "Pass optimizer=fr.Optimizer('adam')."),
        ({"optimizer": torch.optim.SGD}, "got the class SGD. Pass optimizer=fr.Optimizer('sgd')."),
        ({"optimizer": ADAM}, "got Adam. Pass optimizer=fr.Optimizer('adam')."),
        ({"forcing": Drawn}, "got the class Drawn. Pass forcing=Drawn()."),
        ({"validation": driven()}, "got Sequences. Pass validation=fr.Validation()."),
        ({"validation": 5}, "fit: validation must be like fr.Validation(), got 5."),
        ({"forcing": fr.FreeRunning(warmup=500)}, "FreeRunning: warmup must leave a step to run"),
    ],
)  # fmt: skip
def test_what_is_no_policy(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    net = network("output")
    before = [p.clone() for p in net.parameters()]
    with pytest.raises(fr.ArgumentError, match=re.escape(message)):
        fr.fit(net, driven(), epochs=1, out=tmp_path / "run", progress=False, **options)
    assert not net.has_scaling
    assert not list(tmp_path.iterdir())
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def test_a_policy_of_ones_own_needs_one_method_and_a_plan() -> None:
    class Own:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def plan(self, batch: fr.forcing.PlanBatch, progress: float, generator: Any) -> Any:
            return fr.Plan(batch.y, 0.5) if self.answer is None else self.answer

    net = network("output")
    assert len(fr.fit(net, driven(), forcing=Own(None), epochs=1, progress=False)) == 1
    with pytest.raises(fr.ArgumentError, match=re.escape("Own.plan must return a Plan, got 0.5")):
        fr.fit(net, driven(), forcing=Own(0.5), epochs=1, progress=False)


def test_steps_that_were_too_large_are_named_as_such() -> None:
    net = network("output", cell="tanh")
    with pytest.raises(fr.NonFiniteError, match="too large"):
        fr.fit(net, driven(), optimizer=fr.Optimizer(lr=1e25, clip=None), epochs=5, progress=False)


def test_units_come_back_when_training_cannot_begin() -> None:
    class Unprepared(Drawn):
        def prepare(self, net: fr.RecurrentNetwork, train: fr.Sequences) -> None:
            assert net.has_scaling
            raise RuntimeError("no teacher today")

    net = network("output")
    with pytest.raises(RuntimeError, match="no teacher today"):
        fr.fit(net, driven(), forcing=Unprepared(), progress=False)
    assert not net.has_scaling


def test_data_are_not_read_through_for_a_run_that_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_directory, "_fingerprint", lambda data: pytest.fail("was read"))
    fr.fit(network(), driven(), epochs=1, progress=False)


def test_half_precision_is_trained_and_kept(tmp_path: Path) -> None:
    data = fr.Sequences(None, torch.randn(3, 8, 1), dtype=torch.bfloat16)
    net = fr.RecurrentNetwork(0, 4, fr.heads.Point(1), recurrence="output").to(torch.bfloat16)
    fr.fit(net, data, epochs=1, out=tmp_path / "run", progress=False)
    assert fr.load(tmp_path / "run").dtype == torch.bfloat16
