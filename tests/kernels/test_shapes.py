"""Kernels at every size: what does not fill a vector, a chunk, or every thread."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import freerun as fr
from freerun.kernels import _layout, _workers, choose, disabled


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Chunks, portions and slices that small cases already have several of."""
    threads = torch.get_num_threads()
    monkeypatch.setattr(_layout, "CHUNK_ROWS", 7)
    monkeypatch.setattr(_layout, "LEAST_ROWS", 2)
    monkeypatch.setattr(_layout, "PORTION_NUMBERS", 16)
    monkeypatch.setattr(_workers, "WORTH_A_THREAD", 1)
    torch.set_num_threads(3)
    _layout.layout_of.cache_clear()
    yield
    torch.set_num_threads(threads)
    _layout.layout_of.cache_clear()


def check(
    cell: str, recurrence: str, batch: int, steps: int, units: int, inputs: int, layers: int,
    lags: int, lengths: list[int] | None, free: bool, dropout: float = 0.0,
) -> None:  # fmt: skip
    torch.manual_seed(0)
    edge = recurrence != "hidden"
    net = fr.RecurrentNetwork(
        inputs if edge else max(1, inputs), units, fr.heads.Gaussian(2), cell, recurrence,
        num_layers=layers, dropout=dropout, output_lags=lags if edge else 1, residual=edge,
    ).double()  # fmt: skip
    x = torch.randn(batch, steps, net.input_size).double() if net.input_size else None
    y = torch.randn(batch, steps, 2).double()
    given = None if lengths is None else torch.tensor(lengths)
    forcing = fr.FreeRunning(1) if free else fr.TeacherForcing()
    before = net.initial_state(batch).map(lambda part: torch.randn_like(part).requires_grad_())
    leaves = [*before.tensors().values(), *net.parameters()]
    if x is not None:
        leaves.append(x.requires_grad_())
    plan = fr.Plan(y, 0.0 if free else 1.0) if edge else None
    assert choose(net, x, plan).kernel is not None
    found = []
    for on_kernels in (True, False):
        source = torch.Generator().manual_seed(1)
        if on_kernels:
            unrolled = net(x, y, forcing, given, None, before, generator=source)
        else:
            with disabled():
                unrolled = net(x, y, forcing, given, None, before, generator=source)
        assert unrolled.state is not None
        last = unrolled.state.tensors().values()
        total = unrolled.o.square().sum() + unrolled.h.sin().sum()
        total = total + sum(part.cos().sum() for part in last)
        gradients = torch.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)
        found.append([unrolled.o, unrolled.h, *last, *gradients])
    assert len(found[0]) == len(found[1])
    for ours, wanted in zip(*found, strict=True):
        atol = 1e-10 * max(1.0, float(wanted.detach().abs().max()) if wanted.numel() else 1.0)
        torch.testing.assert_close(ours, wanted, rtol=0, atol=atol)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_size_equals_the_reference(data: st.DataObject) -> None:
    batch = data.draw(st.integers(1, 9), "batch")
    steps = data.draw(st.integers(1, 40), "steps")
    lengths = data.draw(
        st.none() | st.lists(st.integers(0, steps), min_size=batch, max_size=batch), "lengths"
    )
    check(
        data.draw(st.sampled_from(["tanh", "relu", "gru", "lstm"]), "cell"),
        data.draw(st.sampled_from(["hidden", "output", "both"]), "recurrence"),
        batch, steps, data.draw(st.integers(1, 40), "units"),
        data.draw(st.integers(0, 5), "inputs"), data.draw(st.integers(1, 3), "layers"),
        data.draw(st.integers(1, 4), "lags"), lengths, data.draw(st.booleans(), "free"),
    )  # fmt: skip


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("lengths", [None, [11, 3, 0, 23, 23, 8, 1]], ids=["full", "ragged"])
@pytest.mark.parametrize("free", [False, True], ids=["taught", "free"])
@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_chunks_portions_and_threads_change_nothing(
    cell: str, recurrence: str, free: bool, lengths: list[int] | None, dropout: float, small: None
) -> None:
    check(cell, recurrence, 7, 23, 5, 3, 2, 3, lengths, free, dropout)


@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_a_large_batch_takes_its_threads(cell: str) -> None:
    check(cell, "both", 65, 60, 70, 20, 1, 1, None, True)
