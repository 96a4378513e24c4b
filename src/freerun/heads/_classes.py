"""Heads for classes, and for yes or no."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Bernoulli as BernoulliDistribution
from torch.distributions import Categorical as CategoricalDistribution
from torch.distributions import Distribution
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, one_hot

from freerun._checks import check_integer
from freerun.heads._interface import Head, summed
from freerun.heads._sampling import choose

__all__ = ["Bernoulli", "Categorical"]


@dataclass(frozen=True)
class Categorical(Head):
    """One of k classes: y-hat = softmax(o) (Goodfellow et al. 2016, eq. 10.11).

    y holds integers and has no feature axis. Fed back: the probabilities, or the one-hot vector of
    a draw; the truth as its one-hot vector.

    Args:
        classes: k.
    """

    classes: int
    scalable: ClassVar[bool] = False
    law: ClassVar[str] = "uniform"
    reparameterised: ClassVar[bool] = False
    kernel_feed: ClassVar[str | None] = "softmax"
    kernel_draw: ClassVar[str | None] = "class"
    kernel_score: ClassVar[str | None] = "class"

    def __post_init__(self) -> None:
        check_integer("Categorical", "classes", self.classes, 2)

    @property
    def size(self) -> int:
        return self.classes

    @property
    def fed_size(self) -> int:
        return self.classes

    @property
    def outputs(self) -> None:
        return None

    @property
    def location_size(self) -> int:
        return 0

    @property
    def noise_size(self) -> int:
        return 1

    def distribution(self, o: Tensor) -> Distribution:
        return CategoricalDistribution(logits=o, validate_args=False)

    def nll(
        self, o: Tensor, y: Tensor, observed: Tensor | None = None, scale: Tensor | None = None
    ) -> Tensor:
        elements = -log_softmax(o, -1).gather(-1, y.long().unsqueeze(-1)).squeeze(-1)
        return elements if observed is None else torch.where(observed, elements, 0)

    def mean(self, o: Tensor) -> Tensor:
        return o.softmax(-1)

    def feed_mean(self, o: Tensor) -> Tensor:
        return o.softmax(-1)

    def feed_sample(self, o: Tensor, noise: Tensor) -> Tensor:
        return one_hot(choose(o, noise[..., 0]), self.classes).to(o)

    def feed_truth(self, y: Tensor) -> Tensor:
        return one_hot(y.long(), self.classes).to(torch.get_default_dtype())

    def from_fed(self, fed: Tensor) -> Tensor:
        return fed.argmax(-1)


@dataclass(frozen=True)
class Bernoulli(Head):
    """Yes or no, feature by feature: p = sigmoid(o), and p is what is fed back.

    Args:
        outputs: features of y, each 0 or 1 (or between, as a soft target), independent given o.
    """

    outputs: int = 1
    scalable: ClassVar[bool] = False
    law: ClassVar[str] = "uniform"
    reparameterised: ClassVar[bool] = False
    kernel_feed: ClassVar[str | None] = "sigmoid"
    kernel_draw: ClassVar[str | None] = "bernoulli"
    kernel_score: ClassVar[str | None] = "bernoulli"

    def __post_init__(self) -> None:
        check_integer("Bernoulli", "outputs", self.outputs, 1)

    @property
    def size(self) -> int:
        return self.outputs

    @property
    def fed_size(self) -> int:
        return self.outputs

    @property
    def location_size(self) -> int:
        return 0

    @property
    def noise_size(self) -> int:
        return self.outputs

    def distribution(self, o: Tensor) -> Distribution:
        return BernoulliDistribution(logits=o, validate_args=False)

    def nll(
        self, o: Tensor, y: Tensor, observed: Tensor | None = None, scale: Tensor | None = None
    ) -> Tensor:
        return summed(binary_cross_entropy_with_logits(o, y, reduction="none"), observed)

    def mean(self, o: Tensor) -> Tensor:
        return o.sigmoid()

    def feed_mean(self, o: Tensor) -> Tensor:
        return o.sigmoid()

    def feed_sample(self, o: Tensor, noise: Tensor) -> Tensor:
        return (noise < o.sigmoid()).to(o)

    def feed_truth(self, y: Tensor) -> Tensor:
        return y

    def from_fed(self, fed: Tensor) -> Tensor:
        return fed
