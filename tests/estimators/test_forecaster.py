"""Forecasts: of which steps, in whose units, how sure, and with what beside them."""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import freerun as fr
from freerun.recipes import policies
from tests.estimators.examples import Array, autoregressive, forecaster, waves


def by_hand(
    model: fr.Forecaster, past: Array, steps: int, x: Any = None, ahead: Any = None
) -> Array:
    """The mean of `fr.run`, in the user's units, where the series has units of its own."""
    center, spread = past.mean(), past.std()
    path = fr.run(model.network_, steps, warmup=(x, (past - center) / spread), inputs=ahead)
    found: Array = path.y.double().numpy()[:, 0] * spread + center
    return found


@pytest.mark.parametrize("recurrence", ["both", "output"])
@pytest.mark.parametrize("residual", [False, True])
def test_the_first_forecast_is_of_the_step_after_the_last(recurrence: str, residual: bool) -> None:
    (y,) = waves(60, 1)
    model = forecaster(recurrence=recurrence, residual=residual).fit(y)
    assert model.recipe_.scale == "all"
    path = fr.run(model.network_, 5, warmup=(None, y))
    # Units are taken out in float64, and the network's own type is float32.
    np.testing.assert_allclose(model.predict(5), path.y.numpy()[:, 0], rtol=1e-5)
    one = fr.predict(model.network_, fr.Sequences(None, np.append(y, 0.0), dtype=torch.float64))
    np.testing.assert_allclose(model.predict(1), one[0][-1].numpy(), rtol=1e-5)


def test_a_ramp_is_gone_on_with_at_its_end() -> None:
    model = fr.Forecaster(hidden_size=8, epochs=60, residual=True, head="Point")
    t = np.arange(100.0)
    assert model.fit(t).predict(1)[0] == pytest.approx(100, abs=0.4)


@pytest.mark.parametrize("recurrence", ["both", "output"])
def test_series_of_different_lengths_and_sizes(recurrence: str) -> None:
    series = waves()
    model = forecaster(recurrence=recurrence).fit(series)
    assert model.recipe_.scale == "series"
    found = model.predict(6)
    assert isinstance(found, list)
    for one, past in zip(found, series, strict=True):
        np.testing.assert_allclose(one, by_hand(model, past, 6), rtol=1e-5)  # float32


def test_new_series_are_forecast_from_their_own_past() -> None:
    series, new = waves(), 1e4 * (3 + np.cos(np.arange(33) / 3))
    model = forecaster().fit(series)
    alone = model.predict(4, series=new)
    assert alone.shape == (4,)
    np.testing.assert_allclose(alone, by_hand(model, new, 4), rtol=1e-5)
    pair = model.predict(4, series=[new, series[1]])
    np.testing.assert_allclose(pair[0], alone, rtol=1e-6)  # float32, in other batches
    np.testing.assert_allclose(pair[1], model.predict(4)[1], rtol=1e-6)


def test_prediction_changes_nothing() -> None:
    model = forecaster().fit(waves())
    before, wanted = dict(vars(model)), model.predict(3)
    model.predict(2, series=waves()[0])
    model.sample(2, 3, series=waves()[1])
    model.score(waves())
    assert vars(model) == before
    for one, other in zip(model.predict(3), wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("shift", "size"), [(0.0, 8.0), (2.0**20, 1.0), (-(2.0**30), 0.25)])
def test_units_of_a_series_are_undone_exactly(shift: float, size: float) -> None:
    series = waves()
    near = forecaster().fit(series)
    far = forecaster().fit([shift + size * one for one in series])
    # Numbers of order 1 keep 7 digits beside 2^30 in float64; training is float32, and short.
    for one, other in zip(far.predict(8), near.predict(8), strict=True):
        np.testing.assert_allclose((one - shift) / size, other, rtol=1e-4)
    band = far.quantiles(8, paths=20)[0]
    np.testing.assert_allclose(
        (band - shift) / size, near.quantiles(8, paths=20)[0], rtol=1e-4, atol=1e-4
    )


