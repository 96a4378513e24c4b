"""The paths of a forecast: those of the library's own functions, in the user's units."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.explore.answers import ForecastRequest, Forecasts
from tests.explore.examples import forecasts

RECURRENCES = ["output", "both"]
ASKED = ForecastRequest(origin=650, horizon=20, series=1, output=1, share=0.3, paths=40, around=30)


def user(y: Tensor) -> Tensor:
    """The second output of the second series in the user's units."""
    return y[..., 1].double() * 10 + 100


def parts(
    subject: Forecasts, asked: ForecastRequest
) -> tuple[tuple[Tensor | None, Tensor], Tensor | None, Tensor]:
    """What was observed, as far as it counts, and x and y of the steps ahead."""
    one = subject.series[asked.series]
    back = 500 if subject.net.recurrence == "both" else subject.net.context
    seen = slice(asked.origin - back, asked.origin)
    ahead = slice(asked.origin, asked.origin + asked.horizon)
    x = one.x
    if x is None:
        return (None, one.y[seen]), None, one.y[ahead]
    return (x[seen], one.y[seen]), x[ahead], one.y[ahead]


@pytest.mark.parametrize("inputs", [0, 2])
@pytest.mark.parametrize("recurrence", RECURRENCES)
class TestPaths:
    def test_free_is_run(self, recurrence: str, inputs: int) -> None:
        subject = forecasts(recurrence, inputs)
        warmup, x, _ = parts(subject, ASKED)
        wanted = fr.run(subject.net, ASKED.horizon, warmup=warmup, inputs=x).y
        assert torch.equal(subject.answer(ASKED).free, user(wanted))

    def test_without_a_share_of_the_truth_mixed_is_free(self, recurrence: str, inputs: int) -> None:
        answer = forecasts(recurrence, inputs).answer(replace(ASKED, share=0.0))
        assert torch.equal(answer.mixed, answer.free)
        assert not torch.equal(answer.mixed, answer.one_step)

    def test_with_all_of_the_truth_mixed_is_one_step_ahead(
        self, recurrence: str, inputs: int
    ) -> None:
        answer = forecasts(recurrence, inputs).answer(replace(ASKED, share=1.0))
        assert torch.equal(answer.mixed, answer.one_step)

    def test_one_step_ahead_is_predict(self, recurrence: str, inputs: int) -> None:
        subject = forecasts(recurrence, inputs)
        one = subject.series[1]
        (predicted,) = fr.predict(
            subject.net, fr.Sequences(None if one.x is None else [one.x], [one.y])
        )
        # Of hidden states it forgets what is 500 steps back; and sums come in another order.
        wanted = user(predicted)[650:670]
        torch.testing.assert_close(subject.answer(ASKED).one_step, wanted, rtol=1e-6, atol=1e-5)

    def test_a_share_is_fed(self, recurrence: str, inputs: int) -> None:
        subject = forecasts(recurrence, inputs)
        (before_x, before_y), x, y = parts(subject, ASKED)
        session = fr.Session(subject.net)
        for step, seen in enumerate(before_y):
            session.observe(None if before_x is None else before_x[step], seen)
        wanted = []
        for step, truth in enumerate(y):
            now = None if x is None else x[step]
            mean = session.predict(now)
            wanted.append(mean)
            session.observe(now, 0.3 * truth + 0.7 * mean)
        found = subject.answer(ASKED).mixed
        torch.testing.assert_close(found, user(torch.stack(wanted)), rtol=1e-5, atol=1e-4)

    def test_the_band_is_that_of_sampled_runs(self, recurrence: str, inputs: int) -> None:
        subject = forecasts(recurrence, inputs)
        warmup, x, _ = parts(subject, ASKED)
        wanted = fr.run(
            subject.net, 20, warmup=warmup, inputs=x, draw="sample", paths=40, generator=0,
            quantiles=(0.05, 0.95),
        ).quantiles  # fmt: skip
        assert wanted is not None
        band = subject.answer(ASKED).band
        assert band is not None
        torch.testing.assert_close(band, user(wanted), rtol=0, atol=1e-4)


def test_what_the_truth_is() -> None:
    subject = forecasts()
    answer, y = subject.answer(ASKED), user(subject.series[1].y)
    assert torch.equal(answer.truth, y[650:670])
    assert answer.shown_from == 620
    assert torch.equal(answer.shown, y[620:700])
    assert torch.equal(answer.trivial["last value"], y[649].expand(20))
    torch.testing.assert_close(answer.trivial["mean"], y[:650].mean().expand(20))
    torch.testing.assert_close(answer.trivial["season"], y[638:650].repeat(2)[:20])


def test_errors_are_root_mean_squares_so_far() -> None:
    answer = forecasts().answer(ASKED)
    off = (answer.free - answer.truth).numpy()
    wanted = [math.sqrt(np.mean(off[: k + 1] ** 2)) for k in range(20)]
    assert answer.errors["free"].tolist() == pytest.approx(wanted)
    assert answer.to_dict()["errors"]["free"] == pytest.approx(wanted[-1])


