"""What axe cannot see: contrast within figures and beside shades, and the two pictures."""

import re
from pathlib import Path

import pytest

import freerun as fr
from freerun.report import page
from freerun.report.pictures import pictures_of

STYLE = (Path(page.__file__).parent / "assets" / "style.css").read_text(encoding="utf-8")


def palettes() -> dict[str, dict[str, str]]:
    """The colours by name, in light and in dark."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    found = {}
    for scheme, block in (("light", light), ("dark", dark)):
        found[scheme] = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    return found


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_contrast_is_measured_as_the_guidelines_do() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_lines_stand_out(scheme: str) -> None:
    colours = palettes()[scheme]
    shades = [f"{letter}{step}" for letter in "su" for step in range(1, 6)]
    pairs = [("ink", behind) for behind in ("paper", "raised", *shades)]
    pairs += [("faint", "paper"), ("link", "paper"), ("ink", "paper")]
    for front, behind in pairs:
        assert contrast(colours[front], colours[behind]) >= 4.5, (front, behind)
    for line in ("free", "forced", "third", "fourth", "faint", "under", "link"):
        assert contrast(colours[line], colours["paper"]) >= 3, line


def test_the_dark_picture_is_the_one_that_draw_makes(tmp_path: Path) -> None:
    net = fr.RecurrentNetwork(2, 4, fr.heads.Gaussian(1), recurrence="both", output_lags=2)
    found = pictures_of(net)
    for dark, made in ((False, found.light), (True, found.dark)):
        file = tmp_path / f"{dark}.svg"
        fr.draw(net, path=file, dark=dark)
        assert made == file.read_text(encoding="utf-8")