def test_answers_have_the_form_of_the_series() -> None:
    two = np.stack([waves(60, 1)[0], autoregressive(60)], 1)
    model = forecaster().fit(two)
    assert model.predict(4).shape == (4, 2)
    assert model.sample(4, 7).shape == (7, 4, 2)
    assert model.quantiles(4, paths=9).shape == (3, 4, 2)
    assert model.quantiles(4, 0.5, paths=9).shape == (1, 4, 2)
    (alone,) = forecaster().fit([two[:, :1]]).predict(4)
    assert alone.shape == (4, 1)
    batch = forecaster().fit(np.stack([two, two]))
    assert [one.shape for one in batch.predict(4)] == [(4, 2)] * 2
    assert batch.predict(4, series=two[:, :]).shape == (4, 2)


def test_quantiles_are_in_order_and_those_of_the_paths() -> None:
    model = forecaster().fit(waves())
    low, middle, high = model.quantiles(10, (0.1, 0.5, 0.9), paths=200)[0]
    assert (low < middle).all()
    assert (middle < high).all()
    paths = model.sample(10, 200)[0]
    assert paths.shape == (200, 10)
    # The same seed draws the same paths; their units are taken out after.
    np.testing.assert_allclose(np.quantile(paths, [0.1, 0.9], axis=0), [low, high], rtol=1e-5)


def test_bands_contain_what_they_say() -> None:
    y = autoregressive(3000)
    model = fr.Forecaster(hidden_size=8, epochs=40, output_lags=2, batch_size=64).fit(y[:2000])
    ends = range(2000, 2960, 12)
    low, high = np.stack(model.quantiles(8, (0.1, 0.9), paths=300, series=[y[:n] for n in ends]), 1)
    truth = np.stack([y[n : n + 8] for n in ends])
    inside = (low <= truth) & (truth <= high)
    # 80 bands of 8 steps that hang together: a standard error of 0.02 or so, and what was learned
    # from 2000 steps is off by as much.
    assert inside.mean() == pytest.approx(0.8, abs=0.08)
    # Far ahead the spread is that of the process, 1 / sqrt(1 - 0.64); one step ahead it is 1.
    width = (high - low).mean(0) / 2.563
    assert width[0] == pytest.approx(1, abs=0.12)
    assert width[7] == pytest.approx(1.63, abs=0.25)


def test_seeds_decide_the_draws() -> None:
    model = forecaster(random_state=5).fit(autoregressive(60))
    np.testing.assert_array_equal(model.sample(4, 3), model.sample(4, 3, random_state=5))
    assert np.abs(model.sample(4, 3) - model.sample(4, 3, random_state=6)).min() > 0
    free = forecaster(random_state=None).fit(autoregressive(60))
    assert np.abs(free.sample(4, 3) - free.sample(4, 3)).min() > 0


def test_inputs_known_ahead_are_read() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(330, 2))
    y = 50 + 10 * (x[:, 0] - x[:, 1])
    model = fr.Forecaster(hidden_size=16, epochs=60, output_lags=1).fit(y[:300], x[:300])
    np.testing.assert_allclose(model.predict(30, x[300:]), y[300:], atol=6)
    assert np.corrcoef(model.predict(30, x[300:]), y[300:])[0, 1] > 0.98
    # More than needed may be given, and the steps do not know what comes.
    np.testing.assert_allclose(model.predict(7, x[300:]), model.predict(30, x[300:])[:7], rtol=1e-5)
    again = model.predict(30, x[300:], series=y[:300], past_inputs=x[:300])
    np.testing.assert_allclose(again, model.predict(30, x[300:]), rtol=1e-6)
    assert model.quantiles(5, paths=10, inputs=x[300:]).shape == (3, 5)