def test_spread_widens_about_the_free_run_and_so_does_the_run_s_own() -> None:
    subject = forecasts()
    once = subject.answer(ASKED)
    twice = subject.answer(replace(ASKED, spread=2.0))
    own = replace(subject, widening=2.0).answer(ASKED)
    none = subject.answer(replace(ASKED, spread=0.0))
    assert once.band is not None and twice.band is not None  # noqa: PT018
    assert own.band is not None and none.band is not None  # noqa: PT018
    torch.testing.assert_close(twice.band - once.free, 2 * (once.band - once.free))
    assert torch.equal(own.band, twice.band)
    torch.testing.assert_close(none.band, once.free.expand(2, -1))


def test_other_samples_and_more_coverage() -> None:
    subject = forecasts()
    bands = [
        subject.answer(asked).band
        for asked in (ASKED, ASKED, replace(ASKED, seed=1), replace(ASKED, coverage=0.5))
    ]
    once, again, other, half = bands
    assert once is not None and half is not None  # noqa: PT018
    assert other is not None and again is not None  # noqa: PT018
    assert torch.equal(once, again)
    assert not torch.equal(once, other)
    assert bool((half[0] > once[0]).all() and (half[1] < once[1]).all())


def test_near_the_end_there_are_fewer_steps() -> None:
    answer = forecasts().answer(replace(ASKED, origin=695))
    assert len(answer.truth) == len(answer.free) == len(answer.mixed) == 5
    assert len(forecasts().answer(replace(ASKED, origin=1)).free) == 20


@pytest.mark.parametrize("recurrence", RECURRENCES)
def test_missing_truth_does_not_count_and_is_not_fed(recurrence: str) -> None:
    subject = forecasts(recurrence)
    one = subject.series[1]
    y = one.y.clone()
    y[648] = torch.nan
    y[652] = torch.nan
    y[655:] = torch.nan
    holes = replace(subject, series=(subject.series[0], replace(one, y=y)))
    found, whole = holes.answer(ASKED), subject.answer(replace(ASKED, horizon=5))
    for path in (found.one_step, found.mixed, found.errors["free"][4:]):
        assert bool(path.isfinite().all())
    assert float(found.errors["free"][-1]) == float(found.errors["free"][4])
    assert not torch.equal(found.free[:5], whole.free)
    wanted = fr.run(subject.net, 20, warmup=(None, y[150:650])).y
    torch.testing.assert_close(found.free, user(wanted))
    answer = found.to_dict()
    assert answer["truth"][5:] == [None] * 15
    assert answer["observed"] == 4


def test_a_head_without_a_spread_has_no_band() -> None:
    subject = forecasts(outputs=1)
    net = fr.RecurrentNetwork(0, 4, fr.heads.Point(1), recurrence="output")
    subject = replace(subject, net=net)
    assert subject.first().paths == 0
    assert subject.answer(subject.first()).band is None
    assert subject.about()["samples"] is False
    with pytest.raises(fr.ArgumentError, match="head with a spread, got a Point head"):
        subject.answer(ForecastRequest(origin=20, paths=10))


def test_a_run_that_leaves_all_bounds_is_no_number_in_json() -> None:
    subject = forecasts(outputs=1)
    net = fr.RecurrentNetwork(0, 2, fr.heads.Point(1), cell="identity", recurrence="output")
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(1e9)
    answer = replace(subject, net=net).answer(ForecastRequest(20, 60, paths=0)).to_dict()
    assert answer["free"][-1] is None
    assert answer["errors"]["free"] is None
    assert answer["worse_from"] is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"origin": 0}, "origin must be a whole number from 1 to 699, got 0"),
        ({"origin": 700}, "origin must be a whole number from 1 to 699, got 700"),
        ({"series": 2}, "series must be a whole number from 0 to 1, got 2"),
        ({"output": -1}, "output must be a whole number from 0 to 1, got -1"),
        ({"horizon": 301}, "horizon must be a whole number from 1 to 300, got 301"),
        ({"paths": 201}, "paths must be a whole number from 0 to 200, got 201"),
        ({"around": 1001}, "around must be a whole number from 0 to 1000, got 1001"),
        ({"seed": 2**32}, "seed must be a whole number from 0 to 4294967295"),
        ({"share": 1.5}, "share must be a finite number from 0 to 1, got 1.5"),
        ({"share": math.nan}, "share must be a finite number from 0 to 1, got nan"),
        ({"coverage": 1.0}, "coverage must be a finite number from 0.01 to 0.99, got 1.0"),
        ({"spread": math.inf}, "spread must be a finite number from 0 to 10, got inf"),
    ],
    ids=str,
)
def test_what_is_out_of_range_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(fr.ArgumentError, match=f"^explore: {message}"):
        forecasts().answer(replace(ASKED, **change))  # type: ignore[arg-type]
