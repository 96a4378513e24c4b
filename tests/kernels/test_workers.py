"""Threads at one task: every piece is done once, whoever comes, and sums are always the same."""

import threading
import time
from typing import Any

import numpy as np
import pytest
import torch

import freerun as fr
from freerun.kernels.loop.task import PIECES, TAKEN, task_of
from freerun.kernels.threads import workers
from freerun.kernels.threads.together import (
    BOX_SIZE,
    FREE,
    HANDED,
    INDEX,
    STATE,
    STOPPED,
    TASK,
    serve,
    share,
)
from freerun.kernels.threads.workers import NOBODY
from tests.kernels.lazy import Lazy


def unrolled(seed: int = 0) -> Any:
    torch.manual_seed(seed)
    net = fr.RecurrentNetwork(2, 9, fr.heads.Gaussian(1), recurrence="output")
    return net, torch.randn(13, 20, 2), torch.randn(13, 20, 1)


def gradients() -> list[torch.Tensor]:
    net, x, y = unrolled()
    loss = net.loss(x, y, fr.FreeRunning())
    return [loss, *torch.autograd.grad(loss, list(net.parameters()))]


@pytest.mark.usefixtures("several_threads")
def test_who_takes_which_piece_never_changes_a_bit() -> None:
    wanted = gradients()
    for _ in range(50):
        assert all(map(torch.equal, gradients(), wanted))


@pytest.mark.usefixtures("several_threads")
def test_a_thread_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = gradients()

    lazy = [Lazy(), Lazy()]
    monkeypatch.setattr(workers, "_idle", lazy)
    assert all(map(torch.equal, gradients(), wanted))
    assert [one.box[STATE] for one in lazy] == [FREE, FREE]


@pytest.mark.usefixtures("several_threads")
def test_a_thread_that_serves_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is handed everything here, through its box."""
    wanted, served = gradients(), []

    def hand_over(task: Any, *tables: Any) -> None:
        call, layers, lengths, _ = tables
        pieces, task[PIECES] = task[PIECES], 0
        share(task, call, layers, lengths, NOBODY)  # no pieces: the addresses come in
        task[PIECES], task[TAKEN] = pieces, 0
        box = np.zeros(BOX_SIZE, np.int64)
        box[TASK], box[INDEX], box[STATE] = task.ctypes.data, 2, HANDED
        assert serve(box.ctypes.data, 10)
        assert box[STATE] == FREE
        served.append(pieces)

    monkeypatch.setattr(workers, "share", hand_over)
    assert all(map(torch.equal, gradients(), wanted))
    assert len(served) == 2


def test_serving_ends_when_patience_does_or_when_told_to() -> None:
    box = np.zeros(BOX_SIZE, np.int64)
    assert serve(box.ctypes.data, 10)
    box[STATE] = STOPPED
    assert not serve(box.ctypes.data, 10)


def test_what_is_handed_over_while_a_thread_goes_to_sleep_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever sees that it is not asleep yet does not wake it."""
    ready, looks = threading.Event(), []
    task = task_of(0, False, [], 0, 0)  # of no pieces
    others = set(threading.enumerate())  # workers of tests before are going to sleep, too

    def serving(place: int, patience: int) -> bool:
        if threading.current_thread() in others:
            return serve(place, patience)
        looks.append(patience)
        if len(looks) > 1:
            return serve(place, patience)
        ready.wait()
        worker.wake()
        worker.box[TASK] = task.ctypes.data
        worker.box[STATE] = HANDED
        return True

    monkeypatch.setattr(workers, "serve", serving)
    worker = workers._Worker()
    ready.set()
    for _ in range(1000):
        if worker.box[STATE] == FREE and len(looks) > 1:
            break
        time.sleep(0.001)
    assert worker.box[STATE] == FREE
    assert looks[1] < looks[0]
    monkeypatch.undo()
    worker.stop()
    assert not worker.thread.is_alive()
