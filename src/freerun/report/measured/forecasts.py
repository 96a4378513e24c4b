"""Forecasts from many origins at once: fed the truth, running free, and as drawn paths."""

from dataclasses import dataclass

import torch
from torch import Tensor

from freerun._measure import evaluating, scaled_batch
from freerun.closed_loop import run
from freerun.data import Sequences
from freerun.forcing import TeacherForcing
from freerun.report.effort import Effort
from freerun.report.measured.numbers import thinned
from freerun.report.subject import Subject
from freerun.state import Noise

__all__ = ["Forecasts", "forecasts"]


@dataclass(frozen=True, eq=False)
class Forecasts:
    """What a network says of the ``horizon`` steps after each origin, in units of the levels.

    Attributes:
        first: Row of the storage of each first step ahead, (origins,).
        truth: What came, NaN where missing, (origins, horizon, outputs).
        forced: One step ahead, fed the truth.
        free: On the network's own mean.
        paths: Drawn, (origins, paths, horizon, outputs); None for heads without a spread.
    """

    first: Tensor
    truth: Tensor
    forced: Tensor
    free: Tensor
    paths: Tensor | None

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.truth.shape[1]

    @property
    def errors(self) -> Tensor:
        """Root mean squared error running free from each origin, (origins,); NaN for none."""
        squares = (self.free - self.truth).square().flatten(1)
        seen = ~self.truth.isnan().flatten(1)
        total = torch.where(seen, squares.nan_to_num(nan=torch.inf), 0).sum(1)
        return (total / seen.sum(1)).sqrt()


def forecasts(subject: Subject, warmup: int, effort: Effort) -> Forecasts:
    """Forecast from ``effort.origins`` origins, ``warmup`` observed steps before each."""
    net, horizon = subject.net, subject.horizon
    windows = subject.data.windows(warmup + horizon, 1, reach_back=warmup)
    windows = windows[thinned(len(windows), effort.origins)]
    batch = windows.batch(range(len(windows)), net.context)
    scaled = scaled_batch(net, batch)
    before, ahead = slice(0, warmup), slice(warmup, None)
    x, y, mask = scaled.x, scaled.y, scaled.mask
    teacher, noise = TeacherForcing(), Noise()
    with evaluating(net):
        state = net(
            None if x is None else x[:, before], y[:, before], teacher,
            mask=None if mask is None else mask[:, before], state=scaled.state, noise=noise,
        ).state  # fmt: skip
        o = net(
            None if x is None else x[:, ahead], y[:, ahead], teacher,
            mask=None if mask is None else mask[:, ahead], state=state, noise=noise,
        ).o  # fmt: skip
        forced = net.scaling.unscale_y(net.head.mean(o)).double()
    inputs = None if batch.x is None else batch.x[:, ahead]
    free = run(net, horizon, inputs=inputs, state=state).y.double().view(forced.shape)
    paths = None
    if net.head.can_sample:
        parameters = sum(one.numel() for one in net.parameters())
        count = effort.paths_of(parameters, horizon)
        drawn = run(
            net, horizon, inputs=inputs, state=state, draw="sample", paths=count,
            generator=torch.Generator().manual_seed(0),
        ).paths  # fmt: skip
        drawn = drawn.double().view(len(forced), count, *forced.shape[1:])
        middle = free.unsqueeze(1)
        paths = middle + subject.widening * (drawn - middle) if subject.widening != 1 else drawn
    return Forecasts(windows.start + warmup, _truth(windows, warmup), forced, free, paths)


def _truth(windows: Sequences, warmup: int) -> Tensor:
    assert windows.y_flat is not None
    ahead = torch.arange(warmup, int(windows.lengths[0]))
    return windows.y_flat[windows.start[:, None] + ahead].double()
