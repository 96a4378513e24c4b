"""Forcing policies side by side: one network, trained by each of them from the same seeds."""

from freerun.comparison.comparing import compare
from freerun.comparison.result import Comparison, Row
from freerun.comparison.statistics import Difference, Spread
from freerun.comparison.trial import Outcome

__all__ = ["Comparison", "Difference", "Outcome", "Row", "Spread", "compare"]
