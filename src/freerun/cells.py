"""Cells: the update equations a(t) -> h(t), and the layer that holds their parameters.

A cell is a value: how many gates it has, what it remembers from one step to the next, and one pure
function,

    memory(t) = update(drive(t), recurrent(t), memory(t-1))
    drive     = b + U x(t) + R f(t-1)          what does not come from this layer's own past
    recurrent = W h(t-1)                       what does

so that everything but the update (lags, layers, which edges recur, kernels) is written once for all
cells. Gates are stacked in the order of PyTorch: LSTM i, f, g, o; GRU r, z, n.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["CELLS", "Cell", "Memory", "RecurrentLayer", "register"]

Memory = tuple[Tensor, ...]
"""What a layer remembers: ``(h,)``, or ``(h, c)`` for an LSTM, each ``(batch, hidden_size)``."""


@dataclass(frozen=True)
class Cell:
    """One update equation.

    Attributes:
        name: what ``RecurrentNetwork(cell=...)`` calls it.
        gates: how many blocks of ``hidden_size`` rows every weight has.
        memory: how many vectors a step hands to the next; the first is h, what the outside sees.
        update: ``(drive, recurrent, memory) -> memory``; elementwise over any leading axes.
        recurrent_bias: whether the recurrent term has a bias that cannot be merged into b.
        forget_gate: the gate whose bias starts at 1, or None.
    """

    name: str
    gates: int
    memory: int
    update: Callable[[Tensor, Tensor | float, Memory], Memory]
    recurrent_bias: bool = False
    forget_gate: int | None = None


def _tanh(drive: Tensor, recurrent: Tensor | float, memory: Memory) -> Memory:
    """h = tanh(a), a = drive + recurrent (Elman 1990)."""
    return (torch.tanh(drive + recurrent),)


def _relu(drive: Tensor, recurrent: Tensor | float, memory: Memory) -> Memory:
    """h = max(a, 0), a = drive + recurrent."""
    return (torch.relu(drive + recurrent),)


def _identity(drive: Tensor, recurrent: Tensor | float, memory: Memory) -> Memory:
    """h = a = drive + recurrent: a linear system."""
    return (drive + recurrent,)


def _gru(drive: Tensor, recurrent: Tensor | float, memory: Memory) -> Memory:
    """h = (1 - z) n + z h(t-1), n = tanh(a_n + r (W_n h(t-1) + b_hn)) (Cho et al. 2014)."""
    (h,) = memory
    a_r, a_z, a_n = drive.chunk(3, -1)
    w_r, w_z, w_n = torch.as_tensor(recurrent).expand_as(drive).chunk(3, -1)
    r, z = torch.sigmoid(a_r + w_r), torch.sigmoid(a_z + w_z)
    n = torch.tanh(a_n + r * w_n)
    return ((1 - z) * n + z * h,)


def _lstm(drive: Tensor, recurrent: Tensor | float, memory: Memory) -> Memory:
    """c = f c(t-1) + i g, h = o tanh c (Hochreiter and Schmidhuber 1997; Gers et al. 2000)."""
    _, c = memory
    i, f, g, o = (drive + recurrent).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


CELLS: dict[str, Cell] = {
    cell.name: cell
    for cell in (
        Cell("tanh", gates=1, memory=1, update=_tanh),
        Cell("relu", gates=1, memory=1, update=_relu),
        Cell("identity", gates=1, memory=1, update=_identity),
        Cell("gru", gates=3, memory=1, update=_gru, recurrent_bias=True),
        Cell("lstm", gates=4, memory=2, update=_lstm, forget_gate=1),
    )
}
"""Every cell by name; what is registered here runs through every contract of the tests."""


def register(cell: Cell) -> None:
    """Make ``RecurrentNetwork(cell=cell.name)`` know ``cell``."""
    CELLS[cell.name] = cell


class RecurrentLayer(nn.Module):
    """One layer of a cell in one direction: U, W, R and b, and the step they make together.

        drive  = weight_ih x(t) + bias_ih                  x(t) with its lags, newest first
        drive += weight_fh f(t-1)                          f(t-1) with its lags, newest first
        memory = update(drive, weight_hh h(t-1) + bias_hh, memory)

    Initial values: ``weight_hh`` orthogonal, gate by gate (Saxe et al. 2014); ``weight_ih`` and
    ``weight_fh`` uniform in +-sqrt(6 / (fan_in + hidden_size)), gate by gate, fan_in counting all
    that the gate reads but h (Glorot and Bengio 2010); biases 0, but 1 for the forget gate (Gers et
    al. 2000; Jozefowicz et al. 2015).

    Args:
        cell: the update.
        input_size: columns of U, lags included.
        hidden_size: H.
        fed_size: columns of R, lags included; 0 for a layer that the output edge does not reach.
        recurrent: whether W is there.
    """

    weight_hh: nn.Parameter | None
    weight_fh: nn.Parameter | None
    bias_hh: nn.Parameter | None

    def __init__(
        self, cell: Cell, input_size: int, hidden_size: int, fed_size: int, recurrent: bool
    ) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        rows = cell.gates * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size)) if recurrent else None
        self.weight_fh = nn.Parameter(torch.empty(rows, fed_size)) if fed_size else None
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.bias_hh = nn.Parameter(torch.empty(rows)) if cell.recurrent_bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values that the class describes from PyTorch's global generator."""
        fed_size = 0 if self.weight_fh is None else self.weight_fh.shape[1]
        fan_in = self.weight_ih.shape[1] + fed_size
        bound = math.sqrt(6 / (fan_in + self.hidden_size))
        nn.init.uniform_(self.weight_ih, -bound, bound)
        if self.weight_fh is not None:
            nn.init.uniform_(self.weight_fh, -bound, bound)
        if self.weight_hh is not None:
            for gate in self.weight_hh.data.split(self.hidden_size):
                nn.init.orthogonal_(gate)
        nn.init.zeros_(self.bias_ih)
        if self.bias_hh is not None:
            nn.init.zeros_(self.bias_hh)
        if self.cell.forget_gate is not None:
            nn.init.ones_(self.bias_ih.data.split(self.hidden_size)[self.cell.forget_gate])

    def zeros(self, *shape: int) -> Memory:
        """The memory before the first step: zeros of ``(*shape, hidden_size)``."""
        return tuple(
            self.bias_ih.new_zeros(*shape, self.hidden_size) for _ in range(self.cell.memory)
        )

    def drive(self, below: Tensor, fed: Tensor | None) -> Tensor:
        """b + U x(t) + R f(t-1), over any leading axes: any number of steps in one product.

        Args:
            below: ``(..., input_size)``: x with its lags, or the h of the layer below.
            fed: ``(..., fed_size)``: f with its lags, or None where its term is added later or not
                at all.

        Returns:
            ``(..., gates * hidden_size)``.
        """
        weight: Tensor = self.weight_ih
        if fed is not None:  # side by side: one product, and no sum of two large ones
            assert self.weight_fh is not None
            below, weight = torch.cat([below, fed], -1), torch.cat([weight, self.weight_fh], 1)
        return nn.functional.linear(below, weight, self.bias_ih)

    def step(self, drive: Tensor, memory: Memory) -> Memory:
        """One step of the cell.

        Args:
            drive: ``(batch, gates * hidden_size)``, all but the recurrent term.
            memory: of the step before.

        Returns:
            The memory of this step.
        """
        assert self.weight_hh is not None
        recurrent = nn.functional.linear(memory[0], self.weight_hh, self.bias_hh)
        return self.cell.update(drive, recurrent, memory)

    def step_without_past(self, drive: Tensor) -> Memory:
        """The cell with zeros for its past: what every step is where W = 0.

        Args:
            drive: ``(..., gates * hidden_size)``: any number of steps at once, for they do not
                depend on each other.

        Returns:
            Memory of ``(..., hidden_size)``.
        """
        recurrent = 0.0 if self.bias_hh is None else self.bias_hh
        return self.cell.update(drive, recurrent, self.zeros(*drive.shape[:-1]))

    def extra_repr(self) -> str:
        """Cell, sizes and edges."""
        edges = [
            name
            for name in ("weight_ih", "weight_hh", "weight_fh")
            if getattr(self, name) is not None
        ]
        return f"{self.cell.name}, hidden_size={self.hidden_size}, {', '.join(edges)}"
