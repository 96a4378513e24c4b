"""One unfolding on the kernels: tensors in, tensors out, and the gradients back.

Everything that only carries numbers between PyTorch and the kernels is here; what a network is, and
whether kernels apply to it, is decided elsewhere.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from freerun.kernels.binding.given import oldest_first
from freerun.kernels.binding.launch import Launch
from freerun.kernels.binding.layout import layout_of
from freerun.kernels.binding.room import (
    borrow,
    empty,
    fresh,
    give_back,
    place_of,
    scalar,
    zeros,
)
from freerun.kernels.binding.script import Forward
from freerun.kernels.binding.terms import NOWHERE, Terms
from freerun.kernels.loop.backward import backward
from freerun.kernels.loop.forward import forward

__all__ = ["Unfolding"]

NO_MEMORY = (0, 0, 0, 0)

POOLED = 2**24
"""Bytes up to which a loop that shows no h works in borrowed memory: a page's first touch takes a
hundred times as long as filling it."""


class Unfolding:
    """One call: :meth:`run` it, and :meth:`back` goes back through it.

    Args:
        terms: what is unfolded.
        lengths: int64, falling; None where every sequence fills the batch.

    Attributes:
        tensors: all that gradients may flow to, in the order that :class:`Layout` numbers them.
        kept: what only the way back needs.
        constants: what else it reads: the caller's, and may change.
        alive: what else there is an address of.
        numbers: what the way back is told that the way forward was, while both see the same memory.
    """

    __slots__ = (
        "alive", "constants", "given", "is_ragged", "kept", "launch", "layout", "numbers",
        "tensors", "turned",
    )  # fmt: skip

    def __init__(self, terms: Terms, lengths: Tensor | None = None) -> None:
        fields, self.tensors, self.given, self.constants, self.alive = terms
        self.layout = layout = layout_of(fields)
        self.kept: Sequence[Tensor | None] = ()
        self.numbers: list[int] | None = None
        self.turned: Tensor | None = None  # R as the kernels read it, where it has several lags
        self.launch, self.is_ragged = Launch(layout, lengths), lengths is not None

    # --- forward ----------------------------------------------------------------------------------

    def run(self, keep: bool, with_h: bool = True, with_f: bool = True) -> tuple[Any, ...]:
        """Unfold; ``keep`` what :meth:`back` will need.

        Without ``with_h``, h is None: where the output edge is open, only two steps of it are held.
        Without ``with_f``, f may be the last lags alone.

        Returns:
            o ``(batch, time, size)`` or None; h of the last layer ``(batch, time, units)``; f
            ``(batch, time, features)``, or None where it was known or there is no output edge; the
            loss of every step ``(batch, time)`` and their sum, or None; and the parts of the memory
            at each sequence's end, ``(layers, batch, units)`` each.
        """
        layout, shape = self.layout, self.layout.shape
        batch, steps, dtype = shape.batch, shape.steps, shape.dtype
        script = layout.scripts.forward(keep, with_h)
        make = zeros if self.is_ragged else fresh
        o = nll = total = None
        if shape.size:
            o = make((batch, steps, shape.size), dtype)
        if shape.score:
            nll, total = make((batch, steps), dtype), scalar(dtype)
        size = (shape.layers, batch, shape.units)
        last = [fresh(size, dtype) for _ in range(layout.memory_parts)]
        places = [*map(place_of, last), 0, 0][:2]
        is_short = script.is_short and not self.is_ragged
        if is_short and script.block * shape.one <= POOLED:
            sums = place_of(nll), place_of(total)
            return o, None, self._run_borrowed(script, o, places, sums, with_f), nll, total, *last
        is_copied = script.is_small and not self.is_ragged
        h, f = (self._hold_together if is_copied else self._hold)(script, o, with_h)
        numbers = self._numbers(script, places)
        seen = (place_of(h), place_of(f)) if is_copied else (0, 0)
        self.launch.run(forward, script, numbers, place_of(nll), place_of(total), seen)
        return o, h, f, nll, total, *last

    def _run_borrowed(
        self, script: Forward, o: Tensor | None, last: Sequence[int], sums: tuple[int, int],
        with_f: bool,
    ) -> Tensor:  # fmt: skip
        """Go forward in borrowed memory, of which only f is copied; or its last lags alone."""
        layout, shape, f = self.layout, self.layout.shape, None
        if with_f:
            f = fresh((shape.batch, shape.steps, shape.features), shape.dtype)
        held = borrow(script.block * shape.one)
        try:
            block = held.numbers(script.block, shape.dtype)
            self.kept = o, block
            self.launch.run(forward, script, self._numbers(script, last), *sums, (0, place_of(f)))
            if f is not None:
                return f
            start = script.places[3] // shape.one + shape.steps * shape.features
            size, stride = (shape.batch, shape.lags, shape.features), layout.fed_row
            return block.as_strided(size, (stride, shape.features, 1), start).clone()
        finally:
            self.kept = ()
            give_back(held)

    def _hold(
        self, script: Forward, o: Tensor | None, with_h: bool
    ) -> tuple[Tensor | None, Tensor | None]:
        """Memory for all that every step computes; h and f are seen in it."""
        layout, shape = self.layout, self.layout.shape
        size, features, dtype = (shape.batch, shape.steps), shape.features, shape.dtype
        h = f = kept = fed = None
        # h of the last layer is given away, and must not hold the rest: it has its own memory.
        top = empty((script.top,), dtype)
        if with_h:
            stride = (layout.h_row, layout.h_step, 1)
            h = _part(top, layout.h_step, (*size, shape.units), stride)
        if script.kept:
            kept = empty((script.kept,), dtype)
        if shape.edge is not None:
            make = zeros if self.is_ragged else fresh
            fed = make((shape.batch, shape.lags + shape.steps, features), dtype)
            if not shape.edge.is_known:
                stride = (layout.fed_row, features, 1)
                f = _part(fed, shape.lags * features, (*size, features), stride)
        self.kept = o, top, kept, fed
        return h, f

    def _hold_together(
        self, script: Forward, o: Tensor | None, with_h: bool
    ) -> tuple[Tensor | None, Tensor | None]:
        """The same in one block, of which h and f are copies."""
        shape, h, f = self.layout.shape, None, None
        size, edge, dtype = (shape.batch, shape.steps), shape.edge, shape.dtype
        if with_h:
            h = fresh((*size, shape.units), dtype)
        if edge is not None and not edge.is_known:
            f = fresh((*size, edge.features), dtype)
        self.kept = o, fresh((script.block,), dtype)
        return h, f

    def score(self, keep: bool) -> Tensor:
        """Unfold for the sum of all losses and nothing else; every sequence fills the batch."""
        layout = self.layout
        script = layout.scripts.forward(keep, False)
        block, total = empty((script.block,), layout.shape.dtype), scalar(layout.shape.dtype)
        self.kept = None, block
        nll = block.data_ptr()  # the losses are the first of it
        self.numbers = numbers = self._numbers(script)
        self.launch.run(forward, script, numbers, nll, total.data_ptr())
        return total

    def _numbers(self, script: Forward, last: Sequence[int] = (0, 0)) -> list[int]:
        """What is different in every call, as ``script`` has it from X_ROW on."""
        if len(self.kept) > 2:
            o, top, kept, fed = map(place_of, self.kept)
        else:
            seen, block = self.kept
            assert block is not None
            base, (o, top, kept, fed) = block.data_ptr(), script.places
            o = base + o if seen is None else seen.data_ptr()
            top, kept, fed = base + top, base + kept, base + fed
        tensors, layout = self.tensors, self.layout
        places = [0 if one is None else one.data_ptr() for one in tensors]
        if layout.lags > 1:
            turned = tensors[layout.weight_fh]
            assert turned is not None
            self.turned = turned = oldest_first(turned, layout.lags)
            places[layout.weight_fh] = turned.data_ptr()
        x = tensors[0]
        assert x is not None
        row, step, _ = x.stride()
        return [row, step, o, top, kept, fed, *last, *self.given, *places, 0]

    # --- between the two ---

    def let_go(self) -> tuple[Tensor | None, ...]:
        """Give away what only the way back needs, for PyTorch to keep."""
        kept, self.tensors, self.kept, self.turned = self.kept, [], (), None
        self.numbers = None
        return tuple(kept)

    def take_back(self, tensors: Sequence[Tensor | None], kept: Sequence[Tensor | None]) -> None:
        """Take what :meth:`let_go` gave away, or the same computed again somewhere else."""
        self.tensors, self.kept = list(tensors), kept

    # --- backward ---------------------------------------------------------------------------------

    def back(
        self, d_o: Tensor | None, d_h: Tensor | None, d_f: Tensor | None, d_nll: Tensor | None,
        d_total: Tensor | None, d_last: Sequence[Tensor | None],
        needed: Sequence[bool],
    ) -> list[Tensor | None]:  # fmt: skip
        """Back-propagate.

        Args:
            d_o: gradient of o, or None for zeros; and so on.
            d_h: of h.
            d_f: of f.
            d_nll: of the loss of every step.
            d_total: of their sum.
            d_last: of the parts of the last memory; nothing for zeros.
            needed: which of ``tensors`` want a gradient.

        Returns:
            Those gradients, None for the others.
        """
        layout, shape = self.layout, self.layout.shape
        script = layout.scripts.backward(needed[0])
        found: list[Tensor | None] = [None] * len(self.tensors)
        if d_nll is not None and d_total is not None:
            d_nll = d_nll + d_total
        of_nll: tuple[int, ...] = NOWHERE
        if d_nll is not None:
            of_nll = d_nll.data_ptr(), *d_nll.stride()
        elif d_total is not None:
            of_nll = d_total.data_ptr(), 0, 0  # one for all steps
        of_o = of_h = NOWHERE
        if d_o is not None:
            d_o, of_o = _incoming(d_o)
        if d_h is not None:
            d_h, of_h = _incoming(d_h)
        if needed[0]:
            make = zeros if self.is_ragged else fresh
            found[0] = make((shape.batch, shape.steps, shape.inputs), shape.dtype)
        d_fed = None
        if d_f is not None or (shape.edge is not None and needed[layout.weight_fh + 1]):
            d_fed = self._fed_gradient(d_f, needed, found)
        of_memory: Sequence[int] = NO_MEMORY
        alive: list[Tensor] = []
        wants_first = True in needed[layout.first_memory : layout.weight_fh]
        if wants_first or any(one is not None for one in d_last):
            of_memory, alive = self._describe_memory(d_last, wants_first, found)
        targets = []
        for tensor, size in layout.gradient_tensors:
            if needed[tensor]:
                found[tensor] = made = fresh(size, shape.dtype)
                targets.append(made.data_ptr())
            else:
                targets.append(0)
        numbers = self.numbers or self._numbers(layout.scripts.kept)
        of_all = *of_nll, *of_o, *of_h, place_of(found[0]), *of_memory
        self.launch.run(backward, script, [*numbers, *of_all, *targets], blank=place_of(d_fed))
        del d_o, d_h, d_nll, d_fed, alive  # till here they had to be there
        if layout.lags > 1:
            d_r = found[layout.weight_fh]
            found[layout.weight_fh] = None if d_r is None else oldest_first(d_r, shape.lags)
        return found

    def _fed_gradient(
        self, d_f: Tensor | None, needed: Sequence[bool], found: list[Tensor | None]
    ) -> Tensor:
        """What the gradients of what was fed are added to, where someone gives or wants them."""
        layout, shape = self.layout, self.layout.shape
        d_fed = zeros((shape.batch, shape.lags + shape.steps, shape.features), shape.dtype)
        if d_f is not None:
            d_fed[:, shape.lags :] = d_f
        if needed[layout.weight_fh + 1]:
            found[layout.weight_fh + 1] = d_fed[:, : shape.lags]
        return d_fed

    def _describe_memory(
        self, d_last: Sequence[Tensor | None], wants_first: bool, found: list[Tensor | None]
    ) -> tuple[Sequence[int], list[Tensor]]:
        """Where the last memory's gradients are, and where the first one's are to be."""
        layout, shape = self.layout, self.layout.shape
        of_last, of_first, alive = [0, 0], [0, 0], []
        for part, given in enumerate(d_last):
            if given is not None:
                alive.append(given.contiguous())
                of_last[part] = alive[-1].data_ptr()
        first = layout.first_memory
        if wants_first:
            make = zeros if self.is_ragged else fresh
            for part in range(layout.memory_parts):
                made = make((shape.layers, shape.batch, shape.units), shape.dtype)
                found[first + part], of_first[part] = made, made.data_ptr()
        return (*of_last, *of_first), alive


def _incoming(given: Tensor) -> tuple[Tensor, tuple[int, int, int]]:
    """A gradient with its last axis side by side; where it is, and its strides."""
    row, step, one = given.stride()
    if one != 1 and given.shape[-1] > 1:
        given = given.contiguous()
        row, step, _ = given.stride()
    return given, (given.data_ptr(), row, step)


def _part(whole: Tensor, start: int, size: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """A tensor in the memory of another, and no view of it: users may change it in place."""
    return whole.as_strided(size, stride, start).data
