"""The numbers of a report are those that the library measures."""

import math

import pytest
import torch

import freerun as fr
from freerun.report import gather
from freerun.report.measured.calibration import intervals_of, ranks, reliability_of
from freerun.report.measured.classes import Answers, confusion_of
from freerun.report.measured.forecasts import forecasts
from freerun.report.measured.numbers import plain, thinned
from freerun.report.measured.residuals import autocorrelation
from freerun.report.measured.text import pieces_of, surprise_of
from tests.report import examples


def test_errors_by_step_ahead_are_those_of_the_exposure_gap() -> None:
    subject, found = examples.measured("forecast")
    gap = fr.exposure_gap(subject.net, subject.data, subject.horizon)
    errors = found.errors
    assert errors is not None
    assert errors.free == plain(gap.free_running)
    assert errors.forced == plain(gap.teacher_forced)
    assert errors.trivial == {name: plain(values) for name, values in gap.trivial.items()}
    assert errors.crossing == gap.crossing
    assert errors.overall == pytest.approx(float(gap.free_running.square().mean().sqrt()))


def test_errors_of_several_outputs_are_told_apart() -> None:
    times = torch.arange(60.0)
    y = torch.stack([times.sin(), 100 * times.cos()], 1)
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(0, 4, fr.heads.Point(2), recurrence="output")
    data = fr.Sequences(None, [y], names=("small", "large"))
    subject = examples.replace(
        examples.forecast(), net=net, data=data, whole=data, levels=None, keys=(""),
        outputs=("small", "large"),
    )  # fmt: skip
    errors = gather(subject, examples.EFFORT).errors
    assert errors is not None
    free = {name: pair[1] for name, pair in errors.by_output.items()}
    assert list(free) == ["small", "large"]
    assert free["large"] > 20 * free["small"]
    assert (free["small"] ** 2 + free["large"] ** 2) / 2 == pytest.approx(errors.overall**2)


def test_forecasts_are_those_of_predict_and_of_run() -> None:
    subject = examples.forecast()
    found = forecasts(subject, 1, examples.EFFORT)
    means = fr.predict(subject.net, subject.data)
    row = int(found.first[0])
    assert row == int(subject.data.start[0])  # the first targets of the part are forecast, too
    torch.testing.assert_close(found.forced[0], means[0][:8].double())
    x, y = subject.data.x_flat, subject.data.y_flat
    assert x is not None
    assert y is not None
    path = fr.run(subject.net, 8, (x[row - 1 : row], y[row - 1 : row]), x[row : row + 8])
    torch.testing.assert_close(found.free[0], path.y.double())
    torch.testing.assert_close(found.truth[0], y[row : row + 8].double())


def test_paths_lie_as_far_off_as_they_were_widened() -> None:
    subject = examples.forecast()
    once = forecasts(subject, 1, examples.EFFORT)
    twice = forecasts(examples.replace(subject, widening=2.0), 1, examples.EFFORT)
    assert once.paths is not None
    assert twice.paths is not None
    middle = once.free.unsqueeze(1)
    torch.testing.assert_close(twice.paths - middle, 2 * (once.paths - middle))


def test_stretches_are_in_the_units_of_their_series() -> None:
    subject, found = examples.measured("forecast")
    assert found.stretches is not None
    assert len(found.stretches) == examples.EFFORT.shown
    last = found.stretches[2]
    assert last.title.startswith("b, from")
    values = [one for one in (*last.seen, *last.truth) if one is not None]
    y = subject.whole.y_flat
    assert y is not None
    row = 90 + last.before[0] - 1
    assert values == pytest.approx(y[row : row + len(values), 0].tolist(), rel=1e-5)
    low, high = last.bands["90 %"]
    inner_low, inner_high = last.bands["50 %"]
    for bounds in zip(low, inner_low, inner_high, high, strict=True):
        assert list(bounds) == sorted(bounds)  # type: ignore[type-var]


def test_no_band_is_drawn_of_a_head_without_a_spread() -> None:
    found = gather(examples.forecast(fr.heads.Point(1), series=1), examples.EFFORT)
    assert found.intervals is None
    assert found.stretches is not None
    assert found.stretches[0].bands == {}


def test_intervals_of_the_true_law_hold_what_they_say() -> None:
    draws = torch.Generator().manual_seed(0)
    paths = torch.randn(400, 99, 5, 1, generator=draws, dtype=torch.float64)
    truth = torch.randn(400, 5, 1, generator=draws, dtype=torch.float64)
    found = intervals_of(paths, truth)
    # 2000 targets: a share of p has a standard error of 0.011 at most.
    assert found.free == pytest.approx(found.levels, abs=0.04)
    assert found.ranks_free == pytest.approx([0.1] * 10, abs=0.03)
    narrow = intervals_of(0.5 * paths, truth)
    assert narrow.free[8] == pytest.approx(math.erf(1.645 / 2 / 2**0.5), abs=0.04)
    assert narrow.ranks_free[0] > 0.18  # type: ignore[operator]


def test_what_was_not_observed_counts_in_no_interval() -> None:
    paths = torch.linspace(0, 1, 11).view(1, 11, 1, 1).expand(2, 11, 1, 1)
    truth = torch.tensor([0.5, math.nan]).view(2, 1, 1)
    assert ranks(paths, truth)[1].isnan()
    assert intervals_of(paths, truth).free == [1.0] * 10


