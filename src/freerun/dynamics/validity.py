"""How long a forecast of a chaotic system stays with the truth."""

from typing import Any

import torch
from torch import Tensor

from freerun._checks import check_number, fail
from freerun._measure import to_tensor

from .embedding import check_varies

__all__ = ["valid_prediction_time"]


def valid_prediction_time(
    truth: Any,
    forecast: Any,
    threshold: float = 0.4,
    exponent: float | None = None,
    scale: Any = None,
) -> Tensor:
    """Count the steps until a forecast's normalised error first passes a threshold.

        e(t) = sqrt(mean over variables of ((y-hat(t) - y(t)) / sigma)^2)
        VPT  = the steps before the first with e(t) > threshold, times the exponent if given

    Args:
        truth: ``(time,)``, ``(time, variables)`` or ``(batch, time, variables)``: the steps ahead.
        forecast: What was forecast for them, of the same shape. What is not finite has passed.
        threshold: In standard deviations.
        exponent: The system's largest Lyapunov exponent per step: then the result is in Lyapunov
            times. One per unit of time must be multiplied by dt first.
        scale: sigma, ``(variables,)``; by default the truth's standard deviation over all that is
            given. Pass that of the training data where the truth is short.

    Returns:
        float64, ``(batch,)``, or ``()`` without a batch axis. The whole length where the error
        never passes: then it may have lasted longer.

    Raises:
        ArgumentError: A shape or a number does not fit.
        DataError: A variable of the truth never changes, so that there is no sigma.

    Example:
        >>> truth = torch.arange(100.0).sin()
        >>> drifting = truth + 0.01 * torch.arange(100.0)
        >>> valid_prediction_time(truth, drifting)
        tensor(29., dtype=torch.float64)

    Source: Pathak et al. 2018 (threshold 0.4); Vlachas et al. 2020 (the error).
    """
    where = "valid_prediction_time"
    known, made = to_tensor("truth", truth).double(), to_tensor("forecast", forecast).double()
    if known.shape != made.shape or known.ndim not in (1, 2, 3) or not known.numel():
        got = f"{tuple(known.shape)} and {tuple(made.shape)}"
        fix = "Cut both to the same steps: (time, variables), or with a batch axis before."
        fail(where, "truth and forecast must have the same shape", got, fix)
    if check_number(where, "threshold", threshold, 0.0) == 0:
        fail(where, "threshold must be above 0", threshold, "Pass threshold=0.4.")
    batched = known.ndim == 3
    known, made = (y.unsqueeze(-1) if y.ndim == 1 else y for y in (known, made))
    known, made = (y if batched else y.unsqueeze(0) for y in (known, made))
    if not bool(known.isfinite().all()):
        fail(where, "truth must be finite", "NaN or infinity", "Cut it off before that.")
    error = ((made - known) / _sigma(where, known, scale)).square().mean(-1).sqrt()
    passed = ~(error <= threshold)  # NaN has
    steps = known.shape[1]
    first = torch.where(passed.any(1), passed.int().argmax(1), steps).double()
    if exponent is not None:
        if not check_number(where, "exponent", exponent) > 0:
            fix = "Leave it out: what is not chaotic has no Lyapunov time."
            fail(where, "exponent must be above 0", exponent, fix)
        first = first * exponent
    return first if batched else first[0]


def _sigma(where: str, known: Tensor, scale: Any) -> Tensor:
    if scale is None:
        check_varies(where, known.flatten(0, 1))
        return known.flatten(0, 1).std(0, correction=0)
    sigma = to_tensor("scale", scale).double()
    if sigma.shape not in ((), known.shape[2:]) or not bool((sigma > 0).all()):
        expected = f"scale must be ({known.shape[2]},), above 0"
        fail(where, expected, sigma.tolist(), "Pass y.std(0) of the training data.")
    return sigma
