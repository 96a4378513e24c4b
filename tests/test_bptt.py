"""BPTT: the parts of a batch hold every loss once; gradients go back as far as was asked."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from freerun._checks import ArgumentError
from freerun.bptt import BPTT, CheckpointedBPTT, FullBPTT, Part, TruncatedBPTT
from freerun.data import Scaling
from freerun.heads import Gaussian
from freerun.network import RecurrentNetwork
from freerun.plan import Plan, PlanBatch
from freerun.state import Noise
from tests.contracts.runs import ROUNDING, Run, assert_same, make_run
from tests.contracts.table import DEEP, PLANS, Case, policies, two_way_cases

STEPS = 7
LENGTHS = [7, 2, 4]

TABLE = [
    *(
        Case(cell, "hidden", readout, num_layers=2, input_lags=2)
        for cell in ("tanh", "lstm")
        for readout in ("every", "last")
    ),
    *(
        Case("gru", recurrence, forcing=forcing, **DEEP)
        for recurrence in ("output", "both")
        for forcing in [*policies(), *PLANS]
    ),
    Case("tanh", "both", head="Categorical", forcing="samples"),
]
LAST = Case("tanh", "hidden", "last")


def parts(run: Run, bptt: BPTT, mask: Tensor | None = None) -> Iterator[Part]:
    return bptt.parts(run.net, run.batch(mask), run.plan, run.noise)


def leaves(run: Run) -> dict[str, Tensor]:
    """The initial state is what training is given: its gradient is nobody's, so it is left out."""
    return {name: part for name, part in run.leaves().items() if not name.startswith("state")}


def accumulated(run: Run, bptt: BPTT, mask: Tensor | None = None) -> dict[str, Tensor]:
    """What a step of training sees: summed losses, counts, and gradients added up part by part."""
    found: dict[str, Tensor] = {}
    wanted = leaves(run)
    for part in parts(run, bptt, mask):
        gradients = torch.autograd.grad(
            part.loss, list(wanted.values()), allow_unused=True, materialize_grads=True
        )
        new = {f"d{name}": g for name, g in zip(wanted, gradients, strict=True)}
        new |= {"loss": part.loss.detach(), "nll": part.nll, "count": torch.tensor(part.count)}
        found = {name: found.get(name, 0) + value for name, value in new.items()}
    return found


def masked(run: Run) -> tuple[Run, Tensor]:
    """The run with holes in y: NaN, or -100 where y holds classes."""
    mask = torch.rand(run.y.shape, generator=torch.Generator().manual_seed(8)) < 0.7
    hole = float("nan") if run.y.is_floating_point() else -100
    y = torch.where(mask, run.y, hole)
    plan = run.plan
    if plan is not None and plan.values is not None:
        plan = replace(plan, values=torch.where(mask, plan.values, hole))
    return replace(run, y=y, plan=plan), mask


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
@pytest.mark.parametrize("case", TABLE, ids=str)
def test_full_bptt_is_the_loss_itself(case: Case, lengths: list[int] | None) -> None:
    run = make_run(case, lengths, steps=STEPS)
    (part,) = parts(run, FullBPTT())
    unrolled = run.unroll()
    count = 3 if case.readout == "last" else sum(lengths or [7, 7, 7])
    torch.testing.assert_close(part.nll, run.nll(unrolled.o).detach())
    torch.testing.assert_close(part.loss, run.nll(unrolled.o) / count)
    assert part.count == count
    assert part.update
    assert torch.equal(part.unrolled.o, unrolled.o)
    assert not part.nll.requires_grad
    if run.plan is None or not run.plan.draws:
        loss = run.net.loss(run.x, run.y, run.plan, run.lengths, state=run.state)
        torch.testing.assert_close(part.loss, loss)


@pytest.mark.parametrize("holes", [False, True], ids=["whole", "holes"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
@pytest.mark.parametrize("case", TABLE, ids=str)
def test_every_variant_that_reaches_back_to_the_start_equals_full_bptt(
    case: Case, lengths: list[int] | None, holes: bool
) -> None:
    """Truncated at T or later, and checkpointed anywhere: loss, count and every gradient."""
    run, mask = make_run(case, lengths, steps=STEPS), None
    if holes:
        run, mask = masked(run)
    wanted = accumulated(run, FullBPTT(), mask)
    for bptt in (
        TruncatedBPTT(7),
        TruncatedBPTT(3, 7),
        TruncatedBPTT(1, 7),
        TruncatedBPTT(2, 100),
        TruncatedBPTT(9),
        CheckpointedBPTT(),
        CheckpointedBPTT(1),
        CheckpointedBPTT(3),
        CheckpointedBPTT(50),
    ):
        assert_same(accumulated(run, bptt, mask), wanted)


@pytest.mark.parametrize("update", ["sequence", "chunk"])
@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (2, 2), (3, 3), (2, 5), (3, 4), (6, 6), (7, 9)])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
@pytest.mark.parametrize("case", [TABLE[0], LAST, TABLE[-1]], ids=str)
def test_every_loss_is_counted_once(
    case: Case, lengths: list[int] | None, k1: int, k2: int, update: str
) -> None:
    run, mask = masked(make_run(case, lengths, steps=STEPS))
    whole = accumulated(run, FullBPTT(), mask)
    found = accumulated(run, TruncatedBPTT(k1, k2, update), mask)
    torch.testing.assert_close(found["nll"], whole["nll"])
    torch.testing.assert_close(found["count"], whole["count"])
    if update == "sequence":
        torch.testing.assert_close(found["loss"], whole["loss"])


