"""Float32: how far from float64 the numbers are, beside PyTorch's own layers."""

import copy
from typing import Any

import pytest
import torch

import freerun as fr


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("units", [16, 128, 512])
@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_no_more_than_twice_pytorchs_error(cell: str, units: int, batch: int) -> None:
    """Long sums are where digits are lost: over 2048 numbers in the largest."""
    torch.manual_seed(0)
    ours = getattr(fr.nn, cell)(32, units, batch_first=True)
    theirs = getattr(torch.nn, cell)(32, units, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    exact = copy.deepcopy(theirs).double()
    x, change = torch.randn(batch, 50, 32), torch.randn(batch, 50, units)
    found = [results(net, x, change) for net in (ours, theirs, exact)]
    for our, their, wanted in zip(*found, strict=True):
        error, theirs_error = ((one - wanted).norm() / wanted.norm() for one in (our, their))
        assert error <= 2 * theirs_error


def results(net: Any, x: torch.Tensor, change: torch.Tensor) -> list[torch.Tensor]:
    kind = next(net.parameters()).dtype
    o, _ = net(x.to(kind))
    gradients = torch.autograd.grad(o, list(net.parameters()), change.to(kind))
    return [one.detach().double() for one in (o, *gradients)]