def test_reliability_weighs_its_tenths() -> None:
    said = torch.tensor([[0.95, 0.05], [0.95, 0.05], [0.65, 0.35], [0.35, 0.65]])
    found = reliability_of(said, torch.tensor([0, 1, 0, 1]))
    assert found.counts[9] == 2
    assert found.right[9] == 0.5
    assert found.right[6] == 1.0
    assert found.said[0] is None
    assert found.error == pytest.approx((2 * 0.45 + 2 * 0.35) / 4)


@pytest.mark.parametrize("task", ["classify", "label"])
def test_the_confusion_matrix_has_the_accuracy_of_evaluate(task: str) -> None:
    subject, found = examples.measured(task)
    confusion = found.confusion
    assert confusion is not None
    measured = fr.evaluate(subject.net, subject.data)
    assert confusion.accuracy == pytest.approx(measured["accuracy"])
    right = sum(confusion.counts[n][n] for n in range(2))
    assert right / confusion.total == pytest.approx(measured["accuracy"])
    truth = subject.data.labels if task == "classify" else subject.data.y_flat
    assert truth is not None
    assert [sum(row) for row in confusion.counts] == torch.bincount(truth).tolist()


def test_recall_is_of_the_true_and_precision_of_the_said() -> None:
    subject = examples.classify()
    said = Answers(
        torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9]]),
        torch.tensor([0, 0, 1, 1]),
        torch.arange(4),
    )
    found = confusion_of(subject, said)
    assert found.counts == [[2, 0], [1, 1]]
    assert found.recall == [1.0, 0.5]
    assert found.precision == [pytest.approx(2 / 3), 1.0]
    assert found.mistakes == [("high", "low", 1)]


def test_the_worst_sequence_is_the_one_whose_class_was_least_probable() -> None:
    subject, found = examples.measured("classify")
    said = fr.predict(subject.net, subject.data)
    assert isinstance(said, torch.Tensor)
    assert subject.data.labels is not None
    given = said.gather(1, subject.data.labels[:, None]).squeeze(1)
    assert found.worst is not None
    assert found.worst.rows[0][0] == "abcdef"[int(given.argmin())]
    assert [row[-1] for row in found.worst.rows] == pytest.approx(given.sort().values.tolist())


def test_residuals_are_the_truth_less_the_prediction() -> None:
    subject, found = examples.measured("regress")
    error = fr.evaluate(subject.net, subject.data)["error"]
    assert found.residuals is not None
    (one,) = found.residuals
    assert one.mean**2 + one.deviation**2 == pytest.approx(error**2, rel=1e-4)
    assert one.lags == []
    said = fr.predict(subject.net, subject.data)
    assert isinstance(said, torch.Tensor)
    assert subject.data.labels is not None
    assert one.mean == pytest.approx(float((subject.data.labels - said).mean()), rel=1e-4)
    assert found.worst is not None
    assert found.worst.rows[0][-1] >= error


def test_residuals_of_series_are_above_nought_where_the_prediction_is_below() -> None:
    subject, found = examples.measured("forecast")
    assert found.residuals is not None
    means = fr.predict(subject.net, subject.data)
    off = [float((y - mean).sum()) for (_, y), mean in zip(subject.data, means, strict=True)]
    assert found.residuals[0].mean == pytest.approx(sum(off) / 60, rel=1e-4)
    assert found.residuals[0].lags == list(range(1, 8))


def test_autocorrelation_leaves_out_what_is_missing() -> None:
    wave = torch.tensor([1.0, 0.0, -1.0, 0.0] * 50)
    holes = wave.clone()
    holes[::7] = math.nan
    assert autocorrelation([wave], 4) == pytest.approx(1, abs=1e-6)
    assert autocorrelation([holes], 4) == pytest.approx(1, abs=0.05)
    assert autocorrelation([wave], 1) == pytest.approx(0, abs=0.02)


def test_surprise_is_the_loss_of_evaluate_in_bits() -> None:
    subject = examples.replace(examples.text(), data=examples.text().whole)
    effort = examples.replace(examples.EFFORT, characters=600)
    found = surprise_of(subject, effort)
    assert len(found.units) == 600
    assert found.mean == pytest.approx(fr.evaluate(subject.net, subject.data)["bits"], rel=1e-5)
    assert "".join(one.text for one in found.units[:5]) == "".join(
        subject.classes[one] for one in subject.data[0][1][:5]
    )
    for one in found.units:
        shares = [share for _, share in one.guesses]
        assert shares == sorted(shares, reverse=True)
        named = dict(one.guesses).get(one.text)
        assert named is None or -math.log2(named) == pytest.approx(one.bits)


def test_pieces_of_text_are_each_as_long_and_none_is_left_out() -> None:
    subject = examples.text()
    found = pieces_of(subject, examples.EFFORT)
    assert {len(text) for text, _ in found} == {60}
    assert len(found) == 400 // 60
    whole = fr.evaluate(subject.net, subject.data)["bits"]
    assert sum(bits for _, bits in found) / len(found) == pytest.approx(whole, abs=0.1)


def test_gradients_come_by_every_way_there_is() -> None:
    _, found = examples.measured("forecast")
    assert found.gradients is not None
    assert set(found.gradients.norms) == {"fed the truth, through f", "running free, through f"}
    taught = found.gradients.norms["fed the truth, through f"]
    assert taught[1:] == [None] * 4  # a truth that is fed has no past
    _, both = examples.measured("text")
    assert both.gradients is not None
    assert len(both.gradients.norms) == 4


def test_thinning_keeps_both_ends() -> None:
    assert thinned(3, 10) == [0, 1, 2]
    assert thinned(100, 3) == [0, 50, 99]
