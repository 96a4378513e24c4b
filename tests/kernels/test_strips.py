"""Parameters packed and gradients summed up by several threads: the same bits as by one."""

from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.kernels.binding import layout, script
from freerun.kernels.loop.strip import strip
from freerun.kernels.threads import workers


def gradients(cell: str, recurrence: str, dtype: torch.dtype, **options: Any) -> list[Tensor]:
    torch.manual_seed(0)
    head = fr.heads.Categorical(19)  # V is packed, too
    net = fr.RecurrentNetwork(3, 21, head, cell=cell, recurrence=recurrence, **options).to(dtype)
    x, y = torch.randn(13, 20, 3, dtype=dtype), torch.randint(0, 19, (13, 20))
    loss = net.backpropagate(x, y)
    return [loss, *(one.grad for one in net.parameters() if one.grad is not None)]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The pieces that strips were handed out in."""
    found: list[tuple[int, int]] = []
    run = workers.run

    def noting(kernel: Any, number: Any, tables: Any, pieces: Any, *rest: Any) -> None:
        if kernel is strip:
            found.extend(pieces)
        run(kernel, number, tables, pieces, *rest)

    monkeypatch.setattr("freerun.kernels.binding.launch.run", noting)
    return found


@pytest.mark.usefixtures("several_threads")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2}], ids=str)
@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_who_packs_and_sums_changes_no_bit(
    cell: str, recurrence: str, options: dict[str, Any], dtype: torch.dtype,
    asked: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    alone = gradients(cell, recurrence, dtype, **options)
    assert not asked
    monkeypatch.setattr(script, "WIDE", 0)
    layout.layout_of.cache_clear()
    shared = gradients(cell, recurrence, dtype, **options)
    assert len(alone) == len(shared)
    assert all(map(torch.equal, alone, shared))
    assert len(set(asked)) >= 4


@pytest.mark.usefixtures("several_threads")
def test_a_small_call_is_not_worth_several_threads(asked: list[tuple[int, int]]) -> None:
    net = fr.nn.LSTM(4, 16)
    net(torch.randn(20, 6, 4))[0].sum().backward()
    assert not asked


@pytest.mark.usefixtures("several_threads")
def test_a_large_one_is(asked: list[tuple[int, int]]) -> None:
    net = fr.nn.LSTM(4, 300)
    net(torch.randn(20, 6, 4))[0].sum().backward()
    gates = {slot for _, slot in asked}
    assert gates == {0, 1, 2, 3}
