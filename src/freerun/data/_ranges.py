"""Index arithmetic on samples, which are ranges of storage rows: no loop over samples anywhere."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from freerun._checks import DataError, fail

__all__ = ["Ranges"]


@dataclass(frozen=True, eq=False)
class Ranges:
    """Samples as rows of a storage, each vector (samples,) int64.

    Attributes:
        origin: First row of the series the sample belongs to: how far back it can look.
        start: First row of the sample.
        stop: One past its last row.
    """

    origin: Tensor
    start: Tensor
    stop: Tensor

    @classmethod
    def from_lengths(cls, lengths: Tensor) -> "Ranges":
        """Whole series that lie end to end."""
        stop = lengths.cumsum(0)
        start = stop - lengths
        return cls(start, start, stop)

    @property
    def lengths(self) -> Tensor:
        """Steps of each sample, (samples,)."""
        return self.stop - self.start

    @cached_property
    def steps(self) -> int | None:
        """Steps of every sample where all have as many; None where they differ."""
        low, high = self.lengths.aminmax()
        return int(low) if low == high else None

    @cached_property
    def runs(self) -> Tensor | None:
        """Which run of ``steps`` rows each sample is, counted from the storage's first row.

        None where samples differ in length, or one begins within a run.
        """
        if self.steps is None or bool((self.start % self.steps).any()):
            return None
        return self.start // self.steps

    @cached_property
    def have_past(self) -> bool:
        """Whether there is a step of its series before any of the samples."""
        return bool((self.start > self.origin).any())

    def select(self, index: Tensor) -> "Ranges":
        """Return the samples with these numbers."""
        return Ranges(self.origin[index], self.start[index], self.stop[index])

    def cut(self, steps: Tensor) -> tuple["Ranges", "Ranges"]:
        """Cut each sample after its first ``steps`` steps; both parts keep the origin."""
        middle = self.start + steps
        return (
            Ranges(self.origin, self.start, middle),
            Ranges(self.origin, middle, self.stop),
        )

    def windows(
        self, length: int, stride: int, drop_last: bool, reach_back: int
    ) -> tuple["Ranges", Tensor]:
        """Return all windows in order, and the sample each was cut from, (windows,).

        Raises:
            DataError: No window fits.
        """
        first = torch.maximum(self.origin, self.start - reach_back)
        room = self.stop - first
        if drop_last:
            counts = ((room - length).div(stride, rounding_mode="floor") + 1).clamp(min=0)
        else:
            # One short window takes what the whole ones leave, unless a stride steps over the end.
            spare = (room - length).clamp(min=0)
            counts = torch.minimum(_ceil_div(spare, stride) + 1, _ceil_div(room, stride))
        if not bool(counts.any()):
            longest = int(room.max())
            expected = f"length must be at most the longest sequence, {longest} steps"
            fix = f"Pass length={longest} or less, or drop_last=False to keep shorter windows."
            fail("Sequences.windows", expected, length, fix, DataError)
        sample = torch.repeat_interleave(counts)
        before = counts.cumsum(0) - counts
        place = torch.arange(len(sample)) - before[sample]
        start = first[sample] + place * stride
        stop = torch.minimum(start + length, self.stop[sample])
        return Ranges(self.origin[sample], start, stop), sample

    def covered(self, rows: int) -> Tensor:
        """Return which storage rows lie within a sample, however many share them, (rows,) bool."""
        change = torch.zeros(rows + 1, dtype=torch.int64)
        ones = torch.ones_like(self.start)
        change.index_add_(0, self.start, ones)
        change.index_add_(0, self.stop, -ones)
        return change.cumsum(0)[:-1] > 0

    def overlap(self) -> bool:
        """Return whether any two samples share a row."""
        start, order = self.start.sort()
        return bool((start[1:] < self.stop[order][:-1]).any())


def _ceil_div(value: Tensor, by: int) -> Tensor:
    return -((-value).div(by, rounding_mode="floor"))
