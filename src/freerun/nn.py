"""``torch.nn.RNN``, ``GRU`` and ``LSTM`` on freerun's kernels: change the import, and nothing else.

    h(t), memory(t) = update(U x(t) + b_ih, W h(t-1) + b_hh, memory(t-1))     layer upon layer

The layers are subclasses of PyTorch's. Parameters, their names and first values, gate order, what
``forward`` takes and gives, ``repr``, pickles and state dicts are PyTorch's own; a state dict of
either loads into the other. Only the loop over time is freerun's.

Who computes. freerun, where the input, the initial state and every weight are on the CPU and of one
dtype, float32 or float64. Everything else is handed to the ``forward`` of PyTorch's layer:

- any other device. On CUDA that is cuDNN; CUDA was not run by us;
- any other dtype, among them float16 and bfloat16, and ``torch.autocast("cpu")``;
- under ``torch.func``, forward-mode differentiation, and ``freerun.kernels.disabled()``, which a
  gradient of a gradient needs;
- ``proj_size > 0``;
- a call that is being recorded: ``torch.jit.trace``, ``torch.export``, an ONNX export.
  ``torch.jit.script`` puts PyTorch's layer, with the same parameters, in the place of this one;
- an input without a step or without a sequence, and whatever PyTorch refuses: the errors are
  PyTorch's own.

``torch.compile`` leaves these layers, as it does PyTorch's, out of its graphs and calls them as
they are.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from freerun.cells import CELLS, Memory
from freerun.kernels import over_time, why_not

__all__ = ["GRU", "LSTM", "RNN"]

CELL = {"RNN_TANH": "tanh", "RNN_RELU": "relu", "GRU": "gru", "LSTM": "lstm"}
"""freerun's name of the cell for PyTorch's ``mode`` of a layer."""

DTYPES = (torch.float32, torch.float64)
"""What the kernels compute in."""


class RNN(nn.RNN):
    """``torch.nn.RNN``: h(t) = tanh(U x(t) + b_ih + W h(t-1) + b_hh), or max(0, .) (Elman 1990).

    Arguments, attributes and state dict are those of ``torch.nn.RNN``. When PyTorch computes
    instead of freerun, the module says (``freerun.nn``).

    Example:
        >>> rnn = RNN(10, 20, num_layers=2, nonlinearity="relu")
        >>> output, h_n = rnn(torch.randn(5, 3, 10))  # time, batch, features
        >>> output.shape, h_n.shape
        (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Read sequences.

        Args:
            input: ``(time, batch, input_size)``; ``(batch, time, input_size)`` for
                ``batch_first=True``; ``(time, input_size)`` for one sequence; a ``PackedSequence``
                for sequences of several lengths.
            hx: the initial h, ``(num_layers * directions, batch, hidden_size)``, without the batch
                for one sequence; None for zeros.

        Returns:
            h of the last layer at every step, both directions side by side, laid out like the
            input; and h of every layer and direction after its last step, laid out like ``hx``.
            Gradients flow to the input, to ``hx`` and to every parameter.

        Raises:
            ValueError: the number of axes or the dtype of the input is wrong.
            RuntimeError: a size is wrong.
        """
        weights = _weights(self)
        if not _is_for_kernels(self, weights, input, None if hx is None else (hx,)):
            return super().forward(input, hx)
        output, (h,) = _run(self, weights, input, () if hx is None else (hx,))
        return output, h

    def __prepare_scriptable__(self) -> nn.RNNBase:
        return _as_torchs(self, RNN, nn.RNN)


class GRU(nn.GRU):
    """``torch.nn.GRU``: h(t) = (1 - z) n + z h(t-1), gates in the order r, z, n (Cho et al. 2014).

    Arguments, attributes and state dict are those of ``torch.nn.GRU``. When PyTorch computes
    instead of freerun, the module says (``freerun.nn``).

    Example:
        >>> gru = GRU(10, 20, batch_first=True, bidirectional=True)
        >>> output, h_n = gru(torch.randn(3, 5, 10))  # batch, time, features
        >>> output.shape, h_n.shape
        (torch.Size([3, 5, 40]), torch.Size([2, 3, 20]))
    """

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Read sequences.

        Args:
            input: as for ``RNN``.
            hx: as for ``RNN``.

        Returns:
            As for ``RNN``.

        Raises:
            ValueError: the number of axes or the dtype of the input is wrong.
            RuntimeError: a size is wrong.
        """
        weights = _weights(self)
        if not _is_for_kernels(self, weights, input, None if hx is None else (hx,)):
            return super().forward(input, hx)
        output, (h,) = _run(self, weights, input, () if hx is None else (hx,))
        return output, h

    def __prepare_scriptable__(self) -> nn.RNNBase:
        return _as_torchs(self, GRU, nn.GRU)


class LSTM(nn.LSTM):
    """``torch.nn.LSTM``: c(t) = f c(t-1) + i g, h(t) = o tanh c(t), gates in the order i, f, g, o.

    Arguments, attributes and state dict are those of ``torch.nn.LSTM``. When PyTorch computes
    instead of freerun, the module says (``freerun.nn``): with ``proj_size > 0``, say. Source:
    Hochreiter and Schmidhuber (1997), Gers et al. (2000).

    Example:
        >>> lstm = LSTM(10, 20)
        >>> lstm.load_state_dict(nn.LSTM(10, 20).state_dict())
        <All keys matched successfully>
        >>> output, (h_n, c_n) = lstm(torch.randn(5, 10))  # one sequence: time, features
        >>> output.shape, h_n.shape, c_n.shape
        (torch.Size([5, 20]), torch.Size([1, 20]), torch.Size([1, 20]))
    """

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Read sequences.

        Args:
            input: as for ``RNN``.
            hx: the initial ``(h, c)``, each as h for ``RNN``; None for zeros.

        Returns:
            h of the last layer at every step, as for ``RNN``, and ``(h, c)`` of every layer and
            direction after its last step.

        Raises:
            ValueError: the number of axes or the dtype of the input is wrong.
            RuntimeError: a size is wrong.
        """
        weights = _weights(self)
        if not _is_for_kernels(self, weights, input, hx):
            return super().forward(input, hx)
        return _run(self, weights, input, () if hx is None else tuple(hx))

    def __prepare_scriptable__(self) -> nn.RNNBase:
        return _as_torchs(self, LSTM, nn.LSTM)


Weights = list[list[nn.Parameter]]
"""For each layer, and in it for each direction: U, W and, with biases, b_ih and b_hh."""


def _weights(layer: nn.RNNBase) -> Weights:
    """``layer.all_weights``, without a call for each: it is asked for in every forward."""
    held = layer._parameters
    try:
        return [[held[name] for name in names] for names in layer._all_weights]  # type: ignore[misc]
    except KeyError:  # parametrized: computed when asked for
        return layer.all_weights


def _is_for_kernels(layer: nn.RNNBase, weights: Weights, input: Any, memory: Any) -> bool:
    """Whether the kernels compute this call: the module says which. Never raises.

    Args:
        layer: the layer.
        weights: its parameters as they are now: tied, parametrized or replaced.
        input: what ``forward`` was given.
        memory: the initial state, one tensor for each part of the cell's memory, or None.
    """
    # First, for what is being recorded may have no numbers to look at.
    if torch.compiler.is_compiling() or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return False
    if layer.proj_size:
        return False
    packed = isinstance(input, PackedSequence)
    x = input.data if packed else input
    if not (isinstance(x, Tensor) and x.is_cpu and x.dtype in DTYPES and x.numel()):
        return False
    axes, inputs = x.ndim, layer.input_size
    if (axes != 2 and (packed or axes != 3)) or x.shape[-1] != inputs:
        return False
    cell, dtype = CELL[layer.mode], x.dtype
    rows = CELLS[cell].gates * layer.hidden_size
    for group in weights:
        for weight in group:
            if weight.dtype is not dtype or not weight.is_cpu or weight.shape[0] != rows:
                return False
        if group[1].shape[1] != layer.hidden_size:
            return False
    if weights[0][0].shape[1] != inputs:
        return False
    if why_not(cell, x) is not None:
        return False
    if memory is None:
        return True
    batch: tuple[int, ...] = ()
    if packed:
        batch = (int(input.batch_sizes[0]),)
    elif x.ndim == 3:
        batch = (x.shape[0 if layer.batch_first else 1],)
    return _is_memory(memory, layer, (len(weights), *batch, layer.hidden_size), x.dtype)


def _is_memory(memory: Any, layer: nn.RNNBase, shape: tuple[int, ...], dtype: torch.dtype) -> bool:
    """Whether ``memory`` has the parts of the layer's cell, all of this shape and dtype."""
    if not isinstance(memory, (tuple, list)) or len(memory) != CELLS[CELL[layer.mode]].memory:
        return False
    return all(
        isinstance(part, Tensor) and part.shape == shape and part.dtype is dtype and part.is_cpu
        for part in memory
    )


def _run(
    layer: nn.RNNBase, weights: Weights, input: Tensor | PackedSequence, memory: Memory
) -> tuple[Tensor | PackedSequence, Memory]:
    """What ``forward`` promises, for each of the four layouts an input can have.

    Args:
        layer: the layer.
        weights: its parameters.
        input: sequences that ``_is_for_kernels``.
        memory: the initial state as the caller gave it, or an empty tuple for zeros.

    Returns:
        The output, and the final state as the caller wants it.
    """
    if isinstance(input, PackedSequence):
        data, batch_sizes, by_length, as_given = input
        x, lengths = pad_packed_sequence(PackedSequence(data, batch_sizes), batch_first=True)
        if by_length is not None:
            memory = tuple(part.index_select(1, by_length) for part in memory)
        h, final = _through_layers(layer, weights, x, memory, lengths)
        if as_given is not None:
            final = tuple(part.index_select(1, as_given) for part in final)
        data = pack_padded_sequence(h, lengths, batch_first=True).data
        return PackedSequence(data, batch_sizes, by_length, as_given), final
    if input.ndim == 2:
        memory = tuple(part.unsqueeze(1) for part in memory)
        h, final = _through_layers(layer, weights, input.unsqueeze(0), memory, None)
        return h.squeeze(0), tuple(part.squeeze(1) for part in final)
    if layer.batch_first:
        return _through_layers(layer, weights, input, memory, None)
    h, final = _through_layers(layer, weights, input.transpose(0, 1), memory, None)
    return h.transpose(0, 1), final


def _through_layers(
    layer: nn.RNNBase, weights: Weights, x: Tensor, memory: Memory, lengths: Tensor | None
) -> tuple[Tensor, Memory]:
    """Every layer and direction over time.

    Args:
        layer: the layer.
        weights: its parameters.
        x: ``(batch, time, input_size)``.
        memory: ``(num_layers * directions, batch, hidden_size)`` each, or empty for zeros.
        lengths: ``(batch,)``, falling, or None where all sequences are of one length.

    Returns:
        h of the last layer, ``(batch, time, directions * hidden_size)``, and the final memory. The
        latter is no view: programs detach it in place.
    """
    cell, dropped = CELL[layer.mode], layer.dropout and layer.training
    if not layer.bidirectional and not (dropped and layer.num_layers > 1):
        return over_time(cell, x, memory, weights, lengths)
    directions = 2 if layer.bidirectional else 1
    backwards = _backwards(lengths, x.shape[1]) if layer.bidirectional else None
    final = []
    for number in range(0, len(weights), directions):
        h, last = _one(cell, x, memory, weights, number, lengths)
        final.append(last)
        if layer.bidirectional:
            back, last = _one(cell, _turned(x, backwards), memory, weights, number + 1, lengths)
            final.append(last)
            h = torch.cat((h, _turned(back, backwards)), -1)
        x = h
        if dropped and number + directions < len(weights):
            x = _dropped(h, layer.dropout, lengths)
    return x, tuple(torch.cat(parts) for parts in zip(*final, strict=True))


def _one(
    cell: str, x: Tensor, memory: Memory, weights: Weights, number: int, lengths: Tensor | None
) -> tuple[Tensor, Memory]:
    """One layer in one direction."""
    rows = slice(number, number + 1)
    return over_time(cell, x, [part[rows] for part in memory], weights[rows], lengths)


def _backwards(lengths: Tensor | None, steps: int) -> Tensor | None:
    """For each step the one to read when going back from each own end, ``(batch, time, 1)``."""
    if lengths is None:
        return None
    step, lengths = torch.arange(steps), lengths.unsqueeze(1)
    return torch.where(step < lengths, lengths - 1 - step, step).unsqueeze(-1)


def _turned(sequence: Tensor, backwards: Tensor | None) -> Tensor:
    """Each sequence, ``(batch, time, features)``, turned round within its own length."""
    if backwards is None:
        return sequence.flip(1)
    return sequence.gather(1, backwards.expand_as(sequence))


def _dropped(h: Tensor, p: float, lengths: Tensor | None) -> Tensor:
    """Dropout on real steps, drawn in PyTorch's order: a seed drops here what it drops there."""
    h = h.transpose(0, 1)  # that order is time, batch
    if lengths is None:
        return dropout(h.contiguous(), p).transpose(0, 1)
    data, batch_sizes, _, _ = pack_padded_sequence(h, lengths)
    packed = PackedSequence(dropout(data, p), batch_sizes)
    return pad_packed_sequence(packed, batch_first=True)[0]


def _as_torchs(layer: nn.RNNBase, ours: type[nn.RNNBase], theirs: type[nn.RNNBase]) -> nn.RNNBase:
    """PyTorch's layer with this one's parameters; a user's own subclass is left as it is."""
    if type(layer) is not ours:
        return layer
    twin = copy.copy(layer)
    twin.__class__ = theirs
    return twin
