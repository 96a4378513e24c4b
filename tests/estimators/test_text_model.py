"""Texts: what comes next, and how surprising it was."""

import math
import re
from typing import Any

import numpy as np
import pytest
import torch

import freerun as fr
from tests.estimators.examples import small

TEXT = "to and fro, " * 40


@pytest.fixture(scope="module")
def model() -> fr.TextModel:
    return fr.TextModel(hidden_size=16, epochs=60).fit(TEXT)


def test_what_was_learned_is_written(model: fr.TextModel) -> None:
    assert model.vocabulary_ == tuple(sorted(set(TEXT)))
    assert model.generate("to and", 6, temperature=0.1) == " fro, "
    assert model.generate("to and", 6, top_k=1) == " fro, "


def test_seeds_decide_what_is_written(model: fr.TextModel) -> None:
    def wild(**how: Any) -> Any:
        return model.generate("to", 40, temperature=3.0, **how)

    assert wild() == wild() == wild(random_state=0)
    assert wild(random_state=1) != wild()
    several = wild(samples=3)
    assert len(set(several)) == 3
    assert {len(one) for one in several} == {40}


def test_a_prompt_may_be_empty(model: fr.TextModel) -> None:
    assert len(model.generate(length=9)) == 9


def test_bits_are_those_of_the_network(model: fr.TextModel) -> None:
    text = "to and fro, fro and to"
    codes = torch.tensor([model.vocabulary_.index(one) for one in text])
    odds = fr.predict(model.network_, fr.Sequences(None, [codes], classes=model.vocabulary_))
    nats = -float(odds[0].gather(1, codes[:, None]).log().sum())
    # Sums of 22 float32 logarithms.
    bits = model.bits_per_character(text)
    assert bits == pytest.approx(nats / math.log(2) / len(text), rel=1e-5)
    assert model.score(text) == -bits
    assert bits > model.bits_per_character(TEXT)
    other = "and to"
    mean = (bits * len(text) + model.bits_per_character(other) * len(other)) / 28
    assert model.bits_per_character([text, other]) == pytest.approx(mean)


def test_a_long_text_costs_the_same_piece_by_piece(
    model: fr.TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = model.bits_per_character(TEXT)
    monkeypatch.setattr("freerun.estimators.text_model.PIECE", 7)
    assert model.bits_per_character(TEXT) == pytest.approx(whole, rel=1e-5)  # float32


@pytest.mark.parametrize(
    ("unit", "prompt", "first"), [("words", "to and", "fro"), ("bytes", "to and", " fro")]
)
def test_other_units(unit: str, prompt: str, first: str) -> None:
    model = fr.TextModel(unit, hidden_size=16, epochs=80).fit("to and fro " * 60)
    assert first in model.generate(prompt, 6, temperature=0.1)
    assert model.bits_per_character("to and fro to and fro") < 1.5


def test_short_texts_are_learned_beside_a_long_one() -> None:
    short = fr.TextModel(hidden_size=16, epochs=100, batch_size=8).fit(["c" * 40] + ["ab" * 4] * 30)
    assert short.bits_per_character("abababab") < 1


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("", "TextModel.fit: a text must be a string with something in it, got an empty one."),
        ([], "TextModel.fit: a text must be a string, got list. Pass a string, or a list of them."),
        (None, "TextModel.fit: a text must be a string, got NoneType."),
        (3, "TextModel.fit: a text must be a string, got int."),
        (["to", 3], "a text must be a string with something in it, got int."),
        (["to", ""], "a text must be a string with something in it, got an empty one."),
        ("aaaa", "TextModel.fit: a text must have two characters or more, got 1 in all of it."),
    ],
)
def test_what_is_no_text_is_refused(X: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        small("text").fit(X)


def test_a_text_of_unseen_units_is_refused(model: fr.TextModel) -> None:
    expected = "a text must be of characters that were seen in training, got 'q'."
    with pytest.raises(fr.ArgumentError, match=re.escape(f"TextModel.generate: {expected}")):
        model.generate("quo")
    where = "TextModel.bits_per_character"
    with pytest.raises(fr.ArgumentError, match=re.escape(f"{where}: {expected}")):
        model.score("quo")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"length": 0}, "TextModel.generate: length must be a whole number of 1 or more, got 0."),
        ({"samples": 0}, "paths must be a whole number of 1 or more, got 0."),
        ({"temperature": -1}, "temperature"),
        ({"random_state": "x"}, "TextModel.generate: random_state must be a whole number"),
    ],
)
def test_how_to_write_is_checked(model: fr.TextModel, how: Any, message: str) -> None:
    with pytest.raises(fr.ArgumentError, match=re.escape(message)):
        model.generate("to", **how)


def test_parameters_are_checked() -> None:
    with pytest.raises(fr.ArgumentError, match=r"TextModel.fit: unit must be one of 'characters'"):
        fr.TextModel("letters").fit(TEXT)
    with pytest.raises(fr.DataError, match=r"TextModel: window must be at most 480"):
        small("text", window=500).fit(TEXT)


def test_a_part_held_back_chooses_the_epoch() -> None:
    model = small("text", validate=0.2).fit(TEXT)
    assert model.history_.monitor == "valid_loss"
    assert np.isfinite(model.history_["valid_loss"]).all()