def reach(part: Part, run: Run) -> list[int]:
    """The steps, counted from 0, whose x the part's loss depends on."""
    (gradient,) = torch.autograd.grad(part.loss, run.x)
    return gradient.abs().sum((0, 2)).nonzero().flatten().tolist()


@pytest.mark.parametrize("case", [Case("tanh", "hidden"), Case("lstm", "both")], ids=str)
@pytest.mark.parametrize(
    ("k1", "k2", "windows"),
    [
        # Boundaries at k1, 2 k1, ... and T; each window begins k2 before its boundary.
        (3, 3, [(0, 3), (3, 6), (4, 7)]),
        (3, 5, [(0, 3), (1, 6), (2, 7)]),
        (2, 3, [(0, 2), (1, 4), (3, 6), (4, 7)]),
        (1, 1, [(t, t + 1) for t in range(7)]),
        (1, 4, [(max(0, t - 3), t + 1) for t in range(7)]),
        (4, 7, [(0, 4), (0, 7)]),
    ],
)
def test_gradients_reach_back_k2_steps_and_no_further(
    case: Case, k1: int, k2: int, windows: list[tuple[int, int]]
) -> None:
    run = make_run(case, steps=STEPS)
    found = [reach(part, run) for part in parts(run, TruncatedBPTT(k1, k2))]
    assert found == [list(range(*window)) for window in windows]


def test_gradients_through_the_output_edge_are_cut_too() -> None:
    run = make_run(replace(Case("tanh", "output"), forcing="FreeRunning"), steps=STEPS)
    found = [reach(part, run) for part in parts(run, TruncatedBPTT(2, 3))]
    assert found == [[0, 1], [1, 2, 3], [3, 4, 5], [4, 5, 6]]


def test_one_target_a_sequence_is_scored_in_the_window_in_which_it_ends() -> None:
    run = make_run(LAST, LENGTHS, steps=STEPS)
    found = list(parts(run, TruncatedBPTT(3, 4)))
    assert [part.count for part in found] == [1, 1, 1]
    rows = [torch.autograd.grad(part.loss, run.x)[0].abs().sum(-1) > 0 for part in found]
    steps = [[(int(row), int(t)) for row, t in each.nonzero()] for each in rows]
    assert steps == [
        [(1, 0), (1, 1)],
        # The sequence of 4 steps ends within the second window, which begins at 6 - 4.
        [(2, 2), (2, 3)],
        [(0, 3), (0, 4), (0, 5), (0, 6)],
    ]


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_the_state_crosses_every_cut(case: Case) -> None:
    """What a window computes are the very outputs of the whole."""
    run = make_run(case, LENGTHS, steps=STEPS)
    whole = run.unroll()
    for k1, k2, starts in ((3, 3, [0, 3, 4]), (2, 5, [0, 0, 1, 2])):
        windows = list(parts(run, TruncatedBPTT(k1, k2)))
        for start, part in zip(starts, windows, strict=True):
            if case.readout == "every":
                stop = start + part.unrolled.o.shape[1]
                torch.testing.assert_close(
                    part.unrolled.o, whole.o[:, start:stop], atol=ROUNDING, rtol=ROUNDING
                )
        last = windows[-1].unrolled.state
        assert last is not None
        assert whole.state is not None
        assert_same(last.tensors(), whole.state.tensors())


@pytest.mark.parametrize(
    ("bptt", "updates"),
    [
        (TruncatedBPTT(3), [False, False, True]),
        (TruncatedBPTT(3, update="chunk"), [True, True, True]),
        (TruncatedBPTT(7), [True]),
        (FullBPTT(), [True]),
        (CheckpointedBPTT(), [True]),
    ],
    ids=str,
)
def test_when_the_optimizer_steps(bptt: BPTT, updates: list[bool]) -> None:
    run = make_run(TABLE[0], steps=STEPS)
    assert [part.update for part in parts(run, bptt)] == updates


def test_a_chunk_is_a_mean_over_its_own_steps_and_a_sequences_part_over_all() -> None:
    run = make_run(TABLE[0], LENGTHS, steps=STEPS)
    for part in parts(run, TruncatedBPTT(3, update="chunk")):
        torch.testing.assert_close(part.loss.detach(), part.nll / part.count)
    for part in parts(run, TruncatedBPTT(3)):
        torch.testing.assert_close(part.loss.detach(), part.nll / 13)


