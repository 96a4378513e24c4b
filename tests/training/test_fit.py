"""What training ends with: weights, figures in the user's units, and a network to be used."""

import math
import random
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import freerun as fr
from freerun.bptt import BPTT
from freerun.training.state import Training
from tests.training.examples import Drawn, Learning, driven, labelled, network, same, weights

POINT = fr.heads.Point(1)
FAST = fr.Optimizer(lr=0.02, weight_decay=0.0)


@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
def test_every_recurrence_overfits_a_tiny_set(recurrence: str) -> None:
    net = network(recurrence, POINT, cell="lstm" if recurrence == "hidden" else "tanh")
    history = fr.fit(net, driven(2, 8), epochs=300, optimizer=FAST, progress=False)
    assert history["train_loss"][-1] < 0.02 * history["train_loss"][0]
    assert len(history) == 300
    assert history.stopped == "epochs"


def test_running_free_is_learned_too() -> None:
    net = network("output", POINT)
    data = driven(2, 8)
    fr.fit(net, data, forcing=fr.FreeRunning(), epochs=300, optimizer=FAST, progress=False)
    assert fr.evaluate(net, data)["free_error"] < 0.15 * float(net.scaling.y_scale)  # type: ignore[arg-type]


def test_whole_sequences_are_classified() -> None:
    net, data = network("hidden", fr.heads.Categorical(2), readout="last"), labelled()
    history = fr.fit(net, data, data, epochs=150, optimizer=FAST, progress=False)
    assert history["valid_accuracy"][-1] == 1.0


def test_lbfgs_reaches_least_squares() -> None:
    """y(t) on x(t), y(t-1) and 1 is a linear regression, which has one best answer."""
    data = driven(4, 10, dtype=torch.float64)
    net = network("output", POINT, cell="identity").double()
    net.scaling = fr.Scaling.identity()
    history = fr.fit(net, data, epochs=30, optimizer=fr.Optimizer("lbfgs"), progress=False)
    whole = data.batch(range(4))
    assert whole.x is not None
    before = torch.cat([torch.zeros(4, 1, 1), whole.y[:, :-1]], 1)
    features = torch.cat([whole.x, before, torch.ones_like(before)], -1).flatten(0, 1)
    answer = features @ torch.linalg.lstsq(features, whole.y.flatten(0, 1)).solution
    with torch.no_grad():
        o = net(whole.x, whole.y).o.flatten(0, 1)
    torch.testing.assert_close(o, answer, atol=1e-6, rtol=0)
    best = 0.5 * (whole.y.flatten(0, 1) - answer).square().mean()
    assert history["train_loss"][-1] == pytest.approx(float(best), abs=1e-6)
    assert history["lr"] == [1.0] * 30


def test_lbfgs_goes_on_where_the_loss_is_small_already() -> None:
    """A pure tone fitted ever more exactly: the search is not steepest descent at a loss of 1e-6.

    PyTorch leaves out of its memory what changes by less than 1e-10; this begins there.
    """
    t = torch.arange(200.0, dtype=torch.float64)
    data = fr.Sequences(None, 1e-3 * torch.sin(t / 5), dtype=torch.float64)
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(0, 4, POINT, recurrence="output", output_lags=2).double()
    net.scaling = fr.Scaling.identity()
    search = fr.Optimizer("lbfgs")
    history = fr.fit(net, data, epochs=30, optimizer=search, progress=False)
    assert history["train_loss"][-1] < 0.01 * history["train_loss"][0]
    assert history["gradient_norm"][0] < 1  # of the loss as it is, not as the search sees it


# --- randomness ----------------------------------------------------------------------------------


def random_fit(seed: int) -> dict[str, torch.Tensor]:
    net = network("both", dropout=0.3)
    fr.fit(net, driven(), epochs=3, batch_size=2, seed=seed, forcing=Drawn(), progress=False)
    return weights(net)


def test_the_seed_decides_every_bit() -> None:
    assert same(random_fit(3), random_fit(3))
    assert not same(random_fit(3), random_fit(4))


