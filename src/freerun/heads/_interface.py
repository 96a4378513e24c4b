"""What a head is: the interface every head implements, and the pieces several of them share."""

from abc import ABC, abstractmethod
from typing import ClassVar, NoReturn

import torch
from torch import Tensor
from torch.distributions import Distribution

from freerun._checks import fail

__all__ = ["Head", "refuse_sampling", "softplus_floor", "summed"]

UNIT_SOFTPLUS = 0.5413248546129181
"""softplus(UNIT_SOFTPLUS) = 1: raw scales are shifted by it, so that o = 0 means a scale of 1."""

SCALE_FLOOR = 1e-4
"""The least scale, in scaled units: no likelihood runs away to infinity on a constant target."""


class Head(ABC):
    """From o(t) to a distribution over y(t).

        distribution(o)        p(y | o), from ``torch.distributions``
        nll(o, y)              - log p(y | o), summed over y's features
        feed_mean(o)           g(o): what the output edge carries in place of the truth
        feed_sample(o, noise)  the same with a draw; ``noise`` makes it a function
        feed_truth(y)          the truth in the same form
        from_fed(f)            back from that form to y

    A head holds no parameters: o carries all that it needs. Everything is in the network's (scaled)
    units.

    Attributes:
        size: features of o.
        fed_size: features of f.
        outputs: features of y; None for classes, whose y has no feature axis.
        location_size: the first ``location_size`` features of o are a location that ``residual``
            may shift; 0 where there is none.
        noise_size: numbers of noise that one draw needs.
        scalable: whether y may be shifted and scaled.
        reparameterised: whether a draw passes exact gradients to o.
        can_sample: whether draws exist.
        law: ``"normal"`` or ``"uniform"``, what noise is drawn from.
        kernel_feed: what compiled kernels call ``feed_mean``; None where they do not have it.
        kernel_draw: the same for ``feed_sample``.
        kernel_score: the same for ``nll`` of what is wholly observed, in the network's units.
    """

    scalable: ClassVar[bool]
    reparameterised: ClassVar[bool]
    can_sample: ClassVar[bool] = True
    law: ClassVar[str] = "normal"
    kernel_feed: ClassVar[str | None] = None
    kernel_draw: ClassVar[str | None] = None
    kernel_score: ClassVar[str | None] = None

    def __init_subclass__(cls) -> None:
        """A head with an NLL of its own has no other's shortcuts to it."""
        super().__init_subclass__()
        if "nll" in cls.__dict__:
            if "kernel_score" not in cls.__dict__:
                cls.kernel_score = None
            if "in_units" not in cls.__dict__:
                cls.in_units = Head.in_units  # type: ignore[method-assign]

    @property
    @abstractmethod
    def size(self) -> int:
        """Features of o."""

    @property
    @abstractmethod
    def fed_size(self) -> int:
        """Features of f."""

    @property
    @abstractmethod
    def outputs(self) -> int | None:
        """Features of y; None for classes."""

    @property
    @abstractmethod
    def location_size(self) -> int:
        """Features of o that ``residual`` may shift."""

    @property
    @abstractmethod
    def noise_size(self) -> int:
        """Numbers of noise that one draw needs."""

    @abstractmethod
    def distribution(self, o: Tensor) -> Distribution:
        """p(y | o) for o ``(..., size)``."""

    @abstractmethod
    def nll(
        self, o: Tensor, y: Tensor, observed: Tensor | None = None, scale: Tensor | None = None
    ) -> Tensor:
        """- log p(y | o), summed over features.

        Args:
            o: ``(..., size)``.
            y: ``(..., outputs)``, or ``(...)`` of classes; finite also where it is not observed.
            observed: bool of y's shape, or None for all; what is not observed adds 0.
            scale: ``(outputs,)``, user's units per scaled unit: then the density is that of the
                user's y.

        Returns:
            ``(...)``. Gradients flow to o.
        """

    @abstractmethod
    def mean(self, o: Tensor) -> Tensor:
        """The mean of y, ``(..., outputs)``; for classes the probabilities, ``(..., classes)``."""

    @abstractmethod
    def feed_mean(self, o: Tensor) -> Tensor:
        """g(o), ``(..., fed_size)``. Gradients flow to o."""

    @abstractmethod
    def feed_sample(self, o: Tensor, noise: Tensor) -> Tensor:
        """A draw as it is fed back, ``(..., fed_size)``; ``noise`` is ``(..., noise_size)``."""

    @abstractmethod
    def feed_truth(self, y: Tensor) -> Tensor:
        """y as it is fed back, ``(..., fed_size)``."""

    @abstractmethod
    def from_fed(self, fed: Tensor) -> Tensor:
        """y of what was fed, the inverse of ``feed_truth``; of probabilities the likeliest."""

    def in_units(self, total: Tensor, steps: float, scale: Tensor) -> Tensor | None:
        """From the summed NLL of wholly observed steps in scaled units to that of the user's y.

        Args:
            total: the sum.
            steps: of how many steps.
            scale: ``(outputs,)``, user's units per scaled unit.

        Returns:
            The sum, without a gradient; None where it cannot be known from the sum alone.
        """
        return None

    def noise(
        self, shape: tuple[int, ...], generator: torch.Generator | None, dtype: torch.dtype
    ) -> Tensor:
        """Noise for draws, ``(*shape, noise_size)``, on the generator's device."""
        if not self.can_sample:
            refuse_sampling(type(self).__name__)
        return LAWS[self.law]((*shape, self.noise_size), generator, dtype)


def summed(elements: Tensor, observed: Tensor | None) -> Tensor:
    """Sum what is observed over the last axis; the rest is selected away, forward and backward."""
    if observed is not None:
        elements = torch.where(observed, elements, 0)
    return elements.sum(-1)


def softplus_floor(raw: Tensor) -> Tensor:
    """softplus(raw + 0.5413) + 1e-4: a positive scale that is 1 at raw = 0."""
    return torch.nn.functional.softplus(raw + UNIT_SOFTPLUS) + SCALE_FLOOR


def uniform(
    shape: tuple[int, ...], generator: torch.Generator | None, dtype: torch.dtype
) -> Tensor:
    """Uniform noise in the open interval (0, 1): neither end has a finite quantile."""
    device = None if generator is None else generator.device
    edge = torch.finfo(dtype).eps / 2
    return torch.rand(shape, generator=generator, device=device, dtype=dtype).clamp_(edge, 1 - edge)


def normal(shape: tuple[int, ...], generator: torch.Generator | None, dtype: torch.dtype) -> Tensor:
    """Standard normal noise."""
    device = None if generator is None else generator.device
    return torch.randn(shape, generator=generator, device=device, dtype=dtype)


LAWS = {"normal": normal, "uniform": uniform}


def refuse_sampling(head: str, what: str = "sample") -> NoReturn:
    """Say that a head without a spread has nothing to draw from."""
    got, fix = "a head with a location only", "Use Gaussian, Laplace or StudentT."
    fail(head, f"a {what} needs a spread", got, fix)
