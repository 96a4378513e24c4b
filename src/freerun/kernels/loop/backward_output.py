"""The output of a step, backward: through what was fed back."""

from freerun.kernels.equations.feedback import feed_backward
from freerun.kernels.loop import call as at
from freerun.kernels.loop.task import Table
from freerun.kernels.machine.compiled import Number, inner
from freerun.kernels.machine.memory import add, lanes, load, size, store
from freerun.kernels.machine.products import product
from freerun.kernels.machine.thin import NARROW, narrow

__all__ = ["through_feed", "through_lags", "through_skip"]


@inner
def through_feed(number: Number, call: Table, sequence: int, t: int, d_o: int, spare: int) -> None:
    """do += g'(o) (1 - w) df."""
    one, features, outputs = size(number), call[at.FEATURES], call[at.SIZE]
    width = call[at.SIZE_WIDTH]
    o = call[at.OUT] + (sequence * call[at.STEPS] + t) * outputs * one
    noise = call[at.NOISE] + (sequence * call[at.NOISE_ROW] + t * call[at.NOISE_STEP]) * one
    df = call[at.D_FED] + (sequence * call[at.FED_ROW] + (t + call[at.LAGS]) * features) * one
    w = number
    if call[at.FORCED]:
        place = call[at.FORCED] + (sequence * call[at.FORCED_ROW] + t * call[at.FORCED_STEP]) * one
        w = load(number, place)
    feed_backward(
        number, call[at.FEED], features, outputs, width, call[at.COMPONENTS], o, noise, w, df, d_o,
        spare,
    )  # fmt: skip


@inner
def through_skip(number: Number, call: Table, sequence: int, t: int, d_o: int, part: int) -> None:
    """o += s f(t-1): ds += f(t-1) do, df(t-1) += s do."""
    one, features = size(number), call[at.FEATURES]
    place = (sequence * call[at.FED_ROW] + (t + call[at.LAGS] - 1) * features) * one
    fed, d_fed = call[at.FED] + place, call[at.D_FED] + place
    d_skip = call[at.D_SKIP] + part * call[at.PART] * one
    for index in range(features):
        offset = index * one
        change = load(number, d_o + offset)
        total = load(number, d_skip + offset) + change * load(number, fed + offset)
        store(number, d_skip + offset, total)
        if call[at.D_FED]:
            total = load(number, d_fed + offset) + change * load(number, call[at.SKIP] + offset)
            store(number, d_fed + offset, total)


@inner
def through_lags(
    number: Number, call: Table, first: int, t: int, count: int, da: int, zeros: int, spare: int
) -> None:
    """df of all lags += R' da, for the rows of one step."""
    one, wide, window = size(number), lanes(number), call[at.WINDOW_WIDTH]
    drive = call[at.DRIVE]
    if call[at.WINDOW] <= NARROW:
        narrow(
            number, count, call[at.WINDOW], drive, da, call[at.GATES], call[at.R_BACK], drive,
            zeros, spare, window,
        )  # fmt: skip
    else:
        product(
            number, count, window, drive, da, call[at.GATES], 1, call[at.R_BACK], wide,
            drive * wide, 0, 0, spare, window,
        )  # fmt: skip
    for index in range(count):
        place = call[at.D_FED] + (first + index) * call[at.FED_ROW] * one
        place += t * call[at.FEATURES] * one
        add(number, call[at.WINDOW], spare + index * window * one, place)
