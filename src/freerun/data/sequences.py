"""Many sequences of different lengths over one flat storage; windows and splits are views of it."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import torch
from torch import Tensor

from freerun._checks import check_choice, check_integer, fail

from ._gather import check_index, gather_batch, whole_of
from ._naming import check_names, count_classes, describe_samples
from ._partition import sequence_groups, steps_before_cut
from ._ranges import Ranges
from ._reading import read_sequence_targets, read_step_targets
from ._storage import Storage
from .batch import Batch, Whole

__all__ = ["Sequences"]


class Sequences:
    """Sequences of inputs x and targets y, of any lengths, in the user's units.

    A list or tuple has one entry per series. An array is one series, (time,) or (time, channels),
    unless it has three axes, (series, time, channels); beside such an x, a y of two axes is
    (series, time). The numbers are copied once, into one storage that all windows, splits and
    selections then share: a sample is a range of its steps, and remembers where its series began.

    Whole numbers (or bools) with one axis per series are classes; pass counts as floats.

    Args:
        x: Inputs; None for an autonomous system.
        y: Targets, one per step, or with ``target="sequence"`` one per sequence: (sequences,) of
            classes or floats, or (sequences, outputs).
        target: ``"step"`` or ``"sequence"``.
        missing: ``"refuse"``, or ``"mask"`` to take NaN (-1 for classes) in y as missing.
        classes: Names of the classes 0, 1, ...; by default as many as the largest label says.
        season: Steps in one season, for seasonal baselines; None where there is none.
        names: Names of the outputs.
        dtype: Floating type of the storage.

    Attributes:
        target: ``"step"`` or ``"sequence"``: what has a target of its own.
        labels: Targets per sequence, (samples,) or (samples, outputs); None if each step has one.
        num_classes: Classes there are, seen here or not; None for real-valued targets.
        classes: Names of the classes, or None.
        season: Steps in one season, or None.
        names: Names of the outputs, or None.

    Raises:
        ArgumentError: Shapes or lengths that do not fit together.
        DataError: Nothing to read, a number that is not finite, or a negative class.

    Example:
        >>> data = Sequences([[[1.0], [2.0], [3.0]], [[4.0], [5.0]]], [[0, 1, 1], [1, 0]])
        >>> data
        Sequences(2 sequences of 2 to 3 steps, 1 input, 2 classes per step)
        >>> data.windows(2).batch([0, 2]).y
        tensor([[0, 1],
                [1, 0]])
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        *,
        target: str = "step",
        missing: str = "refuse",
        classes: Sequence[str] | None = None,
        season: int | None = None,
        names: Sequence[str] | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.target = check_choice("Sequences", "target", target, ["step", "sequence"])
        check_choice("Sequences", "missing", missing, ["refuse", "mask"])
        _check_dtype("Sequences", dtype)
        self.season = None if season is None else check_integer("Sequences", "season", season, 1)
        self.labels: Tensor | None = None
        self._storage: Storage
        if target == "step":
            self._storage, lengths = read_step_targets(x, y, missing, dtype)
        else:
            self._storage, lengths, self.labels = read_sequence_targets(x, y, dtype)
        self._ranges = Ranges.from_lengths(lengths)
        self.classes = None if classes is None else tuple(classes)
        self.num_classes = count_classes(self._targets(), self.classes)
        self.names = None if names is None else tuple(names)
        check_names(self._targets(), self.names)

    def _targets(self) -> Tensor:
        targets = self._storage.y if self.labels is None else self.labels
        assert targets is not None
        return targets

    @property
    def input_size(self) -> int:
        """Channels of x; 0 for an autonomous system."""
        return 0 if self._storage.x is None else self._storage.x.shape[1]

    @property
    def output_size(self) -> int | None:
        """Channels of y; None for classes."""
        return None if self.num_classes is not None else self._targets().shape[1]

    @property
    def lengths(self) -> Tensor:
        """Steps of each sample, (samples,) int64."""
        return self._ranges.lengths

    @property
    def x_flat(self) -> Tensor | None:
        """Inputs of the whole storage, (rows, inputs): shared, not to be written to."""
        return self._storage.x

    @property
    def y_flat(self) -> Tensor | None:
        """Targets of the whole storage, (rows, ...): shared; NaN or -1 where missing."""
        return self._storage.y

    @property
    def origin(self) -> Tensor:
        """Storage row where each sample's series begins, (samples,): as far back as it can look."""
        return self._ranges.origin

    @property
    def start(self) -> Tensor:
        """Storage row of each sample's first step, (samples,)."""
        return self._ranges.start

    @property
    def stop(self) -> Tensor:
        """Storage row after each sample's last step, (samples,)."""
        return self._ranges.stop

    def __len__(self) -> int:
        return len(self._ranges.start)

    def __iter__(self) -> Iterator[tuple[Tensor | None, Tensor]]:
        return (self[number] for number in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> tuple[Tensor | None, Tensor]: ...
    @overload
    def __getitem__(self, index: slice | Tensor | Sequence[int]) -> "Sequences": ...
    def __getitem__(self, index: Any) -> Any:
        """Return one sample's (x, y), views of the storage, or the `Sequences` of several."""
        if isinstance(index, slice):
            picked = torch.arange(*index.indices(len(self)))
        else:
            index = torch.as_tensor(index)
            if index.ndim == 0:
                return self._sample(index)
            picked = torch.arange(len(self))[index]
        if not len(picked):
            fail("Sequences", "an index must pick a sample or more", "none", "Widen it.")
        return self._view(self._ranges.select(picked), picked)

    def _sample(self, number: Tensor) -> tuple[Tensor | None, Tensor]:
        steps = slice(int(self.start[number]), int(self.stop[number]))
        x = None if self._storage.x is None else self._storage.x[steps]
        return x, self._targets()[steps] if self.labels is None else self.labels[number]

    def _view(self, ranges: Ranges, sample: Tensor) -> "Sequences":
        """Return other ranges of the same storage, each cut from the sample of that number."""
        view = copy.copy(self)
        view._ranges = ranges
        view.labels = None if self.labels is None else self.labels[sample]
        return view

    def __repr__(self) -> str:
        return describe_samples(
            self.lengths, self.input_size, self._targets(), self.num_classes, self.target
        )

    def covered(self) -> Tensor:
        """Return which rows of the storage lie within a sample, (rows,) bool."""
        return self._ranges.covered(self._storage.rows)

    def astype(self, dtype: torch.dtype) -> "Sequences":
        """Return the same samples over a storage of another floating type; classes stay int64."""
        _check_dtype("Sequences.astype", dtype)
        return self.map(
            lambda x: x.to(dtype), lambda y: y.to(dtype) if y.is_floating_point() else y
        )

    def map(
        self, change_x: Callable[[Tensor], Tensor], change_y: Callable[[Tensor], Tensor]
    ) -> "Sequences":
        """Return the same samples with other numbers.

        Args:
            change_x: From all inputs, (rows, inputs), to as many rows of others.
            change_y: The same for the targets, NaN or -1 where missing, (rows, outputs) or (rows,);
                with one target per sequence, for those of the samples.
        """
        other = copy.copy(self)
        other._storage = self._storage.map(change_x, change_y)
        if other._storage.rows != self._storage.rows:
            fix = "Change numbers row by row."
            got = f"{other._storage.rows} rows"
            fail("Sequences.map", f"{self._storage.rows} rows, as before", got, fix)
        other.labels = None if self.labels is None else change_y(self.labels)
        return other

    def split(self, at: float) -> tuple["Sequences", "Sequences"]:
        """Cut every series in time: what comes before, and what comes after.

        The second part still reaches back into the first for context.

        Args:
            at: A fraction in (0, 1) of each series, or a whole number of steps: from its start, or
                if negative from its end.

        Raises:
            ArgumentError: A part of a series would be empty, or a sequence has one target for all.
        """
        if self.labels is not None:
            fix = "Use split_sequences to share out whole sequences."
            fail("Sequences.split", "each step needs a target", "one per sequence", fix)
        first, second = self._ranges.cut(steps_before_cut(self.lengths, at))
        everyone = torch.arange(len(self))
        return self._view(first, everyone), self._view(second, everyone)

    def split_sequences(
        self, fraction: float, seed: int = 0, stratify: bool = True
    ) -> tuple["Sequences", "Sequences"]:
        """Share out whole sequences at random; each part keeps the order they had.

        Args:
            fraction: Part of the sequences that goes to the first, in (0, 1).
            seed: Seed of the draw.
            stratify: Keep the classes' proportions where each sequence has one class.

        Raises:
            ArgumentError: A part would be empty, or sequences overlap, so that one part would hold
                steps of the other.
        """
        if self._ranges.overlap():
            fix = "Call split_sequences first, and windows on each part."
            fail("Sequences.split_sequences", "sequences must not overlap", "shared steps", fix)
        by_class = stratify and self.labels is not None and self.num_classes is not None
        groups = self.labels if by_class else None
        first, second = sequence_groups(len(self), fraction, seed, groups)
        return self[first], self[second]

    def windows(
        self, length: int, stride: int = 1, drop_last: bool = True, reach_back: int = 0
    ) -> "Sequences":
        """Cut every sample into windows, which share its memory.

        Args:
            length: Steps of a window. A shorter sample gives none, or itself if not ``drop_last``.
            stride: Steps from the start of a window to the next one's.
            drop_last: Leave out the shorter window at the end of a sample.
            reach_back: Start this many steps before the sample, or where its series begins: after a
                warm-up of so many steps, the first targets are the sample's own first ones.

        Raises:
            DataError: No window fits.
        """
        where = "Sequences.windows"
        check_integer(where, "length", length, 1)
        check_integer(where, "stride", stride, 1)
        check_integer(where, "reach_back", reach_back, 0)
        return self._view(*self._ranges.windows(length, stride, drop_last, reach_back))

    def batch(self, index: Sequence[int] | Tensor, context: int = 0) -> Batch:
        """Gather samples side by side, padded with zeros, and the ``context`` steps before."""
        where = "Sequences.batch"
        check_integer(where, "context", context, 0)
        index = check_index(where, index, len(self))
        return gather_batch(self._storage, self._ranges, self.labels, index, context)

    def batches(
        self,
        batch_size: int,
        *,
        context: int = 0,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
        order: Tensor | None = None,
    ) -> Iterator[Batch]:
        """Go once through the samples in batches; the last may be smaller.

        Args:
            batch_size: Samples in a batch.
            context: Steps before each sample to gather too.
            shuffle: Draw the order at random, from ``generator``.
            generator: Source of the order; None is PyTorch's global one.
            order: Numbers of samples in order: say, the rest of an epoch, to resume one exactly.

        Returns:
            An iterator over `Batch`; arguments are checked before it is first advanced.
        """
        where = "Sequences.batches"
        check_integer(where, "batch_size", batch_size, 1)
        check_integer(where, "context", context, 0)
        if order is not None and shuffle:
            fail(where, "order and shuffle exclude each other", "both", "Pass one of them.")
        if order is None:
            count = len(self)
            order = torch.randperm(count, generator=generator) if shuffle else torch.arange(count)
        order = check_index(where, order, len(self))
        parts = (self._storage, self._ranges, self.labels)
        return (gather_batch(*parts, index, context) for index in order.split(batch_size))

    def whole(self) -> Whole | None:
        """The samples as runs of memory that is shared, where there is nothing to pad or to mask.

        Returns:
            All of them; None where lengths differ, targets are missing or per sequence, a sample
            has a past, or begins within what would be another's run.
        """
        return whole_of(self._storage, self._ranges)


def _check_dtype(where: str, dtype: object) -> None:
    if not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        fail(where, "dtype must be a floating type", dtype, "Pass dtype=torch.float32.")
