"""`fr.compare`: fair, the same however it is run, and failures are findings."""

import dataclasses
import math
import pickle
from collections.abc import Sequence
from typing import Any

import pytest
import torch

import freerun as fr
from freerun.comparison.trial import Setting
from freerun.plan import Forcing
from tests.comparison.examples import (
    Amplifies,
    Counts,
    Ends,
    Explodes,
    Interrupts,
    Refuses,
    build,
    series,
)

POLICIES: Sequence[Forcing] = (fr.TeacherForcing(), fr.FreeRunning(), Explodes())


def compare(forcings: Any = POLICIES, **given: Any) -> fr.Comparison:
    train, test = series()
    how = {"epochs": 2, "seeds": 3, "horizon": 6, "batch_size": 4, "progress": False, **given}
    return fr.compare(build, train, test, forcings, **how)


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key != "seconds"}
    return [without_times(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def found() -> fr.Comparison:
    return compare()


def test_every_policy_is_tried_from_every_seed(found: fr.Comparison) -> None:
    names = ["TeacherForcing", "FreeRunning", "Explodes"]
    assert [(one.forcing, one.seed) for one in found.outcomes] == [
        (name, seed) for name in names for seed in range(3)
    ]
    assert (found.baseline, found.horizon, found.horizons) == ("TeacherForcing", 6, (5, 6))
    for one in found.outcomes:
        if one.failure is None:
            assert len(one.by_step) == 6
            assert one.epochs == 2
            assert one.seconds > 0
            assert one.trivial.keys() == {"last value", "mean"}


def test_a_trial_is_what_fit_and_exposure_gap_give(found: fr.Comparison) -> None:
    train, test = series()
    net = build(2)
    fr.fit(net, train, forcing=fr.FreeRunning(), epochs=2, batch_size=4, seed=2, progress=False)
    gap = fr.exposure_gap(net, test, 6)
    one = found.of("FreeRunning")[2]
    assert one.by_step == tuple(gap.free_running.tolist())
    assert one.one_step == pytest.approx(float(gap.teacher_forced.square().mean().sqrt()))
    assert one.free_running == pytest.approx(float(gap.free_running.square().mean().sqrt()))
    assert one.ratio == one.free_running / one.one_step


def test_policies_differ_in_nothing_else() -> None:
    """The same policy under two names gives the same errors: weights and batches are the same."""
    twice = compare({"one": fr.FreeRunning(), "other": fr.FreeRunning()})
    for one, other in zip(twice.of("one"), twice.of("other"), strict=True):
        assert one.by_step == other.by_step
    assert len({one.by_step for one in twice.of("one")}) == 3  # and seeds differ
    assert twice.rows[1].free_running_beside.ratio == 1
    assert twice.rows[1].free_running_beside.verdict == "within the spread of seeds"


def test_two_workers_find_the_same_as_one(found: fr.Comparison) -> None:
    threads = torch.get_num_threads()
    two = compare(workers=2)
    assert without_times(two.to_dict()) == without_times(found.to_dict())
    assert two.of("Explodes")[1].reason == found.of("Explodes")[1].reason
    assert torch.get_num_threads() == threads


def test_what_is_not_finite_is_counted_with_its_reason(found: fr.Comparison) -> None:
    row = found.rows[2]
    assert (row.seeds, row.failed, row.not_finite, row.diverged) == (3, 1, 1, 0)
    assert (row.free_running.count, row.free_running_beside.count) == (2, 2)
    failed = found.of("Explodes")[1]
    assert failed.failure == "not finite"
    assert failed.reason.startswith("fit: loss and gradient must be finite, got loss nan")
    assert math.isnan(failed.one_step)
    assert found.failed == 1
    # On the other seeds it is teacher forcing, and pairs are of those alone.
    assert row.free_running_beside.ratio == 1


def test_a_network_that_runs_away_is_counted_too() -> None:
    found = compare([fr.TeacherForcing(), Amplifies()])
    row = found.rows[1]
    assert (row.failed, row.diverged, row.free_running.count) == (3, 3, 0)
    one = found.of("Amplifies")[0]
    assert one.failure == "diverged"
    assert one.free_running > 100 * one.trivial["mean"][0]
    assert "more than 100 times" in one.reason
    assert row.free_running_beside.verdict == "unknown"
    assert found.rows[0].failed == 0


def test_policies_that_learn_begin_anew_in_each_trial() -> None:
    policy = Counts()
    compare([policy], seeds=2)
    assert policy.uses == []


def test_seeds_can_be_chosen(found: fr.Comparison) -> None:
    some = compare(POLICIES[:2], seeds=(2, 0))
    assert some.seeds == (2, 0)
    assert [one.by_step for one in some.of("FreeRunning")] == [
        found.of("FreeRunning")[seed].by_step for seed in (2, 0)
    ]


def test_the_horizon_is_as_far_as_the_data_reach() -> None:
    found = compare(POLICIES[:1], seeds=1, horizon=None)
    assert found.horizon == 30  # the test part has so many steps
    assert found.horizons == (5, 20, 30)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_ends_it(workers: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        compare([Interrupts()], seeds=4, workers=workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_other_errors_are_no_findings(workers: int) -> None:
    with pytest.raises(LookupError, match="no such thing") as caught:
        compare([fr.TeacherForcing(), Refuses()], workers=workers)
    if workers == 2:
        assert "examples.py" in caught.value.__notes__[0]  # where it was raised


def test_a_worker_that_ends_is_said_with_its_trial() -> None:
    expected = "must last until the end, got one that ended in the trial of Ends, seed [01]"
    with pytest.raises(fr.RunError, match=expected):
        compare([Ends()], seeds=2, workers=2)


def test_workers_need_what_can_be_pickled() -> None:
    train, test = series()
    with pytest.raises(fr.ArgumentError, match=r"pickled, for several workers, .* workers=1\.$"):
        fr.compare(lambda seed: build(seed), train, test, POLICIES, epochs=1, workers=2, horizon=6)


def test_a_setting_is_pickled_plainly() -> None:
    train, test = series()
    setting = Setting(build, train, test, 6, 1, 4, fr.Optimizer(), fr.FullBPTT())
    again = pickle.loads(pickle.dumps(setting))  # noqa: S301 - we wrote it
    assert again.build is build
    assert torch.equal(again.train.batch([1]).y, train.batch([1]).y)


def test_pairs_of_arrays_are_data_too() -> None:
    wave = torch.sin(torch.arange(60.0)).numpy()
    found = fr.compare(
        build, (None, wave), (None, wave), [fr.FreeRunning()], epochs=1, seeds=1, progress=False
    )
    assert found.rows[0].failed == 0
    assert found.horizon == 58  # the lags are 2


def test_what_is_done_and_left_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    compare(POLICIES[1:], seeds=[1], progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    first, second = shown.err.splitlines()
    assert first.startswith("[1/2] FreeRunning, seed 1: error running free ")
    assert first.endswith("s left")
    assert second.startswith("[2/2] Explodes, seed 1: not finite, ")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"forcings": []}, "forcings must have one policy or more, got none"),
    ({"forcings": [fr.FreeRunning]}, "forcings must be policies, made, got <class"),
    ({"forcings": ["FreeRunning"]}, "forcings must be policies, made, got 'FreeRunning'"),
    ({"forcings": [fr.FreeRunning(), fr.FreeRunning(0)]}, "got FreeRunning twice"),
    ({"epochs": 0}, "epochs must be a whole number of 1 or more"),
    ({"batch_size": "all"}, "batch_size must be a whole number of 1 or more, got 'all'"),
    ({"seeds": 0}, "seeds must be a whole number of 1 or more"),
    ({"seeds": []}, "seeds must be one or more, got none"),
    ({"seeds": [1, 1]}, r"seeds must differ, got \[1, 1\]"),
    ({"seeds": [-1]}, "each of seeds must be a whole number from 0"),
    ({"workers": 0}, "workers must be a whole number of 1 or more"),
    ({"horizon": 0}, "horizon must be a whole number of 1 or more"),
    ({"horizon": 31}, r"horizon must be at most 30, .*, got 31\. Pass horizon=30"),
]


@pytest.mark.parametrize(("given", "said"), BAD)
def test_what_means_nothing_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises((fr.ArgumentError, fr.DataError), match=f"^compare: .*{said}"):
        compare(**given)


def test_without_an_output_edge_there_is_nothing_to_compare() -> None:
    def hidden(seed: int) -> fr.RecurrentNetwork:
        return fr.RecurrentNetwork(1, 4, fr.heads.Point(1), recurrence="hidden")

    data = (torch.randn(40, 1), torch.randn(40, 1))
    with pytest.raises(fr.ArgumentError, match=r"with an output edge, .* got recurrence='hidden'"):
        fr.compare(hidden, data, data, POLICIES, epochs=1)


def test_a_test_part_must_have_more_than_the_lags() -> None:
    train, _ = series()
    with pytest.raises(fr.DataError, match="test must have 3 steps or more"):
        fr.compare(build, train, (None, torch.ones(2)), POLICIES, epochs=1)


def test_a_comparison_does_not_change(found: fr.Comparison) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.horizon = 3  # type: ignore[misc]


def test_a_series_that_rests_is_no_reason_to_call_a_network_diverged() -> None:
    rests = (None, torch.full((40,), 5.0))
    found = fr.compare(
        build, series()[0], rests, [fr.TeacherForcing()], epochs=1, seeds=1, progress=False
    )
    assert found.outcomes[0].trivial["mean"][0] == 0
    assert found.failed == 0


def test_something_must_be_observed() -> None:
    nothing = fr.Sequences(None, torch.full((40,), torch.nan), missing="mask")
    with pytest.raises(fr.DataError, match="a target that is observed ahead, got none"):
        fr.compare(
            build, series()[0], nothing, [fr.TeacherForcing()], epochs=1, seeds=1, progress=False
        )
