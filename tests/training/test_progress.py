"""What is shown while training: lines in a log, a bar on a terminal, or nothing."""

import io
import re
import sys
from typing import Any

import pytest

import freerun as fr
from freerun.training import loop, progress
from tests.training.examples import after_batches, driven, network, press_ctrl_c


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", -1.0)
    fr.fit(network(), driven(), driven(seed=1), epochs=3)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert [line.split()[1] for line in lines] == ["1/3", "2/3", "3/3"]
    pattern = r"epoch 1/3  train loss \S+  valid loss \S+  valid error \S+  valid free error \S+  "
    assert re.fullmatch(pattern + r"\S+ steps/s  \d+:\d\d left", lines[0])


def test_a_log_is_not_flooded(capsys: pytest.CaptureFixture[str]) -> None:
    fr.fit(network("output"), driven(2), epochs=30)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) < 10
    assert lines[-1].startswith("epoch 30/30")


def test_silence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    after_batches(monkeypatch, 2, press_ctrl_c)
    fr.fit(network(), driven(), epochs=3, progress=False)
    assert capsys.readouterr() == ("", "")
    assert terminal.getvalue() == ""


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    fr.fit(network(), driven(), driven(seed=1), epochs=3)
    shown = terminal.getvalue()
    assert "epoch 0/3" in shown
    assert "epoch 3/3" in shown
    assert "train loss" in shown


def test_an_interruption_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for terminal in (Terminal(), io.StringIO()):
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", terminal)
            patched.setenv("COLUMNS", "500")
            after_batches(patched, 1, press_ctrl_c)
            out = tmp_path / type(terminal).__name__
            fr.fit(network(), driven(), epochs=3, batch_size=3, out=out)
        assert f"stopped in epoch 1, kept in {out}" in terminal.getvalue().replace("\n", "")


def test_a_resumed_bar_begins_where_the_run_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress.ProgressBar(epochs=4, batches=5, show=True, behind=12) as shown:
        (task,) = shown.bar.tasks
        assert (task.completed, task.total, task.fields["epoch"]) == (12, 20, 2)
        shown.batch(2, 3, steps=10)
        assert task.completed == 13


def test_times_and_rates() -> None:
    assert [progress._time(seconds) for seconds in (5, 65.4, 3661)] == ["0:05", "1:05", "1:01:01"]
    assert [progress._rate(rate) for rate in (99.6, 1234.0)] == ["100 steps/s", "1.2k steps/s"]
    assert loop.SAVE_EVERY >= 1