@pytest.mark.parametrize("seed", [1, 4096, 2**32 - 1])
def test_seeds_give_orders_of_their_own(seed: int) -> None:
    """4096 and 2**32 are where a seed for all epochs would run out of PyTorch's 32 bits."""

    def orders(seed: int) -> list[list[int]]:
        net = network()
        training = Training(net, fr.Optimizer().build(net), fr.TeacherForcing(), seed)
        found = []
        for training.epoch in range(3):
            found.append(training.order(40).tolist())
        return found

    mine = orders(seed)
    assert all(sorted(order) == list(range(40)) for order in mine)
    assert len({str(order) for order in mine + orders(0)}) == 6
    assert mine == orders(seed)


def test_the_global_generators_are_left_alone() -> None:
    def draw() -> tuple[float, float, float]:
        return float(torch.rand(())), float(np.random.default_rng(0).random()), random.random()

    torch.manual_seed(1)
    random.seed(1)
    numpy_before = np.random.get_state(legacy=False)  # noqa: NPY002
    untouched = draw()
    torch.manual_seed(1)
    random.seed(1)
    net = network("both", dropout=0.3)
    fr.fit(net, driven(), driven(seed=1), epochs=2, forcing=Drawn(), progress=False)
    assert draw() == untouched
    assert str(np.random.get_state(legacy=False)) == str(numpy_before)  # noqa: NPY002


# --- validation ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "monitor"),
    [
        (network("hidden"), "loss"),
        (network("output"), "free_error"),
        (network("both"), "free_error"),
    ],
)
def test_what_is_monitored(net: fr.RecurrentNetwork, monitor: str) -> None:
    valid = driven(seed=1)
    history = fr.fit(net, driven(), valid, epochs=3, progress=False)
    assert history.monitor == f"valid_{monitor}"
    measured = fr.evaluate(net, valid)
    best = history.best
    assert best is not None
    assert best[f"valid_{monitor}"] == min(history[f"valid_{monitor}"])
    assert {f"valid_{name}": value for name, value in measured.items()}.items() <= best.items()
    assert ("valid_free_error" in best) == net.has_output_edge
    assert "valid_error" in best
    assert not net.training


def test_text_is_judged_by_its_likelihood() -> None:
    text = fr.Sequences(None, torch.arange(60) % 3)
    net = fr.RecurrentNetwork(0, 4, fr.heads.Categorical(3), recurrence="both")
    history = fr.fit(net, text.windows(10), text, epochs=1, progress=False)
    assert history.monitor == "valid_loss"
    assert {"valid_bits", "valid_accuracy"} <= history.rows[0].keys()
    assert "valid_free_error" not in history.rows[0]  # unless asked for, by its horizon:
    asked = fr.Validation(horizon=5)
    history = fr.fit(net, text.windows(10), text, epochs=1, validation=asked, progress=False)
    assert history.monitor == "valid_loss"
    assert "valid_free_error" in history.rows[0]


