"""`freerun.compare`: the same network by each forcing policy, from the same seeds."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from freerun._checks import DataError, check_integer, fail
from freerun._data_for import data_for
from freerun.bptt import BPTT, FullBPTT
from freerun.comparison.naming import named
from freerun.comparison.pool import run_trials
from freerun.comparison.result import Comparison
from freerun.comparison.trial import Outcome, Setting, Trial, one_thread
from freerun.data import Sequences
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing
from freerun.recipes.settling import HORIZON, longest_horizon
from freerun.training import Optimizer

__all__ = ["compare"]

WHERE = "compare"


def compare(
    build: Callable[[int], RecurrentNetwork],
    train: Any,
    test: Any,
    forcings: Sequence[Forcing] | Mapping[str, Forcing],
    *,
    epochs: int,
    seeds: int | Iterable[int] = 5,
    horizon: int | None = None,
    batch_size: int = 32,
    optimizer: Optimizer = Optimizer(),
    bptt: BPTT = FullBPTT(),
    workers: int = 1,
    progress: bool = True,
) -> Comparison:
    """Train the same network by each policy from each seed, and measure them all alike.

    Only the forcing differs. All policies have the same network, data, epochs, batches and
    optimizer; the same seed gives them the same initial weights and the same order of batches; no
    epoch is chosen by what it gives on the test data. So the difference of two policies is taken
    seed by seed (:class:`freerun.comparison.Difference`), and one that the choice of seeds makes
    alone is called so.

    A trial whose training meets what is not finite, or whose network running free is off by more
    than 100 times what forecasting the mean is, is a failure: it is counted, with its reason, and
    is in no mean.

    Args:
        build: From a seed to a network with initial weights of that seed, and an output edge.
        train: What to train on, as :func:`freerun.fit` takes it: windows, mostly.
        test: What to measure on, as :func:`freerun.exposure_gap` takes it.
        forcings: The policies, or a mapping that gives them names; the first is the baseline. Each
            trial has a copy of its own.
        epochs: Passes over ``train``, the same for all.
        seeds: How many, from 0; or which.
        horizon: Steps ahead; 60 by default, or as many as ``test`` has room for.
        batch_size: Sequences in a step.
        optimizer: As for `fit`.
        bptt: As for `fit`.
        workers: Processes to run trials in, with one thread each; 1 for this one. What is given
            must be such as can be pickled if there are several, and a script that calls this must
            do it under ``if __name__ == "__main__":``. How many there are changes no error.
        progress: Say on standard error which trials are done, and how long the rest will take.

    Returns:
        The comparison: ``.rows``, ``.table()``, ``.plot()``, ``.to_dict()``.

    Raises:
        ArgumentError: Something does not fit the network, or means nothing.
        DataError: The test data are too short for the horizon.
        RunError: A worker ended without an answer.

    Example:
        >>> import torch, freerun as fr
        >>> def build(seed):
        ...     _ = torch.manual_seed(seed)
        ...     return fr.RecurrentNetwork(0, 4, fr.heads.Point(1), recurrence="output")
        >>> series = fr.Sequences(None, torch.sin(torch.arange(200.0) / 3))
        >>> train, test = series.split(0.8)
        >>> found = fr.compare(
        ...     build, train.windows(20, stride=5), test, [fr.TeacherForcing(), fr.FreeRunning()],
        ...     epochs=1, seeds=2, horizon=8, progress=False,
        ... )
        >>> [(row.forcing, row.free_running.count, row.failed) for row in found.rows]
        [('TeacherForcing', 2, 0), ('FreeRunning', 2, 0)]
    """
    policies = named(forcings)
    chosen = _seeds(seeds)
    check_integer(WHERE, "epochs", epochs, 1)
    check_integer(WHERE, "batch_size", batch_size, 1)
    check_integer(WHERE, "workers", workers, 1)
    if horizon is not None:
        check_integer(WHERE, "horizon", horizon, 1)
    with one_thread():
        net = build(chosen[0])
    if not net.has_output_edge:
        fix = "Build it with recurrence='output' or 'both'."
        expected = "build must make networks with an output edge, which a policy feeds"
        fail(WHERE, expected, f"recurrence={net.recurrence!r}", fix)
    train = data_for(f"{WHERE}: train", net, train)
    test = data_for(f"{WHERE}: test", net, test)
    horizon = _horizon(net, test, horizon)
    setting = Setting(build, train, test, horizon, epochs, batch_size, optimizer, bptt)
    # Seed by seed, so that a policy that cannot work at all says so at once.
    trials = [Trial(name, policies[name], seed) for seed in chosen for name in policies]
    outcomes = run_trials(setting, trials, workers, _Progress(len(trials), progress))
    place = {name: number for number, name in enumerate(policies)}
    outcomes.sort(key=lambda one: place[one.forcing])  # stable: the seeds stay in their order
    return Comparison(tuple(outcomes), horizon)


def _seeds(seeds: int | Iterable[int]) -> list[int]:
    if not isinstance(seeds, Iterable):
        return list(range(check_integer(WHERE, "seeds", seeds, 1)))
    chosen = [check_integer(WHERE, "each of seeds", one, 0, 2**32 - 1) for one in seeds]
    if not chosen:
        fail(WHERE, "seeds must be one or more", "none", "Pass seeds=5, say.")
    if len(set(chosen)) < len(chosen):
        fail(WHERE, "seeds must differ", f"{chosen}", "A seed twice is the same trial twice.")
    return chosen


def _horizon(net: RecurrentNetwork, test: Sequences, asked: int | None) -> int:
    longest = longest_horizon(test, max(1, net.context))
    if longest < 1:
        needed = f"test must have {net.context + 1} steps or more, {net.context} to begin on"
        got = f"{int((test.stop - test.origin).max())} at most"
        fail(WHERE, needed, got, "Get more data.", DataError)
    if asked is not None and asked > longest:
        expected = f"horizon must be at most {longest}, the steps that can be measured"
        fail(WHERE, expected, asked, f"Pass horizon={longest}, or less.", DataError)
    return asked or min(HORIZON, longest)


class _Progress:
    """One line on standard error for each trial that is done."""

    def __init__(self, trials: int, show: bool) -> None:
        self.trials = trials
        self.show = show
        self.done = 0
        self.began = time.monotonic()

    def __call__(self, outcome: Outcome) -> None:
        self.done += 1
        if not self.show:
            return
        passed = time.monotonic() - self.began
        left = round(passed / self.done * (self.trials - self.done))
        found = outcome.failure or f"error running free {outcome.free_running:.4g}"
        sys.stderr.write(
            f"[{self.done}/{self.trials}] {outcome.forcing}, seed {outcome.seed}: {found}, "
            f"{passed:.0f} s gone, about {left} s left\n"
        )
        sys.stderr.flush()
