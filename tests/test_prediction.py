"""Predictions in the user's units: those that evaluate scores."""

import re
from typing import Any

import pytest
import torch

import freerun as fr


def fitted(net: fr.RecurrentNetwork, data: fr.Sequences) -> fr.RecurrentNetwork:
    fr.fit(net, data, epochs=1, progress=False)
    return net


def ragged(*shape: int) -> list[torch.Tensor]:
    return [100 + 10 * torch.randn(steps, *shape) for steps in (9, 4, 7)]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_classes_of_whole_sequences(bidirectional: bool) -> None:
    torch.manual_seed(0)
    x, y = ragged(2), torch.tensor([0, 2, 1])
    data = fr.Sequences(x, y, target="sequence")
    net = fr.RecurrentNetwork(
        2, 4, fr.heads.Categorical(3), readout="last", bidirectional=bidirectional, dropout=0.5
    )
    fitted(net, data)
    found = fr.predict(net, x)
    assert isinstance(found, torch.Tensor)
    torch.testing.assert_close(found.sum(-1), torch.ones(3))
    torch.testing.assert_close(found, fr.predict(net, data, batch_size=1))
    # The same as evaluate scores, and as the network says when it is given its own units.
    hits = (found.argmax(-1) == y).double().mean()
    assert fr.evaluate(net, data)["accuracy"] == pytest.approx(float(hits))
    alone = net(net.scaling.scale_x(x[1])[None]).mean[0]
    torch.testing.assert_close(found[1], alone)


def test_numbers_at_every_step() -> None:
    torch.manual_seed(0)
    x, y = ragged(2), ragged(1)
    data = fr.Sequences(x, y)
    net = fitted(fr.RecurrentNetwork(2, 4, fr.heads.Gaussian(1), bidirectional=True), data)
    found = fr.predict(net, x)
    assert [one.shape for one in found] == [one.shape for one in y]
    squares = torch.cat([(a - b).square() for a, b in zip(found, y, strict=True)])
    assert fr.evaluate(net, data)["error"] == pytest.approx(float(squares.mean().sqrt()), rel=1e-5)
    batch = fr.predict(net, torch.stack([x[0], x[0]]))
    torch.testing.assert_close(batch[1], found[0])
    assert not net.training


def test_one_step_ahead_with_an_output_edge() -> None:
    torch.manual_seed(0)
    y = [50 + torch.randn(steps, 1).cumsum(0) for steps in (20, 30)]
    data = fr.Sequences(None, y)
    net = fitted(fr.RecurrentNetwork(0, 4, fr.heads.Point(1), recurrence="both"), data)
    found = fr.predict(net, data)
    ran = fr.run(net, steps=1, warmup=(None, y[1][:-1]))
    torch.testing.assert_close(found[1][-1], torch.as_tensor(ran.y)[-1])


@pytest.mark.parametrize(
    ("recurrence", "data", "message"),
    [
        ("both", [torch.zeros(3, 2)], "an output edge is fed the y before each step, got x alone"),
        ("hidden", [torch.zeros(3, 5)], "data must have the network's 2 inputs, got 5"),
        ("hidden", "text", "x must be numbers"),
    ],
)
def test_what_does_not_fit_is_refused(recurrence: str, data: Any, message: str) -> None:
    net = fr.RecurrentNetwork(2, 4, fr.heads.Gaussian(1), recurrence=recurrence)
    with pytest.raises(fr.FreerunError, match=re.escape(message)):
        fr.predict(net, data)
