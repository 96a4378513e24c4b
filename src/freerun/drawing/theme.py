"""Colours of a picture, on light paper and on dark."""

from dataclasses import dataclass

__all__ = ["DARK", "LIGHT", "Theme", "theme"]


@dataclass(frozen=True)
class Theme:
    """What a picture is drawn with; truth and own output differ in lightness too.

    Attributes:
        paper: Behind everything.
        ink: Text and lines.
        faint: What stands back.
        truth: What comes from y.
        own: What comes from the network's own output.
        none: The shade of w = 0.
        all: The shade of w = 1.
    """

    paper: str
    ink: str
    faint: str
    truth: str
    own: str
    none: str
    all: str


# Blue and orange that everyone can tell apart (Okabe and Ito 2008).
LIGHT = Theme("#ffffff", "#1a1a1a", "#767676", "#0072b2", "#c24e00", "#eef2f5", "#08426e")
DARK = Theme("#15181c", "#ececec", "#9a9a9a", "#6cc0f0", "#f5a742", "#272c33", "#a9dbfa")


def theme(dark: bool) -> Theme:
    """The colours for dark paper, or for light."""
    return DARK if dark else LIGHT