def scripted(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> list[dict[str, torch.Tensor]]:
    """Let validation say what it is told; returns the weights it was asked about."""
    seen: list[dict[str, torch.Tensor]] = []

    def measure(self: fr.Validation, net: fr.RecurrentNetwork, data: Any) -> dict[str, float]:
        seen.append(weights(net))
        return {"loss": values[len(seen) - 1]}

    monkeypatch.setattr(fr.Validation, "measure", measure)
    return seen


def test_training_stops_when_nothing_improves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    seen = scripted(monkeypatch, [3.0, 1.0, math.nan, 2.0, math.inf, 0.0])
    net = network("hidden")
    history = fr.fit(
        net, driven(), driven(seed=1), epochs=50, validation=fr.Validation(patience=3),
        out=tmp_path / "run", progress=False,
    )  # fmt: skip
    assert (history.stopped, history.best_epoch, len(history)) == ("patience", 2, 5)
    assert same(weights(net), seen[1])
    assert same(weights(fr.load(tmp_path / "run")), seen[1])
    from freerun import checkpoint

    last, _ = checkpoint.read_tensors(tmp_path / "run" / checkpoint.LAST)
    assert all(torch.equal(last[f"net.{name}"], tensor) for name, tensor in seen[4].items())
    assert all(torch.equal(last[f"best.{name}"], tensor) for name, tensor in seen[1].items())


def test_measuring_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = scripted(monkeypatch, [3.0, 2.0, 4.0])
    validation = fr.Validation(every=2)
    net = network("hidden")
    history = fr.fit(net, driven(), driven(seed=1), epochs=5, validation=validation, progress=False)
    assert history["valid_loss"] == [None, 3.0, None, 2.0, 4.0]
    assert history.best_epoch == 4
    assert same(weights(net), seen[1])


def test_without_a_finite_measure_the_last_weights_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = scripted(monkeypatch, [math.inf, math.nan])
    net = network("hidden")
    history = fr.fit(net, driven(), driven(seed=1), epochs=2, progress=False)
    assert history.best is None
    assert same(weights(net), seen[1])


# --- units ---------------------------------------------------------------------------------------


def first_loss(net: fr.RecurrentNetwork, data: fr.Sequences) -> float:
    """The training loss of the first epoch, one batch: that of the weights before it."""
    return float(fr.fit(net, data, epochs=1, progress=False)["train_loss"][0])


def test_scaling_is_fitted_on_training_data_alone() -> None:
    net, train = network(), driven()
    valid = fr.Sequences(100 * torch.ones(3, 12, 2), 1000 * torch.ones(3, 12, 1))
    fr.fit(net, train, valid, epochs=1, progress=False)
    assert net.scaling == fr.Scaling.standard(train)


def test_a_scaling_that_was_set_stays() -> None:
    net = network()
    net.scaling = fr.Scaling.identity()
    fr.fit(net, driven(), epochs=1, progress=False)
    assert net.scaling == fr.Scaling.identity()


def test_the_loss_is_that_of_the_users_numbers() -> None:
    net, data = network("hidden").double(), driven(dtype=torch.float64)
    scaling = fr.Scaling.standard(data)
    assert scaling.y_scale is not None
    whole = data.batch(range(6))
    assert whole.x is not None
    with torch.no_grad():
        p: Any = net(scaling.scale_x(whole.x)).distribution()
        users = torch.distributions.Normal(scaling.unscale_y(p.loc), p.scale * scaling.y_scale)
        nll = -users.log_prob(whole.y).mean()
        scaled = net.loss(scaling.scale_x(whole.x), scaling.scale_y(whole.y))
    assert float(scaled + scaling.y_scale.log()) == pytest.approx(float(nll))
    assert first_loss(net, data) == pytest.approx(float(nll), rel=1e-12)


def test_a_points_loss_is_that_of_the_users_numbers() -> None:
    net, data = network("hidden", POINT).double(), driven(dtype=torch.float64)
    scaling = fr.Scaling.standard(data)
    whole = data.batch(range(6))
    assert whole.x is not None
    with torch.no_grad():
        mean = scaling.unscale_y(net(scaling.scale_x(whole.x)).mean)
    half_square = 0.5 * (whole.y - mean).square().mean()
    assert first_loss(net, data) == pytest.approx(float(half_square), rel=1e-12)


def test_other_units_are_the_same_training() -> None:
    data, other = driven(dtype=torch.float64), driven(dtype=torch.float64)
    assert other.y_flat is not None
    other.y_flat.mul_(10)
    nets = network().double(), network().double()
    histories = [
        fr.fit(net, train, train, epochs=4, batch_size=4, progress=False)
        for net, train in zip(nets, (data, other), strict=True)
    ]
    # Rounding of the targets, carried through a dozen steps of float64.
    for column in ("train_loss", "valid_loss"):
        shift = np.subtract(histories[1][column], histories[0][column])
        assert shift == pytest.approx(math.log(10), abs=1e-9)
    assert np.divide(histories[1]["valid_free_error"], histories[0]["valid_free_error"]) == (
        pytest.approx(10, rel=1e-9)
    )
    for one, two in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-9, atol=1e-9)


# --- what counts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
def test_missing_targets_do_not_count(recurrence: str) -> None:
    whole = driven(3, 12, dtype=torch.float64)
    x, y = (torch.stack(parts) for parts in zip(*whole, strict=True))
    y[0, 3:6] = y[2, 11] = math.nan
    data = fr.Sequences(x, y, missing="mask", dtype=torch.float64)
    net = network(recurrence).double()
    net.scaling = fr.Scaling.identity()
    mask = ~y.isnan()
    with torch.no_grad():
        expected = float(net.loss(x, y.nan_to_num(99.0), mask=mask))
    assert first_loss(net, data) == pytest.approx(expected, rel=1e-12)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in weights(net).values())


