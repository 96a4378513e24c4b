"""Figures over seeds, against values computed by hand or printed in tables."""

import math

import pytest

import freerun as fr
from freerun.comparison import Difference, Spread
from freerun.comparison.statistics import student_t


@pytest.mark.parametrize(
    ("freedom", "printed"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (29, 2.045),
     (30, 2.042), (99, 1.984), (1000, 1.962)],
)  # fmt: skip
def test_t_is_what_tables_print(freedom: int, printed: float) -> None:
    assert student_t(freedom) == pytest.approx(printed, abs=5e-4)


def test_t_of_other_shares() -> None:
    assert student_t(1, 0.5) == pytest.approx(1)  # the quartiles of Cauchy's distribution
    assert student_t(2, 0.99) == pytest.approx(9.925, abs=5e-4)


def test_a_spread_by_hand() -> None:
    found = Spread.of([4.0, 1.0, 3.0, 2.0])
    assert (found.count, found.mean, found.median) == (4, 2.5, 2.5)
    assert found.sd == pytest.approx(math.sqrt(5 / 3))
    assert (found.low, found.high) == (1.75, 3.25)


def test_spreads_of_one_and_of_none() -> None:
    one, none = Spread.of([7.0]), Spread.of([])
    assert (one.count, one.mean, one.median, one.low, one.high) == (1, 7.0, 7.0, 7.0, 7.0)
    assert math.isnan(one.sd)
    assert none.count == 0
    assert math.isnan(none.mean)


def test_a_difference_by_hand() -> None:
    """Logarithms of the ratios -1, -2 and -3: their mean is -2, their s.d. 1."""
    found = Difference.of([math.exp(-1), math.exp(-1), math.exp(-1)], [1.0, math.e, math.e**2])
    half = 4.3027 / math.sqrt(3)
    assert found.count == 3
    assert math.log(found.ratio) == pytest.approx(-2)
    assert math.log(found.low) == pytest.approx(-2 - half, abs=1e-3)
    assert math.log(found.high) == pytest.approx(-2 + half, abs=1e-3)
    assert found.verdict == "within the spread of seeds"  # 2 < 2.48


def test_pairs_see_what_means_do_not() -> None:
    """Seeds lie far apart, but each is a tenth better: unpaired this would be lost."""
    beside = [1.0, 10.0, 100.0, 1000.0]
    assert Difference.of([0.90 * v for v in beside], beside).verdict == "lower"
    assert Difference.of([1.01, 11.2, 109, 1100], beside).verdict == "higher"
    mixed = Difference.of([1.2, 8, 130, 700], beside)
    assert mixed.verdict == "within the spread of seeds"
    assert mixed.low < 1 < mixed.high


def test_the_other_way_round_is_the_reciprocal() -> None:
    one = Difference.of([1.0, 2.0, 2.5], [2.0, 3.0, 6.0])
    other = Difference.of([2.0, 3.0, 6.0], [1.0, 2.0, 2.5])
    assert one.ratio == pytest.approx(1 / other.ratio)
    assert (one.low, one.high) == pytest.approx((1 / other.high, 1 / other.low))


def test_the_same_is_no_difference() -> None:
    same = Difference.of([3.0, 5.0], [3.0, 5.0])
    assert (same.ratio, same.verdict) == (1, "within the spread of seeds")


def test_one_pair_says_nothing_and_none_less() -> None:
    one = Difference.of([2.0], [4.0])
    assert (one.count, one.ratio, one.verdict) == (1, 0.5, "unknown")
    assert math.isnan(one.low)
    assert Difference.of([], []).verdict == "unknown"
    assert Difference.of([0.0], [0.0]).count == 0


def test_two_seeds_far_apart_have_an_interval_without_end() -> None:
    assert Difference.of([1e-200, 1e200], [1.0, 1.0]).high == math.inf


def test_pairs_must_be_pairs() -> None:
    with pytest.raises(fr.ArgumentError, match="must have the same seeds, got 1 and 2"):
        Difference.of([1.0], [1.0, 2.0])
