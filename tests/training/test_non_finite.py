"""What is not finite stops training, says where and why, and costs no good weights."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch

import freerun as fr
from freerun import checkpoint
from freerun.training import loop
from freerun.training.state import Training
from tests.training.examples import after_batches, driven, network, same, weights

POINT = fr.heads.Point(1)


def message_of(net: fr.RecurrentNetwork, train: Any, **options: Any) -> str:
    with pytest.raises(fr.NonFiniteError) as caught:
        fr.fit(net, train, **{"progress": False, **options})
    assert not net.training
    assert all(bool(torch.isfinite(tensor).all()) for tensor in weights(net).values())
    return str(caught.value)


def linear(growth: float) -> fr.RecurrentNetwork:
    """A linear system that, running free, grows so many times a step."""
    net = network("output", POINT, cell="identity")
    net.scaling = fr.Scaling.identity()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.layers[0].weight_ih[0, 0] = net.output.weight[0, 0] = 1
        assert net.layers[0].weight_fh is not None
        net.layers[0].weight_fh[0, 0] = growth
    return net


@pytest.mark.parametrize(
    "bptt", [fr.FullBPTT(), fr.TruncatedBPTT(5), fr.TruncatedBPTT(5, 9), fr.CheckpointedBPTT()]
)
def test_a_loop_that_diverges(bptt: Any) -> None:
    """1e8 times a step is beyond float32's 3.4e38 in the fifth step after the first, step 6."""
    net = linear(1e8)
    before = weights(net)
    x = torch.zeros(2, 12, 2)
    x[:, 0, 0] = 1
    message = message_of(
        net, (x, torch.zeros(2, 12, 1)), forcing=fr.FreeRunning(), bptt=bptt,
        optimizer=fr.Optimizer("sgd", lr=1e-30, clip=1e-12),
    )  # fmt: skip
    if isinstance(bptt, fr.TruncatedBPTT):  # its first part is finite, but the square is not
        assert "in epoch 1, batch 1" in message
    assert "The output is not finite from step 6 of a sequence on" in message
    assert "running on its own outputs, grew without bound" in message
    assert "begin with TeacherForcing()" in message
    assert "The network has the weights before training." in message
    assert same(weights(net), before)


def test_too_large_a_rate(tmp_path: Path) -> None:
    """The first step blows the weights up; the next loss cannot be computed."""
    net = network("output", POINT, cell="identity")
    before = weights(net)
    large = fr.Optimizer("sgd", lr=1e25, clip=None)
    message = message_of(
        net, driven(6), forcing=fr.FreeRunning(), optimizer=large, batch_size=2,
        out=tmp_path / "run",
    )  # fmt: skip
    assert "in epoch 1, batch 2 (mean norm before: " in message
    assert "Lower lr" in message
    assert same(weights(net), before)
    assert same(weights(fr.load(tmp_path / "run")), before)


@pytest.mark.parametrize("recurrence", ["hidden", "both"])
def test_steps_so_large_that_outputs_leave_the_targets_behind(recurrence: str) -> None:
    """The weights stay finite, and so do the outputs, but not their squares."""
    x, y = (torch.stack(parts) for parts in zip(*driven(4), strict=True))
    y[0, 3] = math.nan
    data = fr.Sequences(x, y, missing="mask")
    net = network(recurrence, POINT)
    message = message_of(net, data, optimizer=fr.Optimizer(lr=1e12), epochs=50)
    assert re.search(r"The outputs grew to \de\+\d\d, far beyond the targets: ", message)
    assert "the steps before were too large, or x is. Lower lr or clip, or look at x." in message
    assert "outliers" not in message


def test_a_loop_that_has_grown_before_any_step_was_taken() -> None:
    """1e24 is finite in float32, and its square is not."""
    x = torch.zeros(2, 5, 2)
    x[:, 0, 0] = 1
    message = message_of(linear(1e6), (x, torch.zeros(2, 5, 1)), forcing=fr.FreeRunning())
    assert "The outputs grew to 1e+24, far beyond the targets: the network, running on" in message
    assert "begin with TeacherForcing() or a longer warmup." in message


