"""One case, from its problem to its figures."""

import gc
import sys
from dataclasses import replace
from typing import Any

from benchmarks.kernels.case import Case
from benchmarks.kernels.comparing import TOLERANCE, disagreement
from benchmarks.kernels.contestant import Contestant, UnavailableError
from benchmarks.kernels.disturbance import Disturbance
from benchmarks.kernels.figures import ratio, spread
from benchmarks.kernels.peers import OURS, Peer, peers_for
from benchmarks.kernels.problem import Array, Problem, problem_of
from benchmarks.kernels.reference import expected
from benchmarks.kernels.turns import Schedule, take_turns

__all__ = ["measure"]

LONG = 0.25
"""Seconds of matrix products from which on a case is run few times."""


class _DisagreesError(Exception):
    """A contestant does other work than the reference."""


def measure(case: Case, schedule: Schedule, rate: float, compiles: bool = True) -> dict[str, Any]:
    """Compare everyone's work with the reference's, and time those that do the same.

    Args:
        case: which work.
        schedule: how long it may take.
        rate: of the machine's matrix products, by which a case is known to be long.
        compiles: whether ``torch.compile`` takes part where it can.

    Returns:
        As JSON knows it: ``case``; ``times``, in seconds, with ``difference`` from the reference;
        ``ratios`` to ours, and the ``fastest`` peer; ``absent`` and ``failed``, with the reason;
        ``operations``, of the matrix products of one unit of time; ``others``, the share of the
        processors that other processes took meanwhile.
    """
    problem = problem_of(case)
    wanted = None if case.family == "fit" else expected(problem)
    contestants: dict[str, Contestant] = {}
    row: dict[str, Any] = {"case": case.as_json(), "absent": {}, "failed": {}}
    differences = {}
    for peer in peers_for(case.family):
        try:
            contestants[peer.name], differences[peer.name] = _ready(peer, problem, wanted, compiles)
        except UnavailableError as reason:
            row["absent"][peer.name] = str(reason)
        except Exception as error:  # one who fails is shown, and does not end the others' run
            kind = "" if isinstance(error, _DisagreesError) else f"{type(error).__name__}: "
            lines = str(error).strip().splitlines() or [""]
            row["failed"][peer.name] = f"{kind}{lines[0]}"[:200]
    if case.products / rate > LONG:
        schedule = replace(schedule, settles=0.0, naive=2)
    disturbance = Disturbance()
    samples = take_turns(contestants, schedule) if contestants else {}
    row["others"] = disturbance.share()
    row["times"] = {
        name: {**spread(taken), "rounds": len(taken), "difference": differences[name]}
        for name, taken in samples.items()
    }
    row["ratios"] = {
        name: ratio(taken, samples[OURS])
        for name, taken in samples.items()
        if OURS in samples and name != OURS
    }
    limits = {peer.name for peer in peers_for(case.family) if peer.is_limit}
    peers = [name for name in samples if name != OURS and name not in limits]
    row["fastest"] = min(peers, key=lambda name: row["times"][name]["median"], default=None)
    row["operations"] = case.products / (case.T if case.is_per_step else 1)
    contestants.clear()
    _forget()
    return row


def _ready(
    peer: Peer, problem: Problem, wanted: dict[str, Array] | None, compiles: bool
) -> tuple[Contestant, float | None]:
    """A contestant that ran once and did the work, and how far from the reference it is."""
    if missing := peer.missing():
        raise UnavailableError(f"not installed: {', '.join(missing)}")
    if peer.module == "torch_compiled" and not compiles:
        raise UnavailableError("left out: it compiles for a minute")
    contestant = peer.build(problem)
    result = contestant.run()
    if wanted is None or contestant.read is None:
        return contestant, None
    difference = disagreement(contestant.read(result), wanted)
    if difference > TOLERANCE:
        raise _DisagreesError(
            f"differs from the reference by {difference:.1e}, more than {TOLERANCE:g}"
        )
    return contestant, difference


def _forget() -> None:
    """Let go of compiled programs and of memory, of which hundreds of cases would leave much."""
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()
    gc.collect()
