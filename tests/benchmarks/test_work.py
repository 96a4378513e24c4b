"""Everyone does the work that the reference says, in small cases of every family."""

import dataclasses

import numpy as np
import pytest

from benchmarks.kernels.case import Case
from benchmarks.kernels.comparing import TOLERANCE, disagreement
from benchmarks.kernels.grids import (
    CELLS,
    COMPILED,
    chosen,
    closed,
    hidden,
    output,
    quick_grid,
    whole_grid,
)
from benchmarks.kernels.measuring import measure
from benchmarks.kernels.peers import OURS, peers_for, torch_loop
from benchmarks.kernels.problem import problem_of
from benchmarks.kernels.reference import expected
from benchmarks.kernels.turns import Schedule

SMALL = [
    *(hidden(cell, 3, 5, 4) for cell in CELLS),
    *(output(family, 3, 5, 4, 2) for family in ("free", "teacher")),
    *(closed(edges, 1, 6, 4, family) for edges in ("output", "both")
      for family in ("closed", "session")),
    *(closed(edges, 7, 6, 4) for edges in ("output", "both")),
]  # fmt: skip
NAMES = [case.name for case in SMALL]


@pytest.mark.parametrize("case", SMALL, ids=NAMES)
def test_freerun_and_the_eager_loop_do_the_references_work(case: Case) -> None:
    problem = problem_of(case)
    wanted = expected(problem)
    for peer in peers_for(case.family):
        if peer.name not in (OURS, "torch.nn", "eager loop"):
            continue
        contestant = peer.build(problem)
        assert contestant.read is not None
        # Rounding over a handful of steps; the tolerance of the benchmark is for a thousand.
        assert disagreement(contestant.read(contestant.run()), wanted) < 1e-5, peer.name


@pytest.mark.parametrize("case", SMALL, ids=NAMES)
def test_other_weights_are_other_work(case: Case) -> None:
    problem = problem_of(case)
    wanted = expected(problem)
    for letter, weight in problem.weights.items():
        changed = problem.weights | {letter: weight + np.float32(0.02)}
        found = expected(dataclasses.replace(problem, weights=changed))
        assert disagreement(found, wanted) > 10 * TOLERANCE, letter


def test_a_reference_in_blocks_is_the_sum_over_the_batch() -> None:
    problem = problem_of(output("free", 70, 3, 4, 2))
    whole = expected(problem)
    halves = [
        expected(dataclasses.replace(problem, data={k: v[part] for k, v in problem.data.items()}))
        for part in (slice(0, 33), slice(33, None))
    ]
    for letter, gradient in whole.items():
        np.testing.assert_allclose(halves[0][letter] + halves[1][letter], gradient, rtol=1e-10)


def test_what_is_missing_or_not_finite_disagrees() -> None:
    wanted = {"U": np.ones((2, 2))}
    assert disagreement({"U": np.ones((2, 2)) * 1.5}, wanted) == pytest.approx(0.5)
    assert disagreement({}, wanted) == float("inf")
    assert disagreement({"U": np.ones(4)}, wanted) == float("inf")
    assert disagreement({"U": np.full((2, 2), np.nan)}, wanted) == float("inf")


def test_one_who_does_other_work_fails_and_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    other = torch_loop.build(problem_of(output("teacher", 2, 4, 3, 1)))
    monkeypatch.setattr(
        "benchmarks.kernels.measuring.peers_for",
        lambda family: [peer for peer in peers_for(family) if peer.name in (OURS, "eager loop")],
    )
    case = output("free", 2, 4, 3, 1)
    schedule = Schedule(0.0, turn=0.0, rest=0.0, least=2, fewest=2)
    figures = measure(case, schedule, 1e11)
    assert set(figures["times"]) == {OURS, "eager loop"}
    assert figures["fastest"] == "eager loop"

    wanted = expected(problem_of(case))
    monkeypatch.setattr("benchmarks.kernels.measuring.expected", lambda problem: wanted)
    monkeypatch.setattr("benchmarks.kernels.peers.torch_loop.build", lambda problem: other)
    figures = measure(case, schedule, 1e11)
    assert set(figures["times"]) == {OURS}
    assert "differs from the reference" in figures["failed"]["eager loop"]


def test_the_quick_grid_has_all_of_the_families_and_cells() -> None:
    whole, quick = whole_grid(), quick_grid()
    assert len(set(whole)) == len(whole)
    for name in ("family", "cell", "recurrence"):
        assert {getattr(case, name) for case in quick} == {getattr(case, name) for case in whole}
    assert chosen(whole, {"family": ["hidden"], "B": [1], "T": [50], "H": None, "cell": ["gru"]})


def test_what_is_compiled_is_in_the_grid() -> None:
    at_fifty = {(c.family, c.cell, c.B, c.H, c.O) for c in whole_grid() if c.T == 50}
    assert {(family, *key) for family, keys in COMPILED.items() for key in keys} <= at_fifty


def test_products_are_counted_as_by_hand() -> None:
    # U (4 x 32) and W (4 x 4): each forward and in its gradient, W once more on the way back.
    assert hidden("tanh", 3, 5, 4).products == 2 * 15 * (2 * (4 * 32 + 16) + 16)
    # U (4 x 32), R (4 x 2), V (2 x 4), twice each; back through V, and R where outputs are fed.
    assert output("teacher", 3, 5, 4, 2).products == 2 * 15 * (2 * (128 + 8 + 8) + 8)
    assert output("free", 3, 5, 4, 2).products == 2 * 15 * (2 * (128 + 8 + 8) + 16)
    assert closed("both", 7, 6, 4).products == 2 * 42 * (4 + 16 + 4)
