"""Ctrl-C: the step under way comes to its end, and what there is is kept."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

import freerun as fr
from freerun.training.interrupt import Interrupt
from tests.training.examples import (
    after_batches,
    driven,
    kept,
    network,
    press_ctrl_c,
    same,
    weights,
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_batch_under_way_is_finished_and_the_run_kept(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    after_batches(monkeypatch, 5, lambda: os.kill(os.getpid(), number))
    net = network()
    history = fr.fit(net, driven(6), epochs=9, batch_size=2, out=tmp_path / "run", progress=False)
    assert (history.stopped, len(history)) == ("interrupted", 1)
    assert not net.training
    _, rest = kept(tmp_path / "run")
    assert (rest["epoch"], rest["position"]) == (1, 2)
    assert same(weights(fr.load(tmp_path / "run")), weights(net))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    # Ctrl-C ended the training; SIGTERM is for the process, and comes again when the run is kept.
    assert heard == ([signal.SIGTERM] if number == signal.SIGTERM else [])
    signal.signal(signal.SIGTERM, before)


def test_the_best_weights_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    net, valid = network("hidden"), driven(3, seed=1)
    after_batches(monkeypatch, 5, press_ctrl_c)
    history = fr.fit(net, driven(6), valid, epochs=9, batch_size=2, progress=False)
    assert (history.stopped, history.best_epoch) == ("interrupted", 1)
    assert fr.evaluate(net, valid)["loss"] == history.rows[0]["valid_loss"]


def test_a_second_time_interrupts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = signal.getsignal(signal.SIGINT)
    done = []

    def twice() -> None:
        press_ctrl_c()
        done.append(1)
        press_ctrl_c()
        done.append(2)

    after_batches(monkeypatch, 2, twice)
    net = network()
    with pytest.raises(KeyboardInterrupt):
        fr.fit(net, driven(6), epochs=9, batch_size=2, progress=False)
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is handler
    assert not net.training


def test_other_threads_train_too() -> None:
    found: list[Any] = []
    net = network()

    def work() -> None:
        found.append(fr.fit(net, driven(), epochs=2, progress=False))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(found[0]) == 2


def test_handlers_are_put_back_after_an_error() -> None:
    handler = signal.getsignal(signal.SIGINT)
    interrupt = Interrupt()

    def fail() -> None:
        with interrupt:
            press_ctrl_c()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fail()
    assert interrupt.asked
    assert signal.getsignal(signal.SIGINT) is handler
