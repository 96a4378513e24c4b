"""An epoch's batches: the same ones whoever gathers them, and memory that nobody takes away."""

import gc
import itertools
import sys
import weakref
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

import freerun as fr
from freerun._measure import plan_batch, scaled_data
from freerun.kernels import RowCopy
from freerun.kernels.loop.task import BEGUN, TAKEN
from freerun.kernels.threads import copying, workers
from freerun.kernels.threads.together import STATE
from freerun.plan import PlanBatch
from freerun.training import batches as module
from freerun.training.batches import Batches
from tests.kernels.lazy import Lazy

N, T = 11, 6


def samples(
    inputs: int = 2, outputs: int | None = 3, dtype: torch.dtype = torch.float32
) -> fr.Sequences:
    torch.manual_seed(0)
    x = torch.randn(N, T, inputs).to(dtype) if inputs else None
    y = torch.randint(0, 4, (N, T)) if outputs is None else torch.randn(N, T, outputs).to(dtype)
    return fr.Sequences(x, y, dtype=dtype)


def network(inputs: int = 2, outputs: int | None = 3, **options: Any) -> fr.RecurrentNetwork:
    head = fr.heads.Categorical(4) if outputs is None else fr.heads.Point(outputs)
    net = fr.RecurrentNetwork(inputs, 4, head, recurrence="output", **options)
    net.scaling = fr.Scaling.identity()
    return net


def is_same(one: PlanBatch, other: PlanBatch) -> bool:
    assert one.index is not None
    assert other.index is not None
    return (
        (one.x is None) == (other.x is None)
        and (one.x is None or other.x is None or torch.equal(one.x, other.x))
        and torch.equal(one.y, other.y)
        and one.y.dtype == other.y.dtype
        and torch.equal(one.index, other.index)
        and (one.head, one.lags) == (other.head, other.lags)
        and one.lengths is None
        and one.mask is None
        and one.state is None
    )


@pytest.fixture
def however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORTH_A_THREAD", 0)


KINDS = [
    {},
    {"inputs": 0},
    {"outputs": None},
    {"inputs": 0, "outputs": 1},
    {"dtype": torch.float64},
    {"dtype": torch.bfloat16},
]


@pytest.mark.usefixtures("several_threads", "however_small")
@pytest.mark.parametrize("given", KINDS, ids=str)
@pytest.mark.parametrize("are_ahead", [False, True])
def test_batches_are_those_of_the_data(given: dict[str, Any], are_ahead: bool) -> None:
    net, data = network(given.get("inputs", 2), given.get("outputs", 3)), samples(**given)
    net.to(given.get("dtype", torch.float32))
    scaled = scaled_data(net, data)
    order = torch.randperm(N)
    wanted = [
        plan_batch(net, batch) for batch in scaled.batches(4, context=net.context, order=order)
    ]
    with Batches(net, scaled, 4, order) as found:
        for batch in wanted:
            assert is_same(next(found), batch)
            if are_ahead:
                found.gather_ahead()
                found.gather_ahead()  # there is one at most
        with pytest.raises(StopIteration):
            next(found)


@pytest.mark.usefixtures("several_threads", "however_small")
def test_what_is_padded_masked_or_has_a_past_comes_as_it_does_from_the_data() -> None:
    net = network()
    torch.manual_seed(1)
    x, y = torch.randn(9, 2), torch.randn(9, 3)
    holes = y.clone()
    holes[2] = torch.nan
    ragged = fr.Sequences([x, x[:5]], [y, y[:5]])
    for data in (ragged, fr.Sequences(x, holes, missing="mask"), fr.Sequences(x, y).windows(4)):
        order = torch.arange(len(data))
        drawn = scaled_data(net, data).batches(2, context=net.context, order=order)
        with Batches(net, scaled_data(net, data), 2, order) as found:
            for batch, wanted in zip(found, drawn, strict=True):
                found.gather_ahead()
                other = plan_batch(net, wanted)
                assert torch.equal(batch.y, other.y)
                for ours, theirs in ((batch.lengths, other.lengths), (batch.mask, other.mask)):
                    assert (ours is None) == (theirs is None)
                    assert ours is None or theirs is None or torch.equal(ours, theirs)
                assert (batch.state is None) == (other.state is None)


def test_of_nothing_there_are_none() -> None:
    net = network()
    with Batches(net, samples(), 4, torch.empty(0, dtype=torch.int64)) as found:
        assert list(found) == []


@pytest.mark.usefixtures("several_threads", "however_small")
def test_a_thread_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_idle", [Lazy()])
    net, data = network(), samples()
    wanted = list(Batches(net, data, 4, torch.arange(N)))
    with Batches(net, data, 4, torch.arange(N)) as found:
        for batch in wanted:
            assert is_same(next(found), batch)
            found.gather_ahead()


