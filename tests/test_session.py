"""A session: the closed loop one step at a time."""

from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

import freerun as fr
from freerun.heads import Head
from tests.test_closed_loop import DRAWN, HEADS, inputs, name, network, seeded, targets

RECURRENCES = ["output", "both"]


def steps(session: fr.Session, x: Tensor) -> Tensor:
    return torch.stack([session.step(row) for row in x.unbind(-2)], x.ndim - 2)


@pytest.mark.parametrize("recurrence", RECURRENCES)
@pytest.mark.parametrize("head", HEADS, ids=name)
def test_steps_on_the_mean_are_a_run(head: Head, recurrence: str) -> None:
    net = network(head, recurrence=recurrence)
    x0, y0, x = inputs(7), targets(head, 7), inputs(6)
    session = fr.Session(net)
    for t in range(7):
        session.observe(x0[t], y0[t])
    path = fr.run(net, warmup=(x0, y0), inputs=x)
    torch.testing.assert_close(steps(session, x), path.y)
    for part, wanted in zip(
        session.state.tensors().values(), path.state.tensors().values(), strict=True
    ):
        torch.testing.assert_close(part, wanted)


@pytest.mark.parametrize("head", DRAWN, ids=name)
def test_steps_that_draw_are_a_run_of_the_same_seed(head: Head) -> None:
    net = network(head)
    path = fr.run(net, inputs=inputs(25), draw="sample", generator=seeded())
    session = fr.Session(net, "sample", seeded())
    torch.testing.assert_close(steps(session, inputs(25)), path.y)
    path = fr.run(net, inputs=inputs(3, 25), draw="sample", generator=seeded())
    session = fr.Session(net, "sample", seeded(), batch_size=3)
    torch.testing.assert_close(steps(session, inputs(3, 25)), path.y)


def test_sampling_with_a_temperature_is_a_run_too() -> None:
    net = network(fr.heads.Categorical(3))
    draw = fr.Sampling(temperature=2.0, top_k=2)
    path = fr.run(net, inputs=inputs(25), draw=draw, generator=seeded())
    assert torch.equal(steps(fr.Session(net, draw, seeded()), inputs(25)), path.y)


@pytest.mark.parametrize("head", HEADS, ids=name)
def test_prediction_is_the_mean_of_the_next_step_and_takes_none(head: Head) -> None:
    net = network(head)
    x, y = inputs(6), targets(head, 6)
    session = fr.Session(net)
    scaled = net.scaling.scale_x(x), y if head.outputs is None else net.scaling.scale_y(y)
    wanted = net(scaled[0][None], scaled[1][None]).mean[0]
    if head.outputs is not None:
        wanted = net.scaling.unscale_y(wanted)
    for t in range(6):
        session.predict(-x[t])
        torch.testing.assert_close(session.predict(x[t]), wanted[t])
        torch.testing.assert_close(session.predict(x[t]), wanted[t])
        session.observe(x[t], y[t])


def test_what_was_predicted_for_other_inputs_is_not_taken() -> None:
    net = network()
    one, other = fr.Session(net), fr.Session(net)
    x = inputs(2)
    one.predict(x[1])
    torch.testing.assert_close(one.step(x[0]), other.step(x[0]))
    one.predict(x[0])
    one.state = fr.run(net, inputs=inputs(9)).state
    assert not torch.allclose(one.step(x[0]), other.step(x[0]))


def test_prediction_of_a_batch() -> None:
    net = network(fr.heads.Categorical(3))
    session = fr.Session(net, batch_size=4)
    assert session.predict(inputs(4)).shape == (4, 3)
    session.observe(inputs(4), [0, 1, 2, 0])
    assert session.step(inputs(4).numpy()).shape == (4,)
    alone = fr.Session(net)
    alone.observe(inputs(4)[2], 2)
    together = fr.Session(net, batch_size=4)
    together.observe(inputs(4), [0, 1, 2, 0])
    x = inputs(1).expand(4, 3)
    torch.testing.assert_close(alone.predict(x[0]), together.predict(x)[2])


def test_autonomous_session() -> None:
    net = network(input_size=0, input_lags=0)
    y0 = targets(net.head, 5)
    session = fr.Session(net)
    for y in y0:
        session.observe(y=y)
    path = torch.stack([session.step() for _ in range(4)])
    torch.testing.assert_close(path, fr.run(net, 4, y0).y)


def test_hidden_recurrence_needs_no_truth() -> None:
    net = network(recurrence="hidden", output_lags=1)
    session = fr.Session(net)
    x = inputs(5)
    for row in x[:3]:
        session.observe(row)
    torch.testing.assert_close(session.predict(x[3]), fr.run(net, inputs=x).y[3])
    torch.testing.assert_close(steps(session, x[3:]), fr.run(net, inputs=x).y[3:])


