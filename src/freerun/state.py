"""What goes into an unroll besides data: the state that a step hands on, and the noise it uses.

Both are values. No module remembers a sequence, and nothing random happens inside the loop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from freerun.cells import Memory

__all__ = ["Noise", "State"]


@dataclass(frozen=True)
class State:
    """What one step hands to the next; a value, in scaled units, one row a sequence.

    Attributes:
        hidden: a tuple for each layer, ``(h,)`` or ``(h, c)``, each ``(batch, hidden_size)``; empty
            where W = 0, for then no step reads it.
        output: ``(batch, output_lags, fed_size)``, the last values fed, oldest first; None without
            an output edge.
        inputs: ``(batch, input_lags, input_size)``, the last inputs, oldest first; None without
            input lags.
    """

    hidden: tuple[Memory, ...] = ()
    output: Tensor | None = None
    inputs: Tensor | None = None

    @property
    def rows(self) -> int | None:
        """How many sequences it is of; None where it holds nothing."""
        for part in (self.output, self.inputs, *(memory[0] for memory in self.hidden)):
            if part is not None:
                return part.shape[0]
        return None

    def map(self, change: Callable[[Tensor], Tensor]) -> "State":
        """The state with ``change`` applied to every tensor in it."""
        return State(
            tuple(tuple(change(part) for part in memory) for memory in self.hidden),
            None if self.output is None else change(self.output),
            None if self.inputs is None else change(self.inputs),
        )

    def detach(self) -> "State":
        """The same values, cut from the graph: no gradient crosses."""
        return self.map(Tensor.detach)

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by name: ``hidden.<layer>.<part>``, ``output``, ``inputs``."""
        named = {
            f"hidden.{layer}.{part}": tensor
            for layer, memory in enumerate(self.hidden)
            for part, tensor in enumerate(memory)
        }
        rest = {"output": self.output, "inputs": self.inputs}
        return named | {name: tensor for name, tensor in rest.items() if tensor is not None}

    @classmethod
    def from_tensors(cls, named: Mapping[str, Tensor]) -> "State":
        """The state whose :meth:`tensors` these are, in whatever order."""
        layers: dict[int, dict[int, Tensor]] = {}
        for name, tensor in named.items():
            if name.startswith("hidden."):
                layer, part = name.split(".")[1:]
                layers.setdefault(int(layer), {})[int(part)] = tensor
        hidden = (
            tuple(memory[part] for part in sorted(memory)) for _, memory in sorted(layers.items())
        )
        return cls(tuple(hidden), named.get("output"), named.get("inputs"))

    @classmethod
    def cat(cls, states: Sequence["State"]) -> "State":
        """The rows of several states of the same network as one state."""
        parts = [state.tensors() for state in states]
        return cls.from_tensors(
            {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        )


class Noise(NamedTuple):
    """All that is random in one unroll, drawn beforehand: the same noise gives the same unroll.

    Attributes:
        samples: ``(batch, time, head.noise_size)`` for samples that are fed back, or None.
        dropout: a mask ``(batch, time, width)`` for every layer's output, 0 or 1 / (1 - dropout);
            empty for none.
        summary: the same for what ``readout="last"`` reads, ``(batch, width)``, whatever step that
            comes from.
    """

    samples: Tensor | None = None
    dropout: tuple[Tensor, ...] = ()
    summary: Tensor | None = None

    def part(self, start: int, stop: int) -> "Noise":
        """The noise of the steps ``start`` to ``stop``."""
        samples = None if self.samples is None else self.samples[:, start:stop]
        dropout = tuple(mask[:, start:stop] for mask in self.dropout)
        return Noise(samples, dropout, self.summary)
