"""Kernels at every size: what does not fill a vector, a chunk, or every thread."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import freerun as fr
from freerun.heads import Head
from freerun.kernels.binding import layout
from freerun.unroll import Wanted, unroll
from tests.kernels.sized import HEADS, Case, check


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, several_threads: None) -> None:
    """Chunks, portions and slices that small cases already have several of."""
    monkeypatch.setattr(layout, "CHUNK_ROWS", 7)
    monkeypatch.setattr(layout, "LEAST_ROWS", 2)
    monkeypatch.setattr(layout, "PORTION_NUMBERS", 16)
    monkeypatch.setattr(layout, "STEPLESS", 2)
    layout.layout_of.cache_clear()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_size_equals_the_reference(data: st.DataObject) -> None:
    batch = data.draw(st.integers(1, 9), "batch")
    steps = data.draw(st.integers(1, 40), "steps")
    lengths = data.draw(
        st.none() | st.lists(st.integers(0, steps), min_size=batch, max_size=batch), "lengths"
    )
    head = data.draw(st.sampled_from(HEADS), "head")
    case = Case(
        data.draw(st.sampled_from(["tanh", "relu", "gru", "lstm"]), "cell"),
        data.draw(st.sampled_from(["hidden", "output", "both"]), "recurrence"),
        data.draw(st.booleans(), "free"),
        head,
        head.location_size > 0 and data.draw(st.booleans(), "residual"),
        data.draw(st.integers(0, 1), "warmup"),
        0.0,
        data.draw(st.booleans(), "has a state"),
    )
    check(
        case, batch, steps, data.draw(st.integers(1, 40), "units"),
        data.draw(st.integers(1 if not case.has_state else 0, 5), "inputs"),
        data.draw(st.integers(1, 3), "layers"), data.draw(st.integers(1, 4), "lags"), lengths,
    )  # fmt: skip


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("lengths", [None, [11, 3, 0, 23, 23, 8, 1]], ids=["full", "ragged"])
@pytest.mark.parametrize("free", [False, True], ids=["taught", "free"])
@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_chunks_portions_and_threads_change_nothing(
    cell: str, recurrence: str, free: bool, lengths: list[int] | None, dropout: float, small: None
) -> None:
    check(Case(cell, recurrence, free, dropout=dropout), 7, 23, 5, 3, 2, 3, lengths)


@pytest.mark.parametrize("inputs", [0, 3])
@pytest.mark.parametrize("lags", [1, 3])
@pytest.mark.parametrize("head", HEADS, ids=str)
@pytest.mark.parametrize("recurrence", ["output", "both"])
@pytest.mark.parametrize("cell", ["tanh", "gru"])
def test_one_plain_layer_on_its_own_outputs(
    cell: str, recurrence: str, head: Head, lags: int, inputs: int, small: None
) -> None:
    """Where everything is looked up before the steps, and beside it where it is not."""
    case = Case(cell, recurrence, True, head, residual=False, warmup=0)
    check(case, 7, 23, 5, inputs, 1, lags, None)


@pytest.mark.parametrize("steps", [1, 2, 23, 24])
@pytest.mark.parametrize("recurrence", ["output", "both"])
@pytest.mark.parametrize("head", [fr.heads.Point(1), fr.heads.Categorical(20)], ids=str)
def test_two_steps_of_h_are_enough(head: Head, recurrence: str, steps: int, small: None) -> None:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(0, 5, head, recurrence=recurrence, output_lags=2).double()
    before = net.initial_state(7).map(torch.randn_like)
    found = []
    with torch.no_grad():
        for with_h in (False, True):
            wanted = Wanted(h=with_h)
            unrolled = unroll(net, None, fr.Plan(None, 0.0), before, steps, wanted=wanted)
            assert unrolled.state is not None
            found.append([unrolled.o, unrolled.f, *unrolled.state.tensors().values()])
    for ours, other in zip(*found, strict=True):
        assert ours is not None
        torch.testing.assert_close(ours, other, rtol=0, atol=1e-13)


@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_a_large_batch_takes_its_threads(cell: str) -> None:
    check(Case(cell, "both", True), 65, 60, 70, 20, 1, 1, None)