def test_inputs_beside_many_series() -> None:
    series = waves()
    inputs = [np.arange(float(len(one))) for one in series]
    ahead = [len(one) + np.arange(6.0) for one in series]
    model = forecaster(input_lags=1).fit(series, inputs)
    for number, one in enumerate(model.predict(6, ahead)):
        x, coming = inputs[number][:, None], ahead[number][:, None]
        np.testing.assert_allclose(
            one, by_hand(model, series[number], 6, x, coming), rtol=1e-5
        )  # float32
    (alone,) = forecaster().fit(series[:1], inputs[:1]).predict(6, ahead[:1])
    assert alone.shape == (6,)


@pytest.mark.parametrize("recurrence", ["both", "output"])
def test_missing_values_are_masked(recurrence: str) -> None:
    y = 100 + waves(80, 1)[0]
    y[[5, 30, 31, 76, 79]] = np.nan
    data = fr.Sequences(None, y, missing="mask", dtype=torch.float64)
    model = forecaster(recurrence=recurrence, output_lags=4).fit(data)
    path = fr.run(model.network_, 5, warmup=(None, y[:, None]))
    np.testing.assert_allclose(model.predict(5), path.y.numpy()[:, 0], rtol=1e-5)  # float32
    assert np.isfinite(model.sample(5, 3)).all()
    assert np.isfinite(model.score(data))


def test_a_season_comes_from_the_parameter_or_the_data() -> None:
    (y,) = waves(80, 1)

    def lags(X: Any, season: int | None = None) -> Any:
        return forecaster(season=season).fit(X).recipe_.output_lags

    five, seven = (fr.Sequences(None, y, season=season) for season in (5, 7))
    assert len({lags(five), lags(seven), lags(y)}) == 3
    assert lags(y, 7) == lags(five, 7) == lags(seven)
    assert five.season == 5
    t = np.arange(120)
    model = forecaster(season=12, horizon=6, start="random").fit(np.sin(2 * np.pi * t / 12))
    # Nothing is better than the season before, which is exact but for rounding.
    assert model.score(np.sin(2 * np.pi * t / 12)) < -1e6