@pytest.mark.parametrize("cell", ["tanh", "lstm"])
def test_readout_last_gives_the_class_so_far(cell: str) -> None:
    options: dict[str, Any] = {"recurrence": "hidden", "output_lags": 1, "readout": "last"}
    net = network(fr.heads.Categorical(3), cell=cell, num_layers=2, **options)
    session = fr.Session(net)
    x = inputs(5)
    scaled = net.scaling.scale_x(x)
    for t in range(5):
        wanted = net(scaled[None, : t + 1]).mean[0]
        torch.testing.assert_close(session.predict(x[t]), wanted)
        if t == 4:
            assert session.step(x[t]) == wanted.argmax()
        else:
            session.observe(x[t])
        torch.testing.assert_close(session.predict(), wanted)


@pytest.mark.parametrize("recurrence", ["hidden", *RECURRENCES])
def test_a_thousand_steps_keep_the_size_of_the_state(recurrence: str) -> None:
    net = network(recurrence=recurrence, output_lags=1 if recurrence == "hidden" else 3)
    session = fr.Session(net)

    def size() -> dict[str, tuple[torch.Size, int]]:
        return {
            name: (part.shape, part.untyped_storage().nbytes())
            for name, part in session.state.tensors().items()
        }

    x = inputs(1000)
    session.step(x[0])
    first = size()
    for row in x[1:]:
        session.step(row)
    assert size() == first


def test_dropout_is_off_and_the_mode_stays() -> None:
    net = network(dropout=0.5).train()
    x = inputs(4)
    assert torch.equal(steps(fr.Session(net), x), steps(fr.Session(net), x))
    assert net.training
    assert not fr.Session(net).predict(x[0]).requires_grad


def test_reset_forgets() -> None:
    net = network()
    session = fr.Session(net)
    first = steps(session, inputs(4))
    assert not torch.allclose(first, steps(session, inputs(4)))
    session.reset()
    torch.testing.assert_close(first, steps(session, inputs(4)))


def test_state_is_a_paths_and_must_fit() -> None:
    net = network()
    session = fr.Session(net)
    session.state = fr.run(net, 3, inputs=inputs(5)).state
    torch.testing.assert_close(steps(session, inputs(5)[3:]), fr.run(net, inputs=inputs(5)).y[3:])
    with pytest.raises(fr.ArgumentError, match="state must hold"):
        session.state = fr.Session(net, batch_size=2).state


