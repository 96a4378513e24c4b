"""Heads: from o(t) to a distribution over y(t), and what of it is fed back."""

from freerun.heads._classes import Bernoulli, Categorical
from freerun.heads._counts import NegativeBinomial, Poisson
from freerun.heads._interface import Head
from freerun.heads._mixture import GaussianMixture
from freerun.heads._real import Gaussian, Laplace, Point, StudentT
from freerun.heads._sampling import Sampling

__all__ = [
    "HEADS",
    "Bernoulli",
    "Categorical",
    "Gaussian",
    "GaussianMixture",
    "Head",
    "Laplace",
    "NegativeBinomial",
    "Point",
    "Poisson",
    "Sampling",
    "StudentT",
    "register",
]

HEADS: dict[str, type[Head]] = {
    head.__name__: head
    for head in (
        Categorical,
        Bernoulli,
        Gaussian,
        Point,
        StudentT,
        Laplace,
        Poisson,
        NegativeBinomial,
        GaussianMixture,
    )
}
"""Every head by name; what is registered here runs through every contract of the tests."""


def register(head: type[Head]) -> type[Head]:
    """Make saved runs and the contract tests know ``head``, a frozen dataclass of plain numbers."""
    HEADS[head.__name__] = head
    return head
