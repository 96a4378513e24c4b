"""Trials in processes of their own; their outcomes come back in the order of the trials."""

import contextlib
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection, get_context, parent_process
from multiprocessing.process import BaseProcess
from typing import Any

from freerun._checks import RunError, fail
from freerun.comparison.trial import Outcome, Setting, Trial, run_trial

__all__ = ["run_trials"]

Told = Callable[[Outcome], None]


def run_trials(
    setting: Setting, trials: Sequence[Trial], workers: int, told: Told
) -> list[Outcome]:
    """Run all trials, each as it would run alone.

    With one worker they run here, one after the other. With more, each worker is a process that
    takes the next trial when it is done with one; whatever ends this function ends them all.

    Args:
        setting: What the trials share.
        trials: What to run.
        workers: How many processes.
        told: Called with each outcome when it is there, in whatever order.

    Returns:
        The outcomes, in the order of ``trials``.

    Raises:
        ArgumentError: The setting cannot be sent to another process.
        RunError: A worker ended without an answer.
    """
    workers = min(workers, len(trials))
    if workers > 1:
        return _in_processes(setting, trials, workers, told)
    outcomes = []
    for trial in trials:
        outcomes.append(run_trial(setting, trial))
        told(outcomes[-1])
    return outcomes


def _in_processes(
    setting: Setting, trials: Sequence[Trial], workers: int, told: Told
) -> list[Outcome]:
    # As bytes, for what PyTorch sends between processes of itself lies in shared memory, of which
    # a container has little.
    shared, asked = _pickled(setting), [_pickled(trial) for trial in trials]
    found: dict[int, Outcome] = {}
    waiting = list(range(workers, len(trials)))
    busy: dict[Any, int] = {}
    context = get_context("spawn")
    processes: list[BaseProcess] = []
    try:
        for number in range(workers):
            here, there = context.Pipe()
            process: BaseProcess = context.Process(target=_work, args=(there,), daemon=True)
            processes.append(process)
            with _ignoring_interrupts():
                process.start()
            there.close()
            busy[here] = number
        # Only now, for what is long is taken when a worker has begun, which shall begin together.
        for pipe, number in busy.items():
            _send(pipe, shared)
            _send(pipe, asked[number])
        while busy:
            for ready in connection.wait(list(busy)):
                number = busy.pop(ready)
                found[number] = _answer(ready, trials[number])
                told(found[number])
                if waiting:
                    busy[ready] = waiting.pop(0)
                    _send(ready, asked[busy[ready]])
    finally:
        begun = [process for process in processes if process.pid is not None]
        for process in begun:
            process.kill()
        for process in begun:
            process.join()
    return [found[number] for number in range(len(trials))]


@contextlib.contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """A process that begins now ignores Ctrl-C, also before it gets to any code of ours."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _send(pipe: Any, message: bytes) -> None:
    # A worker that is gone is found when its answer does not come.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        pipe.send_bytes(message)


def _answer(pipe: Any, trial: Trial) -> Outcome:
    answer: Any = None
    with contextlib.suppress(EOFError, ConnectionResetError):
        answer = pickle.loads(pipe.recv_bytes())  # noqa: S301 - a worker of ours wrote it
    if answer is None:
        fix = (
            'Start a script under `if __name__ == "__main__":`; give it more memory; or pass '
            "workers=1."
        )
        expected = "workers must last until the end"
        got = f"one that ended in the trial of {trial.name}, seed {trial.seed}"
        fail("compare", expected, got, fix, RunError)
    if isinstance(answer, BaseException):
        raise answer
    assert isinstance(answer, Outcome)
    return answer


def _work(pipe: Any) -> None:
    """What a worker does: trials, until nobody asks for one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    setting = pipe.recv_bytes()
    try:
        shared = pickle.loads(setting)  # noqa: S301 - our own parent wrote it
    except Exception as error:
        shared = error
    while True:
        try:
            asked = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(_done(shared, asked))


def _done(shared: Any, asked: bytes) -> bytes:
    try:
        if isinstance(shared, Exception):
            raise shared
        trial = pickle.loads(asked)  # noqa: S301 - our own parent wrote it
        answer: Any = run_trial(shared, trial)
    except BaseException as error:
        error.add_note(f"in a worker:\n{traceback.format_exc()}")
        answer = error
    try:
        message = pickle.dumps(answer)
        pickle.loads(message)  # noqa: S301 - there are exceptions that can be written, not read
    except Exception:
        message = pickle.dumps(RuntimeError(f"{type(answer).__name__}: {answer}"))
    return message


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _pickled(value: Any) -> bytes:
    try:
        return pickle.dumps(value)
    except Exception as error:  # pickle raises what it likes, AttributeError for a lambda
        expected = "build, data and policies must be such as can be pickled, for several workers"
        fix = "Define build at the top of a module, or pass workers=1."
        fail("compare", expected, f"{type(error).__name__}: {error}", fix)
