"""Threads that step together, each its own units: cut anywhere, and whoever comes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

import freerun as fr
from freerun.heads import Head
from freerun.kernels.binding import layout
from freerun.kernels.loop.strip import strip
from freerun.kernels.threads import slices, workers
from freerun.kernels.threads.together import FREE, STATE
from freerun.kernels.threads.truce import Truce
from tests.kernels.lazy import Lazy
from tests.kernels.sized import GAUSSIAN, Case, check

WIDE = fr.heads.Categorical(40)


@pytest.fixture
def teams(monkeypatch: pytest.MonkeyPatch, several_threads: None) -> Iterator[list[int]]:
    """Three threads that always step together; the sizes of the teams that were asked for."""
    monkeypatch.setattr(Truce, "WORST", 1e9)
    monkeypatch.setattr(layout, "TEAM_BYTES", 1)
    monkeypatch.setattr(layout, "TEAM_ROWS", 1000)
    layout.layout_of.cache_clear()
    found: list[int] = []
    run = workers.run

    def noting(*arguments: Any) -> None:
        if arguments[0] is not strip:  # each of which is one thread's
            found.append(arguments[-1])
        run(*arguments)

    monkeypatch.setattr("freerun.kernels.binding.launch.run", noting)
    yield found
    assert set(found) == {3}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, teams: list[int]) -> None:
    """Chunks and portions that small cases already have several of."""
    monkeypatch.setattr(layout, "CHUNK_ROWS", 40)
    monkeypatch.setattr(layout, "LEAST_ROWS", 2)
    monkeypatch.setattr(layout, "PORTION_NUMBERS", 16)


@pytest.mark.parametrize("batch", [1, 2, 3, 8])
@pytest.mark.parametrize("head", [GAUSSIAN, WIDE], ids=str)
@pytest.mark.parametrize("recurrence", ["hidden", "both"])
@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_a_team_equals_the_reference(
    cell: str, recurrence: str, head: Head, batch: int, teams: list[int]
) -> None:
    case = Case(cell, recurrence, False, head, residual=head is GAUSSIAN)
    check(case, batch, 23, 101, 3, 1, 2, None)


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("recurrence", ["hidden", "both"])
@pytest.mark.parametrize("cell", ["relu", "gru", "lstm"])
def test_layers_chunks_and_portions_change_nothing(
    cell: str, recurrence: str, dropout: float, batch: int, small: None
) -> None:
    case = Case(cell, recurrence, False, dropout=dropout, has_state=dropout == 0)
    check(case, batch, 23, 130, 3, 3, 3, None)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_fewer_steps_than_threads(steps: int, teams: list[int]) -> None:
    check(Case("gru", "both", False), 1, steps, 101, 3, 2, 2, None)


def test_units_for_one_thread_alone_make_no_team(several_threads: None) -> None:
    """What is beside it in ``teams`` would fail where this did."""
    check(Case("lstm", "hidden", False), 1, 9, 20, 3, 1, 1, None)


def made(batch: int, dtype: torch.dtype) -> Any:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(3, 200, WIDE, "lstm", num_layers=2).to(dtype)
    x, y = torch.randn(batch, 23, 3, dtype=dtype), torch.randint(40, (batch, 23))
    return net, x, y


def gradients(batch: int, dtype: torch.dtype) -> list[torch.Tensor]:
    return gradients_of(*made(batch, dtype))


def gradients_of(net: Any, x: torch.Tensor, y: torch.Tensor) -> list[torch.Tensor]:
    loss = net.loss(x, y)
    return [loss, *torch.autograd.grad(loss, list(net.parameters()))]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [1, 2, 3, 5])
def test_who_comes_never_changes_a_bit(
    batch: int, dtype: torch.dtype, teams: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = gradients(batch, dtype)
    for _ in range(10):
        assert all(map(torch.equal, gradients(batch, dtype), wanted))
    worker = workers._hire()
    lazy = [Lazy(), Lazy()]
    monkeypatch.setattr(workers, "_idle", lazy)
    assert all(map(torch.equal, gradients(batch, dtype), wanted))
    assert [one.box[STATE] for one in lazy] == [FREE, FREE]
    # Two of the three: the numbers of those who come have no gap.
    monkeypatch.setattr(workers, "_idle", [worker, Lazy()])
    assert all(map(torch.equal, gradients(batch, dtype), wanted))
    worker.stop()


def test_teams_that_wait_are_given_up_for_as_long_as_that_is_worth() -> None:
    times = [5.0]
    truce = Truce(lambda: times[-1])

    def call(lost: float, seconds: float = 1.0) -> None:
        assert truce.begin()
        truce.end(lost, seconds)

    call(0.3)
    call(0.4)  # someone had to wake up
    call(0.4)
    for time in (5.0, 20.9):
        times.append(time)
        assert not truce.begin()
    times.append(21.1)
    call(1e-3, 2e-3)
    call(1e-3, 2e-3)
    assert not truce.begin()
    times.append(21.15)
    for lost in (0.4, 0.1, 0.4, 0.0):  # there was always one in time in between
        call(lost)
    assert truce.begin()


def test_one_team_at_a_time() -> None:
    truce = Truce()
    assert truce.begin()
    assert not truce.begin()
    truce.end(0.0, 1.0)
    assert truce.begin()


def test_python_threads_at_once_change_nothing(teams: list[int]) -> None:
    given = made(1, torch.float32)
    wanted = gradients_of(*given)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: gradients_of(*given), range(12)))
    for one in found:
        assert all(map(torch.equal, one, wanted))


def test_little_work_makes_no_team(teams: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """One step of a few hundred units is done before anyone else is there."""
    teams.append(3)
    monkeypatch.setattr(slices, "WORTH_A_THREAD", 1_500_000)
    layout.layout_of.cache_clear()
    before = len(teams)
    fr.nn.RNN(3, 200, batch_first=True)(torch.zeros(1, 1, 3))
    assert len(teams) == before
