"""The equations, step by step in plain numbers: no tensor in what is expected."""

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from freerun.forcing import FreeRunning, TeacherForcing
from freerun.heads import Categorical, Gaussian, Point
from freerun.network import RecurrentNetwork
from freerun.plan import Forcing, Plan

# One input, two hidden units, three steps.
U = ((0.5,), (-0.3,))
W = ((0.2, -0.4), (0.1, 0.6))
B = (0.05, -0.1)
V = (0.7, -0.9)
C = 0.2
R = (0.8, -0.5)
X = (1.0, -0.5, 2.0)
Y = (0.3, -1.2, 0.4)

CLOSE = 1e-14
"""A handful of float64 operations on numbers of order 1."""


def point(recurrence: str, **options: int | bool) -> RecurrentNetwork:
    """A network with the numbers above; those of further lags are filled in by the test."""
    net = RecurrentNetwork(1, 2, Point(1), recurrence=recurrence, **options).double()  # type: ignore[arg-type]
    layer = net.layers[0]
    fill(layer.weight_ih, U)
    fill(layer.bias_ih, B)
    fill(net.output.weight, [V])
    fill(net.output.bias, [C])
    if layer.weight_hh is not None:
        fill(layer.weight_hh, W)
    if layer.weight_fh is not None and layer.weight_fh.shape[1] == 1:
        fill(layer.weight_fh, [[r] for r in R])
    return net


def fill(parameter: Tensor, values: Sequence[float] | Sequence[Sequence[float]]) -> None:
    with torch.no_grad():
        parameter.copy_(torch.tensor(values, dtype=torch.float64))


def series(values: Sequence[float]) -> Tensor:
    """``(1, time, 1)``."""
    return torch.tensor(values, dtype=torch.float64).reshape(1, -1, 1)


def assert_numbers(found: Tensor, wanted: Sequence[float]) -> None:
    assert found.flatten().tolist() == pytest.approx(list(wanted), abs=CLOSE)


def test_hidden_recurrence_with_softmax_and_the_loss_of_the_book() -> None:
    """a = b + W h + U x, h = tanh a, o = c + V h, y-hat = softmax o, L = - sum_t log y-hat[y]."""
    rows = ((0.7, -0.9), (0.3, 0.4), (-0.6, 0.1))
    offsets = (0.2, 0.0, -0.1)
    classes = (2, 0, 1)
    net = RecurrentNetwork(1, 2, Categorical(3)).double()
    layer = net.layers[0]
    assert layer.weight_hh is not None
    fill(layer.weight_ih, U)
    fill(layer.weight_hh, W)
    fill(layer.bias_ih, B)
    fill(net.output.weight, rows)
    fill(net.output.bias, offsets)

    h1 = h2 = loss = 0.0
    all_h, all_o, all_p = [], [], []
    for x, y in zip(X, classes, strict=True):
        a1 = 0.05 + 0.2 * h1 - 0.4 * h2 + 0.5 * x
        a2 = -0.1 + 0.1 * h1 + 0.6 * h2 - 0.3 * x
        h1, h2 = math.tanh(a1), math.tanh(a2)
        o = [0.2 + 0.7 * h1 - 0.9 * h2, 0.3 * h1 + 0.4 * h2, -0.1 - 0.6 * h1 + 0.1 * h2]
        p = [math.exp(each) / sum(math.exp(other) for other in o) for each in o]
        loss -= math.log(p[y])
        all_h += [h1, h2]
        all_o += o
        all_p += p

    targets = torch.tensor([classes])
    unrolled = net(series(X))
    assert_numbers(unrolled.h, all_h)
    assert_numbers(unrolled.o, all_o)
    assert_numbers(unrolled.mean, all_p)
    assert unrolled.f is None
    assert_numbers(net.loss(series(X), targets, reduction="sum"), [loss])
    assert_numbers(net.loss(series(X), targets), [loss / 3])