def test_skill_is_measured_on_the_part_held_back() -> None:
    y = autoregressive(400, decay=0.99)
    model = fr.Forecaster(hidden_size=4, epochs=1, lr=1e-6, validate=0.2, start="random")
    with pytest.warns(UserWarning, match=r"^Forecaster: no better than trivial on the part held"):
        model.fit(np.cumsum(y))
    assert model.skill_ is not None
    assert model.skill_.value <= 0
    assert model.history_.monitor == "valid_free_error"
    t = np.arange(300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        good = fr.Forecaster(hidden_size=16, epochs=20, validate=0.2, horizon=5).fit(np.sin(t / 4))
    assert good.skill_ is not None
    assert good.skill_.value > 0.5
    assert good.skill_.horizon == 5
    assert good.score(np.sin(np.arange(100) / 4)) > 0.5
    assert forecaster().fit(y).skill_ is None


def test_a_constant_series_is_its_own_forecast_and_scores_nothing() -> None:
    series = [np.full(50, 7.0), *waves()]
    model = forecaster(residual=True, head="Point").fit(series)
    assert np.isfinite(model.predict(5)[0]).all()
    assert model.score(np.full(50, 7.0)) in (0.0, 1.0)


def test_where_nothing_is_said_the_tail_decides_and_bands_are_widened(tmp_path: Path) -> None:
    y = np.sin(np.arange(120) / 2) + 0.2 * autoregressive(120)
    model = fr.Forecaster(hidden_size=8).fit(y)
    assert model.recipe_.epochs is not None
    assert model.recipe_.validate is None
    assert model.skill_ is not None
    assert model.widening_ >= 1
    again = fr.Forecaster(hidden_size=8).fit(y)
    np.testing.assert_array_equal(model.predict(5), again.predict(5))
    model.widening_ = 1.0
    near = model.sample(5, 4)
    model.widening_ = 2.0
    middle = model.predict(5)
    # Float32, and differences of numbers of order 1.
    np.testing.assert_allclose(model.sample(5, 4) - middle, 2 * (near - middle), atol=1e-5)
    model.save(tmp_path / "run")
    kept = fr.Forecaster.load(tmp_path / "run")
    assert (kept.widening_, kept.skill_) == (2.0, model.skill_)
    np.testing.assert_array_equal(kept.sample(5, 4), model.sample(5, 4))


def test_no_epochs_leave_the_linear_start() -> None:
    y = 5 + 0.9 ** np.arange(60) * np.cos(np.arange(60))
    model = fr.Forecaster(epochs=0, hidden_size=4, output_lags=3).fit(y)
    assert len(model.history_) == 0
    t = np.arange(60, 64)
    # Ridge regression and float32 shrink a wave of 2e-3 beside numbers of order 1 a little.
    np.testing.assert_allclose(model.predict(4), 5 + 0.9**t * np.cos(t), atol=2e-3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"head": "gaussian"}, "got 'gaussian'. Did you mean 'Gaussian'?"),
        ({"head": "Categorical"}, "Forecaster: head must be one of 'StudentT', 'Gaussian'"),
        ({"recurrence": "hidden"}, "Forecaster: recurrence must be one of 'output', 'both', got"),
        ({"start": "ridge"}, "Forecaster: start must be one of 'linear', 'random', got 'ridge'."),
        ({"scale": "each"}, "Forecaster: scale must be one of 'series', 'all', got 'each'."),
        ({"forcing": "automatic"}, "Forecaster: forcing must be one of 'TeacherForcing'"),
        ({"forcing": "teacher"}, "Forecaster: forcing must be one of 'TeacherForcing'"),
        ({"forcing": "FreeRunning:warmup=x"}, "Forecaster: forcing FreeRunning: warmup must be a "),
        ({"forcing": None}, "forcing must be like fr.TeacherForcing(), got None."),
        ({"forcing": fr.FreeRunning}, "forcing must be an object, got the class FreeRunning."),
        ({"window": 0}, "Forecaster: window must be a whole number of 1 or more, got 0."),
        ({"window": 90}, "Forecaster: window must be at most 60, the steps of the longest series"),
        ({"horizon": "far"}, "Forecaster: horizon must be a whole number of 1 or more, got 'far'."),
        ({"season": 0}, "season must be a whole number of 1 or more, got 0."),
        ({"validate": 0.1, "horizon": 20}, "Forecaster: validate must hold back 20 steps or more"),
        ({"validate": 1}, "Forecaster: validate must be a share above 0 and below 1, got 1."),
        ({"validate": 0.2, "patience": 1.5}, "Forecaster: patience must be a whole number of 1"),
        ({"random_state": 0.5}, "Forecaster: random_state must be a whole number from 0 to"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        forecaster(**parameters).fit(waves(60, 1)[0])


def test_what_cannot_be_forecast_is_refused() -> None:
    (y,) = waves(60, 1)
    model = forecaster().fit(y)
    point = forecaster(head="Point").fit(y)
    asked: list[tuple[Any, str]] = [
        (lambda: model.predict(0), "Forecaster: steps must be a whole number of 1 or more, got 0."),
        (lambda: model.predict(2, inputs=[1.0, 2.0]), "there were no inputs in training, got some"),
        (lambda: model.predict(2, past_inputs=y), "past_inputs stand beside series, got no series"),
        (lambda: model.sample(2, 0), "Forecaster.sample: paths must be a whole number of 1"),
        (lambda: model.quantiles(2, paths=1), "Forecaster.quantiles: paths must be a whole number"),
        (lambda: model.quantiles(2, 1.5), "quantiles must be numbers from 0 to 1, got 1.5."),
        (lambda: model.sample(2, random_state="x"), "Forecaster.sample: random_state must be"),
        (lambda: point.sample(2), "a head must have a spread to draw from, got 'Point'. Use pred"),
        (lambda: point.quantiles(2), "Forecaster.quantiles: a head must have a spread to draw"),
        (
            lambda: model.predict(2, series=np.ones((20, 2))),
            "Forecaster: series of 1 outputs and 0 inputs, as in training, got 2 and 0.",
        ),
        (lambda: model.score(y[:5]), "steps are needed"),
    ]
    for ask, message in asked:
        with pytest.raises(ValueError, match=re.escape(message)):
            ask()


def test_inputs_that_do_not_fit_are_refused() -> None:
    series = waves(60, 2)
    inputs = [np.ones((len(one), 2)) for one in series]
    model = forecaster().fit(series, inputs)
    single = forecaster().fit(series[0], inputs[0])
    asked: list[tuple[Any, str]] = [
        (
            lambda: single.predict(3),
            "inputs must be given, 2 for each step, got None. Pass inputs=",
        ),
        (
            lambda: single.predict(3, np.ones((2, 2))),
            "inputs must be (3, 2), got (2, 2). Pass more",
        ),
        (lambda: single.predict(3, np.ones((3, 1))), "inputs must be (3, 2), got (3, 1)."),
        (lambda: single.predict(1, [[np.nan, 1.0]]), "inputs must be finite, got NaN or infinity"),
        (
            lambda: model.predict(3, np.ones((3, 2))),
            "inputs must be a list, as the series are, got",
        ),
        (lambda: model.predict(3, [np.ones((3, 2))]), "inputs must be given for 2 series, got 1."),
        (
            lambda: model.predict(3, [np.ones((3, 2)), np.ones((2, 2))]),
            "inputs must be (3, 2) for series 1, got (2, 2).",
        ),
        (lambda: single.predict(3, np.ones((3, 2)), series=series[0]), "got 1 and 0."),
    ]
    for ask, message in asked:
        with pytest.raises(ValueError, match=re.escape(message)):
            ask()
    with pytest.raises(fr.ArgumentError, match="x and y of series 0 must have the same number of"):
        forecaster().fit(series[0], inputs[1])


@pytest.mark.parametrize("head", ["Poisson", "NegativeBinomial"])
def test_counts_stay_counts(head: str) -> None:
    y = np.random.default_rng(0).poisson(5, 80).astype(float)
    model = forecaster(head=head).fit([y, 2 * y])
    assert model.recipe_.scale == "all"
    paths = model.sample(5, 20)[0]
    np.testing.assert_array_equal(paths, paths.round())
    assert (paths >= 0).all()


SHORTLIST = ("TeacherForcing", "FreeRunning:warmup=2")


@pytest.fixture
def short_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "AUTO", SHORTLIST)


@pytest.mark.usefixtures("short_list")
def test_a_policy_is_chosen_and_trained_by_where_it_is_left_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is taken is the second one, by a margin that everything passes."""
    monkeypatch.setattr(policies, "MARGIN", 1e9)
    (y,) = waves(60, 1)
    model = forecaster(forcing="auto").fit(y)
    assert model.recipe_.forcing == SHORTLIST[1]
    assert list(model.tried_) == list(SHORTLIST)
    assert model.forcing == "auto"
    same = forecaster(forcing=SHORTLIST[1]).fit(y)
    assert same.tried_ == {}
    assert same.recipe_ == model.recipe_
    np.testing.assert_array_equal(model.predict(5), same.predict(5))
    other = forecaster(forcing=SHORTLIST[0]).fit(y)
    assert not np.array_equal(model.predict(5), other.predict(5))


@pytest.mark.usefixtures("short_list")
def test_no_policy_that_trains_is_said_in_the_name_of_the_forecaster() -> None:
    (y,) = waves(60, 1)
    message = "Forecaster: forcing='auto' must find a policy that trains, got none of 2; TeacherF"
    with pytest.raises(fr.NonFiniteError, match=message):
        forecaster(forcing="auto", lr=1e30, start="random").fit(y)
