"""A training that was stopped and taken up again ends in the bits of one that was not."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

import freerun as fr
from freerun import checkpoint
from freerun.training import loop
from tests.training.examples import (
    Drawn,
    Learning,
    after_batches,
    driven,
    kept,
    network,
    press_ctrl_c,
    same,
    timeless,
    weights,
)


@dataclass(frozen=True)
class Setting:
    """A training, built anew each time so that nothing is carried over but by the run directory."""

    recurrence: str = "both"
    network: dict[str, Any] = field(default_factory=dict)
    policy: type | None = None
    options: dict[str, Any] = field(default_factory=dict)
    valid: bool = True
    batches: int = 3

    def fit(self, out: Path, epochs: int = 5, **changed: Any) -> tuple[Any, fr.History]:
        net = network(self.recurrence, **self.network)
        policy = {} if self.policy is None else {"forcing": self.policy()}
        options: dict[str, Any] = {
            "batch_size": 2,
            "progress": False,
            "resume": True,
            "epochs": epochs,
        }
        options |= policy | self.options | changed
        train, valid = driven(6), driven(3, seed=1) if self.valid else None
        return net, fr.fit(net, train, valid, out=out, **options)


SETTINGS = {
    "dropout": Setting(network={"dropout": 0.4, "num_layers": 2}),
    "samples": Setting(policy=Drawn),
    "memory": Setting(policy=Learning),
    "patience": Setting(
        options={
            "validation": fr.Validation(patience=3),
            "optimizer": fr.Optimizer(lr=0.1),
            "epochs": 40,
        }
    ),
    "now and then": Setting(options={"validation": fr.Validation(every=2)}),
    "not validated": Setting("output", {"cell": "gru", "residual": True}, valid=False),
    "lbfgs": Setting("output", options={"optimizer": fr.Optimizer("lbfgs")}, batches=1),
    "sgd": Setting("hidden", options={"optimizer": fr.Optimizer("sgd")}),
    "rmsprop": Setting("hidden", options={"optimizer": fr.Optimizer("rmsprop", warmup=0.5)}),
    "chunks": Setting(options={"bptt": fr.TruncatedBPTT(5, update="chunk")}),
}


def assert_same_end(one: tuple[Any, fr.History, Path], other: tuple[Any, fr.History, Path]) -> None:
    assert same(weights(one[0]), weights(other[0]))
    assert timeless(one[1]) == timeless(other[1])
    for column in ("monitor", "best_epoch", "stopped"):
        assert getattr(one[1], column) == getattr(other[1], column)
    tensors, rest = kept(one[2])
    tensors_too, rest_too = kept(other[2])
    assert same(tensors, tensors_too)
    assert rest == rest_too
    assert same(weights(fr.load(one[2])), weights(fr.load(other[2])))


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("within", [True, False], ids=["mid-epoch", "epoch's end"])
def test_same_bits(
    name: str, within: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = SETTINGS[name]
    whole = setting.fit(tmp_path / "whole")
    assert whole[1].stopped == ("patience" if name == "patience" else "epochs")
    stops = (1, 2, 5) if setting.batches > 1 else (1, 2)
    stops = stops if within else (setting.batches, 2 * setting.batches)
    for batches in stops:
        with monkeypatch.context() as patched:
            after_batches(patched, batches, press_ctrl_c)
            _, history = setting.fit(tmp_path / "parts")
            assert history.stopped == "interrupted"
    parts = setting.fit(tmp_path / "parts")
    assert_same_end((*whole, tmp_path / "whole"), (*parts, tmp_path / "parts"))


def test_patience_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No better than in epoch 1; stopped in epoch 3, after one measurement without a new best."""
    setting = Setting(options={"validation": fr.Validation(patience=3)})

    def measure(*arguments: Any) -> dict[str, float]:
        return {"loss": 1.0, "error": 1.0, "free_error": 1.0}

    monkeypatch.setattr(fr.Validation, "measure", measure)
    with monkeypatch.context() as patched:
        after_batches(patched, 2 * setting.batches + 1, press_ctrl_c)
        assert setting.fit(tmp_path / "run", epochs=9)[1].stopped == "interrupted"
    _, history = setting.fit(tmp_path / "run", epochs=9)
    assert (history.stopped, history.best_epoch, len(history)) == ("patience", 1, 4)


