"""What several seeds say: how far they lie apart, and whether two policies differ by more."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from freerun._checks import check_integer, fail

__all__ = ["Difference", "Spread", "student_t"]

CONFIDENCE = 0.95

SAME = 1e-9
"""Ratios this near to 1 are rounding."""


@dataclass(frozen=True)
class Spread:
    """A figure over several seeds.

        mean = (1/n) sum_i v_i        sd^2 = 1/(n-1) sum_i (v_i - mean)^2

    Mean and standard deviation are what papers print and can be compared with; the median and the
    quartiles (linear between the values in order) say the same of figures of which one or two
    are far off.

    Attributes:
        count: How many seeds, n.
        mean: Their mean; NaN of none.
        sd: Their standard deviation; NaN of fewer than two.
        median: Their median; NaN of none.
        low: The lower quartile.
        high: The upper quartile.
    """

    count: int
    mean: float
    sd: float
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of finite ``values``.

        Example:
            >>> Spread.of([1.0, 2.0, 6.0])
            Spread(count=3, mean=3.0, sd=2.645..., median=2.0, low=1.5, high=4.0)
        """
        if not values:
            return cls(0, *[math.nan] * 5)
        ordered = sorted(values)
        sd = statistics.stdev(ordered) if len(ordered) > 1 else math.nan
        low, median, high = (_quantile(ordered, share) for share in (0.25, 0.5, 0.75))
        return cls(len(ordered), statistics.fmean(ordered), sd, median, low, high)


@dataclass(frozen=True)
class Difference:
    """How a policy's error compares with another's, paired by seed.

        d_i = ln(v_i / u_i)           ratio = exp(mean d)
        interval = exp(mean d -+ t(0.975, n - 1) sd(d) / sqrt(n))

    The same seed gives both policies the same initial weights and the same order of batches, so
    that what the two share cancels in d. Errors are positive and their spread grows with them:
    their logarithms, not they, are about normal. Over several seeds an interval that holds 1 is
    called *within the spread of seeds*: so much of a difference the choice of seeds makes alone.

    Attributes:
        count: Seeds on which neither failed, n.
        ratio: Geometric mean of v / u; below 1 the policy is better. NaN without a common seed.
        low: Where the 95 % interval of the ratio begins; NaN for fewer than two seeds.
        high: Where it ends.

    Source: the paired t interval, Student 1908; for the choice of pairs, Box, Hunter and Hunter
    2005, section 3.2.
    """

    count: int
    ratio: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float], beside: Sequence[float]) -> "Difference":
        """Of errors v ``values`` and u ``beside``, seed by seed, all positive and finite.

        Example:
            >>> found = Difference.of([2.0, 2.0, 2.2], [4.0, 4.0, 4.0])
            >>> round(found.ratio, 3), round(found.low, 3), round(found.high, 3), found.verdict
            (0.516, 0.45, 0.592, 'lower')
        """
        if len(values) != len(beside):
            got = f"{len(values)} and {len(beside)}"
            fail("Difference.of", "both must have the same seeds", got, "Leave out the others.")
        # Of an error of nothing, as on data without noise, a ratio says nothing.
        pairs = [(v, u) for v, u in zip(values, beside, strict=True) if v > 0 and u > 0]
        logs = [math.log(v / u) for v, u in pairs]
        if not logs:
            return cls(0, math.nan, math.nan, math.nan)
        mean = statistics.fmean(logs)
        if len(logs) == 1:
            return cls(1, math.exp(mean), math.nan, math.nan)
        half = student_t(len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
        return cls(len(logs), math.exp(mean), _exp(mean - half), _exp(mean + half))

    @property
    def verdict(self) -> str:
        """``"lower"``, ``"higher"``, ``"within the spread of seeds"`` or ``"unknown"``."""
        if self.count < 2:
            return "unknown"
        if self.low <= 1 + SAME and self.high >= 1 - SAME:
            return "within the spread of seeds"
        return "lower" if self.high < 1 else "higher"


def student_t(freedom: int, confidence: float = CONFIDENCE) -> float:
    """t for which a share ``confidence`` of Student's distribution lies within [-t, t].

    For whole degrees of freedom n that share is a finite sum. With c = cos atan(t / sqrt n) and
    s its sine,

        n odd:   2/pi (atan(t / sqrt n) + s (c + 2/3 c^3 + (2*4)/(3*5) c^5 + ... + c^(n-2)))
        n even:  s (1 + 1/2 c^2 + (1*3)/(2*4) c^4 + ... + c^(n-2))

    and t is found by halving. For infinitely many it is 1.96.

    Example:
        >>> [round(student_t(n), 3) for n in (1, 4, 9)]
        [12.706, 2.776, 2.262]

    Source: Abramowitz and Stegun 1964, equations 26.7.3 and 26.7.4.
    """
    check_integer("student_t", "freedom", freedom, 1)
    least, most = 0.0, math.pi / 2
    for _ in range(60):  # halvings of the angle: more than a double has digits
        middle = (least + most) / 2
        if _within(middle, freedom) < confidence:
            least = middle
        else:
            most = middle
    return math.tan(most) * math.sqrt(freedom)


def _within(angle: float, freedom: int) -> float:
    cosine, odd = math.cos(angle), freedom % 2
    term, total = (cosine if odd else 1.0), 0.0
    for power in range(odd, freedom - 1, 2):
        total += term
        term *= cosine**2 * (power + 1) / (power + 2)
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _exp(value: float) -> float:
    """An interval of two seeds may reach further than numbers do."""
    return math.exp(value) if value < 700 else math.inf
