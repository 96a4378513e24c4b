"""One trial of a comparison: a network trained by one policy from one seed, and measured."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch
from torch import Tensor

from freerun._checks import DataError, FreerunError, NonFiniteError, fail
from freerun.bptt import BPTT
from freerun.data import Sequences
from freerun.exposure import Gap, exposure_gap
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing
from freerun.training import History, Optimizer, fit

__all__ = ["DIVERGED", "Outcome", "Setting", "Trial", "one_thread", "run_trial"]

DIVERGED = 100.0
"""How many times the error of forecasting the mean a free run may have, and still be one."""


@dataclass(frozen=True)
class Setting:
    """What all trials of a comparison share; it can be pickled where ``build`` can.

    Attributes:
        build: From a seed to a network with initial weights of that seed.
        train: What to train on.
        test: What to measure on.
        horizon: Steps ahead.

    The others are arguments of `fit`.
    """

    build: Callable[[int], RecurrentNetwork]
    train: Sequences
    test: Sequences
    horizon: int
    epochs: int
    batch_size: int
    optimizer: Optimizer
    bptt: BPTT


@dataclass(frozen=True)
class Trial:
    """A policy, by the name it has in the comparison, and a seed."""

    name: str
    forcing: Forcing
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What became of one trial; errors are in the user's units.

    Attributes:
        forcing: The policy's name.
        seed: The seed.
        failure: None, ``"not finite"`` where training met a loss or a gradient that is none, or
            ``"diverged"`` where the network runs away from the data on its own outputs.
        reason: What there is to say of a failure; empty where there is none.
        one_step: Teacher-forced error over the targets of all steps ahead; NaN if not finite.
        free_running: Error over all steps ahead running on its own outputs; infinite where the run
            left the numbers behind, NaN where there was none.
        by_step: The latter step by step ahead, ``horizon`` of them; empty where there was none.
        trivial: The same of forecasts that need no network, by their names.
        epochs: Whole passes over the training data.
        seconds: Of training, by the processor, in one thread; NaN if not finite.
    """

    forcing: str
    seed: int
    failure: str | None
    reason: str
    one_step: float
    free_running: float
    by_step: tuple[float, ...]
    trivial: dict[str, tuple[float, ...]]
    epochs: int
    seconds: float

    @property
    def ratio(self) -> float:
        """Free-running over one-step error."""
        return self.free_running / self.one_step if self.one_step else math.nan


def run_trial(setting: Setting, trial: Trial) -> Outcome:
    """Train and measure one network, in one thread.

    Raises:
        KeyboardInterrupt: Ctrl-C ended the training.
        FreerunError: The data or the policy do not fit the network; no failure to be counted.
    """
    with one_thread():
        _warm_up(setting, trial)
        net = setting.build(trial.seed)
        # Of the processor, which other trials may share; with what a policy prepares.
        began = time.process_time()
        try:
            history = _fit(net, setting.train, setting.epochs, setting, trial)
        except NonFiniteError as error:
            return _not_finite(trial, str(error))
        seconds = time.process_time() - began
        gap = exposure_gap(net, setting.test, setting.horizon)
    return _measured(trial, gap, len(history), seconds)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch use one thread: the sums of several depend on how many there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _warm_up(setting: Setting, trial: Trial) -> None:
    """Train another network for a batch: what is done once in a process shall not be timed."""
    few = setting.train[list(range(min(setting.batch_size, len(setting.train))))]
    with suppress(FreerunError):  # what is wrong with all of the data is said of all of them
        _fit(setting.build(trial.seed), few, 1, setting, trial)


def _fit(
    net: RecurrentNetwork, train: Sequences, epochs: int, setting: Setting, trial: Trial
) -> History:
    history = fit(
        net,
        train,
        forcing=copy.deepcopy(trial.forcing),  # policies may learn: each training has a new one
        bptt=setting.bptt,
        epochs=epochs,
        batch_size=setting.batch_size,
        optimizer=setting.optimizer,
        seed=trial.seed,
        progress=False,
    )
    if history.stopped == "interrupted":
        raise KeyboardInterrupt
    return history


def _not_finite(trial: Trial, reason: str) -> Outcome:
    none = math.nan
    return Outcome(trial.name, trial.seed, "not finite", reason, none, none, (), {}, 0, none)


def _measured(trial: Trial, gap: Gap, epochs: int, seconds: float) -> Outcome:
    free, mean = _overall(gap.free_running), _overall(gap.trivial["mean"])
    if math.isnan(free):
        fail(
            "compare: test", "a target that is observed ahead", "none", "Get other data.", DataError
        )
    failure, reason = None, ""
    # Of a series that rests, the mean is the truth, and no measure of how far off is too far.
    if not math.isfinite(free) or free > DIVERGED * mean > 0:
        failure = "diverged"
        reason = (
            f"running free over {gap.horizon} steps its error is {free:.4g}, more than "
            f"{DIVERGED:g} times the {mean:.4g} of forecasting the mean"
        )
    return Outcome(
        trial.name,
        trial.seed,
        failure,
        reason,
        _overall(gap.teacher_forced),
        free,
        tuple(gap.free_running.tolist()),
        {name: tuple(errors.tolist()) for name, errors in gap.trivial.items()},
        epochs,
        seconds,
    )


def _overall(errors: Tensor) -> float:
    """The root mean square over the steps ahead at which anything was observed."""
    return float(errors.square().nanmean().sqrt())