@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
def test_ragged_sequences_count_by_their_steps(recurrence: str) -> None:
    pieces: list[Any] = [driven(1, steps, seed=steps)[0] for steps in (5, 12, 1)]
    data = fr.Sequences([x for x, _ in pieces], [y for _, y in pieces], dtype=torch.float64)
    net = network(recurrence).double()
    net.scaling = fr.Scaling.identity()
    with torch.no_grad():
        nll = sum(
            float(net.loss(x[None].double(), y[None].double(), reduction="sum")) for x, y in pieces
        )
    history = fr.fit(net, data, data, epochs=1, progress=False)
    assert history["train_loss"][0] == pytest.approx(nll / 18, rel=1e-6)
    assert math.isfinite(history["valid_error"][0])


def test_windows_are_fed_what_was_observed_before_them() -> None:
    series = driven(1, 40, dtype=torch.float64)
    windows = series.windows(10, stride=10)
    net = network("output").double()
    net.scaling = fr.Scaling.identity()
    x, y = series[0]
    assert x is not None
    with torch.no_grad():
        expected = float(net.loss(x[None], y[None]))
    assert first_loss(net, windows) == pytest.approx(expected, rel=1e-12)


# --- back-propagation ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bptt", [fr.TruncatedBPTT(5, 12), fr.TruncatedBPTT(12), fr.CheckpointedBPTT(3)]
)
def test_reaching_back_to_the_start_is_full_bptt(bptt: BPTT) -> None:
    data = driven(dtype=torch.float64)
    nets = network("both").double(), network("both").double()
    for net, variant in zip(nets, (fr.FullBPTT(), bptt), strict=True):
        fr.fit(net, data, bptt=variant, epochs=3, batch_size=4, progress=False)
    for one, two in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("update", "steps"), [("sequence", 2), ("chunk", 6)])
def test_truncated_bptt_updates_when_it_says(
    update: str, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, step = [0], torch.optim.AdamW.step

    def watched(self: torch.optim.AdamW, *arguments: Any) -> Any:
        counted[0] += 1
        return step(self, *arguments)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    net, data = network("both", POINT), driven(4, 12)
    bptt = fr.TruncatedBPTT(5, update=update)
    history = fr.fit(net, data, bptt=bptt, epochs=1, batch_size=2, progress=False)
    assert counted == [steps]
    for _ in range(3):
        history = fr.fit(net, data, bptt=bptt, epochs=30, optimizer=FAST, progress=False)
    assert history["train_loss"][-1] < 1.0


# --- forcing -------------------------------------------------------------------------------------


def test_a_policys_hooks_are_called() -> None:
    policy = Learning()
    fr.fit(network("both"), driven(4), epochs=2, batch_size=2, forcing=policy, progress=False)
    each = [["plan 0.000", "update"], ["plan 0.250", "update"]]
    each += [["plan 0.500", "update"], ["plan 0.750", "update"]]
    assert policy.calls == ["prepare 4", *(call for pair in each for call in pair)]


def test_without_an_output_edge_forcing_is_ignored() -> None:
    policy = Learning()
    fr.fit(network("hidden"), driven(4), epochs=1, forcing=policy, progress=False)
    assert policy.calls == []


# --- refusals ------------------------------------------------------------------------------------


def test_no_epoch_fits_the_units_and_keeps_the_run(tmp_path: Any) -> None:
    net, data = network(), driven()
    before = {name: one.clone() for name, one in net.named_parameters()}
    history = fr.fit(net, data, epochs=0, out=tmp_path / "run", progress=False)
    assert len(history) == 0
    assert net.scaling == fr.Scaling.standard(data)
    kept = fr.load(tmp_path / "run")
    for name, one in kept.named_parameters():
        assert torch.equal(one, before[name])
    again = network()
    assert (
        len(fr.fit(again, data, epochs=2, out=tmp_path / "run", resume=True, progress=False)) == 2
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs must be a whole number of 0 or more"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4294967295"),
        ({"seed": 2**32}, "seed must be"),
        ({"resume": True}, "resume needs a run to go on with"),
        (
            {"optimizer": fr.Optimizer("lbfgs"), "bptt": fr.TruncatedBPTT(3)},
            r"lbfgs needs the loss in one part, got TruncatedBPTT\(k1=3",
        ),
    ],
)
def test_refused(options: dict[str, Any], message: str, tmp_path: Any) -> None:
    net = network()
    options = {"out": None if "resume" in options else tmp_path / "run", **options}
    with pytest.raises(fr.ArgumentError, match=message):
        fr.fit(net, driven(), progress=False, **options)
    assert not net.has_scaling
    assert not (tmp_path / "run").exists()


