"""Shifts and scales between the user's units and those a network works in."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from freerun._checks import DataError, fail

from .sequences import Sequences

__all__ = ["Scaling"]

FIELDS = ("x_shift", "x_scale", "y_shift", "y_scale")


@dataclass(frozen=True, eq=False)
class Scaling:
    """One shift and scale per channel: scaled = (value - shift) / scale.

    A side whose shift and scale are None, as for classes, stays as it is.

    Attributes:
        x_shift: Shift of the inputs, (inputs,) float64, or None.
        x_scale: Scale of the inputs, (inputs,) float64 above 0, or None.
        y_shift: Shift of the targets, (outputs,) float64, or None.
        y_scale: Scale of the targets, (outputs,) float64 above 0, or None.

    Raises:
        ArgumentError: A side has a shift without a scale, other shapes, or a scale not above 0.

    Example:
        >>> scaling = Scaling.standard(Sequences(None, [1.0, 3.0]))
        >>> scaling.scale_y(torch.tensor([[1.0], [5.0]]))
        tensor([[-1.],
                [ 3.]])
    """

    x_shift: Tensor | None
    x_scale: Tensor | None
    y_shift: Tensor | None
    y_scale: Tensor | None

    def __post_init__(self) -> None:
        for side in "xy":
            shift, scale = getattr(self, f"{side}_shift"), getattr(self, f"{side}_scale")
            if shift is None and scale is None:
                continue
            if shift is None or scale is None or shift.ndim != 1 or shift.shape != scale.shape:
                shapes = [None if one is None else tuple(one.shape) for one in (shift, scale)]
                expected = f"{side}_shift and {side}_scale must both be (channels,), or None"
                fail("Scaling", expected, f"{shapes[0]} and {shapes[1]}", "Give one per channel.")
            if shift.dtype != torch.float64 or scale.dtype != torch.float64:
                got, expected = f"{shift.dtype} and {scale.dtype}", f"{side} must have float64 ones"
                fail("Scaling", expected, got, "Use .double().")
            finite = torch.isfinite(shift) & torch.isfinite(scale)
            if not bool((finite & (scale > 0)).all()):
                expected = f"{side}_shift must be finite, and {side}_scale finite and above 0"
                got = f"{shift.tolist()} and {scale.tolist()}"
                fail("Scaling", expected, got, "Use a scale of 1 for a constant channel.")

    @classmethod
    def identity(cls) -> "Scaling":
        """Return the scaling that changes nothing."""
        return cls(None, None, None, None)

    @classmethod
    def standard(cls, sequences: Sequences, x: bool = True, y: bool = True) -> "Scaling":
        """Fit mean 0 and standard deviation 1 (population) on the samples' own steps.

        A step counts once however many windows share it; steps that samples only look back on, and
        missing targets, do not count. A constant channel gets scale 1. Classes stay.

        Args:
            sequences: What to fit on: the training part alone.
            x: Whether to scale inputs.
            y: Whether to scale real-valued targets.

        Raises:
            DataError: An output has no observed target.
        """
        own = sequences.covered()
        x_shift = x_scale = y_shift = y_scale = None
        if x and sequences.x_flat is not None:
            x_shift, x_scale = _moments(sequences.x_flat[own])
        if y and sequences.num_classes is None:
            targets = sequences.labels
            if targets is None:
                assert sequences.y_flat is not None
                targets = sequences.y_flat[own]
            y_shift, y_scale = _moments(targets)
        return cls(x_shift, x_scale, y_shift, y_scale)

    @property
    def log_scale(self) -> Tensor | None:
        """Logarithm of ``y_scale``, (outputs,): an NLL in the user's units is larger by it."""
        return None if self.y_scale is None else self.y_scale.log()

    def scale_x(self, x: Tensor) -> Tensor:
        """Scale inputs, (..., inputs); dtype and device stay."""
        return _scale(x, self.x_shift, self.x_scale, "x")

    def scale_y(self, y: Tensor) -> Tensor:
        """Scale targets, (..., outputs); dtype and device stay."""
        return _scale(y, self.y_shift, self.y_scale, "y")

    def unscale_y(self, y: Tensor) -> Tensor:
        """Take outputs back to the user's units, (..., outputs); dtype and device stay."""
        if self.y_shift is None or self.y_scale is None:
            return y
        _check_channels(y, self.y_shift, "unscale_y", "y")
        return y * self.y_scale.to(y) + self.y_shift.to(y)

    def to_dict(self) -> dict[str, list[float] | None]:
        """Return lists of floats, which JSON writes and reads back exactly."""
        values = {name: getattr(self, name) for name in FIELDS}
        return {name: None if one is None else one.tolist() for name, one in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Scaling":
        """Rebuild what `to_dict` returned."""
        if set(values) != set(FIELDS):
            fix = "Pass what to_dict returned."
            fail("Scaling.from_dict", f"keys must be {', '.join(FIELDS)}", sorted(values), fix)
        return cls(**{
            name: None if values[name] is None else torch.tensor(values[name], dtype=torch.float64)
            for name in FIELDS
        })  # fmt: skip

    def to_tensor(self) -> Tensor:
        """All numbers in one float64 vector: for each side 1 or 0, then its shift and scale."""
        parts = []
        for shift, scale in ((self.x_shift, self.x_scale), (self.y_shift, self.y_scale)):
            there = shift is not None and scale is not None
            parts.append(torch.tensor([float(there)], dtype=torch.float64))
            parts += [shift, scale] if shift is not None and scale is not None else []
        return torch.cat(parts)

    @classmethod
    def from_tensor(cls, numbers: Tensor, inputs: int, outputs: int) -> "Scaling":
        """Rebuild what `to_tensor` returned for so many inputs and outputs."""
        sides: list[Tensor | None] = []
        rest = numbers.detach().cpu().double()
        for channels in (inputs, outputs):
            there, rest = bool(rest[:1].any()), rest[1:]
            size = channels if there else 0
            if len(rest) < 2 * size:
                got, fix = f"{len(numbers)} numbers", "Pass what to_tensor returned."
                expected = f"a scaling of {inputs} inputs and {outputs} outputs"
                fail("Scaling.from_tensor", expected, got, fix)
            sides += [rest[:size], rest[size : 2 * size]] if there else [None, None]
            rest = rest[2 * size :]
        return cls(*sides)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scaling) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(str(self.to_dict()))


