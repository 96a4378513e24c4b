"""The exposure gap against what it is defined to be, origin by origin."""

import json
import math
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun import _measure
from freerun.heads import Head

POINT, CLASSES = fr.heads.Point(2), fr.heads.Categorical(3)


def network(head: Head = POINT, **options: Any) -> fr.RecurrentNetwork:
    torch.manual_seed(0)
    arguments: dict[str, Any] = {"recurrence": "both", "output_lags": 2, "input_lags": 1} | options
    net = fr.RecurrentNetwork(arguments.pop("input_size", 1), 5, head, **arguments).double()
    if head.scalable:
        one = torch.ones(2).double()
        scale = torch.tensor([4.0, 0.5]).double()[: head.outputs]
        x_shift, x_scale = (one[:1], 2 * one[:1]) if net.input_size else (None, None)
        net.scaling = fr.Scaling(x_shift, x_scale, one[: head.outputs], scale)
    return net


def series(steps: int, head: Head = POINT, seed: int = 0) -> tuple[Tensor, Tensor]:
    drawn = torch.Generator().manual_seed(seed)
    x = torch.randn(steps, 1, generator=drawn).double()
    if head.outputs is None:
        return x, torch.randint(3, (steps,), generator=drawn)
    return x, torch.randn(steps, 2, generator=drawn).double().cumsum(0)


def by_hand(
    net: fr.RecurrentNetwork, x: Tensor, y: Tensor, origin: int, horizon: int, warmup: int
) -> tuple[Tensor, Tensor]:
    """Squared errors at one origin: teacher forced and free running, ``(horizon,)`` each."""
    past = slice(max(0, origin - warmup), origin)
    rows = torch.arange(past.start - 2, past.start)
    lags, real = rows.clamp(min=0), (rows >= 0)[None]
    before = (net.scaling.scale_y(y[lags]) if net.head.scalable else y[lags])[None]
    state = net.initial_state(1, before, net.scaling.scale_x(x[lags])[None], real)
    steps = slice(past.start, origin + horizon)
    scaled = net.scaling.scale_y(y[steps]) if net.head.scalable else y[steps]
    arguments = net.scaling.scale_x(x[steps])[None], scaled[None]
    mask = torch.arange(steps.stop - steps.start) < origin - past.start
    errors = []
    for plan in (fr.TeacherForcing(), fr.FreeRunning(int(mask.sum()))):
        mean = net(*arguments, plan, state=state).mean[0, -horizon:].detach()
        truth = y[origin : origin + horizon]
        if net.head.outputs is None:
            difference = mean - torch.nn.functional.one_hot(truth, 3)
            errors.append(difference.square().sum(-1))
        else:
            errors.append((net.scaling.unscale_y(mean) - truth).square().mean(-1))
    return errors[0], errors[1]


@pytest.mark.parametrize("head", [POINT, CLASSES])
@pytest.mark.parametrize("recurrence", ["output", "both"])
@pytest.mark.parametrize("warmup", [None, 2, 7])
def test_errors_are_those_of_every_origin(head: Head, recurrence: str, warmup: int | None) -> None:
    net, (x, y) = network(head, recurrence=recurrence), series(40, head)
    gap = fr.exposure_gap(net, (x, y), horizon=6, warmup=warmup)
    used = warmup or (2 if recurrence == "output" else 34)
    assert gap.warmup == used
    origins = range(used, 35)
    assert gap.origins == len(origins)
    pairs = [by_hand(net, x, y, origin, 6, used) for origin in origins]
    for side, wanted in zip(
        (gap.teacher_forced, gap.free_running), zip(*pairs, strict=True), strict=True
    ):
        torch.testing.assert_close(side, torch.stack(wanted).mean(0).sqrt())


def test_both_errors_are_equal_at_step_one_and_not_after() -> None:
    for head in (POINT, CLASSES):
        net = network(head)
        gap = fr.exposure_gap(net, series(60, head), horizon=10, warmup=5)
        torch.testing.assert_close(gap.free_running[0], gap.teacher_forced[0])
        torch.testing.assert_close(gap.ratio[0], torch.tensor(1.0).double())
        assert not torch.allclose(gap.free_running[1:], gap.teacher_forced[1:])
        torch.testing.assert_close(gap.ratio, gap.free_running / gap.teacher_forced)


