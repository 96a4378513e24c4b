"""Text on the page: what was written, and each character with its surprise."""

from collections.abc import Sequence

from freerun.report.measured.text import Sample, Surprise, Unit
from freerun.report.page.markup import paragraph, text

__all__ = ["samples", "surprise"]

STEPS = (0.5, 1.0, 2.0, 4.0, 7.0)
"""Bits from which on a character is shaded one step darker, and its underline thicker."""


def samples(found: Sequence[Sample]) -> str:
    """Continuations, the prompt set apart."""
    return "".join(
        f"<h3>Temperature {one.temperature:g}</h3>"
        f'<p class="text"><span class="prompt">{text(one.prompt)}</span>{text(one.text)}</p>'
        for one in found
    )


def surprise(found: Surprise, unit: str) -> str:
    """Every unit of a text: shade and underline say how surprising it was, and keys read it out."""
    spans = "".join(_unit(one) for one in found.units)
    key = "".join(
        f'<li><span class="u{number}">abc</span> {words}</li>'
        for number, words in enumerate(
            (f"below {STEPS[0]:g}", *(f"from {step:g}" for step in STEPS))
        )
    )
    said = (
        f"A true text, each of its {unit} predicted from all before it: {found.mean:.3g} bits on "
        "average. The darker the shade and the thicker the line below it, the more surprising. "
        "Arrow keys, or a pointer, read each one."
    )
    return f"""{paragraph(said)}
<ul class="key" aria-label="Bits">{key}</ul>
<output class="reading" id="surprise-reading" aria-live="polite">&nbsp;</output>
<div id="surprise-text" class="text surprise" tabindex="0" role="application"
 aria-roledescription="text" aria-label="Surprise of each of the {text(unit)}">{spans}</div>
"""


def _unit(one: Unit) -> str:
    step = sum(one.bits >= least for least in STEPS)
    guesses = ", ".join(f"{_visible(guess)} {share:.0%}" for guess, share in one.guesses)
    shown = text(one.text).replace("\n", "↵\n")
    return (
        f'<span class="u{step}" data-bits="{one.bits:.2f}" data-said="{text(guesses)}">'
        f"{shown}</span>"
    )


def _visible(unit: str) -> str:
    return unit.replace(" ", "␣").replace("\n", "↵").replace("\t", "⇥")
