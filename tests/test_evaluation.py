"""Measures by hand on small cases, and against plain loops over sequences and steps."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.evaluation import free_running_data
from tests.training.examples import driven, labelled, network


def constant(head: fr.heads.Head, o: list[float], **options: Any) -> fr.RecurrentNetwork:
    """A network that says ``o`` at every step, whatever it reads."""
    net = fr.RecurrentNetwork(1, 2, head, **options)
    with torch.no_grad():
        net.output.weight.zero_()
        net.output.bias.copy_(torch.tensor(o))
    return net


def test_classes_by_hand() -> None:
    """Probabilities 0.5, 0.25, 0.25 against classes 0, 0, 1."""
    net = constant(fr.heads.Categorical(3), [math.log(2), 0.0, 0.0])
    measured = fr.evaluate(net, (torch.zeros(3, 1), torch.tensor([0, 0, 1])))
    assert measured["accuracy"] == pytest.approx(2 / 3)
    assert measured["bits"] == pytest.approx((1 + 1 + 2) / 3)
    assert measured["loss"] == pytest.approx(4 / 3 * math.log(2))
    right, wrong = 0.5**2 + 2 * 0.25**2, 0.5**2 + 0.75**2 + 0.25**2
    assert measured["error"] == pytest.approx(math.sqrt((2 * right + wrong) / 3))
    assert measured.keys() == {"loss", "error", "accuracy", "bits"}


def test_numbers_by_hand_in_the_users_units() -> None:
    """It says 0 with a spread of 1 in scaled units: 10 and 2 in the user's."""
    net = constant(fr.heads.Gaussian(1), [0.0, 0.0])
    one = torch.ones(1, dtype=torch.float64)
    net.scaling = fr.Scaling(None, None, 10 * one, 2 * one)
    measured = fr.evaluate(net, (torch.zeros(2, 1), torch.tensor([[13.0], [6.0]])))
    assert measured["error"] == pytest.approx(math.sqrt((9 + 16) / 2))
    spread = 2 * 1.0001  # of the head's floor
    nll = 0.5 * math.log(2 * math.pi) + math.log(spread) + 0.5 * (9 + 16) / 2 / spread**2
    assert measured["loss"] == pytest.approx(nll)
    assert measured.keys() == {"loss", "error"}


def test_a_point_by_hand_over_two_outputs() -> None:
    net = constant(fr.heads.Point(2), [1.0, 2.0])
    y = torch.tensor([[1.0, 4.0], [4.0, 2.0]])
    measured = fr.evaluate(net, (torch.zeros(2, 1), y))
    assert measured["loss"] == pytest.approx(0.5 * (4 + 9) / 2)
    assert measured["error"] == pytest.approx(math.sqrt((4 + 9) / 4))


def test_yes_or_no_is_scored_as_brier_did() -> None:
    net = constant(fr.heads.Bernoulli(1), [math.log(3)])
    measured = fr.evaluate(net, (torch.zeros(2, 1), torch.tensor([[1.0], [0.0]])))
    assert measured["error"] ** 2 == pytest.approx((0.25**2 + 0.75**2) / 2)
    assert measured["loss"] == pytest.approx(-(math.log(0.75) + math.log(0.25)) / 2)


def test_running_free_by_hand() -> None:
    """o(t) = 2 f(t-1) from f(0) = 0: forced, 2 y(t-1); free after two steps, powers of 2."""
    net = fr.RecurrentNetwork(0, 1, fr.heads.Point(1), cell="identity", recurrence="output")
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(1.0 if parameter.ndim == 2 else 0.0)
        net.output.weight.fill_(2.0)
    y = torch.tensor([0.0, 1.0, 3.0, 4.0, 7.0])
    measured = fr.evaluate(net, (None, y), warmup=2)
    forced = [0.0, 0.0, 2.0, 6.0, 8.0]
    squares = [(a - b) ** 2 for a, b in zip(forced, y.tolist(), strict=True)]
    assert measured["error"] == pytest.approx(math.sqrt(sum(squares) / 5))
    free = [(2 - 3) ** 2, (4 - 4) ** 2, (8 - 7) ** 2]
    assert measured["free_error"] == pytest.approx(math.sqrt(sum(free) / 3))
    assert measured.keys() == {"loss", "error", "free_error"}


