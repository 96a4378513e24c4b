"""Training begun from a linear forecast: the weights are those of the regression."""

import numpy as np
import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.recipes.starting import can_start, start_linear


def network(
    inputs: int = 0, outputs: int = 1, lags: int = 3, head: str = "StudentT", units: int = 16
) -> fr.RecurrentNetwork:
    torch.manual_seed(0)
    kind = getattr(fr.heads, head)(outputs)
    return fr.RecurrentNetwork(
        inputs, units, kind, cell="relu", recurrence="output", output_lags=lags
    )


def silenced(net: fr.RecurrentNetwork) -> fr.RecurrentNetwork:
    """The network with nothing but its linear part: the other units say a little from the start."""
    outputs = net.head.outputs or 0
    with torch.no_grad():
        net.output.weight[:outputs, 2 * outputs :] = 0
    return net


def autoregression(steps: int = 400, noise: float = 0.1, seed: int = 0) -> Tensor:
    """y(t) = 1.5 y(t-1) - 0.8 y(t-2) + e(t), around 50."""
    rng = np.random.default_rng(seed)
    y = np.zeros(steps)
    for t in range(2, steps):
        y[t] = 1.5 * y[t - 1] - 0.8 * y[t - 2] + noise * rng.normal()
    return torch.tensor(50 + 7 * y)


def test_the_coefficients_of_an_autoregression_are_found() -> None:
    net = network(lags=2)
    start_linear(net, fr.Sequences(None, autoregression()), 0, seed=0)
    found = net.layers[0].weight_fh
    assert found is not None
    torch.testing.assert_close(
        found[0], torch.tensor([1.5, -0.8]), atol=0.08, rtol=0
    )  # 2.5 standard errors
    torch.testing.assert_close(found[1], -found[0])


@pytest.mark.parametrize("difference", [0, 1, 5])
@pytest.mark.parametrize("head", ["Point", "Gaussian", "StudentT", "Laplace"])
def test_the_network_runs_as_the_linear_forecast_does(difference: int, head: str) -> None:
    """Free running equals the recursion of the regression, written out in differences."""
    lags, steps = 4, 12
    data = fr.Sequences(None, autoregression(noise=1.0))
    net = network(lags=lags + difference, head=head)
    start_linear(net, data, difference, seed=0)
    assert data.y_flat is not None
    y = net.scaling.scale_y(data.y_flat.double())[:, 0].numpy()
    z = y[difference:] - y[:-difference] if difference else y
    past = np.stack([z[lags - k : len(z) - k] for k in range(1, lags + 1)], 1)
    design = np.column_stack([past, np.ones(len(past))])
    weights = np.linalg.lstsq(design, z[lags:], rcond=None)[0]  # 400 rows: hardly any penalty
    path = list(y)
    for _ in range(steps):
        recent = [
            path[-k] - (path[-k - difference] if difference else 0) for k in range(1, lags + 1)
        ]
        before = path[-difference] if difference else 0
        path.append(before + float(np.dot(weights[:-1], recent)) + weights[-1])
    found = fr.run(silenced(net), steps, warmup=data.y_flat).y[:, 0]
    wanted = net.scaling.unscale_y(torch.tensor(path[-steps:])[:, None])[:, 0]
    spread = float(data.y_flat.std())
    torch.testing.assert_close(found.double(), wanted, atol=0.02 * spread, rtol=0)


def test_several_outputs_and_inputs_known_ahead_are_regressed_on_together() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 2))
    y = np.zeros((500, 2))
    for t in range(1, 500):
        y[t, 0] = 0.5 * y[t - 1, 0] - 0.3 * y[t - 1, 1] + 2 * x[t, 0]
        y[t, 1] = 0.9 * y[t - 1, 0] + x[t, 1] - x[t, 0]
    data = fr.Sequences(x, y)
    net = network(inputs=2, outputs=2, lags=1, units=24)
    net.scaling = fr.Scaling.identity()
    start_linear(net, data, 0, seed=0)
    fed, read = net.layers[0].weight_fh, net.layers[0].weight_ih
    assert fed is not None
    torch.testing.assert_close(
        fed[[0, 2]], torch.tensor([[0.5, -0.3], [0.9, 0.0]]), atol=1e-3, rtol=0
    )
    torch.testing.assert_close(
        read[[0, 2]], torch.tensor([[2.0, 0.0], [-1.0, 1.0]]), atol=1e-3, rtol=0
    )
    path = fr.run(silenced(net), 5, warmup=(x[:400], y[:400]), inputs=x[400:405])
    torch.testing.assert_close(path.y.double(), torch.tensor(y[400:405]), atol=1e-2, rtol=0)


def test_the_spread_is_that_of_what_is_left_over() -> None:
    data = fr.Sequences(None, autoregression(2000, noise=1.0))
    net = network(lags=2, head="Gaussian")
    start_linear(net, data, 0, seed=0)
    assert net.scaling.y_scale is not None
    raw = net.output.bias[1].detach()
    sigma = torch.nn.functional.softplus(raw + 0.5413) * net.scaling.y_scale[0]
    assert float(sigma) == pytest.approx(7.0, rel=0.2)  # 0.85 of it: heavy tails take the rest


def test_steps_with_something_missing_are_left_out() -> None:
    y = autoregression()
    y[100:103] = torch.nan
    net = network(lags=2)
    start_linear(net, fr.Sequences(None, y, missing="mask"), 0, seed=0)
    found = net.layers[0].weight_fh
    assert found is not None
    torch.testing.assert_close(
        found[0], torch.tensor([1.5, -0.8]), atol=0.08, rtol=0
    )  # 2.5 standard errors


def test_series_are_not_regressed_across_their_ends() -> None:
    rising, falling = torch.arange(100.0), 1000 - torch.arange(100.0)
    net = network(lags=2)
    start_linear(net, fr.Sequences(None, [rising, falling]), 1, seed=0)
    path = fr.run(silenced(net), 5, warmup=falling[:50]).y[:, 0]
    torch.testing.assert_close(path, 950 - torch.arange(5.0), atol=0.5, rtol=0)


@pytest.mark.parametrize(
    ("options", "can"),
    [
        ({}, True),
        ({"cell": "tanh"}, False),
        ({"recurrence": "both"}, False),
        ({"num_layers": 2}, False),
        ({"residual": True}, False),
        ({"head": fr.heads.Poisson(1)}, False),
        ({"hidden_size": 2}, False),
    ],
)
def test_only_some_networks_can_hold_a_linear_forecast(
    options: dict[str, object], can: bool
) -> None:
    arguments: dict[str, object] = {
        "input_size": 0, "hidden_size": 8, "head": fr.heads.Gaussian(1), "cell": "relu",
        "recurrence": "output",
    }  # fmt: skip
    net = fr.RecurrentNetwork(**{**arguments, **options})  # type: ignore[arg-type]
    assert can_start(net) == can
