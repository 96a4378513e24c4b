"""The output of a step: o(t), its loss, and what is fed back."""

from freerun.kernels.equations.feedback import LOCATION, feed, mix
from freerun.kernels.equations.scores import score
from freerun.kernels.loop import call as at
from freerun.kernels.loop.task import Table
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import add_product, copy, lanes, load, size, store
from freerun.kernels.machine.products import product
from freerun.kernels.machine.thin import NARROW, narrow

__all__ = ["feed_back", "finish_output", "place_of_output", "read_out", "score_step"]


@inner
def place_of_output(number: Number, call: Table, sequence: int, t: int) -> int:
    """Where o(t) of a sequence is returned."""
    return call[at.OUT] + (sequence * call[at.STEPS] + t) * call[at.SIZE] * size(number)


@inner
def score_step(number: Number, call: Table, sequence: int, t: int, o: int, spare: int) -> None:
    """- log p(y | o), where it is to be."""
    one, place = size(number), sequence * call[at.STEPS] + t
    outputs, y = call[at.OUTPUTS], call[at.TARGET] + place * call[at.TARGET_BYTES]
    loss = score(number, call[at.SCORE], outputs, call[at.SIZE_WIDTH], o, y, spare)
    store(number, call[at.NLL] + place * one, loss)


@inner
def read_out(
    number: Number, call: Table, rows: int, source: int, stride: int, target: int, target_row: int
) -> None:
    """C + V h for rows of h."""
    units, wide = call[at.UNITS], lanes(number)
    if call[at.SIZE] <= NARROW:
        narrow(
            number, rows, call[at.SIZE], units, source, stride, call[at.V], call[at.WIDTH],
            call[at.OFFSET], target, target_row,
        )  # fmt: skip
    else:
        product(
            number, rows, call[at.SIZE_WIDTH], units, source, stride, 1, call[at.V], wide,
            units * wide, call[at.OFFSET], 0, target, target_row,
        )  # fmt: skip


@inner
def finish_output(number: Number, call: Table, sequence: int, t: int, o: int) -> None:
    """Add s f(t-1) to the row at ``o``, and return it as the output of step ``t``."""
    one, features = size(number), call[at.FEATURES]
    if call[at.SKIP]:
        fed = call[at.FED] + sequence * call[at.FED_ROW] * one
        add_product(
            number, features, call[at.SKIP], fed + (t + call[at.LAGS] - 1) * features * one, o
        )
    copy(number, call[at.SIZE], o, place_of_output(number, call, sequence, t))


@inner
def feed_back(
    number: Number, call: Table, first: int, count: int, t: int, o: int, o_row: int, spare: int
) -> None:
    """Finish o(t), and put f(t) where the next steps will read it, for ``count`` sequences."""
    one, features, outputs, kind = size(number), call[at.FEATURES], call[at.SIZE], call[at.FEED]
    skip, forced, steps = call[at.SKIP], call[at.FORCED], call[at.STEPS]
    width, components = call[at.SIZE_WIDTH], call[at.COMPONENTS]
    target = place_of_output(number, call, first, t)
    f = call[at.FED] + (first * call[at.FED_ROW] + (t + call[at.LAGS]) * features) * one
    f_row, target_row, o_row = call[at.FED_ROW] * one, steps * outputs * one, o_row * one
    noise, noise_row = call[at.NOISE], call[at.NOISE_ROW] * one
    noise += first * noise_row + t * call[at.NOISE_STEP] * one
    weight, weight_row = forced, call[at.FORCED_ROW] * one
    weight += first * weight_row + t * call[at.FORCED_STEP] * one
    truth, truth_row = call[at.VALUES], steps * features * one
    truth += first * truth_row + t * features * one
    for _ in range(count):
        if skip:
            add_product(number, features, skip, f - features * one, o)
        if o != target:
            copy(number, outputs, o, target)
        g = spare if forced else f
        if kind == LOCATION:
            copy(number, features, o, g)
        else:
            feed(
                number, kind, features, width, components, call[at.SHARPENING], o, noise, g,
                spare + features * one,
            )  # fmt: skip
        if forced:
            mix(number, features, load(number, weight), truth, g, f)
        o, target, f = o + o_row, target + target_row, f + f_row
        noise, weight, truth = noise + noise_row, weight + weight_row, truth + truth_row
