"""Sequences cut in time for the threads: the same loss and the same gradients."""

from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun import _on_kernels, _time_cut
from freerun._time_cut import TimeCut, cut_in_time
from freerun.kernels.threads import slices
from freerun.kernels.threads.slices import pieces_of_time

KINDS: list[dict[str, Any]] = [
    {},
    {"output_lags": 3},
    {"inputs": 0, "output_lags": 2},
    {"head": fr.heads.Categorical(4)},
    {"head": fr.heads.Gaussian(2)},
    {"input_lags": 2},
    {"num_layers": 2},
    {"residual": True},
    {"cell": "gru"},
    {"cell": "lstm", "num_layers": 2},
]


def trained(
    batch: int, steps: int, graph: bool, inputs: int = 3, head: Any = None,
    recurrence: str = "output", turned: bool = False, **options: Any,
) -> list[Tensor]:  # fmt: skip
    """The loss, and all gradients."""
    torch.manual_seed(0)
    head = head or fr.heads.Point(2)
    net = fr.RecurrentNetwork(inputs, 5, head, recurrence=recurrence, **options).double()
    x = torch.randn(batch, steps, inputs).double() if inputs else None
    if turned and x is not None:
        x = x.transpose(0, 1).contiguous().transpose(0, 1)
    shape = (batch, steps) if head.outputs is None else (batch, steps, head.outputs)
    y = torch.randint(0, 4, shape) if head.outputs is None else torch.randn(shape).double()
    if graph:
        loss = net.loss(x, y)
        loss.backward()
    else:
        loss = net.backpropagate(x, y)
    return [loss.detach(), *(one.grad for one in net.parameters() if one.grad is not None)]


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many sequences became how many pieces, call by call."""
    found: list[int] = []

    def noting(x: Tensor, *rest: Any) -> TimeCut | None:
        made = cut_in_time(x, *rest)
        found.append(1 if made is None else len(made.x) // len(x))
        return made

    monkeypatch.setattr(_on_kernels, "cut_in_time", noting)
    monkeypatch.setattr(slices, "LEAST_PIECE", 4)
    monkeypatch.setattr(_time_cut, "SHORT", 8)
    return found


@pytest.mark.usefixtures("several_threads")
@pytest.mark.parametrize("graph", [False, True], ids=["directly", "by the graph"])
@pytest.mark.parametrize(("batch", "steps"), [(1, 96), (2, 96), (4, 49)])
@pytest.mark.parametrize("options", KINDS, ids=str)
def test_pieces_give_what_sequences_give(
    batch: int, steps: int, graph: bool, options: dict[str, Any], cuts: list[int]
) -> None:
    found = trained(batch, steps, graph, **options)
    assert cuts == [3 if steps == 96 else 7]
    with fr.kernels.disabled():
        wanted = trained(batch, steps, graph, **options)
    assert len(found) == len(wanted) > 3
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.usefixtures("several_threads")
@pytest.mark.parametrize(
    ("batch", "steps", "options"),
    [
        (1, 97, {}),
        (3, 96, {}),
        (1, 12, {"output_lags": 9}),
        (2, 96, {"turned": True}),
    ],
    ids=["a prime", "enough sequences", "many lags", "x in another order"],
)
def test_what_cannot_be_cut_stays_whole(
    batch: int, steps: int, options: dict[str, Any], cuts: list[int]
) -> None:
    found = trained(batch, steps, False, **options)
    assert cuts == [1]
    with fr.kernels.disabled():
        wanted = trained(batch, steps, False, **options)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.usefixtures("several_threads")
@pytest.mark.parametrize("recurrence", ["hidden", "both"])
def test_a_recurrence_is_never_cut(recurrence: str, cuts: list[int]) -> None:
    trained(1, 96, False, recurrence=recurrence)
    assert set(cuts) <= {1}


def test_pieces_keep_threads_busy() -> None:
    much = 10**9
    assert pieces_of_time(1, 1000, much, 2) == 2
    assert pieces_of_time(3, 1000, much, 2) == 2
    assert pieces_of_time(2, 1000, much, 2) == 1
    assert pieces_of_time(1, 1000, much, 8) == 8
    assert pieces_of_time(1, 1000, 10**5, 2) == 1
    assert pieces_of_time(9, 1000, much, 2) == 1
    assert pieces_of_time(1, 100, much, 2) == 1  # shorter than a product should be
    assert pieces_of_time(1, 999, much, 2) == 9  # five and four
    assert pieces_of_time(1, 997, much, 2) == 1