def test_a_huge_outlier() -> None:
    x, y = (torch.stack(parts) for parts in zip(*driven(4), strict=True))
    y[3, 7] = 1e30
    net = network("hidden")
    net.scaling = fr.Scaling.identity()
    message = message_of(net, (x, y), batch_size=4)
    assert "in epoch 1, batch 1 (mean norm before: not known yet)" in message
    assert "a target far from what the head allows. Look for outliers in y" in message
    assert "StudentT" in message


def test_data_that_overflow() -> None:
    data = fr.Sequences(1e30 * torch.ones(2, 5, 2), torch.ones(2, 5, 1))
    net = network("hidden")
    tiny = torch.full((2,), 1e-30, dtype=torch.float64)
    net.scaling = fr.Scaling(torch.zeros_like(tiny), tiny, None, None)
    assert "x is not finite. Look at the data, and at net.scaling." in message_of(net, data)


def test_a_state_that_grows() -> None:
    data = driven(2, 30)
    net = network("hidden", cell="relu")
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.fill_(100.0 if "weight" in name else 1.0)
    message = message_of(net, data)
    assert "its state grew without bound. Lower lr or clip, or use a tanh, gru" in message


def test_whole_sequences_name_their_step_too() -> None:
    x = torch.ones(3, 30, 2)
    net = network("hidden", readout="last", cell="identity", head=POINT)
    net.scaling = fr.Scaling.identity()
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.fill_(0.0 if "bias" in name else 0.1)
        net.layers[0].weight_hh.copy_(1e10 * torch.eye(6))  # type: ignore[union-attr]
    data = fr.Sequences(x, torch.zeros(3), target="sequence")
    # 0.2 * 1e10 ** (t - 1) passes 3.4e38 at t = 5.
    assert "from step 5 of a sequence on: its state grew" in message_of(net, data)


def test_the_best_weights_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, out = network("hidden"), tmp_path / "run"
    monkeypatch.setattr(loop, "SAVE_EVERY", -1.0)
    seen = []
    judge = Training.judge

    def watched(self: Any, *arguments: Any) -> None:
        seen.append(weights(self.net))
        judge(self, *arguments)

    monkeypatch.setattr(Training, "judge", watched)

    def spoil() -> None:
        with torch.no_grad():
            net.output.bias.fill_(math.nan)

    after_batches(monkeypatch, 7, spoil)
    message = message_of(net, driven(6), valid=driven(3, seed=1), batch_size=2, out=out)
    assert "in epoch 3, batch 2" in message
    assert "The weights output.bias are not finite" in message
    assert "The network has the weights of epoch 2, the best so far." in message
    assert same(weights(net), seen[1])
    assert same(weights(fr.load(out)), seen[1])
    assert len((out / checkpoint.HISTORY).read_text().splitlines()) == 2


def test_an_epochs_last_step_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network("hidden")

    def spoil() -> None:
        with torch.no_grad():
            net.output.bias.fill_(math.inf)

    after_batches(monkeypatch, 6, spoil)
    message = message_of(net, driven(6), batch_size=2, epochs=2)
    assert "in output.bias at the end of epoch 2" in message
    assert "The network has the weights of the end of epoch 1." in message


def test_weights_are_finite_though_their_sum_is_not() -> None:
    net = network()
    training = Training(net, fr.Optimizer().build(net), fr.TeacherForcing(), 0)
    with torch.no_grad():
        net.output.weight.fill_(torch.finfo(net.dtype).max)
    assert not bool(net.output.weight.sum().isfinite())
    loop._check_weights(training)
    with torch.no_grad():
        net.output.weight[0, 0], net.output.weight[0, 1] = math.inf, -math.inf
    with pytest.raises(fr.NonFiniteError, match=r"got others in output\.weight"):
        loop._check_weights(training)


def test_a_free_run_that_leaves_the_numbers_is_never_the_best() -> None:
    net = linear(1e8)
    data = driven(3)
    slow = fr.Optimizer("sgd", lr=1e-30)
    history = fr.fit(net, data, data, epochs=2, optimizer=slow, progress=False)
    assert history["valid_free_error"] == [math.inf] * 2
    assert history.best_epoch is None
    assert '"valid_free_error": null' in history.to_lines()