@pytest.mark.parametrize(
    ("forcing", "weights"),
    [
        (TeacherForcing(), (1.0, 1.0, 1.0)),
        (FreeRunning(), (0.0, 0.0, 0.0)),
        (FreeRunning(warmup=1), (1.0, 0.0, 0.0)),
        (Plan(series(Y), 0.5), (0.5, 0.5, 0.5)),
        # A number that float32 cannot hold must not pass through it.
        (Plan(series(Y), 0.3), (0.3, 0.3, 0.3)),
        (Plan(series(Y), torch.tensor([0.0, 0.25, 1.0])), (0.0, 0.25, 1.0)),
    ],
    ids=["teacher", "free", "free after 1", "w=0.5", "w=0.3", "w(t)"],
)
@pytest.mark.parametrize("recurrence", ["output", "both"])
def test_output_recurrence_and_both_edges(
    recurrence: str, forcing: Forcing | Plan, weights: tuple[float, ...]
) -> None:
    """a = b + W h + R f(t-1) + U x, W = 0 for output recurrence; f(0) = 0; f = w y + (1 - w) o."""
    h1 = h2 = f = loss = 0.0
    all_h, all_o, all_f = [], [], []
    for x, y, w in zip(X, Y, weights, strict=True):
        if recurrence == "output":
            h1 = h2 = 0.0
        a1 = 0.05 + 0.2 * h1 - 0.4 * h2 + 0.8 * f + 0.5 * x
        a2 = -0.1 + 0.1 * h1 + 0.6 * h2 - 0.5 * f - 0.3 * x
        h1, h2 = math.tanh(a1), math.tanh(a2)
        o = 0.2 + 0.7 * h1 - 0.9 * h2
        loss += 0.5 * (y - o) ** 2
        f = w * y + (1 - w) * o
        all_h += [h1, h2]
        all_o.append(o)
        all_f.append(f)

    net = point(recurrence)
    unrolled = net(series(X), series(Y), forcing)
    assert_numbers(unrolled.h, all_h)
    assert_numbers(unrolled.o, all_o)
    assert_numbers(unrolled.f, all_f)
    assert_numbers(unrolled.state.output, [f])
    assert_numbers(net.loss(series(X), series(Y), forcing, reduction="sum"), [loss])


@pytest.mark.parametrize("w", [1.0, 0.0, 0.5])
def test_a_residual_edge_adds_s_times_what_was_fed_to_the_location(w: float) -> None:
    """o = c + V h + s f(t-1): the first feature of a Gaussian's o, and never the raw scale."""
    net = RecurrentNetwork(1, 2, Gaussian(1), recurrence="output", residual=True).double()
    layer = net.layers[0]
    assert layer.weight_fh is not None
    assert net.skip is not None
    assert net.skip.tolist() == [1.0]
    fill(layer.weight_ih, U)
    fill(layer.bias_ih, B)
    fill(layer.weight_fh, [[r] for r in R])
    fill(net.output.weight, [V, (0.3, 0.4)])
    fill(net.output.bias, [C, -0.2])
    fill(net.skip, [0.9])

    f = loss = 0.0
    all_o = []
    for x, y in zip(X, Y, strict=True):
        h1 = math.tanh(0.05 + 0.8 * f + 0.5 * x)
        h2 = math.tanh(-0.1 - 0.5 * f - 0.3 * x)
        m = 0.2 + 0.7 * h1 - 0.9 * h2 + 0.9 * f
        raw = -0.2 + 0.3 * h1 + 0.4 * h2
        sigma = math.log1p(math.exp(raw + math.log(math.e - 1))) + 1e-4
        loss += 0.5 * math.log(2 * math.pi) + math.log(sigma) + 0.5 * ((y - m) / sigma) ** 2
        f = w * y + (1 - w) * m
        all_o += [m, raw]

    plan = Plan(series(Y), w)
    assert_numbers(net(series(X), series(Y), plan).o, all_o)
    assert_numbers(net.loss(series(X), series(Y), plan, reduction="sum"), [loss])


@pytest.mark.parametrize("w", [1.0, 0.0, 0.5])
def test_two_output_lags_feed_what_was_fed_at_the_two_steps_before(w: float) -> None:
    """a = b + U x + R1 f(t-1) + R2 f(t-2), each f already mixed; the residual edge takes f(t-1)."""
    net = point("output", output_lags=2, residual=True)
    layer = net.layers[0]
    assert layer.weight_fh is not None
    assert net.skip is not None
    fill(layer.weight_fh, [(0.8, 0.25), (-0.5, 0.35)])
    fill(net.skip, [0.9])

    newest = oldest = 0.0
    all_o, all_f = [], []
    for x, y in zip(X, Y, strict=True):
        h1 = math.tanh(0.05 + 0.8 * newest + 0.25 * oldest + 0.5 * x)
        h2 = math.tanh(-0.1 - 0.5 * newest + 0.35 * oldest - 0.3 * x)
        o = 0.2 + 0.7 * h1 - 0.9 * h2 + 0.9 * newest
        newest, oldest = w * y + (1 - w) * o, newest
        all_o.append(o)
        all_f.append(newest)

    unrolled = net(series(X), series(Y), Plan(series(Y), w))
    assert_numbers(unrolled.o, all_o)
    assert_numbers(unrolled.f, all_f)
    assert_numbers(unrolled.state.output, [oldest, newest])