# --- against plain loops -------------------------------------------------------------------------


def by_loop(net: fr.RecurrentNetwork, x: Tensor, y: Tensor, warmup: int) -> tuple[Tensor, Tensor]:
    """One sequence step by step, forced for ``warmup`` steps: outputs and squared errors after."""
    state, outputs = None, []
    fed = 0.0 * y[:1]
    for t in range(len(y)):
        if state is not None:
            state = fr.State(state.hidden, fed[None], state.inputs)
        unrolled = net(x[None, t : t + 1], state=state)
        state = unrolled.state
        outputs.append(unrolled.o[0])
        fed = y[t : t + 1] if t < warmup else unrolled.mean[0]
    o = torch.cat(outputs)[warmup:]
    return o, (net.head.mean(o) - y[warmup:]).square()


@pytest.mark.parametrize("recurrence", ["output", "both"])
@pytest.mark.parametrize("warmup", [0, 3])
def test_free_running_agrees_with_a_loop(recurrence: str, warmup: int) -> None:
    net = network(recurrence).double()
    pieces: list[Any] = [driven(1, n, seed=n, dtype=torch.float64)[0] for n in (7, 12, 5)]
    data = fr.Sequences([x for x, _ in pieces], [y for _, y in pieces], dtype=torch.float64)
    net.scaling = fr.Scaling.standard(data)
    scale = net.scaling.y_scale
    assert scale is not None
    measured = fr.evaluate(net, data, warmup=warmup, batch_size=2)
    with torch.no_grad():
        scaled = [(net.scaling.scale_x(x), net.scaling.scale_y(y)) for x, y in pieces]
        free = torch.cat([by_loop(net, x, y, warmup)[1] for x, y in scaled])
        outputs = [net(x[None], y[None]) for x, y in scaled]
        square = torch.cat(
            [(one.mean[0] - y).square() for one, (_, y) in zip(outputs, scaled, strict=True)]
        )
        nll = torch.cat([
            -one.distribution().log_prob(y[None]).flatten()
            for one, (_, y) in zip(outputs, scaled, strict=True)
        ])  # fmt: skip
    assert measured["free_error"] == pytest.approx(float(scale * free.mean().sqrt()))
    assert measured["error"] == pytest.approx(float(scale * square.mean().sqrt()))
    assert measured["loss"] == pytest.approx(float(nll.mean() + scale.log()))


@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_a_horizon_runs_from_starts_without_overlap(recurrence: str) -> None:
    """Steps 12 to 29 of a series, six at a time, each after four observed ones."""
    net = network(recurrence).double()
    series = driven(1, 30, dtype=torch.float64)
    _, valid = series.split(12)
    measured = fr.evaluate(net, valid, horizon=6, warmup=4)
    x, y = series[0]
    assert x is not None
    errors = []
    with torch.no_grad():
        for start in (12, 18, 24):
            first = start - 4
            before = net.initial_state(1, y[None, first - 1 : first])
            piece = slice(first, start + 6)
            forcing = fr.FreeRunning(4)
            o = net(x[None, piece], y[None, piece], forcing, state=before).mean[0, 4:]
            errors.append((o - y[start : start + 6]).square())
    expected = torch.cat(errors).mean().sqrt()
    assert measured["free_error"] == pytest.approx(float(expected))


def test_missing_targets_do_not_count() -> None:
    x, y = driven(1, 12, dtype=torch.float64)[0]
    y = y.clone()
    y[4:6] = math.nan
    data = fr.Sequences(x, y, missing="mask", dtype=torch.float64)
    net = network("hidden").double()
    assert x is not None
    with torch.no_grad():
        mean = net(x[None]).mean[0]
    there = ~y.isnan()
    expected = (mean - y)[there].square().mean().sqrt()
    assert fr.evaluate(net, data)["error"] == pytest.approx(float(expected))
    everything = fr.Sequences(x, torch.full_like(y, math.nan), missing="mask")
    with pytest.raises(fr.ArgumentError, match="an observed target"):
        fr.evaluate(network("hidden"), everything)