def test_trivial_forecasts_of_numbers() -> None:
    net, (x, y) = network(), series(50)
    gap = fr.exposure_gap(net, (x, y), horizon=9, warmup=12, season=4)
    assert list(gap.trivial) == ["last value", "mean", "season"]
    wanted: dict[str, list[Tensor]] = {name: [] for name in gap.trivial}
    for t in range(12, 42):
        ahead = y[t : t + 9]
        forecasts = {
            "last value": y[t - 1].expand(9, 2),
            "mean": y[:t].mean(0).expand(9, 2),
            "season": y[t - 4 : t].repeat(3, 1)[:9],
        }
        for name, forecast in forecasts.items():
            wanted[name].append((forecast - ahead).square())
    for name, errors in wanted.items():
        root = torch.stack(errors).mean((0, 2)).sqrt()
        torch.testing.assert_close(gap.trivial[name], root)
    stacked = torch.stack(list(gap.trivial.values()))
    torch.testing.assert_close(gap.best_trivial, stacked.amin(0))


def test_trivial_forecasts_of_classes() -> None:
    net, (x, y) = network(CLASSES), series(50, CLASSES)
    gap = fr.exposure_gap(net, (x, y), horizon=9, warmup=12, season=4)
    wanted: dict[str, list[Tensor]] = {name: [] for name in gap.trivial}
    sure = torch.nn.functional.one_hot(y, 3).double()
    for t in range(12, 42):
        forecasts = {
            "last value": sure[t - 1].expand(9, 3),
            "mean": sure[:t].mean(0).expand(9, 3),
            "season": sure[t - 4 : t].repeat(3, 1)[:9],
        }
        for name, forecast in forecasts.items():
            wanted[name].append((forecast - sure[t : t + 9]).square().sum(-1))
    for name, errors in wanted.items():
        torch.testing.assert_close(gap.trivial[name], torch.stack(errors).mean(0).sqrt())


def test_series_do_not_see_each_other() -> None:
    net = network()
    parts = [series(30, seed=seed) for seed in (1, 2)]
    xs, ys = zip(*parts, strict=True)
    both = fr.exposure_gap(net, fr.Sequences(xs, ys, dtype=torch.float64), 6, 5, season=3)
    alone = [fr.exposure_gap(net, part, 6, 5, season=3) for part in parts]
    assert both.origins == sum(gap.origins for gap in alone)
    for name in ("last value", "mean", "season"):
        pooled = torch.stack([gap.trivial[name].square() for gap in alone]).mean(0).sqrt()
        torch.testing.assert_close(both.trivial[name], pooled)
    pooled = torch.stack([gap.free_running.square() for gap in alone]).mean(0).sqrt()
    torch.testing.assert_close(both.free_running, pooled)


def test_a_test_part_is_measured_on_its_own_targets_and_warmed_up_on_what_was_before() -> None:
    net, (x, y) = network(), series(60)
    _, test = fr.Sequences(x, y, dtype=torch.float64).split(50)
    gap = fr.exposure_gap(net, test, horizon=4, warmup=20)
    assert gap.origins == 7
    pairs = [by_hand(net, x, y, origin, 4, 20) for origin in range(50, 57)]
    free = torch.stack([free for _, free in pairs]).mean(0).sqrt()
    torch.testing.assert_close(gap.free_running, free)
    last = torch.stack([(y[t - 1] - y[t : t + 4]).square().mean(-1) for t in range(50, 57)])
    torch.testing.assert_close(gap.trivial["last value"], last.mean(0).sqrt())


def test_missing_targets_are_left_out() -> None:
    net, (x, y) = network(recurrence="output", output_lags=1, input_lags=0), series(12)
    holes = y.clone()
    holes[4, 0] = torch.nan
    holes[9] = torch.nan
    data = fr.Sequences(x, holes, missing="mask", dtype=torch.float64)
    gap = fr.exposure_gap(net, data, horizon=3, warmup=2, season=2)
    scaled_x, scaled_y = net.scaling.scale_x(x)[None], net.scaling.scale_y(y)[None]
    mask = ~holes.isnan()[None]
    sums, counts = torch.zeros(3).double(), torch.zeros(3).double()
    last, last_counts = torch.zeros(3).double(), torch.zeros(3).double()
    for t in range(2, 10):
        weights = torch.zeros(t + 3)
        weights[:t] = 1
        plan = fr.Plan(scaled_y[:, : t + 3], weights)
        u = net(scaled_x[:, : t + 3], scaled_y[:, : t + 3], plan, mask=mask[:, : t + 3])
        mean = net.scaling.unscale_y(u.mean[0, -3:]).detach()
        real = mask[0, t : t + 3]
        sums += ((mean - y[t : t + 3]).square() * real).sum(-1)
        counts += real.sum(-1)
        for output in range(2):
            seen = [v for v in holes[:t, output].tolist() if not math.isnan(v)]
            last += (seen[-1] - y[t : t + 3, output]).square() * real[:, output]
            last_counts += real[:, output]
    torch.testing.assert_close(gap.free_running, (sums / counts).sqrt())
    # One lag of output and no other memory: any teacher-forced pass over all is every origin's.
    mean = net.scaling.unscale_y(net(scaled_x, scaled_y, mask=mask).mean[0]).detach()
    error = torch.where(mask[0], (mean - y).square(), 0)
    forced = torch.stack([error[t : t + 3].sum(-1) for t in range(2, 10)]).sum(0)
    torch.testing.assert_close(gap.teacher_forced, (forced / counts).sqrt())
    torch.testing.assert_close(gap.trivial["last value"], (last / last_counts).sqrt())
    for errors in (gap.teacher_forced, *gap.trivial.values()):
        assert bool(errors.isfinite().all())


