"""Drawing classes: which one a uniform number picks, and how the odds may be sharpened first."""

from dataclasses import dataclass

import torch
from torch import Tensor

from freerun._checks import check_integer, check_number

__all__ = ["Sampling", "choose"]


@dataclass(frozen=True)
class Sampling:
    """How classes are drawn: softmax(o / temperature), cut to the likeliest classes.

    Args:
        temperature: above 0; below 1 sharpens, above 1 flattens.
        top_k: keep the ``top_k`` likeliest classes (ties with the last kept one stay too).
        top_p: keep the smallest set of likeliest classes whose probability reaches ``top_p``
            (nucleus sampling, Holtzman et al. 2020), after ``top_k``.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        check_number("Sampling", "temperature", self.temperature, 1e-6, 1e6)
        if self.top_k is not None:
            check_integer("Sampling", "top_k", self.top_k, 1)
        if self.top_p is not None:
            check_number("Sampling", "top_p", self.top_p, 1e-9, 1.0)

    @property
    def is_plain(self) -> bool:
        """Whether it draws from softmax(o) as it is."""
        return self.temperature == 1 and self.top_k is None and self.top_p in (None, 1)

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits ``(..., classes)`` with what may not be drawn at minus infinity."""
        logits = logits / self.temperature
        if self.top_k is not None and self.top_k < logits.shape[-1]:
            least = logits.topk(self.top_k, -1).values[..., -1:]
            logits = logits.masked_fill(logits < least, -torch.inf)
        if self.top_p is not None and self.top_p < 1:
            ranked, order = logits.sort(-1, descending=True)
            odds = ranked.softmax(-1)
            before = odds.cumsum(-1) - odds
            cut = torch.zeros_like(before, dtype=torch.bool).scatter(
                -1, order, before >= self.top_p
            )
            logits = logits.masked_fill(cut, -torch.inf)
        return logits


def choose(logits: Tensor, u: Tensor) -> Tensor:
    """The class at the quantile ``u`` in (0, 1) of softmax(logits).

    Args:
        logits: ``(..., classes)``; minus infinity is never drawn.
        u: ``(...)``.

    Returns:
        ``(...)`` int64.
    """
    ladder = logits.softmax(-1).cumsum(-1)
    chosen = (ladder < u.unsqueeze(-1) * ladder[..., -1:]).sum(-1)
    # Rounding can leave u on a rung of no height: step down to the last class that may be drawn.
    top = (ladder < ladder[..., -1:]).sum(-1)
    return torch.minimum(chosen, top)
