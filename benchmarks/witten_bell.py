"""A character n-gram model with Witten-Bell smoothing: the yardstick for text.

    p(c | h) = (n(h c) + d(h) p(c | h')) / (n(h) + d(h))

n counts what follows the context h in the training text, d(h) is how many different characters do,
and h' is h without its oldest character; below the empty context stands the uniform distribution.
Witten and Bell, "The zero-frequency problem", *IEEE Transactions on Information Theory* 37(4),
1991, method C, interpolated.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

__all__ = ["WittenBell"]


class WittenBell:
    """Counts of a training text for every context of 0 to ``order - 1`` characters.

    Args:
        text: Characters, as whole numbers.
        order: Longest n-gram; 6 sees five characters back.
        characters: How many different ones there may be.
    """

    def __init__(self, text: Sequence[int], order: int, characters: int) -> None:
        self.order = order
        self.uniform = 1 / characters
        self.follow: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        for at, character in enumerate(text):
            for length in range(min(at, order - 1) + 1):
                self.follow[tuple(text[at - length : at])][character] += 1
        self.totals = {context: counts.total() for context, counts in self.follow.items()}

    def probability(self, context: Sequence[int], character: int) -> float:
        """p(character | context), of which the last ``order - 1`` characters count."""
        p = self.uniform
        for length in range(min(len(context), self.order - 1) + 1):
            seen = self.follow.get(tuple(context[len(context) - length :]))
            if seen is None:
                break
            kinds, total = len(seen), self.totals[tuple(context[len(context) - length :])]
            p = (seen[character] + kinds * p) / (total + kinds)
        return p

    def bits_per_character(self, text: Sequence[int], before: Sequence[int]) -> float:
        """Mean of - log2 p over ``text``, the first characters seeing the end of ``before``."""
        whole = [*before[-(self.order - 1) :], *text]
        start = len(whole) - len(text)
        surprise = sum(
            -math.log2(self.probability(whole[max(0, at - self.order + 1) : at], whole[at]))
            for at in range(start, len(whole))
        )
        return surprise / len(text)