def test_whole_sequences() -> None:
    net, data = network("hidden", fr.heads.Categorical(2), readout="last"), labelled(20)
    hits = 0
    with torch.no_grad():
        for x, y in data:
            assert x is not None
            hits += int(net(x[None]).o.argmax()) == int(y)
    assert fr.evaluate(net, data, batch_size=7)["accuracy"] == pytest.approx(hits / 20)


def test_batches_and_windows_do_not_matter() -> None:
    net = network("output").double()
    series = driven(1, 60, dtype=torch.float64)
    whole = fr.evaluate(net, series)
    windows = series.windows(10, stride=10)
    for size in (1, 4, 6):
        assert fr.evaluate(net, windows, batch_size=size)["loss"] == pytest.approx(whole["loss"])


def test_what_is_no_number_is_never_a_hit() -> None:
    net = constant(fr.heads.Categorical(2), [math.nan, math.nan])
    measured = fr.evaluate(net, (torch.zeros(3, 1), torch.tensor([0, 0, 1])))
    assert measured["accuracy"] == 0
    assert measured["error"] == math.inf


# --- what it takes, and what it leaves -----------------------------------------------------------


def test_the_default_warm_up() -> None:
    short, long = driven(2, 12), driven(1, 400)
    output, both = network("output"), network("both")
    assert free_running_data(output, short, None, None)[0] == 0
    assert free_running_data(both, short, None, None)[0] == 6
    assert free_running_data(both, long, None, None)[0] == 50
    assert free_running_data(both, long, 30, None)[0] == 15
    assert free_running_data(both, long, 30, 7)[0] == 7
    pieces: list[Any] = [driven(1, steps)[0] for steps in (1, 2, 300)]
    ragged = fr.Sequences([x for x, _ in pieces], [y for _, y in pieces])
    assert free_running_data(both, ragged, None, None)[0] == 0
    assert math.isfinite(fr.evaluate(both, ragged)["free_error"])


def test_modes_and_random_numbers_are_left_alone() -> None:
    net = network("both", dropout=0.5)
    net.train()
    net.output.eval()
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    first = fr.evaluate(net, driven())
    assert torch.equal(torch.rand(3), expected)
    assert fr.evaluate(net, driven()) == first
    assert net.training
    assert not net.output.training
    net.eval()
    fr.evaluate(net, driven())
    assert not net.training
    assert all(parameter.grad is None for parameter in net.parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "horizon must be"),
        ({"warmup": -1}, "warmup must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"warmup": 12}, r"got 12 for a sequence of 12 steps\. Pass warmup=6\."),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(fr.ArgumentError, match=message):
        fr.evaluate(network(), driven(), **options)


@pytest.mark.parametrize(
    ("net", "data", "message"),
    [
        (network(), 3, r"data must be Sequences or a pair \(x, y\), got int"),
        (network(), labelled(), "readout='every' needs one target per step"),
        (network("hidden", readout="last"), driven(), "needs one target per sequence"),
        (network(), (torch.zeros(9, 3), torch.zeros(9, 1)), "input_size=3"),
        (network(), (torch.zeros(9, 2), torch.zeros(9, 2)), r"Use?.*fr.heads.Gaussian\(2\)|Build"),
        (network(), (torch.zeros(9, 2), torch.zeros(9).long()), "Gaussian needs real-valued"),
        (network("hidden", fr.heads.Categorical(2)), driven(), "Categorical needs classes"),
        (
            network("hidden", fr.heads.Categorical(2)),
            (torch.zeros(9, 2), torch.arange(9)),
            r"Build the network with fr.heads.Categorical\(9\)",
        ),
    ],
)
def test_data_that_do_not_fit(net: fr.RecurrentNetwork, data: Any, message: str) -> None:
    with pytest.raises(fr.ArgumentError, match=message):
        fr.evaluate(net, data)
    with pytest.raises(fr.ArgumentError, match=message):
        fr.fit(net, data, progress=False)
