"""Runs that are replaced by processes that are killed: what ``test_killed.py`` starts.

    python -m tests.training.replaced FOLDER

Every replacement runs in a forked child, which kills itself before or after the nth time that it
moves or removes something, or is killed at a moment of its own. Prints one JSON object: what was
found after each.
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
from freerun import _files
from tests.training.examples import network, same, weights
from tests.training.killed import child

MOMENTS = 20


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(work: Callable[..., Any], nth: int, after: bool, calls: list[int]) -> Callable[..., Any]:
    """``work``, which kills its process before or after the nth call."""

    def call(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == nth and not after:
            die()
        done = work(*arguments, **options)
        if len(calls) == nth:
            die()
        return done

    return call


def replace(run: Path, exchanges: bool, nth: int | None, after: bool) -> None:
    calls: list[int] = []
    if not exchanges:
        _files._exchange = lambda one, other: False
    elif nth:
        _files._exchange = dying(_files._exchange, nth, after, calls)
    if nth:
        os.rename = dying(os.rename, nth, after, calls)
        shutil.rmtree = dying(shutil.rmtree, nth, after, calls)  # type: ignore[assignment]
    while True:
        fr.save(network(seed=2), run, overwrite=True)
        if nth:
            return


def strike(run: Path, exchanges: bool, nth: int | None, after: bool, wait: float) -> dict[str, Any]:
    """Replace the first network by the second, killed on the way; then look, and replace again."""
    fr.save(network(seed=1), run, overwrite=True)
    number = child(lambda: replace(run, exchanges, nth, after))
    if nth is None:
        time.sleep(wait)
        os.kill(number, signal.SIGKILL)
    killed = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == -signal.SIGKILL
    absent = not run.exists()
    if nth is None or nth % 2:  # to load it is one way to go on, to replace it is another
        found = weights(fr.load(run))
        whole = any(same(found, weights(network(seed=seed))) for seed in (1, 2))
    else:
        whole = True
    fr.save(network(seed=3), run, overwrite=True)
    whole &= same(weights(fr.load(run)), weights(network(seed=3)))
    left = [path.name for path in run.parent.iterdir() if path != run]
    return {"killed": killed, "absent": absent, "whole": whole, "left": left}


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    draw = random.Random(1)
    found: dict[str, Any] = {}
    one, other = folder / "one", folder / "other"
    one.mkdir()
    other.mkdir()
    found["able"] = _files._exchange(one, other)
    for exchanges in (True, False):
        run = folder / f"exchanges-{exchanges}" / "run"
        at = [(nth, after) for nth in range(1, 4) for after in (False, True)]
        trials = [strike(run, exchanges, nth, after, 0.0) for nth, after in at]
        trials += [
            strike(run, exchanges, None, False, 0.05 * draw.random()) for _ in range(MOMENTS)
        ]
        found[str(exchanges)] = trials
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
