"""What `freerun demo` does: five networks, one picture, all figures."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import freerun as fr
from freerun.cli import continuing
from freerun.cli.measures import measure
from freerun.cli.output import Stopped, say
from freerun.cli.picture import draw_paths
from freerun.cli.sources import load
from freerun.cli.tasks import SETS
from freerun.cli.training import Keeping, train, using_threads
from freerun.recipes.recipe import CLASSIFY, FORECAST, LABEL, TEXT, Recipe
from freerun.recipes.settling import HORIZON

__all__ = ["PARTS", "demonstrate"]

PROMPT = "Call me Ishmael. "
SAMPLE = 200
"""Characters of text to write; drawn at a temperature below 1, for the training is short."""

# Where only outputs recur, the gap is widest: over 60 months the free run is off by 46 (teacher
# forced) and 36 (free running), means of five seeds; 36 or 132 lags, tanh or a Gaussian head gain
# less by free training.
SUNSPOTS = replace(
    FORECAST,
    head="Point",
    cell="relu",
    hidden_size=16,
    recurrence="output",
    output_lags=60,
    epochs=100,
    batch_size=64,
    lr=4e-3,
    window=60,
    stride=4,
    start="random",
)

PARTS = {
    "classify": ("Who speaks, from the whole utterance", CLASSIFY),
    "label": ("Who speaks, at every step of it", LABEL),
    "text": ("Moby-Dick, character by character", replace(TEXT, epochs=12)),
    "forecast_teacher_forced": ("Sunspots, trained teacher forced", SUNSPOTS),
    "forecast_free_running": (
        "Sunspots, trained running free",
        replace(SUNSPOTS, forcing="FreeRunning"),
    ),
}
"""The runs by name: what each is, and how it is trained. The last two differ in forcing alone."""


def demonstrate(
    out: Path, seed: int = 0, quiet: bool = False, epochs: int | None = None
) -> dict[str, Any]:
    """Train, measure and keep every part, and draw the picture.

    Args:
        out: The directory of the runs; those of a former demo are replaced.
        seed: Of everything.
        quiet: Show no progress.
        epochs: Fewer than the recipes have: for tests.

    Returns:
        The figures of each part, by the name of its run.

    Raises:
        Stopped: Ctrl-C; the parts that were done are kept.
    """
    began = time.monotonic()
    parts: dict[str, Any] = {}
    nets: dict[str, fr.RecurrentNetwork] = {}
    with using_threads(1):
        for number, (name, (title, recipe)) in enumerate(PARTS.items(), start=1):
            say(f"[{number}/{len(PARTS)}] {title}", quiet)
            if epochs is not None:
                recipe = replace(recipe, epochs=min(epochs, recipe.epochs or epochs))
            nets[name], parts[name] = _part(recipe, out / name, seed, quiet)
        parts["text"]["sample"] = _write_text(nets["text"], seed)
        say("Drawing the paths", quiet)
        picture = out / "paths.png"
        series = load("forecast", SETS["forecast"][0], 0.0, seed, {}).test
        assert series is not None
        draw_paths(
            {PARTS[name][0]: nets[name] for name in PARTS if name.startswith("forecast")},
            series,
            HORIZON,
            picture,
        )
    return {
        "seed": seed,
        "out": str(out),
        "picture": str(picture),
        "seconds": time.monotonic() - began,
        "parts": parts,
    }


def _part(
    recipe: Recipe, out: Path, seed: int, quiet: bool
) -> tuple[fr.RecurrentNetwork, dict[str, Any]]:
    """Train one network, and measure it on the part held back."""
    began = time.monotonic()
    source = load(recipe.task, SETS[recipe.task][0], 0.0, seed, {})
    keeping = Keeping(out, overwrite=True)
    try:
        net, _, source, recipe = train(recipe, source, keeping, seed, quiet)
    except Stopped as stopped:
        raise Stopped(f"{stopped}; `freerun demo` begins again") from stopped
    figures = measure(recipe, net, source, HORIZON)
    about = {"task": recipe.task, "data": source.name, "run": str(out)}
    return net, {**about, "seconds": time.monotonic() - began, **figures}


def _write_text(net: fr.RecurrentNetwork, seed: int) -> str:
    classes = load("text", SETS["text"][0], 0.0, seed, {}).train.classes
    assert classes is not None
    how = fr.Sampling(temperature=0.6)
    return continuing.text(net, classes, "characters", PROMPT, SAMPLE, how, 1, seed)[1].strip()
