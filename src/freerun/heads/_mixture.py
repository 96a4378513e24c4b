"""The head for real-valued y with several modes."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent, MixtureSameFamily, Normal

from freerun._checks import check_integer
from freerun.heads._interface import Head, softplus_floor
from freerun.heads._sampling import choose

__all__ = ["GaussianMixture"]


@dataclass(frozen=True)
class GaussianMixture(Head):
    """A mixture of normals with diagonal covariances (Bishop 1994; Graves 2013).

        o = (logits (k), locations (k, d), raw (k, d)),  sigma = softplus(raw + 0.5413) + 1e-4
        p(y) = sum_j softmax(logits)_j prod_i Normal(y_i; location_ji, sigma_ji)

    The mean is fed back. A draw chooses a component, so no gradient passes through it; and there is
    no single location, so ``residual`` is refused.

    Args:
        outputs: d, features of y.
        components: k, normals in the mixture.
    """

    outputs: int = 1
    components: int = 5
    scalable: ClassVar[bool] = True
    law: ClassVar[str] = "normal"
    reparameterised: ClassVar[bool] = False
    kernel_feed: ClassVar[str | None] = "mixture"
    kernel_draw: ClassVar[str | None] = "component"

    def __post_init__(self) -> None:
        check_integer("GaussianMixture", "outputs", self.outputs, 1)
        check_integer("GaussianMixture", "components", self.components, 1)

    @property
    def size(self) -> int:
        return self.components * (1 + 2 * self.outputs)

    @property
    def fed_size(self) -> int:
        return self.outputs

    @property
    def location_size(self) -> int:
        return 0

    @property
    def noise_size(self) -> int:
        return 1 + self.outputs

    def distribution(self, o: Tensor) -> Distribution:
        logits, location, sigma = self._parameters(o)
        parts = Independent(Normal(location, sigma, validate_args=False), 1, validate_args=False)
        return MixtureSameFamily(Categorical(logits=logits), parts, validate_args=False)

    def nll(
        self, o: Tensor, y: Tensor, observed: Tensor | None = None, scale: Tensor | None = None
    ) -> Tensor:
        logits, location, sigma = self._parameters(o)
        elements = Normal(location, sigma, validate_args=False).log_prob(y.unsqueeze(-2))
        if scale is not None:
            elements = elements - scale.log()
        if observed is not None:  # a diagonal normal marginalises a feature by leaving it out
            elements = torch.where(observed.unsqueeze(-2), elements, 0)
        total = -torch.logsumexp(logits.log_softmax(-1) + elements.sum(-1), -1)
        if (
            observed is not None
        ):  # exactly zero where nothing is observed, and no gradient to the logits
            total = torch.where(observed.any(-1), total, 0)
        return total

    def mean(self, o: Tensor) -> Tensor:
        logits, location, _ = self._parameters(o)
        return (logits.softmax(-1).unsqueeze(-1) * location).sum(-2)

    def feed_mean(self, o: Tensor) -> Tensor:
        return self.mean(o)

    def feed_sample(self, o: Tensor, noise: Tensor) -> Tensor:
        logits, location, sigma = self._parameters(o)
        chosen = choose(logits, torch.special.ndtr(noise[..., 0]))[..., None, None].expand(
            *o.shape[:-1], 1, self.outputs
        )
        pick = [part.gather(-2, chosen).squeeze(-2) for part in (location, sigma)]
        return pick[0] + pick[1] * noise[..., 1:]

    def feed_truth(self, y: Tensor) -> Tensor:
        return y

    def from_fed(self, fed: Tensor) -> Tensor:
        return fed

    def _parameters(self, o: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        k, d = self.components, self.outputs
        logits, location, raw = o.split([k, k * d, k * d], -1)
        shape = (*o.shape[:-1], k, d)
        return logits, location.reshape(shape), softplus_floor(raw.reshape(shape))
