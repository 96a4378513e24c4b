"""Losses that are computed alone: the same training to the bit, and nobody misses anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.bptt import Part
from freerun.heads import Head
from freerun.training import loop
from freerun.training.alone import is_looked_at, loss_alone
from tests.training.examples import driven, network, same, weights

HEADS = (fr.heads.Point(1), fr.heads.Gaussian(1), fr.heads.Laplace(1), fr.heads.StudentT(1))


class Watched(fr.FullBPTT):
    """Somebody's own BPTT, which may look at everything."""


class Updated(fr.TeacherForcing):
    """A policy that is shown what was unrolled."""

    def update(self, net: Any, batch: Any, unrolled: Any) -> None:
        """See the class."""
        assert unrolled.o.shape[:2] == batch.y.shape[:2]


def trained(
    monkeypatch: pytest.MonkeyPatch, net: fr.RecurrentNetwork, data: fr.Sequences, **options: Any
) -> tuple[dict[str, Tensor], list[float], int]:
    """The weights after training, its losses, and how many of them were computed alone."""
    alone = []

    def watched(*arguments: Any) -> Any:
        found = loss_alone(*arguments)
        if found is not None:
            alone.append(found)
        return found

    monkeypatch.setattr(loop, "loss_alone", watched)
    history = fr.fit(net, data, epochs=3, batch_size=2, progress=False, **options)
    return weights(net), history["train_loss"], len(alone)


@pytest.mark.parametrize("head", HEADS, ids=str)
@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
@pytest.mark.parametrize("scaled", [True, False])
def test_training_is_the_same_to_the_bit(
    monkeypatch: pytest.MonkeyPatch, head: Head, recurrence: str, scaled: bool
) -> None:
    data, found = driven(4), []
    for bptt in (fr.FullBPTT(), Watched()):
        net = network(recurrence, head, dropout=0.2)
        if not scaled:
            net.scaling = fr.Scaling.identity()
        forcing = fr.FreeRunning()
        found.append(trained(monkeypatch, net, data, bptt=bptt, forcing=forcing, seed=3))
    (ours, losses, alone), (theirs, wanted, none) = found
    assert same(ours, theirs)
    assert losses == wanted
    assert none == 0
    assert alone == (0 if head.kernel_score is None else 3 * 2)


def test_losses_that_need_the_outputs_are_not_computed_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where lengths differ, targets are missing, or units of several outputs differ."""
    ragged = fr.Sequences(None, [torch.randn(5), torch.randn(4)])
    holes = fr.Sequences(None, [torch.tensor([1.0, torch.nan, 2.0])] * 2, missing="mask")
    wide = fr.Sequences(None, [torch.randn(5, 2), torch.randn(5, 2)])
    for data, outputs in ((ragged, 1), (holes, 1), (wide, 2)):
        net = fr.RecurrentNetwork(0, 3, fr.heads.Point(outputs), recurrence="output")
        assert trained(monkeypatch, net, data)[2] == 0
    net = fr.RecurrentNetwork(0, 3, fr.heads.Point(2), recurrence="output")
    net.scaling = fr.Scaling.identity()
    assert trained(monkeypatch, net, wide)[2] == 3


def test_who_looks_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    net, data = network("both", HEADS[0]), driven(4)
    assert trained(monkeypatch, net, data)[2] == 3 * 2
    assert trained(monkeypatch, net, data, forcing=Updated())[2] == 0
    seen = []
    handle = net.register_forward_hook(lambda *arguments: seen.append(arguments[-1]))
    assert trained(monkeypatch, net, data)[2] == 0
    assert len(seen) == 3 * 2
    handle.remove()
    assert trained(monkeypatch, net, data)[2] == 3 * 2
    with fr.kernels.disabled():
        assert trained(monkeypatch, net, data)[2] == 0


def test_without_an_output_edge_no_policy_looks() -> None:
    assert not is_looked_at(network("hidden"), Updated(), fr.FullBPTT())
    assert is_looked_at(network("output"), Updated(), fr.FullBPTT())
    assert is_looked_at(network("hidden"), fr.TeacherForcing(), fr.TruncatedBPTT(3))


def test_what_is_not_finite_is_diagnosed_all_the_same() -> None:
    messages = []
    for bptt in (fr.FullBPTT(), Watched()):
        net = network("output", HEADS[0], cell="identity")
        assert net.layers[0].weight_fh is not None
        with torch.no_grad():
            net.layers[0].weight_fh.fill_(1e20)
        with pytest.raises(fr.NonFiniteError) as caught:
            fr.fit(net, driven(4), bptt=bptt, forcing=fr.FreeRunning(), progress=False)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "grew without bound" in messages[0]


@dataclass(frozen=True)
class Halved:
    """A BPTT of other losses."""

    def parts(self, *arguments: Any) -> Iterator[Part]:
        """See the class."""
        for part in fr.FullBPTT().parts(*arguments):
            yield Part(part.loss / 2, part.nll, part.count, part.unrolled, part.update)


def test_a_bptt_of_ones_own_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    results = [
        trained(monkeypatch, network("both", HEADS[0]), driven(4), bptt=bptt, optimizer=SLOW)
        for bptt in (fr.FullBPTT(), Halved())
    ]
    assert not same(results[0][0], results[1][0])
    assert results[1][2] == 0


SLOW = fr.Optimizer("sgd", clip=None)
