"""``freerun explore``: what it prints, refuses, and how it ends."""

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import freerun as fr
from freerun.cli import exploring
from freerun.cli.commands import explore
from freerun.cli.resuming import source_of
from freerun.cli.runs import read_run
from freerun.explore.answers import ForecastRequest, Forecasts, Texts
from tests.cli.command_line import COMMAND, CommandLine

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/[\w-]{22}/")


@contextmanager
def exploring_in_a_process(*arguments: object) -> Iterator["subprocess.Popen[str]"]:
    command = [*COMMAND, "explore", *map(str, arguments), "--no-browser"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=buffered
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def get(url: str, path: str = "") -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request("GET", parts.path + path)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


@pytest.mark.parametrize("task", ["spread", "text"])
def test_it_prints_the_address_answers_and_ends_at_ctrl_c(runs: Path, task: str) -> None:
    with exploring_in_a_process(runs / task, "--port", "0") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert ADDRESS.fullmatch(url)
        code, page = get(url)
        assert code == 200
        assert b"<h1>" in page
        about = json.loads(get(url, "about")[1])
        assert f"{runs / task}, a run of " in about["title"]
        query = "&".join(f"{name}={value}" for name, value in about["first"].items())
        assert get(url, "answer?" + query)[0] == 200
        process.send_signal(signal.SIGINT)
        shown, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert shown == ""
    assert said.splitlines() == [
        "Ctrl-C ends it. The address works on this machine alone.",
        "freerun: stopped",
    ]


def test_one_object_with_the_address(runs: Path) -> None:
    with exploring_in_a_process(runs / "forecast", "--json") as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("\n}\n"):
            text += process.stdout.readline()
        found = json.loads(text)
        assert get(found["url"])[0] == 200
        process.send_signal(signal.SIGINT)
        shown, said = process.communicate(timeout=30)
    assert found | {"url": ""} == {
        "task": "forecast", "run": str(runs / "forecast"), "data": "sunspots", "url": "",
    }  # fmt: skip
    assert ADDRESS.fullmatch(found["url"])
    assert (shown, said, process.returncode) == ("", "freerun: stopped\n", 130)


def test_a_port_that_is_taken(runs: Path) -> None:
    with exploring_in_a_process(runs / "forecast") as first:
        assert first.stdout is not None
        port = urlsplit(first.stdout.readline()).port
        with exploring_in_a_process(runs / "forecast", "--port", port) as second:
            shown, said = second.communicate(timeout=60)
    assert (second.returncode, shown) == (2, "")
    (line,) = said.splitlines()
    assert line.startswith(f"freerun: --port must be one that is free, got {port} (")
    assert line.endswith("Use --port 0 to be given one.")


@pytest.mark.parametrize("task", ["classify", "label"])
def test_other_tasks_are_refused(freerun: CommandLine, runs: Path, task: str) -> None:
    folder = runs / task
    assert freerun("explore", folder).mistake == (
        "freerun: RUN must be of forecast or text, which goes on by itself, "
        f"got {folder}, which is of {task}. Use `freerun evaluate {folder}`."
    )


def test_a_network_without_an_output_edge_is_refused(runs: Path) -> None:
    net = fr.RecurrentNetwork(1, 4, fr.heads.Gaussian(1), recurrence="hidden")
    run = read_run(runs / "spread")
    with pytest.raises(fr.ArgumentError, match=r"RUN must feed its outputs back, got .*hidden"):
        exploring.subject_of(run, net, source_of(run, None, {}))


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_ports_that_are_none(freerun: CommandLine, runs: Path, port: str) -> None:
    line = freerun("explore", runs / "forecast", "--port", port).mistake
    assert line.startswith("freerun: --port must be a whole number from 0 to 65535, got ")


def test_without_the_extra_it_says_how_to_get_it(
    freerun: CommandLine, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explore, "find_spec", lambda name: None if name == "uvicorn" else 1)
    assert freerun("explore", runs / "forecast").mistake == (
        "freerun: explore needs starlette and uvicorn, got no uvicorn. "
        "Install them: pip install 'freerun[explore]'."
    )


def test_the_browser_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    closed, opened = threading.Event(), []

    def open(url: str) -> None:
        opened.append(url)
        closed.wait(20)

    monkeypatch.setattr("webbrowser.open", open)
    began = time.monotonic()
    exploring.open_browser("http://127.0.0.1:1/x/")
    assert time.monotonic() - began < 10
    closed.set()
    assert opened == ["http://127.0.0.1:1/x/"]


class TestSubjects:
    """What is explored: the data of training, or others, each in its own units."""

    def of(self, folder: Path, data: Path | None = None) -> Any:
        run = read_run(folder)
        source = source_of(run, None if data is None else str(data), {"delimiter": None})
        return exploring.subject_of(run, fr.load(folder), source)

    def test_a_set_that_ships(self, runs: Path) -> None:
        subject = self.of(runs / "spread")
        assert isinstance(subject, Forecasts)
        (one,) = subject.series
        assert (len(one.y), one.trained_on) == (2820, 2256)
        assert subject.outputs == ("sunspot number",)
        answer = subject.answer(subject.first())
        assert float(answer.truth.max()) > 50  # sunspots, not standard deviations

    def test_a_text(self, runs: Path) -> None:
        subject = self.of(runs / "text")
        assert isinstance(subject, Texts)
        (one,) = subject.texts
        assert (len(one.codes), one.trained_on) == (303_455, 273_110)
        assert float(subject.shares.sum()) == pytest.approx(1)
        common = subject.classes[int(subject.shares.argmax())]
        assert common == " "

    def test_files_with_several_series_inputs_and_times(
        self, freerun: CommandLine, tmp_path: Path
    ) -> None:
        rows = [
            f"2024-{1 + n // 28:02}-{1 + n % 28:02},{store},{level + n % 7},{n % 5}"
            for store, level in (("north", 10), ("south", 5000))
            for n in range(28)
        ]
        data, out = tmp_path / "sales.csv", tmp_path / "run"
        data.write_text("\n".join(["day,store,units,price", *rows, ""]))
        trained = freerun(
            "train", "forecast", data, "--out", out, "--time", "day", "--series", "store",
            "--target", "units", "--known", "price", "--epochs", "1", "--quiet",
        )  # fmt: skip
        assert trained.code == 0, trained.err
        subject = self.of(out)
        assert [one.name for one in subject.series] == ["north", "south"]
        # All of it was seen but the last fifth, which a level must not know either.
        assert [one.trained_on for one in subject.series] == [22, 22]
        seen = [level + n % 7 for level in (5000,) for n in range(22)]
        assert float(subject.levels.center[1]) == pytest.approx(sum(seen) / 22, rel=1e-6)
        asked = ForecastRequest(origin=24, horizon=9, series=1, around=2)
        answer = subject.answer(asked)
        assert answer.truth.tolist() == pytest.approx([5003, 5004, 5005, 5006], rel=1e-6)
        assert answer.times == [f"2024-01-{day}" for day in range(23, 29)]
        assert abs(float(answer.one_step.mean()) - 5000) < 1000

        other = self.of(out, data)
        assert [one.trained_on for one in other.series] == [0, 0]