@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
def test_one_input_lag_reads_the_input_of_the_step_before(recurrence: str) -> None:
    """a = b + U0 x(t) + U1 x(t-1) + W h + R f(t-1), x(0) = 0."""
    net = point(recurrence)
    lagged = RecurrentNetwork(1, 2, Point(1), recurrence=recurrence, input_lags=1).double()
    values = net.state_dict() | {
        "layers.0.weight_ih": torch.tensor([(0.5, 0.15), (-0.3, 0.45)], dtype=torch.float64)
    }
    lagged.load_state_dict(values)

    h1 = h2 = f = before = 0.0
    all_o = []
    for x, y in zip(X, Y, strict=True):
        if recurrence == "output":
            h1 = h2 = 0.0
        a1 = 0.05 + 0.2 * h1 - 0.4 * h2 + 0.8 * f + 0.5 * x + 0.15 * before
        a2 = -0.1 + 0.1 * h1 + 0.6 * h2 - 0.5 * f - 0.3 * x + 0.45 * before
        h1, h2 = math.tanh(a1), math.tanh(a2)
        before, f = x, 0.0 if recurrence == "hidden" else y
        all_o.append(0.2 + 0.7 * h1 - 0.9 * h2)

    unrolled = lagged(series(X), series(Y))
    assert_numbers(unrolled.o, all_o)
    assert_numbers(unrolled.state.inputs, [X[-1]])


def test_the_last_readout_reads_only_the_last_step() -> None:
    net = point("hidden")
    last = RecurrentNetwork(1, 2, Point(1), readout="last").double()
    last.load_state_dict(net.state_dict())
    h1 = h2 = 0.0
    for x in X:
        a1 = 0.05 + 0.2 * h1 - 0.4 * h2 + 0.5 * x
        a2 = -0.1 + 0.1 * h1 + 0.6 * h2 - 0.3 * x
        h1, h2 = math.tanh(a1), math.tanh(a2)
    o = 0.2 + 0.7 * h1 - 0.9 * h2
    assert_numbers(last(series(X)).o, [o])
    assert_numbers(last.summarize(series(X)), [h1, h2])
    y = torch.tensor([[0.4]], dtype=torch.float64)
    assert_numbers(last.loss(series(X), y, reduction="sum"), [0.5 * (0.4 - o) ** 2])


def test_a_gradient_of_free_running_by_hand() -> None:
    """Two linear steps: o1 = c + v b, o2 = c + v (b + r o1), so that dL/dr holds o1's own share."""
    net = RecurrentNetwork(0, 1, Point(1), "identity", "output").double()
    layer = net.layers[0]
    assert layer.weight_fh is not None
    fill(layer.bias_ih, [0.5])
    fill(layer.weight_fh, [[0.8]])
    fill(net.output.weight, [[1.5]])
    fill(net.output.bias, [0.1])
    y = series((1.0, -1.0))
    net.loss(None, y, FreeRunning(), reduction="sum").backward()
    o1 = 0.1 + 1.5 * 0.5
    o2 = 0.1 + 1.5 * (0.5 + 0.8 * o1)
    e1, e2 = o1 - 1.0, o2 + 1.0
    assert layer.weight_fh.grad is not None
    assert layer.bias_ih.grad is not None
    assert_numbers(layer.weight_fh.grad, [e2 * 1.5 * o1])
    assert_numbers(layer.bias_ih.grad, [e1 * 1.5 + e2 * (1.5 + 1.5 * 0.8 * 1.5)])
    assert_numbers(net.output.bias.grad, [e1 + e2 * (1 + 1.5 * 0.8)])  # type: ignore[arg-type]
