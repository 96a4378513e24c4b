"""The pieces of the unroll: states, noise, the loop, and what an unrolled network says."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from freerun import _reference, kernels
from freerun._checks import ArgumentError
from freerun.forcing import FreeRunning
from freerun.heads import HEADS, Gaussian
from freerun.network import RecurrentNetwork
from freerun.plan import Plan
from freerun.state import Noise, State
from freerun.unroll import real_steps, scan
from tests.contracts.runs import ROUNDING, Run, make_run, network
from tests.contracts.table import DEEP, Case


def arange(*shape: int) -> Tensor:
    return torch.arange(float(torch.Size(shape).numel())).reshape(shape)


# --- values ---------------------------------------------------------------------------------------


def test_a_state_names_and_maps_every_tensor() -> None:
    state = State(((arange(2, 3), 10 + arange(2, 3)), (arange(2, 3),)), arange(2, 1, 4), None)
    assert list(state.tensors()) == ["hidden.0.0", "hidden.0.1", "hidden.1.0", "output"]
    doubled = state.map(lambda part: 2 * part)
    for name, part in state.tensors().items():
        assert torch.equal(doubled.tensors()[name], 2 * part)
    assert doubled.inputs is None
    assert list(State(inputs=arange(1, 2, 3)).tensors()) == ["inputs"]
    assert State().tensors() == {}


def test_detaching_a_state_keeps_its_values_and_cuts_its_graph() -> None:
    run = make_run(Case("lstm", "both", **DEEP))
    state = run.unroll().state
    assert state is not None
    cut = state.detach()
    assert cut.tensors().keys() == state.tensors().keys()
    for name, part in cut.tensors().items():
        assert not part.requires_grad
        assert torch.equal(part, state.tensors()[name])


def test_a_part_of_the_noise_is_its_steps_and_the_summarys_stays() -> None:
    summary = arange(2, 4)
    noise = Noise(arange(2, 5, 3), (arange(2, 5, 4), 7 + arange(2, 5, 4)), summary).part(1, 3)
    assert noise.samples is not None
    assert torch.equal(noise.samples, arange(2, 5, 3)[:, 1:3])
    assert [mask.shape for mask in noise.dropout] == [(2, 2, 4)] * 2
    assert torch.equal(noise.dropout[1], 7 + arange(2, 5, 4)[:, 1:3])
    assert noise.summary is summary
    assert Noise().part(0, 1) == Noise()


def test_real_steps_lie_within_the_lengths() -> None:
    assert real_steps(torch.tensor([0, 2, 3]), 3).int().tolist() == [
        [0, 0, 0],
        [1, 1, 0],
        [1, 1, 1],
    ]


# --- the loop -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [None, [3, 0, 2]], ids=["full", "ragged"])
def test_scan_folds_over_time_and_keeps_the_memory_of_what_has_ended(
    lengths: list[int] | None,
) -> None:
    x = arange(3, 3)
    real = None if lengths is None else real_steps(torch.tensor(lengths), 3)
    seen: list[int] = []

    def step(
        t: int, memory: tuple[tuple[Tensor, ...], ...]
    ) -> tuple[tuple[tuple[Tensor, ...], ...], tuple[Tensor, ...]]:
        seen.append(t)
        total = memory[0][0] + x[:, t, None]
        return ((total,),), (total, -total)

    start = torch.full((3, 1), 100.0)
    memory, (totals, negative) = scan(step, ((start,),), 3, real)
    assert seen == [0, 1, 2]
    wanted = [100 + x[row, : (lengths or [3, 3, 3])[row]].sum().item() for row in range(3)]
    assert memory[0][0].flatten().tolist() == wanted
    assert totals.shape == (3, 3, 1)
    assert torch.equal(negative, -totals)
    if lengths is None:
        assert torch.equal(totals[..., 0], 100 + x.cumsum(1))


# --- what an unrolled network says ----------------------------------------------------------------


@pytest.mark.parametrize("head", HEADS)
def test_outputs_are_a_distribution_and_its_mean(head: str) -> None:
    run = make_run(Case(head=head))
    unrolled = run.unroll()
    assert unrolled.head is run.net.head
    assert torch.equal(unrolled.mean, run.net.head.mean(unrolled.o))
    if not run.net.head.can_sample:
        with pytest.raises(ArgumentError, match="a distribution needs a spread"):
            unrolled.distribution()
        return
    found = -unrolled.distribution().log_prob(run.y)
    found = found if found.ndim == 2 else found.sum(-1)
    torch.testing.assert_close(found.sum(), run.nll(unrolled.o))


def test_the_mean_of_classes_is_softmax() -> None:
    unrolled = make_run(Case(recurrence="hidden", head="Categorical")).unroll()
    exp = unrolled.o.exp()
    torch.testing.assert_close(unrolled.mean, exp / exp.sum(-1, keepdim=True))


@pytest.mark.parametrize("lags", [1, 3])
def test_under_a_teacher_the_last_values_fed_are_y_at_each_sequences_length(lags: int) -> None:
    run = make_run(Case(recurrence="output", output_lags=lags), [6, 3, 4])
    state = run.unroll().state
    assert state is not None
    assert state.output is not None
    for row, length in enumerate([6, 3, 4]):
        torch.testing.assert_close(state.output[row], run.y[row, length - lags : length])


def test_fewer_steps_than_lags_leave_the_state_before_in_the_lags() -> None:
    run = make_run(Case(recurrence="both", output_lags=3, input_lags=2), steps=1)
    state = run.unroll().state
    assert run.state is not None
    assert run.state.output is not None
    assert run.state.inputs is not None
    assert state is not None
    torch.testing.assert_close(state.output, torch.cat([run.state.output[:, 1:], run.y], 1))
    torch.testing.assert_close(state.inputs, torch.cat([run.state.inputs[:, 1:], run.x], 1))


@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_one_forced_emission_replaces_one_of_the_lags(recurrence: str) -> None:
    """A step forced among free ones re-synchronises the newest lag alone."""
    run = make_run(Case(recurrence=recurrence, output_lags=3))
    weights = torch.tensor([0.0, 0, 0, 1, 0, 0], dtype=torch.float64)
    unrolled = replace(run, plan=Plan(run.y, weights)).unroll()
    state = replace(run, plan=Plan(run.y, weights)).unroll(0, 4).state
    assert state is not None
    assert state.output is not None
    assert unrolled.f is not None
    mean = unrolled.mean
    wanted = torch.stack([mean[:, 1], mean[:, 2], run.y[:, 3]], 1)
    torch.testing.assert_close(state.output, wanted, atol=ROUNDING, rtol=ROUNDING)


def test_the_first_layer_alone_reads_what_is_fed_and_the_last_one_alone_is_read_out() -> None:
    net = make_run(Case("gru", "both", num_layers=3)).net
    reads = [layer.weight_fh is not None for layer in net.layers]
    assert reads == [True, False, False]
    run = make_run(Case("tanh", "hidden", num_layers=2))
    unrolled = run.unroll()
    torch.testing.assert_close(unrolled.o, run.net.output(unrolled.h))


# --- dropout --------------------------------------------------------------------------------------


def dropped(readout: str = "every", recurrence: str = "hidden", layers: int = 2) -> Run:
    run = make_run(Case("tanh", recurrence, readout, num_layers=layers), steps=6)
    run.net.dropout = 0.5
    noise = run.net.draw_noise(3, 6, run.plan, torch.Generator().manual_seed(0))
    return replace(run, noise=noise)


@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
def test_dropout_stands_between_layers_and_before_the_readout_and_not_in_time(
    recurrence: str,
) -> None:
    """With one layer h is untouched, and o reads h times the mask."""
    run = dropped(recurrence=recurrence, layers=1)
    unrolled = run.unroll()
    assert torch.equal(unrolled.h, replace(run, noise=Noise()).unroll().h)
    wanted = run.net.output(unrolled.h * run.noise.dropout[0])
    torch.testing.assert_close(unrolled.o, wanted)
    deep = dropped(recurrence=recurrence)
    only = Noise(None, (torch.zeros_like(deep.noise.dropout[0]), deep.noise.dropout[1]))
    blind = replace(deep, noise=only).unroll()
    (gradient,) = torch.autograd.grad(blind.o.sum(), deep.x)
    assert not gradient.any(), "nothing passes a layer below that is dropped whole"


def test_the_loop_drops_what_the_products_over_all_steps_drop() -> None:
    run = dropped(recurrence="output")
    free = torch.ones(3, 6, dtype=torch.float64)
    free[:, -1] = 0  # nothing reads the last step's f
    looped = replace(run, plan=Plan(run.y, free)).unroll()
    torch.testing.assert_close(looped.o, run.unroll().o, atol=ROUNDING, rtol=ROUNDING)


def test_dropout_keeps_the_mean_and_is_off_in_evaluation() -> None:
    net = make_run(Case()).net
    net.dropout = 0.3
    noise = net.draw_noise(1000, 20, None, torch.Generator().manual_seed(0))
    (mask,) = noise.dropout
    assert mask.dtype == torch.float64
    kept = [0.0, pytest.approx(1 / 0.7)]
    assert mask.unique().tolist() == kept
    # 60 000 draws: five standard errors of a share of 0.7.
    assert mask.mean().item() == pytest.approx(1.0, abs=5 * (0.3 / 0.7 / 60_000) ** 0.5)
    assert noise.summary is not None
    assert noise.summary.shape == (1000, 3)
    assert net.eval().draw_noise(2, 3, None) == Noise()


def test_what_the_last_readout_drops_does_not_depend_on_the_steps() -> None:
    run = dropped("last")
    assert run.noise.summary is not None
    unrolled = run.unroll()
    torch.testing.assert_close(unrolled.o, run.net.output(unrolled.h[:, -1] * run.noise.summary))


def test_dropout_comes_from_the_generator() -> None:
    run = make_run(Case("tanh", "hidden"))
    run.net.dropout = 0.5

    def outputs(seed: int) -> Tensor:
        return run.net(run.x, generator=torch.Generator().manual_seed(seed)).o

    assert torch.equal(outputs(1), outputs(1))
    assert not torch.equal(outputs(1), outputs(2))
    torch.manual_seed(1)
    first = run.net(run.x).o
    torch.manual_seed(1)
    assert torch.equal(run.net(run.x).o, first)


# --- both ways ------------------------------------------------------------------------------------


def test_the_summary_of_both_ways_is_each_directions_last_step() -> None:
    run = make_run(Case("gru", "hidden", "last", bidirectional=True), [6, 2, 4])
    unrolled = run.unroll()
    assert unrolled.summary is not None
    assert unrolled.state is None
    for row, length in enumerate([6, 2, 4]):
        torch.testing.assert_close(unrolled.summary[row, :3], unrolled.h[row, length - 1, :3])
        torch.testing.assert_close(unrolled.summary[row, 3:], unrolled.h[row, 0, 3:])
    torch.testing.assert_close(unrolled.o, run.net.output(unrolled.summary))


@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_an_autonomous_network_runs_for_as_many_steps_as_asked(recurrence: str) -> None:
    run = make_run(Case(recurrence=recurrence))
    net = network(Case(recurrence=recurrence), input_size=0)
    assert net(None, steps=5).o.shape == (1, 5, 4)
    assert net(None, run.y).o.shape == (3, 6, 4)
    state = net.initial_state(3, run.y[:, :1])
    free = net(None, state=state, steps=4)
    assert free.o.shape == (3, 4, 4)
    # The same path, found from a truth that nobody reads.
    again = net(None, run.y[:, :4], FreeRunning(), state=state)
    assert torch.equal(free.o, again.o)


@pytest.mark.parametrize("cached", [1, 100, 300])
def test_blocks_of_a_large_batch_change_nothing(
    cached: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    net = RecurrentNetwork(
        2,
        5,
        Gaussian(1),
        cell="gru",
        recurrence="output",
        num_layers=2,
        output_lags=3,
        residual=True,
    ).double()
    x, y = torch.randn(3, 11, 2).double(), torch.randn(3, 11, 1).double()
    found = []
    for size in (2**19, cached):
        monkeypatch.setattr(_reference, "CACHED", size)
        net.zero_grad()
        with kernels.disabled():
            unrolled = net(x, y, lengths=torch.tensor([11, 4, 9]))
        (unrolled.o.square().sum() + unrolled.h.sin().sum()).backward()
        gradients = [p.grad for p in net.parameters() if p.grad is not None]
        found.append([unrolled.o, unrolled.h, unrolled.f, *gradients])
    assert len(found[0]) == len(found[1])
    for whole, cut in zip(*found, strict=True):
        torch.testing.assert_close(whole, cut, rtol=1e-12, atol=1e-12)