def test_the_last_value_is_never_another_series() -> None:
    ys = [torch.full((4,), 50.0), torch.tensor([torch.nan, torch.nan, 1.0, 2.0, 4.0])]
    data = fr.Sequences(None, ys, missing="mask")[[1]]
    net = network(fr.heads.Point(1), output_lags=1, input_size=0, input_lags=0)
    gap = fr.exposure_gap(net, data, horizon=2, warmup=2)
    assert gap.origins == 2
    # Nothing was seen before the first origin; before the second, 1.0, and then come 2.0 and 4.0.
    assert gap.trivial["last value"].tolist() == [1.0, 3.0]
    assert gap.trivial["mean"].tolist() == [1.0, 3.0]


def test_nothing_observed_is_nan_and_no_crossing() -> None:
    net = network(fr.heads.Point(1), output_lags=1, input_size=0, input_lags=0)
    y = torch.tensor([1.0, 2.0, 3.0, torch.nan])
    gap = fr.exposure_gap(net, fr.Sequences(None, y, missing="mask"), horizon=1, warmup=3)
    assert bool(gap.free_running.isnan().all())
    assert bool(gap.best_trivial.isnan().all())
    assert gap.crossing is None
    assert gap.to_dict()["free_running"] == [None]


def test_a_run_that_leaves_the_numbers_behind_is_infinitely_wrong() -> None:
    net = network(fr.heads.Point(1), cell="identity", output_lags=1, input_size=0, input_lags=0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(1e40)
    gap = fr.exposure_gap(net, (None, torch.arange(20.0).double()), horizon=8, warmup=2)
    assert float(gap.free_running[-1]) == math.inf
    assert gap.crossing == 1
    assert json.dumps(gap.to_dict(), allow_nan=False)


def test_crossing_is_the_first_step_that_is_worse_than_the_best_trivial_one() -> None:
    def gap(free: list[float]) -> fr.Gap:
        trivial = {
            "last value": torch.tensor([1.0, 2.0, 3.0]),
            "mean": torch.tensor([2.0, 1.5, 2.0]),
        }
        one = torch.ones(3)
        return fr.Gap(3, 1, 1, one, torch.tensor(free), trivial, {})

    assert gap([0.5, 1.5, 2.5]).best_trivial.tolist() == [1.0, 1.5, 2.0]
    assert gap([0.5, 1.5, 2.5]).crossing == 3
    assert gap([1.1, 0.0, 0.0]).crossing == 1
    assert gap([1.0, 1.5, 2.0]).crossing is None


def test_origins_are_thinned_evenly_and_always_the_same() -> None:
    net, data = network(), series(100)
    few = fr.exposure_gap(net, data, horizon=5, warmup=5, origins=4)
    again = fr.exposure_gap(net, data, horizon=5, warmup=5, origins=4)
    assert few.origins == 4
    assert torch.equal(few.free_running, again.free_running)
    pairs = [by_hand(net, *data, origin, 5, 5) for origin in (5, 35, 65, 95)]
    free = torch.stack([free for _, free in pairs]).mean(0).sqrt()
    torch.testing.assert_close(few.free_running, free)


def test_batches_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    net, data = network(CLASSES), series(60, CLASSES)
    whole = fr.exposure_gap(net, data, horizon=5, warmup=5, season=3)
    monkeypatch.setattr(_measure, "BUDGET", 2000)
    assert _measure.fitting(net, 10) < 10
    parts = fr.exposure_gap(net, data, horizon=5, warmup=5, season=3)
    torch.testing.assert_close(parts.free_running, whole.free_running)
    torch.testing.assert_close(parts.teacher_forced, whole.teacher_forced)
    for name, errors in whole.trivial.items():
        torch.testing.assert_close(parts.trivial[name], errors)


def test_errors_of_each_output() -> None:
    net = network()
    gap = fr.exposure_gap(net, series(40), horizon=5, warmup=5)
    for name in ("teacher_forced", "free_running"):
        each = gap.by_output[name]
        assert each.shape == (5, 2)
        assert not torch.allclose(each[:, 0], each[:, 1])
        torch.testing.assert_close(each.square().mean(1).sqrt(), getattr(gap, name))


def test_season_comes_from_the_data_where_it_was_seen() -> None:
    net = network(fr.heads.Point(1), input_size=0, input_lags=0)
    y = torch.arange(20.0)
    known = fr.exposure_gap(net, fr.Sequences(None, y, season=6), horizon=4, warmup=2)
    assert "season" in known.trivial
    assert known.origins == 11  # all forecasts have the same origins: from step 7 on
    unseen = fr.exposure_gap(net, fr.Sequences(None, y, season=17), horizon=4, warmup=2)
    assert list(unseen.trivial) == ["last value", "mean"]
    assert unseen.origins == 15
    with pytest.raises(fr.DataError, match="a season of 17 steps before an origin, got 16"):
        fr.exposure_gap(net, (None, y), horizon=4, warmup=2, season=17)


def test_default_warmup_is_what_fits() -> None:
    autonomous: dict[str, Any] = {"input_size": 0, "input_lags": 0}
    net = network(fr.heads.Point(1), **autonomous)
    for lengths, wanted in (
        ([300], 100),
        ([50], 40),
        ([300, 60, 60, 60], 50),
        ([5, 300], 100),
    ):
        data = fr.Sequences(None, [torch.zeros(n) for n in lengths])
        assert fr.exposure_gap(net, data, horizon=10).warmup == wanted
    lags = network(fr.heads.Point(1), recurrence="output", output_lags=3, **autonomous)
    assert fr.exposure_gap(lags, (None, torch.zeros(300)), horizon=10).warmup == 3


def test_the_network_is_left_as_it_was() -> None:
    net = network(dropout=0.5).train()
    gaps = [fr.exposure_gap(net, series(30), horizon=5, warmup=5) for _ in range(2)]
    assert net.training
    assert torch.equal(gaps[0].free_running, gaps[1].free_running)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"horizon": 0}, fr.ArgumentError, "horizon must be a whole number of 1 or more"),
        ({"warmup": 0}, fr.ArgumentError, "warmup must be a whole number of 1 or more"),
        ({"origins": 0}, fr.ArgumentError, "origins must be a whole number of 1 or more"),
        (
            {"horizon": 39},
            fr.DataError,
            r"41 steps are needed, 2 of warm-up and 39 ahead, got 40 .* Pass horizon=38",
        ),
        ({"horizon": 5, "warmup": 36}, fr.DataError, "41 steps are needed"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    given: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        fr.exposure_gap(network(), series(40), **given)


def test_a_network_without_an_output_edge_is_refused() -> None:
    net = network(recurrence="hidden", output_lags=1)
    with pytest.raises(fr.ArgumentError, match="must have an output edge"):
        fr.exposure_gap(net, series(40), horizon=5)


def test_table_and_json() -> None:
    gap = fr.exposure_gap(network(), series(60), horizon=30, warmup=5)
    lines = str(gap).splitlines()
    assert lines[0] == "error by step ahead, over 26 origins"
    assert [int(line.split()[0]) for line in lines[2:-1]] == [1, 2, 5, 10, 20, 30]
    assert f"first at step {gap.crossing}" in lines[-1]
    found = json.loads(json.dumps(gap.to_dict(), allow_nan=False))
    assert found["steps"] == list(range(1, 31))
    assert found["crossing"] == gap.crossing
    assert found["trivial"]["mean"] == gap.trivial["mean"].tolist()
    assert found["by_output"]["free_running"] == gap.by_output["free_running"].tolist()


def test_plot_draws_all_errors() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = fr.exposure_gap(network(), series(60), horizon=30, warmup=5).plot()
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["free running", "teacher forced", "last value", "mean"]
    matplotlib.pyplot.close("all")
