"""Heads for counts: y in 0, 1, 2, ..."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.distributions import NegativeBinomial as NegativeBinomialDistribution
from torch.distributions import Poisson as PoissonDistribution
from torch.nn.functional import softplus

from freerun._checks import check_integer
from freerun.heads._interface import Head, softplus_floor, summed

__all__ = ["NegativeBinomial", "Poisson"]

LOG_MEAN_LIMIT = 80.0
"""Means are kept below e^80, which float32 still holds."""


class _Counts(Head):
    """What the count heads share: log mean = o[..., :outputs], and log(1 + mean) is fed back.

    g(o) = log(1 + e^o) is softplus: it grows like o itself, so that a closed loop does not explode.
    """

    scalable: ClassVar[bool] = False
    law: ClassVar[str] = "uniform"
    reparameterised: ClassVar[bool] = False
    kernel_feed: ClassVar[str | None] = "log_count"
    outputs: int
    parameters: ClassVar[int]

    @property
    def size(self) -> int:
        return self.parameters * self.outputs

    @property
    def fed_size(self) -> int:
        return self.outputs

    @property
    def location_size(self) -> int:
        return 0

    def mean(self, o: Tensor) -> Tensor:
        return _log_mean(o[..., : self.outputs]).exp()

    def feed_mean(self, o: Tensor) -> Tensor:
        return softplus(_log_mean(o[..., : self.outputs]))

    def feed_truth(self, y: Tensor) -> Tensor:
        return y.log1p()

    def from_fed(self, fed: Tensor) -> Tensor:
        return fed.expm1()


@dataclass(frozen=True)
class Poisson(_Counts):
    """Poisson counts with rate e^o.

    Args:
        outputs: features of y, independent given o.
    """

    outputs: int = 1
    parameters: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_integer("Poisson", "outputs", self.outputs, 1)

    @property
    def noise_size(self) -> int:
        return self.outputs

    def distribution(self, o: Tensor) -> Distribution:
        return PoissonDistribution(_log_mean(o).exp(), validate_args=False)

    def nll(
        self, o: Tensor, y: Tensor, observed: Tensor | None = None, scale: Tensor | None = None
    ) -> Tensor:
        log_mean = _log_mean(o)  # not the logarithm of a rate that may have vanished
        return summed(log_mean.exp() - y * log_mean + torch.lgamma(y + 1), observed)

    def feed_sample(self, o: Tensor, noise: Tensor) -> Tensor:
        return poisson_quantile(self.mean(o), noise).log1p()


@dataclass(frozen=True)
class NegativeBinomial(_Counts):
    """Counts with more spread than Poisson's: variance = mean + mean^2 / r.

        o = (log mean, raw),  r = softplus(raw + 0.5413) + 1e-4

    Args:
        outputs: features of y, independent given o.
    """

    outputs: int = 1
    parameters: ClassVar[int] = 2

    def __post_init__(self) -> None:
        check_integer("NegativeBinomial", "outputs", self.outputs, 1)

    @property
    def noise_size(self) -> int:
        return 2 * self.outputs

    def distribution(self, o: Tensor) -> Distribution:
        log_mean, raw = o.chunk(2, -1)
        r = softplus_floor(raw)
        return NegativeBinomialDistribution(
            r, logits=_log_mean(log_mean) - r.log(), validate_args=False
        )

    def nll(
        self, o: Tensor, y: Tensor, observed: Tensor | None = None, scale: Tensor | None = None
    ) -> Tensor:
        return summed(-self.distribution(o).log_prob(y), observed)

    def feed_sample(self, o: Tensor, noise: Tensor) -> Tensor:
        """A Poisson count whose rate is drawn from a gamma of shape r: the same distribution."""
        u, v = noise.chunk(2, -1)
        r = softplus_floor(o[..., self.outputs :])
        rate = self.mean(o) * gamma_quantile(r, u) / r
        return poisson_quantile(rate, v).log1p()


def _log_mean(o: Tensor) -> Tensor:
    return o.clamp(max=LOG_MEAN_LIMIT)


def poisson_quantile(rate: Tensor, u: Tensor) -> Tensor:
    """The least count k with P(count <= k) >= u, without gradient; float64 inside."""
    wide, level = rate.detach().double(), u.double()
    most = (wide + 12 * wide.sqrt() + 40).ceil()
    steps = math.ceil(math.log2(float(most.nan_to_num(0).max()) + 1)) + 1
    enough = _bisect(
        lambda k: torch.special.gammaincc(k.floor() + 1, wide) >= level, most, min(steps, 1100)
    )
    return enough.floor().to(rate)


def gamma_quantile(shape: Tensor, u: Tensor) -> Tensor:
    """The quantile of a gamma distribution with scale 1, without gradient; float64 inside."""
    wide, level = shape.detach().double(), u.double()
    most = wide + 12 * wide.sqrt() + 40
    found = _bisect(lambda x: torch.special.gammainc(wide, x) >= level, most, 60)
    return found.to(shape)


def _bisect(enough: Callable[[Tensor], Tensor], most: Tensor, steps: int) -> Tensor:
    """The least point of [0, most] where ``enough`` holds, to ``most`` / 2^steps, from above."""
    low, high = torch.zeros_like(most), most
    for _ in range(steps):
        middle = (low + high) / 2
        holds = enough(middle)
        low, high = torch.where(holds, low, middle), torch.where(holds, middle, high)
    return high
