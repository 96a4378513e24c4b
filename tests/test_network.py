"""The network: what it is made of, its loss, its state, and what it refuses."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from freerun._checks import ArgumentError
from freerun.data import Scaling
from freerun.forcing import FreeRunning
from freerun.heads import (
    Bernoulli,
    Categorical,
    Gaussian,
    GaussianMixture,
    NegativeBinomial,
    Point,
    Poisson,
)
from freerun.network import RecurrentNetwork
from freerun.plan import Plan
from freerun.state import State
from tests.contracts.runs import draw_y, make_run, network, results
from tests.contracts.table import DEEP, Case, cases, make_head, two_way_cases


def shapes(net: RecurrentNetwork) -> dict[str, tuple[int, ...]]:
    return {name: tuple(parameter.shape) for name, parameter in net.named_parameters()}


# --- what it is made of ---------------------------------------------------------------------------


def test_the_parameters_of_a_network_with_everything() -> None:
    net = RecurrentNetwork(
        2, 8, Gaussian(3), "gru", "both", num_layers=2, output_lags=4, input_lags=1, residual=True
    )
    assert shapes(net) == {
        "layers.0.weight_ih": (24, 2 * 2),
        "layers.0.weight_hh": (24, 8),
        "layers.0.weight_fh": (24, 3 * 4),
        "layers.0.bias_ih": (24,),
        "layers.0.bias_hh": (24,),
        "layers.1.weight_ih": (24, 8),
        "layers.1.weight_hh": (24, 8),
        "layers.1.bias_ih": (24,),
        "layers.1.bias_hh": (24,),
        "output.weight": (6, 8),
        "output.bias": (6,),
        "skip": (3,),
    }


def test_an_edge_that_does_not_recur_has_no_parameters() -> None:
    hidden = RecurrentNetwork(2, 8, Gaussian(1))
    assert set(shapes(hidden)) == {
        "layers.0.weight_ih", "layers.0.weight_hh", "layers.0.bias_ih",
        "output.weight", "output.bias",
    }  # fmt: skip
    output = RecurrentNetwork(2, 8, Gaussian(1), recurrence="output")
    assert "layers.0.weight_hh" not in shapes(output)
    assert shapes(output)["layers.0.weight_fh"] == (8, 1)


def test_a_network_that_reads_from_both_ends_has_two_stacks_and_one_readout() -> None:
    net = RecurrentNetwork(2, 8, Categorical(5), "lstm", num_layers=2, bidirectional=True)
    found = shapes(net)
    for stack in ("layers", "reverse_layers"):
        assert found[f"{stack}.0.weight_ih"] == (32, 2)
        assert found[f"{stack}.1.weight_ih"] == (32, 16)
    assert found["output.weight"] == (5, 16)


def test_the_readout_starts_uniform_within_its_bound_and_without_offset() -> None:
    torch.manual_seed(0)
    net = RecurrentNetwork(2, 64, Gaussian(20), recurrence="output", residual=True)
    bound = math.sqrt(6 / (64 + 40))
    largest = net.output.weight.abs().max().item()
    assert 0.98 * bound < largest <= bound
    assert not net.output.bias.any()
    assert net.skip is not None
    assert net.skip.tolist() == [1.0] * 20


@pytest.mark.parametrize(
    ("options", "context"),
    [
        ({}, 0),
        ({"input_lags": 3}, 3),
        ({"recurrence": "output"}, 1),
        ({"recurrence": "both", "output_lags": 4, "input_lags": 2}, 4),
        ({"recurrence": "both", "output_lags": 2, "input_lags": 5}, 5),
    ],
    ids=str,
)
def test_the_context_is_as_far_as_its_lags_reach(options: dict[str, Any], context: int) -> None:
    assert RecurrentNetwork(1, 2, Gaussian(1), **options).context == context


def test_a_network_says_what_it_is() -> None:
    text = repr(RecurrentNetwork(2, 8, Gaussian(1), "gru", "both"))
    assert text.startswith(
        "RecurrentNetwork(\n  input_size=2, hidden_size=8, cell='gru', recurrence='both', "
        "readout='every', head=Gaussian(outputs=1)\n"
    )


@pytest.mark.parametrize(
    "case",
    [*(case for case in cases() if case.forcing == "TeacherForcing"), *two_way_cases()],
    ids=str,
)
def test_saving_and_loading_is_exact(case: Case, tmp_path: Path) -> None:
    run = make_run(case)
    save_file(run.net.state_dict(), tmp_path / "weights.safetensors")
    other = network(case)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    assert other.state_dict().keys() == run.net.state_dict().keys()
    found = other(run.x, run.y if case.readout == "every" else None, run.plan, state=run.state)
    assert torch.equal(found.o, run.unroll().o)


# --- the loss -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [None, [6, 2, 4]], ids=["full", "ragged"])
@pytest.mark.parametrize("head", ["Gaussian", "Categorical", "Poisson"])
@pytest.mark.parametrize("readout", ["every", "last"])
def test_the_loss_is_a_sum_or_a_mean_over_real_steps(
    head: str, readout: str, lengths: list[int] | None
) -> None:
    run = make_run(Case(recurrence="hidden", readout=readout, head=head), lengths)
    elements = run.net.head.nll(run.unroll().o, run.y)
    if readout == "every":
        rows = [elements[row, :length].sum() for row, length in enumerate(lengths or [6, 6, 6])]
        total, count = torch.stack(rows).sum(), sum(lengths or [6, 6, 6])
    else:
        total, count = elements.sum(), 3
    found = {
        how: run.net.loss(run.x, run.y, lengths=run.lengths, state=run.state, reduction=how)
        for how in ("sum", "mean")
    }
    torch.testing.assert_close(found["sum"], total)
    torch.testing.assert_close(found["mean"], total / count)
    assert torch.equal(
        found["mean"], run.net.loss(run.x, run.y, lengths=run.lengths, state=run.state)
    )


@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
@pytest.mark.parametrize("wide", [False, True], ids=["(batch, time)", "(batch, time, outputs)"])
@pytest.mark.parametrize("head", ["Gaussian", "GaussianMixture", "Bernoulli", "Poisson", "Point"])
def test_a_missing_target_counts_nothing_and_may_hold_anything(
    head: str, wide: bool, recurrence: str
) -> None:
    """The loss, its mean and every gradient are those of the observed log-probabilities."""
    run = make_run(Case(recurrence=recurrence, head=head))
    shape = (3, 6, 2) if wide else (3, 6)
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(0)) < 0.7
    each = mask if wide else mask.unsqueeze(-1).expand(3, 6, 2)
    found: list[dict[str, Tensor]] = []
    for hole in (float("nan"), 1e30, -1.0):
        y = torch.where(each, run.y, hole)
        loss = run.net.loss(run.x, y, mask=mask, state=run.state, reduction="sum")
        leaves = list(run.leaves().values())
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
        found.append({"loss": loss.detach()} | dict(zip(run.leaves(), gradients, strict=True)))
        mean = run.net.loss(run.x, y, mask=mask, state=run.state)
        torch.testing.assert_close(mean, loss / (each.sum() / 2))
    plan = None if recurrence == "hidden" else Plan(run.y, each.all(-1).double())
    o = run.net(run.x, run.y, plan, state=run.state).o
    torch.testing.assert_close(found[0]["loss"], run.net.head.nll(o, run.y, each).sum().detach())
    for other in found[1:]:
        for name, part in other.items():
            assert torch.equal(part, found[0][name]), name


def test_missing_classes_may_hold_a_placeholder_that_is_none() -> None:
    run = make_run(Case(recurrence="both", head="Categorical"))
    mask = torch.rand(3, 6, generator=torch.Generator().manual_seed(0)) < 0.7
    y = torch.where(mask, run.y, -100)
    loss = run.net.loss(run.x, y, mask=mask, reduction="sum")
    unrolled = run.net(run.x, run.y, Plan(run.y, mask.double()))
    torch.testing.assert_close(loss, run.net.head.nll(unrolled.o, run.y)[mask].sum())


@pytest.mark.parametrize("wide", [False, True], ids=["(batch,)", "(batch, outputs)"])
def test_one_target_a_sequence_may_be_missing_too(wide: bool) -> None:
    run = make_run(Case(recurrence="hidden", readout="last"))
    mask = torch.tensor([True, False, True])
    y = run.y.clone()
    y[1] = torch.nan
    given = mask.unsqueeze(-1).expand(3, 2) if wide else mask
    loss = run.net.loss(run.x, y, mask=given, state=run.state)
    torch.testing.assert_close(loss, run.net.head.nll(run.unroll().o, run.y)[[0, 2]].mean())


def test_nothing_observed_is_a_loss_of_zero_without_gradient() -> None:
    run = make_run(Case(recurrence="both"))
    y = torch.full_like(run.y, torch.nan)
    loss = run.net.loss(run.x, y, mask=torch.zeros(3, 6, dtype=torch.bool))
    loss.backward()
    assert loss == 0
    for parameter in run.net.parameters():
        assert parameter.grad is None or not parameter.grad.any()


def test_lengths_may_be_a_list() -> None:
    run = make_run(Case(recurrence="both"))
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[0, 0] = False
    for given in (None, mask):
        found = run.net.loss(run.x, run.y, lengths=[6, 2, 4], mask=given)  # type: ignore[arg-type]
        wanted = run.net.loss(run.x, run.y, lengths=torch.tensor([6, 2, 4]), mask=given)
        assert torch.equal(found, wanted)


def test_with_a_scale_the_score_is_that_of_the_users_y() -> None:
    run = make_run(Case(recurrence="hidden"))
    o, scale = run.unroll().o, torch.tensor([4.0, 0.5], dtype=torch.float64)
    found = run.net.score(o, run.y, None, scale)
    torch.testing.assert_close(found, run.net.score(o, run.y, None) + math.log(2))


# --- state and summary ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", [Case("lstm", r, **DEEP) for r in ("output", "both")], ids=str)
def test_the_default_state_is_zeros(case: Case) -> None:
    net = network(case)
    tensors = net.initial_state(4).tensors()
    assert tensors["output"].shape == (4, 3, 2)
    assert tensors["inputs"].shape == (4, 2, 2)
    hidden = [name for name in tensors if name.startswith("hidden")]
    assert len(hidden) == (4 if case.recurrence == "both" else 0)
    assert not any(part.any() for part in tensors.values())
    assert all(part.dtype == torch.float64 for part in tensors.values())
    run = make_run(case)
    given = run.net(run.x, run.y, state=run.net.initial_state(3)).o
    assert torch.equal(run.net(run.x, run.y).o, given)


@pytest.mark.parametrize("head", ["Gaussian", "Categorical", "Poisson"])
def test_a_state_carries_the_observations_before_the_first_step(head: str) -> None:
    """A window cut from a series goes on as the series does, but for the hidden state."""
    run = make_run(Case("tanh", "output", head=head, output_lags=3, input_lags=2), steps=9)
    assert run.state is not None
    whole = run.net(run.x, run.y)
    state = run.net.initial_state(3, run.y[:, :4], run.x[:, :4].detach())
    window = run.net(run.x[:, 4:], run.y[:, 4:], state=state)
    torch.testing.assert_close(window.o, whole.o[:, 4:])


def test_steps_before_the_start_of_a_series_stay_zeros() -> None:
    net = network(Case("tanh", "both", head="Categorical", output_lags=3, input_lags=2))
    y = torch.tensor([[-100, 1, 2], [0, 1, 2]])
    x = torch.tensor([[[torch.nan, torch.nan], [1, 2], [3, 4]], [[5, 6], [7, 8], [9, 10]]])
    real = torch.tensor([[False, True, True], [True, True, True]])
    state = net.initial_state(2, y, x, real)
    assert state.output is not None
    assert state.inputs is not None
    assert state.output.argmax(-1).tolist() == [[0, 1, 2], [0, 1, 2]]
    assert state.output.sum(-1).tolist() == [[0, 1, 1], [1, 1, 1]]
    assert state.inputs.tolist() == [[[1, 2], [3, 4]], [[7, 8], [9, 10]]]
    early = net.initial_state(2, y, x, torch.tensor([[False, False, True], [True] * 3]))
    assert early.inputs is not None
    assert early.inputs[0].tolist() == [[0, 0], [3, 4]]


def test_the_summary_is_h_after_the_last_step() -> None:
    run = make_run(Case("gru", "hidden", "last"))
    lengths = torch.tensor([6, 2, 4])
    summary = run.net.summarize(run.x, lengths)
    unrolled = run.net(run.x, lengths=lengths)
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(summary[row], unrolled.h[row, length - 1])
    torch.testing.assert_close(unrolled.o, run.net.output(summary))
    summary.sum().backward()
    assert run.x.grad is not None


def test_units_are_the_identitys_until_they_are_decided() -> None:
    net = RecurrentNetwork(1, 2, Gaussian(1))
    assert net.scaling == Scaling.identity()
    assert not net.has_scaling
    net.scaling = Scaling.identity()
    assert net.has_scaling


def test_forward_and_loss_speak_the_networks_units() -> None:
    run = make_run(Case(recurrence="both"))
    before = results(run, run.unroll())
    one = torch.ones(2, dtype=torch.float64)
    run.net.scaling = Scaling(one, 3 * one, one, 5 * one)
    after = results(run, run.unroll())
    assert all(torch.equal(after[name], part) for name, part in before.items())


def test_float32_is_the_default_and_moves_with_the_module() -> None:
    net = RecurrentNetwork(1, 2, Gaussian(1), recurrence="both", residual=True)
    assert net.dtype == torch.float32
    assert net(torch.zeros(1, 2, 1), torch.zeros(1, 2, 1)).o.dtype == torch.float32
    assert net.double().dtype == torch.float64
    assert net.initial_state(1).tensors()["output"].dtype == torch.float64
    categorical = RecurrentNetwork(1, 2, Categorical(2), recurrence="both").double()
    y = torch.zeros(1, 2, dtype=torch.long)
    assert categorical(torch.zeros(1, 2, 1).double(), y).f.dtype == torch.float64


# --- refusals -------------------------------------------------------------------------------------


def refused(message: str) -> Any:
    return pytest.raises(ArgumentError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_size": -1}, "input_size must be a whole number of 0 or more, got -1. "
            "Pass input_size=0, say."),
        ({"hidden_size": 0}, "hidden_size must be a whole number of 1 or more, got 0. "
            "Pass hidden_size=1, say."),
        ({"hidden_size": 2.0}, "hidden_size must be a whole number of 1 or more, got 2.0. "
            "Pass hidden_size=1, say."),
        ({"head": "gaussian"}, "head must be a head, got 'gaussian'. "
            "Pass head=fr.heads.Gaussian(1), say."),
        ({"head": Gaussian}, "head must be a head, got <class 'freerun.heads._real.Gaussian'>. "
            "Pass head=fr.heads.Gaussian(1), say."),
        ({"cell": "GRU"}, "cell must be one of 'tanh', 'relu', 'identity', 'gru', 'lstm', "
            "got 'GRU'. Did you mean 'gru'?"),
        ({"cell": "ltsm"}, "cell must be one of 'tanh', 'relu', 'identity', 'gru', 'lstm', "
            "got 'ltsm'. Did you mean 'lstm'?"),
        ({"recurrence": "outputs"}, "recurrence must be one of 'hidden', 'output', 'both', "
            "got 'outputs'. Did you mean 'output'?"),
        ({"readout": "first"}, "readout must be one of 'every', 'last', got 'first'. "
            "Pass readout='every', say."),
        ({"num_layers": 0}, "num_layers must be a whole number of 1 or more, got 0. "
            "Pass num_layers=1, say."),
        ({"dropout": 1.0}, "dropout must be a finite number from 0 to 0.999, got 1.0. "
            "Pass dropout=0.5, say."),
        ({"output_lags": 0}, "output_lags must be a whole number of 1 or more, got 0. "
            "Pass output_lags=1, say."),
        ({"input_lags": -1}, "input_lags must be a whole number of 0 or more, got -1. "
            "Pass input_lags=0, say."),
        ({"input_size": 0, "input_lags": 1, "recurrence": "both"},
            "input_lags looks back on inputs, got input_size=0, which has none. "
            "Leave input_lags out, or use output_lags."),
        ({"recurrence": "both", "readout": "last"},
            "an output edge needs an output at every step, got recurrence='both' with "
            "readout='last'. Use recurrence='hidden', or readout='every'."),
        ({"recurrence": "output", "bidirectional": True},
            "an output edge runs forward only, for the future is not known when it is fed, got "
            "recurrence='output' with bidirectional=True. "
            "Use recurrence='hidden', or bidirectional=False."),
        ({"recurrence": "both", "residual": True, "head": Categorical(3)},
            "residual adds f(t-1) to a location, got a Categorical head, which has none. "
            "Use Gaussian, StudentT, Laplace or Point, or residual=False."),
        ({"residual": True},
            "residual adds what was fed back, got recurrence='hidden', which feeds nothing back. "
            "Use recurrence='output' or 'both', or residual=False."),
        ({"output_lags": 2},
            "output_lags counts what is fed back, got recurrence='hidden', which feeds nothing "
            "back. Use recurrence='output' or 'both', or leave output_lags out."),
        ({"input_size": 0},
            "input_size must be 1 or more without an output edge, for there is nothing else to "
            "read, got 0. Use recurrence='output' or 'both' for an autonomous network."),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_network_that_means_nothing_is_refused(options: dict[str, Any], message: str) -> None:
    with refused(f"RecurrentNetwork: {message}"):
        sizes: dict[str, Any] = {"input_size": 1, "hidden_size": 2, "head": Gaussian(1)}
        RecurrentNetwork(**sizes | options)


@pytest.mark.parametrize(
    "head", [Categorical(2), Bernoulli(1), Poisson(1), NegativeBinomial(1), GaussianMixture(1)]
)
def test_residual_is_refused_by_every_head_without_a_location(head: Any) -> None:
    with pytest.raises(ArgumentError, match=f"a {type(head).__name__} head, which has none"):
        RecurrentNetwork(1, 2, head, recurrence="both", residual=True)


X, Y = torch.zeros(3, 6, 2), torch.zeros(3, 6, 1)
MASK = torch.ones(3, 6, dtype=torch.bool)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": None}, "x must be (batch, time, 2), got None. "
            "Pass x, or build the network with input_size=0."),
        ({"x": X[0]}, "x must be (batch, time, 2), got (6, 2). "
            "Add the batch axis: x.unsqueeze(0)."),
        ({"x": X[..., :1]}, "x must be (batch, time, 2), got (3, 6, 1). "
            "Axes are batch, time, features."),
        ({"x": X.numpy()}, "x must be a tensor, got a ndarray. Use torch.as_tensor(x)."),
        ({"x": X.double()}, "x must be torch.float32, as the network is, got torch.float64. "
            "Use x.to(net.dtype), or net.double() for float64."),
        ({"x": X.long()}, "x must be torch.float32, as the network is, got torch.int64. "
            "Use x.to(net.dtype), or net.double() for float64."),
        ({"x": X[:0], "y": Y[:0]}, "a batch must have one sequence and one step at least, "
            "got (0, 6, 2). Drop empty ones."),
        ({"x": X[:, :0], "y": Y[:, :0]}, "a batch must have one sequence and one step at least, "
            "got (3, 0, 2). Drop empty ones."),
        ({"y": Y[..., 0]}, "y must be (batch, time, 1) for Gaussian with readout='every', "
            "got (3, 6). Add the axis that is missing: y.unsqueeze(0) for the batch, "
            "y.unsqueeze(-1) for the features."),
        ({"y": torch.zeros(3, 6, 2)}, "y must be (batch, time, 1) for Gaussian with "
            "readout='every', got (3, 6, 2). Axes are batch, time, features."),
        ({"y": Y[:, 1:]}, "x and y must have the same batch and time, got (3, 6, 2) and "
            "(3, 5, 1). y[:, t] is the target of the step that reads x[:, t]."),
        ({"y": Y.tolist()}, "y must be a tensor, got a list. Use torch.as_tensor(y)."),
        ({"y": Y.double()}, "y must be torch.float32, as the network is, got torch.float64. "
            "Use y.to(net.dtype), or net.double() for float64."),
        ({"lengths": torch.tensor([6, 6])}, "lengths must be whole numbers, (3,), got torch.int64 "
            "of (2,). Give one per sequence."),
        ({"lengths": torch.tensor([6.0, 6, 6])}, "lengths must be whole numbers, (3,), got "
            "torch.float32 of (3,). Give one per sequence."),
        ({"lengths": torch.tensor([7, 6, 6])}, "lengths must lie from 0 to 6, got 6 to 7. "
            "A length counts the real steps of its sequence."),
        ({"lengths": torch.tensor([-1, 6, 6])}, "lengths must lie from 0 to 6, got -1 to 6. "
            "A length counts the real steps of its sequence."),
        ({"mask": MASK.float()}, "mask must be bool, (3, 6, 1) or (3, 6), got torch.float32 of "
            "(3, 6). True is observed: mask=~y.isnan(), say."),
        ({"mask": MASK[:, 1:]}, "mask must be bool, (3, 6, 1) or (3, 6), got torch.bool of (3, 5). "
            "True is observed: mask=~y.isnan(), say."),
        ({"steps": 5}, "steps must be 6, as in the data, got 5. Leave steps out."),
        ({"state": State()}, "state must hold {'hidden.0.0': (3, 4), 'output': (3, 1, 1)}, "
            "got {}. Take the .state of an unroll, or net.initial_state(batch)."),
        ({"state": RecurrentNetwork(2, 4, Gaussian(1), recurrence="both").initial_state(2)},
            "state must hold {'hidden.0.0': (3, 4), 'output': (3, 1, 1)}, got {'hidden.0.0': "
            "(2, 4), 'output': (2, 1, 1)}. Take the .state of an unroll, or "
            "net.initial_state(batch)."),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_data_that_does_not_fit_are_refused(given: dict[str, Any], message: str) -> None:
    net = RecurrentNetwork(2, 4, Gaussian(1), recurrence="both")
    with refused(f"RecurrentNetwork: {message}"):
        net(**{"x": X, "y": Y} | given)


def test_a_state_of_another_type_is_refused() -> None:
    net = RecurrentNetwork(2, 4, Gaussian(1), recurrence="both")
    message = (
        "RecurrentNetwork: state.hidden.0.0 must be torch.float32, as the network is, got "
        "torch.float64. Use state.hidden.0.0.to(net.dtype), or net.double() for float64."
    )
    with refused(message):
        net(X, Y, state=net.initial_state(3).map(Tensor.double))


@pytest.mark.parametrize(
    ("head", "y", "message"),
    [
        (Categorical(3), torch.full((3, 6), 3),
            "classes must lie from 0 to 2, got 3. Mask it with mask= if it is a placeholder."),
        (Categorical(3), torch.full((3, 6), -100),
            "classes must lie from 0 to 2, got -100. Mask it with mask= if it is a placeholder."),
        (Categorical(3), torch.zeros(3, 6),
            "y must be (batch, time) for Categorical with readout='every', of whole numbers, got "
            "torch.float32. Pass classes: y.long()."),
        (Categorical(3), torch.zeros(3, 6, 3),
            "y must be (batch, time) for Categorical with readout='every', got (3, 6, 3). "
            "Axes are batch, time, features."),
        (Bernoulli(1), torch.full((3, 6, 1), 1.5),
            "Bernoulli targets must lie from 0 to 1, got 1.5. "
            "Mask it with mask= if it is a placeholder."),
        (Poisson(1), torch.full((3, 6, 1), 0.5),
            "counts must be whole numbers of 0 or more, got 0.5. "
            "Mask it with mask= if it is a placeholder."),
        (NegativeBinomial(1), torch.full((3, 6, 1), -1.0),
            "counts must be whole numbers of 0 or more, got -1. "
            "Mask it with mask= if it is a placeholder."),
    ],
    ids=["class", "placeholder", "float", "one-hot", "yes or no", "fraction", "negative"],
)  # fmt: skip
@pytest.mark.parametrize("recurrence", ["hidden", "both"])
def test_targets_that_the_head_cannot_meet_are_refused(
    recurrence: str, head: Any, y: Tensor, message: str
) -> None:
    net = RecurrentNetwork(2, 4, head, recurrence=recurrence)
    with refused(f"RecurrentNetwork.loss: {message}"):
        net.loss(X, y)
    if recurrence == "both":
        with refused(f"RecurrentNetwork: {message}"):
            net(X, y)


def test_one_target_a_sequence_has_no_time_axis() -> None:
    net = RecurrentNetwork(2, 4, Gaussian(1), readout="last")
    message = (
        "RecurrentNetwork.loss: y must be (batch, 1) for Gaussian with readout='last', got "
        "(3, 6, 1). Axes are batch, time, features."
    )
    with refused(message):
        net.loss(X, Y)
    classes = RecurrentNetwork(2, 4, Categorical(3), readout="last")
    assert classes.loss(X, torch.tensor([0, 1, 2])).ndim == 0
    with refused(
        "RecurrentNetwork.loss: x and y must have the same batch, got (3, 6, 2) and (2,). "
        "Match them."
    ):
        classes.loss(X, torch.tensor([0, 1]))


def test_a_sequence_without_steps_has_no_last_one_unless_a_state_says_what_was_before() -> None:
    net = RecurrentNetwork(2, 4, Gaussian(1), readout="last")
    lengths = torch.tensor([6, 0, 3])
    with refused(
        "RecurrentNetwork: lengths must lie from 1 to 6, got 0 to 6. "
        "A length counts the real steps of its sequence."
    ):
        net(X, lengths=lengths)
    state = net.initial_state(3).map(lambda part: part + 0.5)
    unrolled = net(X, lengths=lengths, state=state)
    torch.testing.assert_close(unrolled.o[1], net.output(torch.full((4,), 0.5)))


def test_an_unknown_reduction_is_refused() -> None:
    net = RecurrentNetwork(2, 4, Gaussian(1))
    with refused(
        "RecurrentNetwork.loss: reduction must be one of 'mean', 'sum', got 'none'. "
        "Pass reduction='mean', say."
    ):
        net.loss(X, Y, reduction="none")


def test_a_network_that_reads_from_both_ends_refuses_a_state() -> None:
    net = RecurrentNetwork(2, 4, Gaussian(1), bidirectional=True)
    other = RecurrentNetwork(2, 4, Gaussian(1))
    message = (
        "RecurrentNetwork: a bidirectional network starts from both ends of whole sequences, "
        "got a state. Leave state out."
    )
    with refused(message):
        net(X, state=other.initial_state(3))
    assert net(X).state is None


def test_an_autonomous_network_refuses_x_and_must_know_its_steps() -> None:
    net = RecurrentNetwork(0, 4, Gaussian(1), recurrence="both")
    with refused(
        "RecurrentNetwork: x must be None, for input_size is 0, got (3, 6, 2). Pass x=None."
    ):
        net(X, Y)
    with refused(
        "RecurrentNetwork: the number of steps must be known, got neither x nor y nor steps. "
        "Pass steps=100, say."
    ):
        net(None)
    with refused(
        "RecurrentNetwork: steps must be a whole number of 1 or more, got 0. Pass steps=1, say."
    ):
        net(None, steps=0)


def test_a_bare_location_refuses_sampling() -> None:
    net = RecurrentNetwork(2, 4, Point(1), recurrence="both")
    with refused(
        "RecurrentNetwork: feeding samples needs a head with a spread, got Point. "
        "Use feed='mean', or a Gaussian head."
    ):
        net(X, forcing=Plan(None, 0.0, "sample"))
    assert net(X, Y, FreeRunning()).f.shape == (3, 6, 1)


def test_a_network_that_is_fed_y_has_no_summary_of_x() -> None:
    net = RecurrentNetwork(2, 4, Gaussian(1), recurrence="both")
    with refused(
        "RecurrentNetwork.summarize: recurrence must be 'hidden', got 'both'. "
        "An output edge feeds y back, so that x alone has no summary."
    ):
        net.summarize(X)


def test_units_of_classes_are_left_alone() -> None:
    one = torch.ones(1, dtype=torch.float64)
    net = RecurrentNetwork(1, 2, Categorical(3))
    net.scaling = Scaling(one, one, None, None)
    with refused(
        "RecurrentNetwork.scaling: y_scale must be None for Categorical, got a scale. "
        "Use Scaling.standard(data, y=False)."
    ):
        net.scaling = Scaling(None, None, one, one)


def test_the_table_draws_targets_that_their_heads_accept() -> None:
    for name in ("Categorical", "Bernoulli", "Poisson", "NegativeBinomial"):
        net = RecurrentNetwork(2, 4, make_head(name)).double()
        assert torch.isfinite(net.loss(X.double(), draw_y(net.head, 3, 6)))


def test_a_residual_network_begins_with_the_last_value() -> None:
    net = RecurrentNetwork(0, 4, Gaussian(2), "relu", "both", output_lags=3, residual=True)
    start = net.initial_state(5, torch.randn(5, 3, 2))
    free = net(None, steps=50, state=start)
    assert start.output is not None
    torch.testing.assert_close(free.mean, start.output[:, -1:].expand(5, 50, 2))
    assert net.output.weight[2:].abs().min() > 0  # the spread still depends on h


def test_the_state_dict_carries_the_units() -> None:
    net, other = (RecurrentNetwork(2, 3, Gaussian(2)) for _ in range(2))
    x_side = torch.tensor([1.0, 2.0]).double(), torch.tensor([3.0, 4.0]).double()
    y_side = torch.tensor([1e6, 0.1]).double(), torch.tensor([0.3, 7.0]).double()
    for given in (
        Scaling(*x_side, *y_side),
        Scaling(*x_side, None, None),
        Scaling(None, None, *y_side),
        Scaling.identity(),
    ):
        net.scaling = given
        other.load_state_dict(net.state_dict())
        assert other.has_scaling
        assert other.scaling == given
    other.load_state_dict(RecurrentNetwork(2, 3, Gaussian(2)).state_dict())
    assert not other.has_scaling


def test_a_scaling_of_other_channels_is_refused() -> None:
    net = RecurrentNetwork(2, 3, Gaussian(1))
    two = torch.ones(2).double()
    with pytest.raises(ArgumentError, match="y_scale must have 1 channels, got 2"):
        net.scaling = Scaling(two, two, two, two)
    with pytest.raises(ArgumentError, match="x_scale must have 2 channels, got 1"):
        net.scaling = Scaling(two[:1], two[:1], None, None)
    assert not net.has_scaling


def test_a_mask_without_y_is_refused() -> None:
    net = RecurrentNetwork(2, 3, Gaussian(1), recurrence="both")
    with pytest.raises(ArgumentError, match="mask says what of y is missing, got no y"):
        net(torch.zeros(1, 4, 2), mask=torch.ones(1, 4, dtype=torch.bool))


def test_a_forcing_that_is_none_is_refused_without_an_output_edge_too() -> None:
    net = RecurrentNetwork(2, 3, Gaussian(1))
    with pytest.raises(ArgumentError, match="forcing must be a policy or a Plan"):
        net(torch.zeros(1, 4, 2), forcing="teacher")


@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "input_lags": 3}], ids=str)
def test_a_states_shapes_are_those_of_the_first_one(
    recurrence: str, cell: str, options: dict[str, Any]
) -> None:
    lags: dict[str, Any] = {} if recurrence == "hidden" else {"output_lags": 2}
    net = RecurrentNetwork(2, 3, Gaussian(2), cell, recurrence, **options, **lags)
    state = net.initial_state(5)
    assert net.state_shapes(5) == {k: tuple(v.shape) for k, v in state.tensors().items()}
    assert state.rows == (5 if state.tensors() else None)