@pytest.mark.usefixtures("several_threads", "however_small")
def test_what_is_broken_off_is_finished_before_its_memory_goes() -> None:
    net, data = network(), samples()
    idle = len(workers._idle)
    for _ in range(200):
        with Batches(net, data, 4, torch.arange(N)) as found:
            next(found)
            found.gather_ahead()
            assert found._ahead is not None
            copying = found._ahead[0]
        assert copying._worker is None  # given back
        del found, copying
        gc.collect(0)
    assert len(workers._idle) <= max(idle, 1)


class BrokenOffError(Exception):
    """What a signal's handler may raise, wherever Python is just then."""


@contextmanager
def broken(files: Collection[str], instruction: int) -> Iterator[None]:
    """Raise it before one of the instructions that functions of ``files`` carry out, from 0."""
    left = instruction

    def look(frame: Any, event: str, _: Any) -> Any:
        nonlocal left
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise BrokenOffError
        return look

    before = sys.gettrace()
    sys.settrace(
        lambda frame, *rest: look(frame, *rest) if frame.f_code.co_filename in files else None
    )
    try:
        yield
    finally:
        sys.settrace(before)


def gathered_till_broken(batches: Batches, instruction: int) -> bool:
    """Whether it was broken off."""
    try:
        with batches as found:
            next(found)
            with broken([module.__file__, workers.__file__, copying.__file__], instruction):
                found.gather_ahead()
                next(found)
    except BrokenOffError:
        return True
    return False


@pytest.mark.usefixtures("several_threads", "however_small")
def test_wherever_it_is_broken_off_nobody_writes_afterwards() -> None:
    net, data, left = network(), samples(), len(workers._under_way)
    for instruction in itertools.count():
        batches = Batches(net, data, 4, torch.arange(N))
        is_broken = gathered_till_broken(batches, instruction)
        assert batches._ahead is None or not batches._ahead[0]._task[BEGUN]
        assert len(workers._under_way) == left
        if not is_broken:
            break
    assert instruction > 100


@pytest.mark.usefixtures("several_threads", "however_small")
def test_what_cannot_even_be_finished_keeps_its_memory() -> None:
    batches = Batches(network(), samples(), 4, torch.arange(N))
    files = [module.__file__]
    found = batches.__enter__()
    found.gather_ahead()
    with pytest.raises(BrokenOffError), broken(files, 0):
        found.__exit__(None, None, None)
    assert batches._ahead is not None
    aside, batch = batches._ahead
    assert aside in workers._under_way
    seen = weakref.ref(batch)
    del batches, found, batch
    gc.collect()
    assert seen() is not None
    aside.finish()
    assert aside not in workers._under_way


@pytest.mark.usefixtures("several_threads", "however_small")
def test_a_forked_child_gathers_what_its_parents_thread_was_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker: Any = Lazy()
    monkeypatch.setattr(workers, "_idle", [worker])
    monkeypatch.setattr(workers, "_truce", workers._truce)
    net, data = network(), samples()
    wanted = list(Batches(net, data, 4, torch.arange(N)))
    found = Batches(net, data, 4, torch.arange(N))
    next(found)
    found.gather_ahead()
    assert found._ahead is not None
    worker.box[STATE] = 2  # it was under way, and had taken everything
    found._ahead[0]._task[TAKEN] = 100
    workers._forget()
    assert is_same(next(found), wanted[1])
    assert worker not in workers._idle


def test_rows_are_picked_by_whoever_comes() -> None:
    source = np.arange(40, dtype=np.float32).reshape(8, 5)
    other = np.arange(8, dtype=np.int64)[:, None]
    index = np.array([7, 0, 3, 3, 5, 1, 2, 6, 4], np.int64)
    copying = RowCopy([(source.ctypes.data, 5), (other.ctypes.data, 2)], len(index))
    for turned in (index, index[::-1].copy()):
        target, numbers = np.zeros((9, 5), np.float32), np.zeros((9, 1), np.int64)
        aside = copying.prepare([target.ctypes.data, numbers.ctypes.data], turned, None)
        aside.finish()  # what was not begun
        assert not target.any()
        aside.begin()
        aside.finish()
        aside.finish()  # once is enough
        assert np.array_equal(target, source[turned])
        assert np.array_equal(numbers, other[turned])
        assert copying._task[TAKEN] >= 3


@pytest.mark.usefixtures("several_threads", "however_small")
def test_training_is_the_same_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for threads_wanted in (True, False):
        if not threads_wanted:
            monkeypatch.setattr(Batches, "gather_ahead", lambda self: None)
        torch.manual_seed(0)
        net = network()
        fr.fit(net, samples(), epochs=3, batch_size=4, progress=False, forcing=fr.FreeRunning())
        results.append([one.detach().clone() for one in net.parameters()])
    assert all(map(torch.equal, *results))
