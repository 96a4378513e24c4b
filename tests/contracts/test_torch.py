"""The cells against torch.nn with copied weights: outputs, final state and every gradient."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from freerun.heads import Point
from freerun.network import RecurrentNetwork
from freerun.state import State
from tests.contracts.runs import assert_same

KINDS: dict[str, tuple[Callable[..., nn.RNNBase], dict[str, Any]]] = {
    "tanh": (nn.RNN, {"nonlinearity": "tanh"}),
    "relu": (nn.RNN, {"nonlinearity": "relu"}),
    "gru": (nn.GRU, {}),
    "lstm": (nn.LSTM, {}),
}
BATCH, STEPS, INPUTS, HIDDEN = 3, 5, 2, 4
LENGTHS = [2, 5, 3]


def pair(cell: str, layers: int, both_ways: bool) -> tuple[RecurrentNetwork, nn.RNNBase]:
    """A network and its twin. torch has two biases where freerun has their sum, but in a GRU."""
    torch.manual_seed(0)
    kind, arguments = KINDS[cell]
    twin = kind(
        INPUTS, HIDDEN, layers, batch_first=True, bidirectional=both_ways, dtype=torch.float64,
        **arguments,
    )  # fmt: skip
    net = RecurrentNetwork(
        INPUTS, HIDDEN, Point(1), cell, num_layers=layers, bidirectional=both_ways
    ).double()
    with torch.no_grad():
        for suffix, stack in (("", net.layers), ("_reverse", net.reverse_layers)):
            for number, layer in enumerate(stack):
                for name, parameter in layer.named_parameters():
                    parameter.copy_(getattr(twin, f"{name}_l{number}{suffix}"))
                if layer.bias_hh is None:
                    layer.bias_ih.add_(getattr(twin, f"bias_hh_l{number}{suffix}"))
    return net, twin


def parameters(net: RecurrentNetwork) -> dict[str, Tensor]:
    """Those of the layers, under torch's names."""
    return {
        f"{name}_l{number}{suffix}": parameter
        for suffix, stack in (("", net.layers), ("_reverse", net.reverse_layers))
        for number, layer in enumerate(stack)
        for name, parameter in layer.named_parameters()
    }


def with_gradients(values: dict[str, Tensor], leaves: dict[str, Tensor]) -> dict[str, Tensor]:
    """The values, and the gradients of one fixed mixture of all their numbers."""
    generator = torch.Generator().manual_seed(1)
    loss = torch.zeros((), dtype=torch.float64)
    for value in values.values():
        mix = torch.randn(value.shape, generator=generator, dtype=torch.float64)
        loss = loss + (mix * value).sum()
    found = torch.autograd.grad(loss, list(leaves.values()))
    return {**values, **{f"d{name}": part for name, part in zip(leaves, found, strict=True)}}


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
@pytest.mark.parametrize("both_ways", [False, True], ids=["forward", "both ways"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", KINDS)
def test_hidden_recurrence_is_torchs(
    cell: str, layers: int, both_ways: bool, lengths: list[int] | None
) -> None:
    net, twin = pair(cell, layers, both_ways)
    x = torch.randn(BATCH, STEPS, INPUTS, dtype=torch.float64, requires_grad=True)
    ours_leaves = {"x": x} | parameters(net)
    theirs_leaves = {name: x if name == "x" else getattr(twin, name) for name in ours_leaves}
    state, initial = None, None
    if not both_ways:
        memories = 2 if cell == "lstm" else 1
        parts = [
            torch.randn(layers, BATCH, HIDDEN, dtype=torch.float64, requires_grad=True)
            for _ in range(memories)
        ]
        state = State(tuple(tuple(part[n] for part in parts) for n in range(layers)))
        initial = tuple(parts) if memories == 2 else parts[0]
        for leaves in (ours_leaves, theirs_leaves):
            leaves |= {f"initial.{number}": part for number, part in enumerate(parts)}

    given = None if lengths is None else torch.tensor(lengths)
    unrolled = net(x, lengths=given, state=state)
    ours = {"h": unrolled.h, "summary": unrolled.summary}
    if unrolled.state is not None:
        for number in range(2 if cell == "lstm" else 1):
            ours[f"final.{number}"] = torch.stack([m[number] for m in unrolled.state.hidden])

    if given is None:
        h, final = twin(x, initial)
    else:
        packed = pack_padded_sequence(x, given, batch_first=True, enforce_sorted=False)
        h, final = twin(packed, initial)
        h, _ = pad_packed_sequence(h, batch_first=True)
    finals = final if cell == "lstm" else (final,)
    summary = torch.cat(list(finals[0][-2:]), -1) if both_ways else finals[0][-1]
    theirs = {"h": h, "summary": summary}
    if not both_ways:
        theirs |= {f"final.{number}": part for number, part in enumerate(finals)}

    # torch adds gates in another order: rounding of float64.
    wanted = with_gradients(theirs, theirs_leaves)
    assert_same(with_gradients(ours, ours_leaves), wanted, atol=1e-12)


@pytest.mark.parametrize("cell", KINDS)
def test_the_merged_bias_has_the_gradient_of_each_of_torchs_two(cell: str) -> None:
    net, twin = pair(cell, 1, False)
    x = torch.randn(BATCH, STEPS, INPUTS, dtype=torch.float64)
    net(x).h.square().sum().backward()
    twin(x)[0].square().sum().backward()
    layer = net.layers[0]
    torch.testing.assert_close(layer.bias_ih.grad, twin.bias_ih_l0.grad)
    other = layer.bias_ih if layer.bias_hh is None else layer.bias_hh
    torch.testing.assert_close(other.grad, twin.bias_hh_l0.grad)
    assert (layer.bias_hh is not None) == (cell == "gru")


@pytest.mark.parametrize("cell", KINDS)
def test_both_edges_under_a_teacher_are_torchs_network_that_reads_y_too(cell: str) -> None:
    """R f(t-1) stands beside U x(t) in every gate; for a GRU's candidate outside the reset gate."""
    torch.manual_seed(0)
    kind, arguments = KINDS[cell]
    twin = kind(INPUTS + 1, HIDDEN, batch_first=True, dtype=torch.float64, **arguments)
    net = RecurrentNetwork(INPUTS, HIDDEN, Point(1), cell, "both").double()
    layer = net.layers[0]
    assert layer.weight_fh is not None
    assert layer.weight_hh is not None
    with torch.no_grad():
        weights = dict(twin.named_parameters())
        layer.weight_ih.copy_(weights["weight_ih_l0"][:, :INPUTS])
        layer.weight_fh.copy_(weights["weight_ih_l0"][:, INPUTS:])
        layer.weight_hh.copy_(weights["weight_hh_l0"])
        layer.bias_ih.copy_(weights["bias_ih_l0"])
        (layer.bias_ih if layer.bias_hh is None else layer.bias_hh).add_(weights["bias_hh_l0"])
    x = torch.randn(BATCH, STEPS, INPUTS, dtype=torch.float64)
    y = torch.randn(BATCH, STEPS, 1, dtype=torch.float64)
    before = torch.cat([torch.zeros(BATCH, 1, 1, dtype=torch.float64), y[:, :-1]], 1)
    wanted, _ = twin(torch.cat([x, before], -1))
    torch.testing.assert_close(net(x, y).h, wanted, atol=1e-12, rtol=0)
