"""What of the network's own a policy feeds back: means or samples."""

from freerun._checks import check_choice, fail
from freerun.heads import Head

__all__ = ["check_draws", "check_feed"]


def check_feed(where: str, feed: object) -> None:
    """Refuse what is neither ``"mean"`` nor ``"sample"``."""
    check_choice(where, "feed", feed, ("mean", "sample"))


def check_draws(where: str, feed: str, head: Head) -> None:
    """Refuse samples of a head that has none, before training begins.

    Raises:
        ArgumentError: Samples are to be fed, and ``head`` has no spread to draw from.
    """
    if feed == "sample" and not head.can_sample:
        got, fix = f"a {type(head).__name__} head", "Use feed='mean', or a Gaussian head."
        fail(where, "feed='sample' needs a head with a spread", got, fix)
