"""Heads for real-valued y: a bare location, or one with a Gaussian, Laplace or Student-t spread."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal
from torch.distributions import Laplace as LaplaceDistribution
from torch.distributions import StudentT as StudentTDistribution

from freerun._checks import check_integer
from freerun.heads._interface import Head, refuse_sampling, softplus_floor, summed

__all__ = ["Gaussian", "Laplace", "Point", "StudentT"]


class _Located(Head):
    """What the heads with a location m = o[..., :outputs] share: m is the mean, and is fed back."""

    scalable: ClassVar[bool] = True
    kernel_feed: ClassVar[str | None] = "location"
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
        return self.outputs

    def mean(self, o: Tensor) -> Tensor:
        return o[..., : self.outputs]

    def feed_mean(self, o: Tensor) -> Tensor:
        return o[..., : self.outputs]

    def feed_truth(self, y: Tensor) -> Tensor:
        return y

    def from_fed(self, fed: Tensor) -> Tensor:
        return fed


class _Density(_Located):
    """What the located heads with a density share: their NLL, in scaled units or in the user's."""

    reparameterised: ClassVar[bool] = True

    def nll(
        self, o: Tensor, y: Tensor, observed: Tensor | None = None, scale: Tensor | None = None
    ) -> Tensor:
        elements = -self.distribution(o).log_prob(y)
        if scale is not None:
            elements = elements + scale.log()
        return summed(elements, observed)

    def in_units(self, total: Tensor, steps: float, scale: Tensor) -> Tensor | None:
        return total.detach() + steps * scale.log().sum()

    @abstractmethod
    def distribution(self, o: Tensor) -> Distribution: ...


@dataclass(frozen=True)
class Point(_Located):
    """A location and nothing else: squared error, 0.5 |y - o|^2 summed over features.

    It says nothing about spread, so it has no distribution and refuses sampling.

    Args:
        outputs: features of y.
    """

    outputs: int = 1
    parameters: ClassVar[int] = 1
    reparameterised: ClassVar[bool] = False
    can_sample: ClassVar[bool] = False
    kernel_score: ClassVar[str | None] = "point"

    def __post_init__(self) -> None:
        check_integer("Point", "outputs", self.outputs, 1)

    @property
    def noise_size(self) -> int:
        return 0

    def distribution(self, o: Tensor) -> Distribution:
        refuse_sampling("Point", "distribution")

    def nll(
        self, o: Tensor, y: Tensor, observed: Tensor | None = None, scale: Tensor | None = None
    ) -> Tensor:
        error = y - o if scale is None else scale * (y - o)
        return summed(0.5 * error.square(), observed)

    def in_units(self, total: Tensor, steps: float, scale: Tensor) -> Tensor | None:
        return total.detach() * scale.square().sum() if self.outputs == 1 else None

    def feed_sample(self, o: Tensor, noise: Tensor) -> Tensor:
        refuse_sampling("Point")


@dataclass(frozen=True)
class Gaussian(_Density):
    """Normal(m, sigma), both read off o.

        o = (m, raw),  sigma = softplus(raw + 0.5413) + 1e-4, which is 1 at raw = 0

    Args:
        outputs: features of y, independent given o.
    """

    outputs: int = 1
    parameters: ClassVar[int] = 2
    law: ClassVar[str] = "normal"
    kernel_draw: ClassVar[str | None] = "gaussian"
    kernel_score: ClassVar[str | None] = "gaussian"

    def __post_init__(self) -> None:
        check_integer("Gaussian", "outputs", self.outputs, 1)

    @property
    def noise_size(self) -> int:
        return self.outputs

    def distribution(self, o: Tensor) -> Distribution:
        location, raw = o.chunk(2, -1)
        return Normal(location, softplus_floor(raw), validate_args=False)

    def feed_sample(self, o: Tensor, noise: Tensor) -> Tensor:
        location, raw = o.chunk(2, -1)
        return location + softplus_floor(raw) * noise


@dataclass(frozen=True)
class Laplace(_Density):
    """Laplace(m, s), both read off o: o = (m, raw), s = softplus(raw + 0.5413) + 1e-4.

    Args:
        outputs: features of y, independent given o.
    """

    outputs: int = 1
    parameters: ClassVar[int] = 2
    law: ClassVar[str] = "uniform"
    kernel_draw: ClassVar[str | None] = "laplace"
    kernel_score: ClassVar[str | None] = "laplace"

    def __post_init__(self) -> None:
        check_integer("Laplace", "outputs", self.outputs, 1)

    @property
    def noise_size(self) -> int:
        return self.outputs

    def distribution(self, o: Tensor) -> Distribution:
        location, raw = o.chunk(2, -1)
        return LaplaceDistribution(location, softplus_floor(raw), validate_args=False)

    def feed_sample(self, o: Tensor, noise: Tensor) -> Tensor:
        """The quantile of the uniform ``noise``: m - s sign(v) log(1 - 2 |v|), v = noise - 1/2."""
        location, raw = o.chunk(2, -1)
        v = noise - 0.5
        return location - softplus_floor(raw) * v.sign() * torch.log1p(-2 * v.abs())


@dataclass(frozen=True)
class StudentT(_Density):
    """Student's t with location m, scale s and nu degrees of freedom, all read off o.

        o = (m, raw_s, raw_nu)
        s = softplus(raw_s + 0.5413) + 1e-4,  nu = 2 + softplus(raw_nu + 0.5413) + 1e-4

    nu stays above 2, so that the variance exists; it is 3 at raw_nu = 0.

    Args:
        outputs: features of y, independent given o.
    """

    outputs: int = 1
    parameters: ClassVar[int] = 3
    law: ClassVar[str] = "uniform"
    kernel_draw: ClassVar[str | None] = "student_t"

    def __post_init__(self) -> None:
        check_integer("StudentT", "outputs", self.outputs, 1)

    @property
    def noise_size(self) -> int:
        return 2 * self.outputs

    def distribution(self, o: Tensor) -> Distribution:
        location, raw, raw_freedom = o.chunk(3, -1)
        freedom = 2 + softplus_floor(raw_freedom)
        # PyTorch checks nu whatever it is told; where a loop diverged, the density shall be NaN.
        finite = freedom.isfinite()
        location = torch.where(finite, location, math.nan)
        freedom = torch.where(finite, freedom, 2.0)
        return StudentTDistribution(freedom, location, softplus_floor(raw), validate_args=False)

    def feed_sample(self, o: Tensor, noise: Tensor) -> Tensor:
        """m + s sqrt(nu (u^(-2/nu) - 1)) cos(2 pi v) for uniform u, v: exact (Bailey 1994)."""
        location, raw, raw_freedom = o.chunk(3, -1)
        u, v = noise.chunk(2, -1)
        freedom = 2 + softplus_floor(raw_freedom)
        radius = torch.sqrt(freedom * torch.expm1(-2 / freedom * u.log()))
        return location + softplus_floor(raw) * radius * torch.cos(2 * math.pi * v)
