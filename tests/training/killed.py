"""Trainings that are killed: the process that ``test_killed.py`` starts.

    python -m tests.training.killed FOLDER SEED

PyTorch is imported once; every training runs in a child of its own, forked before any thread is
started. Prints one JSON object: what was found after each kill.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import freerun as fr
from freerun import checkpoint
from freerun.training import loop
from tests.training.examples import driven, network, same

TRIALS = 20


def train(out: Path) -> None:
    """Train, keeping the run after every batch: most of the time goes into writing."""
    loop.SAVE_EVERY = 0.0
    net = network("both", dropout=0.2)
    options: dict[str, Any] = {"epochs": 6, "batch_size": 2, "progress": False}
    fr.fit(net, driven(6), driven(3, seed=1), out=out, resume=True, **options)


def child(work: Callable[[], None]) -> int:
    """Do ``work`` in a child process; returns its number."""
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def ended_well(number: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0


def killed_after(seconds: float, work: Callable[[], None]) -> bool:
    """Kill ``work`` after so long; whether it was still at it."""
    number = child(work)
    time.sleep(seconds)
    os.kill(number, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == -signal.SIGKILL


def tensors(run: Path) -> dict[str, torch.Tensor]:
    return checkpoint.read_tensors(run / checkpoint.LAST)[0]


def trial(folder: Path, number: int, first: float, second: float) -> dict[str, Any]:
    """Kill one training, kill what goes on with it, and let that come to its end."""
    run = folder / f"run{number}"
    found: dict[str, Any] = {"killed": 0, "absent": 0, "loaded": 0, "positions": []}
    while not (struck := killed_after(first, lambda: train(run))):
        shutil.rmtree(run)  # it was done before the blow fell: once more, and strike earlier
        first *= 0.7
    for delay in (None, second):
        if delay is not None:
            struck = killed_after(delay, lambda: train(run))
        found["killed"] += struck
        if run.exists():
            fr.load(run)
            rest = checkpoint.read_tensors(run / checkpoint.LAST)[1]
            found["positions"].append([rest["epoch"], rest["position"]])
            found["loaded"] += 1
        else:
            found["absent"] += 1
    found["ended"] = ended_well(child(lambda: train(run)))
    found["left"] = [str(path.name) for path in folder.rglob(f".run{number}.*")]
    found["left"] += [path.name for path in run.rglob(".*")]
    whole = folder / "whole"
    found["same"] = same(tensors(run), tensors(whole)) and same(
        fr.load(run).state_dict(), fr.load(whole).state_dict()
    )
    return found


def main(folder: Path, seed: int) -> None:
    torch.set_num_threads(1)
    draw = random.Random(seed)
    train(folder / "warm")  # imports what PyTorch puts off until it is used
    began = time.monotonic()
    assert ended_well(child(lambda: train(folder / "whole")))
    takes = time.monotonic() - began
    found = []
    for number in range(TRIALS):
        # From before there is a directory to near the end; then once more, anywhere.
        first = takes * (number + draw.random()) / TRIALS
        found.append(trial(folder, number, first, takes * draw.random()))
    sys.stdout.write(json.dumps({"takes": takes, "trials": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