@pytest.mark.parametrize("batches", [1, 3, 4, 6])
def test_a_process_that_died_loses_nothing_that_was_kept(
    batches: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a crash would end it; after batches 3 and 6, between an epoch and its measure."""
    setting = SETTINGS["dropout"]
    whole = setting.fit(tmp_path / "whole")
    monkeypatch.setattr(loop, "SAVE_EVERY", -1.0)

    def crash(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if batches % setting.batches:
            after_batches(patched, batches, crash)
        else:
            after_batches(
                patched, batches, lambda: patched.setattr(fr.Validation, "measure", crash)
            )
        with pytest.raises(KeyboardInterrupt):
            setting.fit(tmp_path / "parts")
    _, rest = kept(tmp_path / "parts")
    done = rest["epoch"] * setting.batches + rest["position"]
    assert done == (batches - 1 if batches % setting.batches else batches)
    parts = setting.fit(tmp_path / "parts")
    assert_same_end((*whole, tmp_path / "whole"), (*parts, tmp_path / "parts"))


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    setting = SETTINGS["dropout"]
    net, history = setting.fit(tmp_path / "run")
    files = {file: file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file()}
    times = {file: file.stat().st_mtime_ns for file in files}
    again, same_history = setting.fit(tmp_path / "run")
    assert same(weights(net), weights(again))
    assert list(same_history) == list(history)
    assert (same_history.best_epoch, same_history.stopped) == (history.best_epoch, "epochs")
    assert {file: file.stat().st_mtime_ns for file in files} == times
    assert not again.training


def test_more_epochs_go_on(tmp_path: Path) -> None:
    setting = SETTINGS["dropout"]
    _, first = setting.fit(tmp_path / "run", epochs=2)
    _, history = setting.fit(tmp_path / "run", epochs=4)
    assert history["epoch"] == [1, 2, 3, 4]
    assert list(history)[:2] == list(first)
    assert checkpoint.read_config(tmp_path / "run")["training"]["epochs"] == 4
    lines = (tmp_path / "run" / checkpoint.HISTORY).read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4]


def refusal(out: Path, net: fr.RecurrentNetwork, train: Any, **options: Any) -> str:
    before, had = weights(net), net.has_scaling
    settings: dict[str, Any] = {"valid": driven(3, seed=1), "batch_size": 2, "epochs": 1}
    with pytest.raises(fr.RunError) as caught:
        fr.fit(net, train, out=out, resume=True, progress=False, **settings | options)
    assert same(before, weights(net))
    assert net.has_scaling == had
    return str(caught.value)


def test_another_training_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "run"
    Setting(options={"epochs": 1}).fit(out)
    config = (out / "config.json").read_text()
    data = driven(6)
    fix = "Use the same data and settings, or another directory."
    message = refusal(out, network(), driven(6, seed=5))
    assert "training.train.values_crc32=" in message
    assert message.endswith(fix)
    assert "training.train.sequences=6, as the run has it, got 5." in refusal(
        out, network(), driven(5)
    )
    assert "training.valid" in refusal(out, network(), data, valid=driven(3, seed=2))
    assert "training.valid" in refusal(out, network(), data, valid=None)
    assert "training.seed=0, as the run has it, got 1." in refusal(out, network(), data, seed=1)
    assert "training.batch_size=2, as the run has it, got 3." in refusal(
        out, network(), data, batch_size=3
    )
    free = refusal(out, network(), data, forcing=fr.FreeRunning())
    assert "training.forcing.name='TeacherForcing', as the run has it, got 'FreeRunning'" in free
    slower = refusal(out, network(), data, optimizer=fr.Optimizer(lr=0.1))
    assert "training.optimizer.lr=None, as the run has it, got 0.1." in slower
    assert "network.cell='tanh', as the run has it, got 'gru'." in refusal(
        out, network(cell="gru"), data
    )
    assert "dtype='float32'" in refusal(out, network().double(), data)
    other = network()
    other.scaling = fr.Scaling.identity()
    assert "scaling.x_scale" in refusal(out, other, data)
    assert (out / "config.json").read_text() == config
    Setting().fit(out, epochs=2)


def test_only_a_run_is_resumed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    message = refusal(tmp_path / "empty", network(), driven())
    assert "got a directory without config.json" in message
    (tmp_path / "file").write_text("mine")
    assert "got a file" in refusal(tmp_path / "file", network(), driven())
    fr.save(network(), tmp_path / "saved")
    assert "as the run has it" in refusal(tmp_path / "saved", network(), driven())


def test_a_broken_state_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "run"
    Setting().fit(out, epochs=1)
    last = out / checkpoint.LAST
    data = last.read_bytes()
    last.write_bytes(data[: len(data) // 2])
    with pytest.raises(fr.RunError, match=r"training\.safetensors: whole safetensors, got"):
        Setting().fit(out, epochs=2)
    last.write_bytes(data)
    tensors, rest = checkpoint.read_tensors(last)
    del rest["rows"]
    last.write_bytes(checkpoint.tensor_bytes(tensors, **rest))
    with pytest.raises(fr.RunError, match="the training state of this network, got 'rows'"):
        Setting().fit(out, epochs=2)
    last.unlink()
    with pytest.raises(fr.RunError, match="no such file"):
        Setting().fit(out, epochs=2)


def test_without_resume_nothing_is_touched(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    net = network()
    with pytest.raises(
        fr.RunError, match=r"run: a new directory, got something is there\. Pass re"
    ):
        fr.fit(net, driven(), out=tmp_path / "run", progress=False)
    assert not net.has_scaling
    assert list((tmp_path / "run").iterdir()) == []


@dataclass(frozen=True)
class Odd:
    """A policy with settings of every kind; its ``epochs`` are not those of training."""

    epochs: int = 3
    rate: Any = max
    table: Any = (1, 2)
    mix: Any = field(
        default_factory=lambda: {"a": torch.tensor([0.5, 1.0]), "b": fr.FreeRunning(2)}
    )

    def plan(self, batch: Any, progress: float, generator: Any) -> fr.Plan:
        return fr.Plan(batch.y, 1.0)


def test_every_policy_can_be_described(tmp_path: Path) -> None:
    out = tmp_path / "run"
    Setting(policy=Odd).fit(out, epochs=1)
    described = checkpoint.read_config(out)["training"]["forcing"]
    assert described == {
        "name": "Odd",
        "epochs": 3,
        "rate": {"name": "max"},
        "table": [1, 2],
        "mix": {"a": [0.5, 1.0], "b": {"name": "FreeRunning", "warmup": 2}},
    }
    Setting(policy=Odd).fit(out, epochs=2)
    message = refusal(out, network(), driven(6), forcing=Odd(epochs=4))
    assert "training.forcing.epochs=3, as the run has it, got 4." in message


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    out = tmp_path / "run"
    Setting().fit(out, epochs=1)
    left = [out / ".weights.safetensors.partial-x", out / "last" / ".training.partial-y"]
    for file in left:
        file.write_text("half")
    Setting().fit(out, epochs=2)
    assert [file for file in left if file.exists()] == []