def _scale(value: Tensor, shift: Tensor | None, scale: Tensor | None, name: str) -> Tensor:
    if shift is None or scale is None:
        return value
    _check_channels(value, shift, f"scale_{name}", name)
    return (value - shift.to(value)) / scale.to(value)


def _check_channels(value: Tensor, shift: Tensor, method: str, name: str) -> None:
    # One channel would broadcast over any, and the other way round: neither is meant.
    if value.ndim == 0 or value.shape[-1] != len(shift) or not value.is_floating_point():
        got = f"{value.dtype} of shape {tuple(value.shape)}"
        fix = "Channels are the last axis; scale data like those the scaling was fitted on."
        fail(f"Scaling.{method}", f"{name} must be floats (..., {len(shift)})", got, fix)


def _moments(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and population s.d. of each column, (channels,) float64, leaving out NaN."""
    values = values.double()
    real = ~torch.isnan(values)
    count = real.sum(0)
    if not bool(count.all()):
        column = int((count == 0).nonzero()[0])
        expected = f"output {column} needs an observed target"
        fail("Scaling.standard", expected, "none", "Leave that output out of y.", DataError)
    mean = torch.where(real, values, 0).sum(0) / count
    # Rounding gives a constant channel a tiny deviation, so it is told by its range.
    low = torch.where(real, values, math.inf).amin(0)
    high = torch.where(real, values, -math.inf).amax(0)
    deviation = (torch.where(real, values - mean, 0).square().sum(0) / count).sqrt()
    return torch.where(low == high, low, mean), torch.where(low == high, 1.0, deviation)