def test_a_chunk_after_an_update_is_recomputed_from_its_saved_state_with_the_new_weights() -> None:
    run = make_run(Case("tanh", "both", forcing="FreeRunning"), steps=STEPS)
    chunks = parts(run, TruncatedBPTT(2, 3, update="chunk"))
    next(chunks)
    saved = run.unroll(0, 1).state  # the next window begins 3 before its boundary at 4
    assert saved is not None
    with torch.no_grad():
        for parameter in run.net.parameters():
            parameter.mul_(0.9)
    part = next(chunks)
    wanted = run.unroll(1, 4, saved.detach())
    torch.testing.assert_close(part.unrolled.o, wanted.o, atol=ROUNDING, rtol=ROUNDING)
    part.loss.backward()  # no tensor it needs was changed in place


def test_checkpointing_keeps_no_graph_between_its_segments() -> None:
    """The forward pass is run again on the way back: once for every segment."""
    run = make_run(Case("tanh", "hidden"), steps=STEPS)
    made: list[int] = []
    run.net.register_forward_pre_hook(lambda *_: made.append(1))
    (part,) = parts(run, CheckpointedBPTT(3))
    assert len(made) == 3
    part.loss.backward()
    assert len(made) == 6


@pytest.mark.parametrize("bptt", [CheckpointedBPTT(3), TruncatedBPTT(2, 7)], ids=str)
@pytest.mark.parametrize("readout", ["every", "last"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
def test_dropout_is_the_same_in_every_variant(
    bptt: BPTT, readout: str, lengths: list[int] | None
) -> None:
    run = make_run(Case("gru", "hidden", readout, num_layers=2), lengths, steps=STEPS)
    run.net.dropout = 0.5
    noise = run.net.draw_noise(3, STEPS, None, torch.Generator().manual_seed(9))
    assert noise.dropout
    run = replace(run, noise=noise)
    assert_same(accumulated(run, bptt), accumulated(run, FullBPTT()))


def test_an_autonomous_network_takes_its_steps_from_y() -> None:
    net = RecurrentNetwork(0, 3, Gaussian(1), recurrence="both").double()
    y = torch.randn(2, STEPS, 1, dtype=torch.float64)
    batch, plan = PlanBatch(None, y), Plan(y, 0.5)
    found = []
    for bptt in (FullBPTT(), TruncatedBPTT(2, 7), CheckpointedBPTT()):
        net.zero_grad()
        for part in bptt.parts(net, batch, plan, Noise()):
            part.loss.backward()
        found.append(
            {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}
        )
    assert len(found[0]) == 6
    for other in found[1:]:
        assert_same(other, found[0])


def test_the_nll_of_a_part_is_in_the_users_units_and_its_loss_in_the_networks() -> None:
    run = make_run(Case("tanh", "both"), LENGTHS, steps=STEPS)
    loss = run.nll(run.unroll().o).item()
    shift = torch.zeros(2, dtype=torch.float64)
    scale = torch.tensor([10.0, 0.5], dtype=torch.float64)
    run.net.scaling = Scaling(None, None, shift, scale)
    for bptt in (FullBPTT(), TruncatedBPTT(3), CheckpointedBPTT()):
        found = accumulated(run, bptt)
        # Each of the 13 steps has density p / (10 x 0.5) in the user's units.
        assert found["nll"].item() == pytest.approx(loss + 13 * scale.log().sum().item())
        assert found["loss"].item() == pytest.approx(loss / 13)


@pytest.mark.parametrize("case", list(two_way_cases()), ids=str)
def test_only_full_bptt_can_read_from_both_ends(case: Case) -> None:
    run = make_run(case, LENGTHS, steps=STEPS)
    (part,) = parts(run, FullBPTT())
    part.loss.backward()
    for bptt in (TruncatedBPTT(2), CheckpointedBPTT()):
        message = (
            f"{type(bptt).__name__}: segments hand a state forward in time, "
            "got a bidirectional network. Use FullBPTT()."
        )
        with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
            list(parts(run, bptt))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: TruncatedBPTT(0),
            "TruncatedBPTT: k1 must be a whole number of 1 or more, got 0. Pass k1=1, say.",
        ),
        (
            lambda: TruncatedBPTT(5, 3),
            "TruncatedBPTT: k2 must be k1=5 or more, or losses would go back nowhere, got 3. "
            "Pass k2=5.",
        ),
        (
            lambda: TruncatedBPTT(2, 0),
            "TruncatedBPTT: k2 must be a whole number of 1 or more, got 0. Pass k2=1, say.",
        ),
        (
            lambda: TruncatedBPTT(2, update="batch"),
            "TruncatedBPTT: update must be one of 'sequence', 'chunk', got 'batch'. "
            "Pass update='sequence', say.",
        ),
        (
            lambda: CheckpointedBPTT(0),
            "CheckpointedBPTT: segments must be a whole number of 1 or more, got 0. "
            "Pass segments=1, say.",
        ),
        (
            lambda: CheckpointedBPTT("root"),
            "CheckpointedBPTT: segments must be a whole number of 1 or more, got 'root'. "
            "Pass segments=1, say.",
        ),
    ],
    ids=["k1", "k2 < k1", "k2", "update", "segments", "word"],
)
def test_refusals(build: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$"):
        build()
