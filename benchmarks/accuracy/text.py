"""Text: bits per character of freerun, with no setting but the seed, beside n-gram models."""

import time

import freerun as fr
from benchmarks.accuracy.kind import Figures, Kind, Row
from benchmarks.witten_bell import WittenBell

__all__ = ["TEXT"]

ORDERS = (5, 6)
"""Lengths of the n-grams; the better of all here, and the one that is usually named."""


def measure(name: str, seeds: int) -> Row:
    """Train on the first nine tenths, and score the last tenth."""
    told, asked = fr.datasets.load(name)
    assert told.classes is not None
    train = "".join(told.classes[code] for code in told[0][1].tolist())
    test = "".join(told.classes[code] for code in asked[0][1].tolist())
    bits, seconds = [], []
    for seed in range(seeds):
        began = time.perf_counter()
        model = fr.TextModel(random_state=seed).fit(train)
        bits.append(model.bits_per_character(test))
        seconds.append(time.perf_counter() - began)
    found = {"freerun": Figures(bits, sum(seconds) / seeds)}
    codes = told[0][1].tolist(), asked[0][1].tolist()
    for order in ORDERS:
        began = time.perf_counter()
        grams = WittenBell(codes[0], order, len(told.classes))
        figure = grams.bits_per_character(codes[1], codes[0])
        found[f"{order}-gram"] = Figures([figure], time.perf_counter() - began)
    return found


TEXT = Kind(
    name="text",
    measures="bits per character of the last tenth, each given all before it; less is better",
    methods={
        "freerun": "fr.TextModel, no setting but the seed",
        **{f"{order}-gram": f"Witten-Bell model of {order} characters" for order in ORDERS},
    },
    sets=("moby_dick",),
    measure=measure,
    digits=3,
)
