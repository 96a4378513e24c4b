"""What a text run writes, and how surprised it is."""

import math
from dataclasses import replace

import pytest
import torch

import freerun as fr
from freerun.explore.answers import TextRequest
from tests.explore.examples import CLASSES, texts

ASKED = TextRequest(origin=700, horizon=30, share=0.4, temperature=0.7, top_k=3, seed=5, around=20)


def test_free_is_run() -> None:
    subject = texts()
    codes = subject.texts[0].codes
    wanted = fr.run(
        subject.net, 30, warmup=(None, codes[200:700]), draw=fr.Sampling(0.7, 3), generator=5
    ).y
    assert torch.equal(subject.answer(ASKED).free, wanted)


def test_surprise_is_the_negative_logarithm_of_what_was_predicted() -> None:
    subject = texts()
    codes = subject.texts[0].codes
    answer = subject.answer(ASKED)
    session = fr.Session(subject.net)
    for code in codes[200:700]:
        session.observe(None, code)
    session_state = session.state
    for fed, bits, of in (
        (codes[700:730], answer.bits["one_step"], codes[700:730]),
        (answer.free, answer.bits["free"], codes[700:730]),
        (answer.free, answer.own_bits["free"], answer.free),
    ):
        session.state = session_state
        wanted = []
        for fed_now, code in zip(fed, of, strict=True):
            wanted.append(-math.log2(float(session.predict()[code])))
            session.observe(None, fed_now)
        assert bits.tolist() == pytest.approx(wanted, abs=1e-4)
    assert torch.equal(answer.truth, codes[700:730])
    assert torch.equal(answer.before, codes[680:700])
    assert answer.trivial.tolist() == pytest.approx([math.log2(5)] * 30)


def test_without_a_share_of_the_truth_mixed_is_free() -> None:
    answer = texts().answer(replace(ASKED, share=0.0))
    assert torch.equal(answer.mixed, answer.free)
    for bits in (answer.bits, answer.own_bits):
        torch.testing.assert_close(bits["mixed"], bits["free"], rtol=0, atol=1e-5)
    assert not torch.equal(texts().answer(ASKED).mixed, answer.free)


def test_with_all_of_the_truth_mixed_is_one_step_ahead() -> None:
    answer = texts().answer(replace(ASKED, share=1.0))
    assert torch.equal(answer.bits["mixed"], answer.bits["one_step"])
    assert not torch.equal(answer.bits["mixed"], answer.bits["free"])


def test_how_it_draws() -> None:
    subject = texts()
    assert not torch.equal(subject.answer(replace(ASKED, seed=6)).free, subject.answer(ASKED).free)
    likeliest = [subject.answer(replace(ASKED, top_k=1, seed=seed)).free for seed in (5, 6)]
    assert torch.equal(*likeliest)
    hot = subject.answer(replace(ASKED, temperature=100.0, top_k=0))
    assert not torch.equal(hot.free, subject.answer(replace(ASKED, top_k=0)).free)


def test_for_json() -> None:
    answer = texts().answer(ASKED)
    found = answer.to_dict()
    assert found["truth"] == [CLASSES[code] for code in answer.truth]
    assert found["errors"]["free"] == pytest.approx(float(answer.bits["free"].mean()))
    assert found["so_far"]["free"][0] == pytest.approx(float(answer.bits["free"][0]))
    assert found["trivial"]["frequency"]["error"] == pytest.approx(math.log2(5))
    assert len(texts().answer(replace(ASKED, origin=899)).free) == 1


def test_bytes_are_shown_as_they_can_be_read() -> None:
    subject = replace(texts(), classes=("41", "0a", "0d", "e9", "20"), unit="bytes")
    found = subject.answer(ASKED).to_dict()
    assert set(found["truth"]) == {"A", "\n", "\\x0d", "\\xe9", " "}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"origin": 900}, "origin must be a whole number from 1 to 899, got 900"),
        ({"horizon": 0}, "horizon must be a whole number from 1 to 300, got 0"),
        ({"series": 1}, "series must be a whole number from 0 to 0, got 1"),
        ({"top_k": 6}, "top_k must be a whole number from 0 to 5, got 6"),
        ({"temperature": 0.0}, "temperature must be a finite number from 0.01 to 100, got 0.0"),
        ({"share": -0.1}, "share must be a finite number from 0 to 1, got -0.1"),
    ],
    ids=str,
)
def test_what_is_out_of_range_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(fr.ArgumentError, match=f"^explore: {message}"):
        texts().answer(replace(ASKED, **change))  # type: ignore[arg-type]
