"""One batch of sequences, padded to the longest; or all of them, where nothing need be padded."""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

__all__ = ["Batch", "Whole"]


@dataclass(frozen=True, eq=False)
class Batch:
    """Some samples of a `Sequences` side by side, with what was observed just before each.

    ``time`` is the longest of the samples' lengths; what stands behind a shorter one is zeros.

    Attributes:
        x: Inputs, (batch, time, inputs); None for an autonomous system.
        y: Targets: (batch, time, outputs) of floats or (batch, time) of int64 classes; with one
            target per sequence, (batch, outputs) or (batch,). A missing target is 0 here.
        lengths: Real steps of each sample, (batch,) int64.
        observed: False where a target is missing or is padding, (batch, time, outputs) or, for
            classes, (batch, time). None where no target of the storage is missing.
        index: Each sample's number in its `Sequences`, (batch,) int64.
        before_x: Inputs of the ``context`` steps before each sample, oldest first,
            (batch, context, inputs); None for an autonomous system.
        before_y: Targets of those steps, (batch, context, outputs) or (batch, context) of classes;
            None with one target per sequence.
        before_real: True where such a step exists and its target is whole, (batch, context). A step
            before the true start of the series is zeros and False; one whose target is missing, in
            any of its outputs, is False and its targets are zeros.
        before_exists: True where such a step exists, its target missing or not: its inputs are
            there, (batch, context).
    """

    x: Tensor | None
    y: Tensor
    lengths: Tensor
    observed: Tensor | None
    index: Tensor
    before_x: Tensor | None
    before_y: Tensor | None
    before_real: Tensor
    before_exists: Tensor

    def __len__(self) -> int:
        return len(self.lengths)


class Whole(NamedTuple):
    """Samples that all have as many steps, each with its target, and nothing before the first.

    Attributes:
        x: Every run of so many steps that there is, (runs, time, inputs); None for an autonomous
            system.
        y: The same of the targets, (runs, time, outputs) or, of classes, (runs, time).
        runs: Which of them each sample is, (samples,) int64.
    """

    x: Tensor | None
    y: Tensor
    runs: Tensor