def test_validation_is_refused_before_training(tmp_path: Any) -> None:
    long = fr.Validation(horizon=50)
    with pytest.raises(fr.DataError, match="longest sequence, 12 steps"):
        fr.fit(network(), driven(), driven(), validation=long, out=tmp_path / "run")
    late = fr.Validation(warmup=12)
    with pytest.raises(fr.ArgumentError, match="a warm-up must leave a step"):
        fr.fit(network(), driven(), driven(), validation=late, out=tmp_path / "run")
    free = fr.Validation(monitor="free_error")
    with pytest.raises(
        fr.ArgumentError, match="needs an output edge to run on, got a network without one"
    ):
        fr.fit(network("hidden"), driven(), driven(), validation=free, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    for options in ({"patience": 0}, {"every": 0}, {"monitor": "bits"}, {"horizon": 0}):
        with pytest.raises(fr.ArgumentError, match=next(iter(options))):
            fr.Validation(**options)


def test_two_way_networks_take_whole_sequences_alone() -> None:
    net = network("hidden", bidirectional=True)
    for bptt in (fr.TruncatedBPTT(3), fr.CheckpointedBPTT()):
        with pytest.raises(fr.ArgumentError, match=r"Use FullBPTT\(\)\."):
            fr.fit(net, driven(), bptt=bptt, progress=False)
    fr.fit(net, driven(), epochs=1, progress=False)


class Asked:
    """Teacher forcing that writes down how far training is said to be."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.epochs: list[float] = []

    def plan(self, batch: fr.forcing.PlanBatch, progress: Any, generator: Any) -> fr.Plan:
        self.shares.append(float(progress))
        self.epochs.append(progress.epochs)
        return fr.Plan(batch.y, 1.0)


@pytest.mark.parametrize(
    ("planned", "shares"),
    [(None, [0, 0.25, 0.5, 0.75]), (8, [0, 0.0625, 0.125, 0.1875]), (1, [0, 0.5, 1, 1])],
)
def test_schedules_may_be_laid_out_over_more_epochs_than_are_trained(
    planned: int | None, shares: list[float]
) -> None:
    policy = Asked()
    history = fr.fit(
        network("both"), driven(4), epochs=2, batch_size=2, forcing=policy, schedule_epochs=planned,
        progress=False,
    )  # fmt: skip
    assert policy.shares == shares
    assert policy.epochs == [planned or 2] * 4
    rate = fr.Optimizer().rate
    assert history["lr"] == [rate(min(done / (planned or 2), 1.0)) for done in (0, 1)]


def test_what_ends_before_its_time_has_been_the_longer_training() -> None:
    """Every update up to there is the same: forcing, rate, order and draws."""
    kept: list[dict[str, Any]] = []
    for epochs, planned in ((2, 6), (6, None)):
        net, policy = network("both"), fr.ScheduledSampling("linear")
        valid = driven(seed=1)
        history = fr.fit(
            net, driven(4), valid, epochs=epochs, batch_size=2, forcing=policy,
            schedule_epochs=planned, progress=False,
        )  # fmt: skip
        kept += [{name: history[name][:2] for name in ("lr", "train_loss", "valid_free_error")}]
    assert kept[0] == kept[1]


def test_a_turn_that_is_planned_for_later_is_not_missed() -> None:
    policy = fr.Curriculum([fr.TeacherForcing(), fr.FreeRunning()], at=[3])
    fit: Any = partial(fr.fit, network("both"), driven(4), forcing=policy, epochs=2, progress=False)
    fit(schedule_epochs=4)
    with pytest.raises(ValueError, match="must give every policy a batch"):
        fit()
    with pytest.raises(ValueError, match="fit: schedule_epochs must be a whole number of 1"):
        fit(schedule_epochs=0)
