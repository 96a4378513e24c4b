"""Contestants take turns."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.kernels.contestant import Contestant
from benchmarks.kernels.disturbance import Disturbance
from benchmarks.kernels.figures import geometric_mean, ratio, spread
from benchmarks.kernels.turns import Schedule, take_turns

QUICK = Schedule(0.0, turn=0.0, rest=0.0, least=3, fewest=3)


def test_rounds_begin_with_each_in_turn_after_a_run_that_is_not_counted() -> None:
    ran: list[str] = []
    contestants = {name: Contestant(lambda name=name: ran.append(name)) for name in "abc"}  # type: ignore[misc]
    samples = take_turns(contestants, QUICK)
    assert "".join(ran) == "aabbcc" + "bbccaa" + "ccaabb"
    assert {name: len(taken) for name, taken in samples.items()} == {"a": 3, "b": 3, "c": 3}


def test_long_runs_are_all_counted_and_divided_by_their_units() -> None:
    ran: list[int] = []

    def run() -> None:
        ran.append(1)
        time.sleep(0.01)

    schedule = Schedule(0.0, turn=0.0, rest=0.0, least=2, fewest=2, settles=0.0)
    (taken,) = take_turns({"a": Contestant(run, units=10)}, schedule).values()
    assert len(ran) == len(taken) == 2
    assert all(sample >= 0.001 for sample in taken)


def test_a_naive_contestant_drops_out_when_it_has_had_its_share() -> None:
    naive = Contestant(lambda: time.sleep(0.005), naive=True)
    schedule = Schedule(0.02, turn=0.0, rest=0.0, least=8, fewest=8, naive=2)
    samples = take_turns({"a": Contestant(lambda: None), "b": naive}, schedule)
    assert len(samples["b"]) == 2
    assert len(samples["a"]) >= 8


def test_a_turn_begins_when_nobody_is_busy_any_more() -> None:
    spinning: list[threading.Thread] = []
    found: list[bool] = []

    def spin() -> None:
        end = time.perf_counter() + 0.08
        while time.perf_counter() < end:
            pass

    def leave_one() -> None:
        spinning.append(threading.Thread(target=spin))
        spinning[-1].start()

    def look() -> None:
        found.append(any(thread.is_alive() for thread in spinning))

    schedule = Schedule(0.0, turn=0.0, least=2, fewest=2, settles=0.0)
    take_turns({"a": Contestant(leave_one), "b": Contestant(look)}, schedule)
    assert found == [False, False]


def test_a_rest_ends_though_somebody_never_sleeps() -> None:
    over = threading.Event()

    def spin() -> None:
        while not over.is_set():
            pass

    thread = threading.Thread(target=spin)
    thread.start()
    began = time.perf_counter()
    take_turns({"a": Contestant(lambda: None)}, replace(QUICK, rest=0.01, longest=0.05))
    seconds = time.perf_counter() - began
    over.set()
    thread.join()
    assert 0.15 <= seconds < 2


def test_ratios_are_formed_round_by_round() -> None:
    # The machine slowed down threefold half way; freerun was twice as fast all along.
    assert ratio([2.0, 2.0, 6.0, 6.0], [1.0, 1.0, 3.0, 3.0])["median"] == 2
    assert ratio([2.0, 2.0], [1.0, 1.0, 5.0])["q3"] == 2
    assert spread([3.0]) == {"q1": 3.0, "median": 3.0, "q3": 3.0}
    assert abs(geometric_mean([1.0, 4.0]) - 2) < 1e-12


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the system does not say")
def test_ones_own_work_is_no_disturbance() -> None:
    def busy() -> float:
        ticks = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
        return sum(map(int, ticks[:3] + ticks[5:])) / os.sysconf("SC_CLK_TCK")

    watch, before = Disturbance(), busy()
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    everyones, share = busy() - before, watch.share()
    seconds = time.perf_counter() - watch.began
    assert share is not None
    # A tick of the system's clock is a hundredth of a second, and there are four readings.
    assert everyones - share * seconds * (os.cpu_count() or 1) == pytest.approx(0.3, abs=0.08)
