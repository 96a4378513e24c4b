"""A session's own output steps on the kernels: what one costs is one call and little around it."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from freerun._pieces import sharpening_of
from freerun.forcing import Plan
from freerun.heads import Sampling
from freerun.kernels import Layer, Readout, choose, is_disabled, kernel_feed
from freerun.kernels.stepping import Stepper
from freerun.network import RecurrentNetwork
from freerun.state import State

__all__ = ["Steps", "steps_for"]


def steps_for(net: RecurrentNetwork, batch: int, draw: str | Sampling) -> "Steps | None":
    """Steps of ``net`` on kernels; None where it has lags of inputs, or no kernel."""
    plan = Plan(None, 0.0, draw)
    if not net.has_output_edge or net.input_lags or choose(net, None, plan).kernel is None:
        return None
    watched = _watched(net)
    return None if watched is None else Steps(net, batch, plan, watched)


Watched = list[tuple[Mapping[str, Any], str, Any]]


def _watched(net: RecurrentNetwork) -> Watched | None:
    """Every place in ``net`` that holds a parameter, or a module that does, and what is there."""
    found: Watched = [(net._modules, name, module) for name, module in net._modules.items()]
    found += [(net.__dict__, "_scaling", net._scaling)]
    for module in (net, *net.layers, net.output):
        if hasattr(module, "parametrizations"):
            return None  # its weights are computed anew each time
        found += [(module._parameters, name, one) for name, one in module._parameters.items()]
    return found


class Steps:
    """A stepper with the network's parameters, as long as they stay what they were.

    Args:
        net: the network; it has an output edge and no lags of inputs.
        batch: sequences side by side.
        plan: what is fed back.
        watched: what must not be replaced.
    """

    def __init__(self, net: RecurrentNetwork, batch: int, plan: Plan, watched: Watched) -> None:
        first, head, draws = net.layers[0], net.head, plan.draws
        assert first.weight_fh is not None
        layers = [
            Layer(one.weight_ih, one.weight_hh, one.bias_ih, one.bias_hh) for one in net.layers
        ]
        readout = Readout(net.output.weight, net.output.bias, net.skip)
        self.stepper = Stepper(
            net.cell, layers, readout, first.weight_fh, net.input_size, batch, net.output_lags,
            head.fed_size, kernel_feed(head, plan) or "", getattr(head, "components", 0),
            head.noise_size if draws else 0, sharpening_of(plan.feed, net.dtype),
            net.recurrence == "both",
        )  # fmt: skip
        self.watched, self.parameters = watched, list(net.parameters())
        self.seen = self._look()
        self.x, self.f = self.stepper.x[:, 0].numpy(), self.stepper.before[:, -1].numpy()
        scaling = net.scaling
        self.x_scaling = _numbers(scaling.x_shift, scaling.x_scale)
        self.y_scaling = _numbers(scaling.y_shift, scaling.y_scale)
        self.feeds_location = head.kernel_feed == "location"

    def _look(self) -> list[int]:
        return [one._version for one in self.parameters] + [
            one.data_ptr() for one in self.parameters
        ]

    def is_current(self) -> bool:
        """Whether the network is still what these steps were made for; its numbers may differ."""
        if is_disabled():
            return False
        for place, name, held in self.watched:
            if place.get(name) is not held:
                return False
        seen = self._look()
        if seen != self.seen:
            count = len(self.parameters)
            if seen[count:] != self.seen[count:]:
                return False
            self.seen = seen
            self.stepper.pack()
        return True

    def take(self, x: Tensor | None, noise: Tensor | None) -> bool:
        """Take a step on ``x`` in the user's units, ``(inputs,)`` or ``(batch, inputs)``.

        Returns:
            False, and takes none, where x is not finite.
        """
        if x is not None:
            values = x.numpy()
            if not all(map(isfinite, values.ravel().tolist())):
                return False
            if self.x_scaling is not None:
                shift, scale = self.x_scaling
                values = (values - shift) / scale
            self.x[...] = values
        if noise is not None:
            self.stepper.noise[:, 0] = noise
        self.stepper.step()
        return True

    def output(self) -> Tensor:
        """What was fed back, a location, in the user's units: ``(batch, outputs)``."""
        if self.y_scaling is None:
            return torch.from_numpy(self.f.copy())
        shift, scale = self.y_scaling
        return torch.from_numpy((self.f * scale + shift).astype(self.f.dtype, copy=False))

    def load(self, state: State) -> None:
        """Go on from ``state``."""
        for held, parts in zip(self.stepper.memory, state.hidden, strict=False):
            for here, there in zip(held, parts, strict=True):
                here.copy_(there)
        assert state.output is not None
        self.stepper.before.copy_(state.output)

    def state(self) -> State:
        """The state after the last step."""
        hidden = tuple(tuple(part.clone() for part in parts) for parts in self.stepper.memory)
        return State(hidden if hidden and hidden[0] else (), self.stepper.before.clone())


def _numbers(shift: Tensor | None, scale: Tensor | None) -> tuple[Any, Any] | None:
    """A scaling's arrays, or None for the identity."""
    if shift is None or scale is None:
        return None
    return shift.numpy(), scale.numpy()