def test_restored_session_goes_on_the_same_way(tmp_path: Path) -> None:
    net = network()
    session = fr.Session(net, "sample", seeded())
    x = inputs(12)
    steps(session, x[:6])
    session.save(tmp_path / "state")
    wanted = steps(session, x[6:])
    for other in (
        fr.Session(net, "sample", torch.Generator()),
        fr.Session(net, "sample"),
        session,
    ):
        other.restore(tmp_path / "state")
        assert torch.equal(steps(other, x[6:]), wanted)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_saving_without_a_generator_leaves_the_others_alone(tmp_path: Path) -> None:
    net = network()
    fr.Session(net).save(tmp_path / "state")
    session = fr.Session(net, "sample", seeded())
    session.restore(tmp_path / "state")
    assert torch.equal(
        torch.rand(3, generator=session.generator), torch.rand(3, generator=seeded())
    )


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = fr.Session(network())
    session.save(tmp_path / "state")
    before = (tmp_path / "state").read_bytes()
    steps(session, inputs(2))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(fr.RunError, match="no space left"):
        session.save(tmp_path / "state")
    assert (tmp_path / "state").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_another_networks_session_is_refused(tmp_path: Path) -> None:
    session = fr.Session(network())
    steps(session, inputs(3))
    session.save(tmp_path / "state")
    for other in (
        fr.Session(network(output_lags=3)),
        fr.Session(network(recurrence="output")),
        fr.Session(network(cell="lstm")),
        fr.Session(network(), batch_size=2),
    ):
        before = other.state
        with pytest.raises(fr.ArgumentError, match="that it was saved from"):
            other.restore(tmp_path / "state")
        assert other.state is before
    with pytest.raises(fr.ArgumentError, match=r"must be torch\.float32"):
        fr.Session(network().float()).restore(tmp_path / "state")


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    session = fr.Session(network())
    with pytest.raises(fr.RunError, match="nothing there"):
        session.restore(tmp_path / "none")
    (tmp_path / "text").write_text("not tensors at all, and long enough to be a header")
    with pytest.raises(fr.RunError, match="must be a saved session"):
        session.restore(tmp_path / "text")
    safetensors.torch.save_file({"output": torch.zeros(2)}, tmp_path / "tensors")
    with pytest.raises(fr.RunError, match="must be a saved session, got a file of tensors"):
        session.restore(tmp_path / "tensors")
    metadata = {"kind": "freerun session", "format": "2"}
    safetensors.torch.save_file({"output": torch.zeros(2)}, tmp_path / "newer", metadata)
    with pytest.raises(fr.RunError, match="format 1, got format 2"):
        session.restore(tmp_path / "newer")


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        (
            {"recurrence": "hidden", "output_lags": 1, "bidirectional": True},
            {},
            "run forward in time",
        ),
        ({"head": fr.heads.Point(2)}, {"draw": "sample"}, "a head with a spread"),
        ({}, {"draw": fr.Sampling()}, "Sampling is for classes"),
        ({}, {"batch_size": 0}, "batch_size must be a whole number of 1 or more"),
    ],
)
def test_sessions_that_mean_nothing_are_refused(
    options: dict[str, Any], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(fr.ArgumentError, match=message):
        fr.Session(network(**options), **given)


def test_a_step_that_does_not_fit_is_refused_and_not_taken() -> None:
    session = fr.Session(network())
    x, y = inputs(1)[0], targets(session.net.head, 1)[0]
    before = session.state
    refused: list[tuple[Any, Any, str]] = [
        (x, None, "y must be given"),
        (x, y[:1], r"y must be \(2,\), got \(1,\)"),
        (x, y * torch.nan, "y must be finite"),
        (None, y, r"x must be \(3,\), got None"),
        (x[None], y, r"x must be \(3,\), got \(1, 3\)"),
    ]
    for bad_x, bad_y, message in refused:
        with pytest.raises(fr.ArgumentError, match=message):
            session.observe(bad_x, bad_y)
    assert session.state is before
    classes = fr.Session(network(fr.heads.Categorical(3)))
    with pytest.raises(fr.ArgumentError, match="classes must lie from 0 to 2, got 3"):
        classes.observe(x, 3)
    counts = fr.Session(network(fr.heads.Poisson(2)))
    with pytest.raises(fr.ArgumentError, match="counts must be whole numbers"):
        counts.observe(x, [-1.0, 2.0])


def test_a_prediction_is_by_the_network_as_it_is_now() -> None:
    net = fr.RecurrentNetwork(0, 3, fr.heads.Point(1), recurrence="output")
    session = fr.Session(net)
    before = session.predict()
    with torch.no_grad():
        net.output.bias.add_(5)
    torch.testing.assert_close(session.predict(), before + 5)
    net.double()
    with pytest.raises(fr.ArgumentError, match=r"must be torch\.float64, as the network is"):
        session.predict()
    net = fr.RecurrentNetwork(1, 3, fr.heads.Categorical(2), readout="last")
    session = fr.Session(net)
    net.double()
    with pytest.raises(fr.ArgumentError, match=r"must be torch\.float64, as the network is"):
        session.predict()


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop"])
def test_a_step_is_by_the_network_as_training_leaves_it(optimizer: str) -> None:
    net = fr.RecurrentNetwork(0, 8, fr.heads.Point(1), recurrence="both")
    net.scaling = fr.Scaling.identity()
    session = fr.Session(net)
    session.step()
    wave = fr.Sequences(None, torch.sin(torch.arange(30.0) / 3))
    fr.fit(net, wave, epochs=5, optimizer=fr.Optimizer(optimizer), progress=False)
    other = fr.Session(net)
    other.state = session.state
    assert session.step() == other.step()


def test_one_channel_may_come_without_its_axis() -> None:
    net = fr.RecurrentNetwork(1, 3, fr.heads.Gaussian(1), recurrence="output")
    bare, full = fr.Session(net), fr.Session(net)
    bare.observe(x=1.0, y=2.0)
    full.observe(x=[1.0], y=[2.0])
    assert torch.equal(bare.predict(0.5), full.predict([0.5]))
    assert torch.equal(bare.step(0.5), full.step([0.5]))
    bare, full = (fr.Session(net, batch_size=2) for _ in range(2))
    bare.observe([1.0, 2.0], [3.0, 4.0])
    full.observe([[1.0], [2.0]], [[3.0], [4.0]])
    assert torch.equal(bare.predict([0.5, 1.5]), full.predict([[0.5], [1.5]]))
    with pytest.raises(fr.ArgumentError, match=r"x must be \(2, 1\), got \(\)"):
        bare.observe(1.0, [3.0, 4.0])


def test_an_observation_in_the_place_of_x_is_told_where_it_belongs() -> None:
    autonomous = fr.Session(network(input_size=0, input_lags=0))
    with pytest.raises(fr.ArgumentError, match=r"y must be given.*Call observe\(y=\.\.\.\)"):
        autonomous.observe([2.0, 3.0])
    with pytest.raises(fr.ArgumentError, match=r"y must be given.*Pass y, or step\(x\)"):
        fr.Session(network()).observe(inputs(1)[0])
