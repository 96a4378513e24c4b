"""The sets that ship, against what is published about them."""

from importlib.resources import files

import pytest
import torch

import freerun.data
from freerun._checks import ArgumentError
from freerun.data import datasets


def test_public_names() -> None:
    assert freerun.data.__all__ == [
        "Batch",
        "Levels",
        "Scaling",
        "Schema",
        "Sequences",
        "Table",
        "datasets",
        "read",
    ]
    assert datasets.names() == ("japanese_vowels", "moby_dick", "sunspots")


@pytest.mark.parametrize("name", datasets.names())
def test_every_set_loads_and_says_where_it_is_from(name: str) -> None:
    train, test = datasets.load(name)
    assert len(train) > 0
    assert len(test) > 0
    description = datasets.describe(name)
    assert description.name == name
    assert all(vars(description).values())
    readme = (files("freerun.data") / "builtin" / "README.md").read_text(encoding="utf-8")
    assert f"## {name}." in readme


def test_unknown_names_are_told_the_nearest() -> None:
    with pytest.raises(ArgumentError) as caught:
        datasets.load("sunspot")
    assert str(caught.value) == (
        "datasets.load: name must be one of 'japanese_vowels', 'moby_dick', 'sunspots', "
        "got 'sunspot'. Did you mean 'sunspots'?"
    )
    with pytest.raises(ArgumentError, match=r"datasets\.describe: name must be one of"):
        datasets.describe("moby")


def test_japanese_vowels() -> None:
    train, test = datasets.load("japanese_vowels")
    assert (len(train), len(test)) == (270, 370)
    lengths = torch.cat([train.lengths, test.lengths])
    assert (int(lengths.min()), int(lengths.max())) == (7, 29)
    assert (train.input_size, train.num_classes, train.target) == (12, 9, "sequence")
    assert train.classes == tuple(f"speaker {number}" for number in range(1, 10))
    assert train.labels is not None
    assert test.labels is not None
    # As the repository lists them: 30 utterances of each speaker, and then those recorded later.
    assert torch.bincount(train.labels).tolist() == [30] * 9
    assert torch.bincount(test.labels).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    x, label = train[0]
    assert x is not None
    assert x.shape == (20, 12)
    assert float(x[0, 0]) == pytest.approx(1.860936, abs=1e-6)
    assert float(x[0, 1]) == pytest.approx(-0.207383, abs=1e-6)
    assert int(label) == 0


def test_moby_dick() -> None:
    train, test = datasets.load("moby_dick")
    assert (int(train.lengths), int(test.lengths)) == (273_110, 30_345)
    assert train.input_size == 0
    vocabulary = train.classes
    assert vocabulary is not None
    assert len(vocabulary) == train.num_classes == test.num_classes == 78
    text = "".join(vocabulary[code] for code in train[0][1][:300].tolist())
    assert text.startswith("CHAPTER 1. Loomings.\n\nCall me Ishmael. Some years ago—never mind")
    context = test.batch([0], context=5).before_y
    assert context is not None
    assert torch.equal(context[0], train[0][1][-5:])


def test_sunspots() -> None:
    train, test = datasets.load("sunspots")
    assert (int(train.lengths), int(test.lengths)) == (2256, 564)
    assert (train.season, train.names) == (132, ("sunspot number",))
    values = torch.cat([train[0][1], test[0][1]])
    assert values[:3, 0].tolist() == pytest.approx([58.0, 62.6, 70.0])
    assert float(values[-1]) == pytest.approx(33.4)
    # The highest month was October 1957; R's summary gives the mean as 51.27.
    assert float(values.max()) == pytest.approx(253.8)
    assert int(values.argmax()) == (1957 - 1749) * 12 + 9
    assert float(values.mean()) == pytest.approx(51.27, abs=0.005)


def test_sunspots_keep_their_months() -> None:
    text = (files("freerun.data") / "builtin" / "sunspots.csv").read_text(encoding="ascii")
    lines = text.splitlines()
    assert lines[:2] == ["month,number", "1749-01,58.0"]
    assert lines[-1] == "1983-12,33.4"
    assert len(lines) == 2821
