"""A session's own output steps on the kernels: what one costs is one call and little around it."""

from itertools import chain
from math import isfinite
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor

from freerun._pieces import sharpening_of
from freerun.heads import Sampling
from freerun.kernels import Layer, Readout, choose, is_disabled, kernel_feed
from freerun.kernels.stepping import Stepper
from freerun.network import RecurrentNetwork
from freerun.plan import Plan
from freerun.state import State

__all__ = ["Steps", "steps_for"]

VERSION = attrgetter("_version")


def steps_for(net: RecurrentNetwork, batch: int | None, draw: str | Sampling) -> "Steps | None":
    """Steps of ``net`` on kernels; None where it has lags of inputs, or no kernel."""
    plan = Plan(None, 0.0, draw)
    if not net.has_output_edge or net.input_lags or choose(net, None, plan).kernel is None:
        return None
    watched = _watched(net)
    return None if watched is None else Steps(net, batch, plan, watched)


Watched = list[dict[str, Any]]


def _watched(net: RecurrentNetwork) -> Watched | None:
    """Every place in ``net`` that holds parameters, or modules that do; None for parametrised ones.

    The weights of those are computed anew each time.
    """
    modules = (net, *net.layers, net.output)
    if any(hasattr(module, "parametrizations") for module in modules):
        return None
    return [net._modules, *(module._parameters for module in modules)]


class Steps:
    """A stepper with the network's parameters, as long as they stay what they were.

    Args:
        net: the network; it has an output edge and no lags of inputs.
        batch: sequences side by side; None for one, without a batch axis in what comes out.
        plan: what is fed back.
        watched: places whose content must not be replaced.
    """

    def __init__(
        self, net: RecurrentNetwork, batch: int | None, plan: Plan, watched: Watched
    ) -> None:
        first, head, draws = net.layers[0], net.head, plan.draws
        assert first.weight_fh is not None
        layers = [
            Layer(one.weight_ih, one.weight_hh, one.bias_ih, one.bias_hh) for one in net.layers
        ]
        readout = Readout(net.output.weight, net.output.bias, net.skip)
        self.stepper = Stepper(
            net.cell, layers, readout, first.weight_fh, net.input_size, batch or 1, net.output_lags,
            head.fed_size, kernel_feed(head, plan) or "", getattr(head, "components", 0),
            head.noise_size if draws else 0, sharpening_of(plan.feed, net.dtype),
            net.recurrence == "both",
        )  # fmt: skip
        self.net, self.scaling, self.watched = net, net._scaling, watched
        self.held = [*chain.from_iterable(map(dict.values, watched))]  # so that no id is used again
        self.ids = [*map(id, self.held)]
        self.parameters = list(net.parameters())
        self.versions, self.places = self._versions(), self._places()
        self.x, self.f = self.stepper.x[:, 0].numpy(), self.stepper.before[:, -1].numpy()
        self.emitted = self.f[0] if batch is None else self.f
        scaling = net.scaling
        self.x_scaling = _numbers(scaling.x_shift, scaling.x_scale)
        self.y_scaling = _numbers(scaling.y_shift, scaling.y_scale)
        self.feeds_location = head.kernel_feed == "location"

    def _versions(self) -> list[int]:
        """These count the changes in place."""
        return [*map(VERSION, self.parameters)]

    def _places(self) -> list[int]:
        return [*map(Tensor.data_ptr, self.parameters)]

    def is_current(self) -> bool:
        """Whether the network is still what these steps were made for; its numbers may differ."""
        if is_disabled() or self.net._scaling is not self.scaling:
            return False
        if [*map(id, chain.from_iterable(map(dict.values, self.watched)))] != self.ids:
            return False
        if self._places() != self.places:
            return False
        versions = self._versions()
        if versions != self.versions:
            self.versions = versions
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
        """What was fed back, a location, in the user's units: ``([batch,] outputs)``."""
        if self.y_scaling is None:
            return torch.from_numpy(self.emitted.copy())
        shift, scale = self.y_scaling
        return torch.from_numpy((self.emitted * scale + shift).astype(self.f.dtype, copy=False))

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
