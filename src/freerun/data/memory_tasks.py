"""Tasks that can only be solved by remembering: where recurrence through the outputs must fail."""

import torch
from torch import Tensor
from torch.nn import functional as F

from freerun._checks import check_integer

from ._seeding import as_generator, uniform

__all__ = ["adding", "copy_memory", "temporal_order"]


def adding(
    sequences: int, length: int, *, seed: int | torch.Generator = 0
) -> tuple[Tensor, Tensor]:
    """Generate the adding problem: the sum of the two marked numbers of a sequence.

    The first channel is uniform on [0, 1); the second is 1 at one step of the first half and at one
    of the second half, and 0 elsewhere. Always answering 1 has a mean squared error of 1/6 = 0.167.

    Args:
        sequences: Sequences to return.
        length: Steps of each, 2 or more.
        seed: Seed, or a generator to draw from.

    Returns:
        x, (sequences, length, 2), and y, (sequences, 1), one target per sequence; float64.

    Example:
        >>> x, y = adding(4, 200)
        >>> bool(torch.allclose((x[..., 0] * x[..., 1]).sum(1, keepdim=True), y))
        True

    Source: Hochreiter and Schmidhuber, *Neural Computation* 9 (1997), section 5.4, with the range
    and the target of Le, Jaitly and Hinton (2015), which that baseline is for.
    """
    check_integer("adding", "sequences", sequences, 1)
    check_integer("adding", "length", length, 2)
    generator = as_generator("adding", seed)
    values = uniform(generator, sequences, length)
    half = length // 2
    first = torch.randint(half, (sequences, 1), generator=generator)
    second = torch.randint(half, length, (sequences, 1), generator=generator)
    places = torch.cat([first, second], dim=1)
    markers = torch.zeros_like(values).scatter_(1, places, 1.0)
    return torch.stack([values, markers], dim=2), values.gather(1, places).sum(1, keepdim=True)


def copy_memory(
    sequences: int,
    delay: int,
    symbols: int = 8,
    copy: int = 10,
    *,
    seed: int | torch.Generator = 0,
) -> tuple[Tensor, Tensor]:
    """Generate the copy memory task: repeat symbols after a delay, when a delimiter says so.

        input   s_1 ... s_copy   blank x (delay - 1)   delimiter   blank x copy
        target  blank x (copy + delay)                             s_1 ... s_copy

    The symbols are classes 0 ... symbols - 1, the blank is class ``symbols``, and the delimiter, in
    inputs alone, ``symbols + 1``. Blanks where they belong and guesses elsewhere have a mean
    cross-entropy of copy ln(symbols) / (delay + 2 copy): 10 ln 8 / (T + 20) as it is published.

    Args:
        sequences: Sequences to return.
        delay: T, steps from the last symbol to the first answer, 1 or more.
        symbols: Different symbols.
        copy: Symbols to repeat.
        seed: Seed, or a generator to draw from.

    Returns:
        x, one-hot, (sequences, delay + 2 copy, symbols + 2) float64, and y,
        (sequences, delay + 2 copy) int64 classes.

    Example:
        >>> x, y = copy_memory(1, delay=2, copy=2)
        >>> x.argmax(2)[0, 2:], y[0, :4]
        (tensor([8, 9, 8, 8]), tensor([8, 8, 8, 8]))

    Source: Hochreiter and Schmidhuber (1997), as set by Arjovsky, Shah and Bengio, "Unitary
    evolution recurrent neural networks", ICML 2016.
    """
    where = "copy_memory"
    for name, value in (("sequences", sequences), ("delay", delay), ("copy", copy)):
        check_integer(where, name, value, 1)
    check_integer(where, "symbols", symbols, 2)
    drawn = torch.randint(symbols, (sequences, copy), generator=as_generator(where, seed))
    shown = torch.full((sequences, delay + 2 * copy), symbols)
    y = shown.clone()
    shown[:, :copy] = drawn
    shown[:, copy + delay - 1] = symbols + 1
    y[:, copy + delay :] = drawn
    return F.one_hot(shown, symbols + 2).double(), y


def temporal_order(
    sequences: int, length: int, *, seed: int | torch.Generator = 0
) -> tuple[Tensor, Tensor]:
    """Generate the temporal order task: in which order did two symbols come, long ago?

    Each step shows one of six symbols. One of A and B (channels 0 and 1) stands at a step from
    [T/10, 2T/10) and one at a step from [4T/10, 5T/10), everywhere else one of four that mean
    nothing (channels 2 to 5). The class says which two came: 0 for AA, 1 AB, 2 BA, 3 BB. Guessing
    is right one time in four.

    Args:
        sequences: Sequences to return.
        length: T, steps of each, 10 or more.
        seed: Seed, or a generator to draw from.

    Returns:
        x, one-hot, (sequences, length, 6) float64, and y, (sequences,) int64 classes.

    Example:
        >>> x, y = temporal_order(4, 50)
        >>> x.shape, bool((x[:, :, :2].sum((1, 2)) == 2).all())
        (torch.Size([4, 50, 6]), True)

    Source: Hochreiter and Schmidhuber, *Neural Computation* 9 (1997), section 5.6, as set by
    Pascanu, Mikolov and Bengio, ICML 2013, section 4.1.
    """
    where = "temporal_order"
    check_integer(where, "sequences", sequences, 1)
    check_integer(where, "length", length, 10)
    generator = as_generator(where, seed)
    shown = torch.randint(2, 6, (sequences, length), generator=generator)
    told = torch.randint(2, (sequences, 2), generator=generator)
    tenths = [length * n // 10 for n in (1, 2, 4, 5)]
    first = torch.randint(tenths[0], tenths[1], (sequences, 1), generator=generator)
    second = torch.randint(tenths[2], tenths[3], (sequences, 1), generator=generator)
    shown.scatter_(1, torch.cat([first, second], 1), told)
    return F.one_hot(shown, 6).double(), 2 * told[:, 0] + told[:, 1]
