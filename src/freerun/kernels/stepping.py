"""One step at a time on the kernels: parameters stay packed, and the memory stays where it is."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from freerun.kernels.binding.given import Layer, Readout, oldest_first
from freerun.kernels.binding.layout import layout_of
from freerun.kernels.binding.shape import GATE_COUNTS, EdgeShape, Shape
from freerun.kernels.binding.unfolding import NO_LENGTHS
from freerun.kernels.loop import call as at
from freerun.kernels.loop.forward import forward
from freerun.kernels.loop.packing import pack_all
from freerun.kernels.threads.together import share
from freerun.kernels.threads.workers import NOBODY, task_alone

__all__ = ["Stepper"]


class Stepper:
    """A network with an open output edge, stepped in place.

    Args:
        cell: its name.
        layers: parameters, from the lowest.
        readout: V, c and s.
        weight_fh: R.
        inputs: features of x.
        batch: sequences side by side.
        lags: of the output edge.
        features: of what is fed back.
        feed: one of the kernels' ways to feed back.
        components: of a mixture.
        noise_size: numbers that a draw needs.
        sharpening: of the odds of classes, or None.
        is_recurrent: whether W is there.

    Attributes:
        x: ``(batch, 1, inputs)``: to be written before a step.
        noise: ``(batch, 1, noise_size)``: the same.
        o: ``(batch, 1, size)``: of the last step taken.
        memory: every layer's, ``(batch, units)`` each: before the next step.
        fed: ``(batch, lags + 1, features)``; the last ``lags`` of it are what the next step reads.
    """

    def __init__(
        self, cell: str, layers: Sequence[Layer], readout: Readout, weight_fh: Tensor, inputs: int,
        batch: int, lags: int, features: int, feed: str, components: int, noise_size: int,
        sharpening: Tensor | None, is_recurrent: bool,
    ) -> None:  # fmt: skip
        dtype = weight_fh.dtype
        units = layers[0].weight_ih.shape[0] // GATE_COUNTS[cell]
        size = readout.weight.shape[0]
        biases = tuple((one.bias_ih is not None, one.bias_hh is not None) for one in layers)
        edge = EdgeShape(lags, features, False, feed, components, False)
        self.layout = layout = layout_of(
            Shape(
                cell, dtype, batch, 1, inputs, units, len(layers), is_recurrent, biases, edge, size,
                readout.skip is not None, "", 1,
            )
        )  # fmt: skip
        self.parameters: list[Tensor | None] = []
        for layer in layers:
            self.parameters += [layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh]
        self.rest = [weight_fh, None, readout.weight, readout.bias, readout.skip]
        self.lags, self.sharpening = lags, sharpening
        self.x = torch.zeros(batch, 1, inputs, dtype=dtype)
        self.noise = torch.zeros(batch, 1, noise_size, dtype=dtype)
        self.o = torch.zeros(batch, 1, size, dtype=dtype)
        self.fed = torch.zeros(batch, lags + 1, features, dtype=dtype)
        self.before = torch.zeros(batch, lags, features, dtype=dtype)
        self.memory = [
            tuple(torch.zeros(batch, units, dtype=dtype) for _ in range(layout.memory_parts))
            for _ in layers
        ]
        self._hold(batch, dtype)
        self.pack()

    def _hold(self, batch: int, dtype: torch.dtype) -> None:
        """Fill the tables with addresses, once and for all."""
        layout = self.layout
        self.call, self.table = layout.call.copy(), layout.table.copy()
        call, width = self.call, layout.width
        call[at.X], call[at.OUT] = self.x.data_ptr(), self.o.data_ptr()
        call[at.X_ROW], call[at.X_STEP] = self.x.stride()[:2]
        call[at.FED], call[at.FED_BEFORE] = self.fed.data_ptr(), self.before.data_ptr()
        if self.sharpening is not None:
            call[at.SHARPENING] = self.sharpening.data_ptr()
        call[at.NOISE] = self.noise.data_ptr()
        call[at.NOISE_ROW], call[at.NOISE_STEP] = self.noise.stride()[:2]
        self.hs = torch.zeros(len(self.memory), 2, batch, width, dtype=dtype)
        self.cs = torch.zeros(len(self.memory), batch, width, dtype=dtype)
        for number, parts in enumerate(self.memory):
            row = self.table[number]
            row[at.H], row[at.C] = self.hs[number].data_ptr(), self.cs[number].data_ptr()
            for part, held in enumerate(parts):
                row[at.H_FIRST + part] = row[at.H_LAST + part] = held.data_ptr()
        jobs = layout.forward_jobs
        self.room = torch.empty(jobs.size + layout.room_forward + layout.round(1), dtype=dtype)
        self.number, self.batch = layout.number, batch
        self._before, self._later = self.before.numpy(), self.fed[:, 1:].numpy()

    def pack(self) -> None:
        """Take the parameters up as they are now."""
        held = [None, *self.parameters, *[None] * self.layout.memory_parts]
        weight_fh, *rest = self.rest
        assert weight_fh is not None
        turned = oldest_first(weight_fh.detach(), self.lags)
        held += [turned, *rest]
        skip = self.rest[-1]
        if skip is not None:
            self.call[at.SKIP] = skip.data_ptr()
        places = np.array([0 if one is None else one.data_ptr() for one in held] + [0])
        jobs, base = self.layout.forward_jobs, self.room.data_ptr()
        pack_all(self.number, jobs.rows, places, base, self.call, self.table)
        free = base + jobs.size * self.layout.one
        self.task = task_alone(forward, self.number, self.batch, free)

    def step(self) -> None:
        """Take one step from ``x``, ``noise`` and the memory."""
        share(self.task, self.call, self.table, NO_LENGTHS, NOBODY)
        self._before[...] = self._later
