"""One step at a time on the kernels: parameters stay packed, and the memory stays where it is."""

from collections.abc import Sequence

import torch
from torch import Tensor

from freerun.kernels.binding.given import Layer, Readout, oldest_first
from freerun.kernels.binding.layout import layout_of
from freerun.kernels.binding.room import Room
from freerun.kernels.binding.shape import GATE_COUNTS, EdgeShape, Shape
from freerun.kernels.loop.forward import forward
from freerun.kernels.loop.strip import strip
from freerun.kernels.threads.errand import ALONE, FILL, PACK, address_of

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
        self.rest = [readout.weight, readout.bias, readout.skip]
        self.weight_fh, self.sharpening = weight_fh, sharpening
        self.x = torch.zeros(batch, 1, inputs, dtype=dtype)
        self.noise = torch.zeros(batch, 1, noise_size, dtype=dtype)
        self.o = torch.zeros(batch, 1, size, dtype=dtype)
        self.fed = torch.zeros(batch, lags + 1, features, dtype=dtype)
        self.before = torch.zeros(batch, lags, features, dtype=dtype)
        held = torch.zeros(layout.memory_parts, len(layers), batch, units, dtype=dtype)
        self.parts = list(held)
        self.memory = [tuple(held[:, number]) for number in range(len(layers))]
        self.script = script = layout.scripts.forward(False, False)
        self.kept = torch.zeros(script.block, dtype=dtype)
        self.room = Room(script.laid.size)
        place = self.room.place
        self._errand = script.place, place, place + script.tables
        self._before, self._later = self.before.numpy(), self.fed[:, 1:].numpy()
        self.pack()

    def pack(self) -> None:
        """Take the parameters up as they are now."""
        layout, script, place = self.layout, self.script, self.room.place
        turned = oldest_first(self.weight_fh.detach(), layout.lags)
        tensors = [self.x, *self.parameters, *self.parts, turned, self.before, *self.rest]
        places = [0 if one is None else one.data_ptr() for one in tensors]
        kept = [self.kept.data_ptr() + start for start in script.places]
        kept[0], kept[3] = self.o.data_ptr(), self.fed.data_ptr()
        memory = [*(one.data_ptr() for one in self.parts), 0, 0][:2]
        odds = 0 if self.sharpening is None else self.sharpening.data_ptr()
        noise = (self.noise.data_ptr(), self.noise.stride(0), self.noise.stride(1))
        unused = [0] * (3 + 3 * len(self.memory))  # forcing and masks
        is_double = layout.one == 8
        script.write(
            self.room.bytes, 0, address_of(forward, is_double), address_of(strip, is_double),
            place + script.laid.rooms, place + script.laid.packed, *(0,) * 8, *self.x.stride()[:2],
            *kept,
            *memory, 0, 0, odds, *noise, *unused, *places, 0,
        )  # fmt: skip
        self.layout.errand(*self._errand, FILL | PACK)

    def step(self) -> None:
        """Take one step from ``x``, ``noise`` and the memory."""
        self.layout.errand(*self._errand, ALONE)
        self._before[...] = self._later
