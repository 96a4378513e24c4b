"""Gradient flow: exact where the recurrence is one number, cut where training cuts it."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.dynamics import GradientFlow, gradient_flow


def scalar(recurrence: str, weight: float) -> fr.RecurrentNetwork:
    """h(t) = w h(t-1) + x(t), o = h; or o(t) = w f(t-1) + x(t)."""
    net = fr.RecurrentNetwork(1, 1, fr.heads.Point(1), "identity", recurrence).double()
    first = net.layers[0]
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(1.0)
        net.output.bias.zero_()
        first.bias_ih.zero_()
        edge = first.weight_hh if recurrence == "hidden" else first.weight_fh
        assert edge is not None
        edge.fill_(weight)
    return net


def series(steps: int, inputs: int = 1, outputs: int = 1) -> tuple[Tensor | None, Tensor]:
    g = torch.Generator().manual_seed(0)
    x = torch.randn(steps, inputs, generator=g).double() if inputs else None
    return x, torch.randn(steps, outputs, generator=g).double()


@pytest.mark.parametrize("weight", [0.9, -1.1, 0.0])
def test_of_a_scalar_recurrence_it_is_the_weights_power(weight: float) -> None:
    """dL(t)/dh(t-k) = (o(t) - y(t)) w^k."""
    x, y = series(20)
    found = gradient_flow(scalar("hidden", weight), (x, y), lags=10, ends=100)
    h, errors = 0.0, []
    assert x is not None
    for u, target in zip(x[:, 0].tolist(), y[:, 0].tolist(), strict=True):
        h = weight * h + u
        errors.append(abs(h - target))
    mean = sum(errors[10:]) / 10
    expected = [mean * abs(weight) ** k for k in range(1, 11)]
    assert found.total.tolist() == pytest.approx(expected, rel=1e-12)
    assert found.hidden is not None
    assert torch.equal(found.hidden, found.total)
    assert found.output is None
    assert found.rate == pytest.approx(abs(weight)) if weight else math.isnan(found.rate)


def test_by_way_of_the_output_edge_free_running() -> None:
    found = gradient_flow(scalar("output", 0.8), series(30), fr.FreeRunning(), lags=12)
    assert found.output is not None
    assert found.hidden is None
    ratio = found.output[1:] / found.output[:-1]
    torch.testing.assert_close(ratio, torch.full((11,), 0.8).double())
    assert repr(found) == "GradientFlow(12 lags, 0.8 per step)"


def test_the_truth_has_no_past() -> None:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(0, 4, fr.heads.Gaussian(2), recurrence="both", output_lags=2)
    found = gradient_flow(net, series(60, 0, 2), lags=10)
    assert found.output is not None
    assert found.hidden is not None
    # A value that is fed is read for two steps by R; W passes it on, but not into f's past.
    assert bool((found.hidden > 0).all())
    alone = fr.RecurrentNetwork(0, 4, fr.heads.Gaussian(2), recurrence="output", output_lags=2)
    taught = gradient_flow(alone, series(60, 0, 2), lags=10).output
    assert taught is not None
    assert taught[:2].all()
    assert not taught[2:].any()
    cut = fr.Plan(None, 0.0, through=False)
    stopped = gradient_flow(alone, series(60, 0, 2), cut, lags=10).output
    assert stopped is not None
    assert not stopped[2:].any()


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm", "recurrence": "both", "num_layers": 2, "input_lags": 1},
        {"cell": "gru", "recurrence": "both", "output_lags": 2, "residual": True},
        {"cell": "tanh", "recurrence": "hidden"},
    ],
    ids=str,
)
def test_it_is_the_loss_differentiated_by_the_state_it_starts_from(options: Any) -> None:
    """One end, all lags: against autograd through one unroll from each state on."""
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(1, 3, fr.heads.Gaussian(2), **options).double()
    net.scaling = fr.Scaling(None, None, *torch.tensor([[1.0, 2.0], [2.0, 0.5]]).double())
    x, y = series(8, 1, 2)
    assert x is not None
    # 9 steps in all, lags = 8: windows of one length, and one end.
    x, y = torch.cat([x, x[:1]]), torch.cat([y, y[:1]])
    found = gradient_flow(net, (x, y), fr.FreeRunning(), lags=8, ends=1)
    scaled, state = net.scaling.scale_y(y), net.initial_state(1)
    # The window begins at the true start of the series, from zeros.
    for t in range(1, 9):
        state = net(x[None, t - 1 : t], state=state).state.map(lambda part: part.detach())
        before = state.map(lambda part: part.clone().requires_grad_())
        o = net(x[None, t:9], state=before).o[:, -1:]
        parts = [part for name, part in before.tensors().items() if name != "inputs"]
        gradients = torch.autograd.grad(net.score(o, scaled[None, 8:9], None).sum(), parts)
        norm = math.sqrt(sum(float(one.square().sum()) for one in gradients))
        assert float(found.total[9 - t - 1]) == pytest.approx(norm, rel=1e-9)


def test_sequences_of_several_lengths_count_from_their_ends() -> None:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(2, 4, fr.heads.Categorical(3), "gru", readout="last").double()
    g = torch.Generator().manual_seed(0)
    xs = [torch.randn(n, 2, generator=g) for n in (9, 6, 12)]
    labels = torch.tensor([0, 2, 1])
    found = gradient_flow(net, (xs, labels), lags=5)
    alone = [gradient_flow(net, ([x], labels[i : i + 1]), lags=5) for i, x in enumerate(xs)]
    torch.testing.assert_close(found.total, torch.stack([one.total for one in alone]).mean(0))


def test_kernels_and_reference_agree_and_the_network_is_left_alone() -> None:
    torch.manual_seed(0)
    net = fr.RecurrentNetwork(1, 4, fr.heads.Point(1), "lstm", "both", dropout=0.5).double()
    data = series(40)
    found = gradient_flow(net, data, fr.FreeRunning(warmup=3), lags=10)
    with fr.kernels.disabled():
        slow = gradient_flow(net, data, fr.FreeRunning(warmup=3), lags=10)
    torch.testing.assert_close(found.total, slow.total, rtol=1e-10, atol=0)
    assert net.training
    assert all(parameter.grad is None for parameter in net.parameters())


def test_what_is_missing_adds_nothing() -> None:
    net, (x, y) = scalar("hidden", 0.5), series(20)
    y[5:] = math.nan
    data = fr.Sequences(x, y, missing="mask", dtype=torch.float64)
    found = gradient_flow(net, data, lags=10, ends=100)
    assert not found.total.any()


def test_norms_are_drawn_on_a_logarithmic_axis() -> None:
    flow = GradientFlow(torch.tensor([1.0, 0.5]), torch.tensor([1.0, 0.0]), torch.tensor([1.0, 2]))
    axes = flow.plot()
    assert axes.get_yscale() == "log"
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "|dL(t) / dh(t-k)|",
        "|dL(t) / df(t-k)|",
    ]
    assert flow.plot(axes) is axes
    assert flow.lags.tolist() == [1, 2]


def test_what_does_not_fit_is_refused() -> None:
    net = scalar("hidden", 0.5)
    with pytest.raises(fr.DataError, match=r"gradient_flow: a sequence must have 51 steps, got 20"):
        gradient_flow(net, series(20))
    with pytest.raises(fr.ArgumentError, match=r"gradient_flow: lags must be a whole number of 1"):
        gradient_flow(net, series(20), lags=0)
    two_way = fr.RecurrentNetwork(1, 3, fr.heads.Point(1), bidirectional=True)
    with pytest.raises(fr.ArgumentError, match=r"gradient_flow: a network must run forward in"):
        gradient_flow(two_way, series(20))
