"""Whether a generated path moves at the same frequencies as the truth."""

from typing import Any

import torch
from torch import Tensor

from freerun._checks import DataError, check_number, fail

from .embedding import read_pair

__all__ = ["spectrum_distance"]


def spectrum_distance(truth: Any, generated: Any, smoothing: float = 20.0) -> float:
    """Compare the power spectra of two paths: D_H, 0 where they agree and 1 at most.

        p(f) = smoothed |rfft(z)(f)|^2, summing to 1      z = y less its mean, over its deviation
        D_H  = mean over variables of sqrt(1 - sum over f of sqrt(p(f) q(f)))

    Phases play no part, nor do levels and amplitudes: :func:`state_space_divergence` sees those.
    A path that comes to rest has the spectrum of how it did: leave out the first steps of both.

    Both paths are cut to the shorter one's steps, so that frequencies are the same; the spectra of
    several series are averaged. A variable that stands still, or is not finite, has nothing in
    common with the truth: its distance is 1.

    Args:
        truth: ``(time,)``, ``(time, variables)``, ``(series, time, variables)``, a list of arrays,
            one for each series, or :class:`freerun.Sequences`, whose windows are put together.
        generated: The same variables, at the same steps of time.
        smoothing: Standard deviation of the Gaussian that spectra are smoothed with, in frequencies
            1 / steps apart; 0 for none.

    Returns:
        The mean Hellinger distance.

    Raises:
        ArgumentError: A shape or a number does not fit.
        DataError: The truth holds NaN, never changes, or there are fewer than 16 steps.

    Example:
        >>> from freerun.data import datasets
        >>> truth, other = (datasets.lorenz63(5000, seed=seed) for seed in (0, 1))
        >>> spectrum_distance(truth, other) < 0.2 < spectrum_distance(truth, other.cumsum(0))
        True

    Source: Mikhaeil et al. 2022; Hess et al. 2023 (sigma 20).
    """
    where = "spectrum_distance"
    known, made = read_pair(where, truth, generated)
    check_number(where, "smoothing", smoothing, 0.0)
    steps = min(map(len, [*known, *made]))
    if steps < 16:
        fail(where, "16 steps are needed", steps, "Pass longer series.", DataError)
    p, q = (_spectrum(torch.stack([one[:steps] for one in series]), smoothing) for series in
            (known, made))  # fmt: skip
    overlap = (p * q).sqrt().sum(0).clamp(max=1)
    return float((1 - overlap).sqrt().mean())


def _spectrum(series: Tensor, smoothing: float) -> Tensor:
    """Shares of power ``(frequencies, variables)`` of ``(series, time, variables)``; 0 of none."""
    centred = series - series.mean(1, keepdim=True)
    spread = centred.square().mean(1, keepdim=True).sqrt()
    # What is left of a constant by rounding is no motion.
    still = spread <= 1e-12 * series.abs().amax(1, keepdim=True)
    centred = torch.where(still | ~spread.isfinite(), 0, centred / spread)
    power = torch.fft.rfft(centred, dim=1).abs().square().mean(0)
    if smoothing:
        power = _smoothed(power, smoothing)
    total = power.sum(0)
    return power / torch.where(total == 0, 1, total)


def _smoothed(values: Tensor, sigma: float) -> Tensor:
    """A Gaussian of 4 sigma to each side, over ``(frequencies, ...)`` mirrored at their ends."""
    count, reach = len(values), max(1, round(4 * sigma))
    offsets = torch.arange(-reach, reach + 1).to(values)
    kernel = (-0.5 * (offsets / sigma).square()).exp()
    mirrored = torch.arange(-reach, count + reach) % (2 * count)
    mirrored = torch.minimum(mirrored, 2 * count - 1 - mirrored)
    rows = values[mirrored].T.unsqueeze(1)
    return torch.nn.functional.conv1d(rows, (kernel / kernel.sum())[None, None]).squeeze(1).T
