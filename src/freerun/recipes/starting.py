"""Training begun from the best linear forecast, where a network can hold one.

A network whose outputs alone recur, with rectified units, is a linear autoregression when two of
its units carry a(t) = w . (y(t-1) ... y(t-k), x(t)), one up and one down:

    o(t) = c + relu(a(t)) - relu(-a(t)) = c + a(t)

Its weights are those of ridge regression, whose penalty generalised cross-validation chooses. The
regression may be one of differences, y(t) - y(t-d): then its penalty draws it to "as before"
(d = 1) or "as a season before", and its weights are those of levels all the same. The other units
begin as always, with little say.

Source: ridge regression and its generalised cross-validation, Golub, Heath and Wahba 1979.
"""

import math

import torch
from torch import Tensor

from freerun.data import Scaling, Sequences
from freerun.heads import Gaussian, Laplace, Point, StudentT
from freerun.network import RecurrentNetwork

__all__ = ["can_start", "start_linear"]

MOST_ROWS = 50_000
"""Steps that are regressed on at most: more of them change nothing but the time it takes."""

PENALTIES = torch.logspace(-7, 1, 17, dtype=torch.float64)
"""Penalties that are tried, as shares of the regressors' mean square."""

FREE = 0.8
"""Weights may use up so much of the data, or chance fits them."""

LITTLE = 0.05
"""What the other units say, beside 1: enough to learn from."""


def can_start(net: RecurrentNetwork) -> bool:
    """Whether a network can hold a linear forecast: two rectified units for each output, alone."""
    plain = net.recurrence == "output" and net.num_layers == 1 and not net.residual
    located = isinstance(net.head, Point | Gaussian | StudentT | Laplace)
    return plain and located and net.cell == "relu" and net.hidden_size > 2 * net.head.fed_size


def start_linear(net: RecurrentNetwork, data: Sequences, difference: int, seed: int) -> None:
    """Give ``net`` the weights of a linear forecast, and the units of ``data``.

    Args:
        net: A network that `can_start`, as it was built.
        data: What to regress on, before windows are cut.
        difference: d, as above; 0 for levels. ``net.output_lags`` - d lags are regressed on.
        seed: Of the other units' first say.
    """
    if not net.has_scaling:
        net.scaling = Scaling.standard(data, y=net.head.scalable)
    lags = net.output_lags - difference
    past, now = _regressors(net, data, lags, difference)
    if len(now) < 3:
        return
    weights, constant, spread = _ridge(past, now)
    _write(net, _of_levels(net, weights, lags, difference), constant, spread, seed)


def _regressors(
    net: RecurrentNetwork, data: Sequences, lags: int, difference: int
) -> tuple[Tensor, Tensor]:
    """Lags, newest first, with the inputs after them, and what follows: all steps that have both.

    Returns:
        ``(rows, lags * outputs + inputs)`` and ``(rows, outputs)``, differences, float64.
    """
    assert data.y_flat is not None
    y = net.scaling.scale_y(data.y_flat.double())
    reach = lags + difference
    rows = torch.cat([
        torch.arange(min(max(start, origin + reach), stop), stop)
        for origin, start, stop in zip(
            data.origin.tolist(), data.start.tolist(), data.stop.tolist(), strict=True
        )
    ])  # fmt: skip
    if len(rows) > MOST_ROWS:
        rows = rows[torch.linspace(0, len(rows) - 1, MOST_ROWS).long()]
    lagged = rows.unsqueeze(1) - torch.arange(lags + 1)
    parts = y[lagged] - (y[lagged - difference] if difference else 0)
    past, now = parts[:, 1:].flatten(1), parts[:, 0]
    if data.x_flat is not None:
        x = net.scaling.scale_x(data.x_flat.double())
        seen = rows.unsqueeze(1) - torch.arange(net.input_lags + 1)
        past = torch.cat([past, x[seen.clamp_min(0)].flatten(1)], 1)
    whole = ~(past.isnan().any(1) | now.isnan().any(1))
    return past[whole], now[whole]


def _ridge(past: Tensor, now: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Ridge regression with the penalty that cross-validation likes best.

    Returns:
        Weights ``(regressors, outputs)``, constants and residuals' standard deviations
        ``(outputs,)``.
    """
    rows = len(now)
    middle, center = past.mean(0), now.mean(0)
    past, now = past - middle, now - center
    values, basis = torch.linalg.eigh(past.T @ past)
    values = values.clamp_min(0)
    along = basis.T @ (past.T @ now)
    total = now.square().sum(0)
    best: tuple[float, Tensor, Tensor] | None = None
    for penalty in (PENALTIES * values.mean()).clamp_min(1e-12):
        kept = values + penalty
        used = float((values / kept).sum()) + 1
        if used > FREE * rows and penalty < PENALTIES[-1] * values.mean():
            continue
        left = total - (along.square() * ((values + 2 * penalty) / kept.square())[:, None]).sum(0)
        free = max(rows - used, 1.0)
        score = float((left.clamp_min(0) / free**2).sum())
        if best is None or score < best[0]:
            spread = (left.clamp_min(0) / free).sqrt()
            best = (score, basis @ (along / kept[:, None]), spread)
    assert best is not None
    _, weights, spread = best
    return weights, center - middle @ weights, spread


def _of_levels(net: RecurrentNetwork, weights: Tensor, lags: int, difference: int) -> Tensor:
    """Weights of differences as those of levels, ``(output_lags * outputs + inputs, outputs)``."""
    outputs = weights.shape[1]
    of_lags = weights[: lags * outputs].view(lags, outputs, outputs)
    found = torch.zeros(net.output_lags, outputs, outputs, dtype=weights.dtype)
    found[:lags] += of_lags
    if difference:
        found[difference : difference + lags] -= of_lags
        found[difference - 1] += torch.eye(outputs, dtype=weights.dtype)
    return torch.cat([found.flatten(0, 1), weights[lags * outputs :]])


@torch.no_grad()
def _write(
    net: RecurrentNetwork, weights: Tensor, constant: Tensor, spread: Tensor, seed: int
) -> None:
    """Put a linear forecast into the first units of each output, one up and one down."""
    layer, outputs = net.layers[0], weights.shape[1]
    fed = net.output_lags * outputs
    assert layer.weight_fh is not None
    source = torch.Generator().manual_seed(seed)
    out = net.output.weight
    noise = torch.randn(outputs, net.hidden_size, generator=source) / math.sqrt(net.hidden_size)
    out[:outputs] = LITTLE * noise.to(out)
    out[outputs:] = 0
    out[:outputs, : 2 * outputs] = 0
    for number in range(outputs):
        up, down = 2 * number, 2 * number + 1
        for unit, sign in ((up, 1.0), (down, -1.0)):
            layer.weight_fh[unit] = sign * weights[:fed, number].to(out)
            if net.input_size:
                layer.weight_ih[unit] = sign * weights[fed:, number].to(out)
            layer.bias_ih[unit] = 0
        out[number, up], out[number, down] = 1, -1
    net.output.bias[:outputs] = constant.to(out)
    if net.head.size >= 2 * outputs:
        # The scale that the densities' softplus turns into the residuals'.
        scale = (0.85 * spread).clamp_min(1e-3)
        net.output.bias[outputs : 2 * outputs] = (scale.expm1().log() - 0.5413).to(out)
