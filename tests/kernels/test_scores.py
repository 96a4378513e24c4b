"""The loss of every step, computed where its output is."""

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.heads import HEADS, Head
from freerun.kernels import disabled
from tests.contracts.table import make_head

SCORED = ["Bernoulli", "Categorical", "Gaussian", "Laplace", "Point"]
LENGTHS = torch.tensor([5, 7, 2])


def network(head: Head, recurrence: str) -> fr.RecurrentNetwork:
    torch.manual_seed(0)
    return fr.RecurrentNetwork(2, 5, head, recurrence=recurrence).double()


def truth(head: Head) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if head.outputs is None:
        return torch.randint(0, head.size, (3, 7), generator=generator)
    return torch.rand(3, 7, head.outputs, generator=generator).double().round()


def test_every_head_says_whether_kernels_know_its_loss() -> None:
    assert [name for name in sorted(HEADS) if HEADS[name].kernel_score is not None] == SCORED


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "ragged"])
@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
@pytest.mark.parametrize("name", SCORED)
def test_a_score_is_the_heads(name: str, recurrence: str, lengths: Tensor | None) -> None:
    """Values, and gradients whatever weighs the steps and whatever else is asked of o."""
    head = make_head(name)
    net, y = network(head, recurrence), truth(head)
    x = torch.randn(3, 7, 2, generator=torch.Generator().manual_seed(2)).double()
    weights = torch.rand(3, 7, generator=torch.Generator().manual_seed(3)).double()
    found = net(x, y, fr.FreeRunning(), lengths, score=True)
    with disabled():
        wanted = net(x, y, fr.FreeRunning(), lengths)
    nll = net.score(wanted.o, y, net.observed(y, lengths, None))
    assert found.nll is not None
    assert found.total is not None
    torch.testing.assert_close(found.nll, nll, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found.total, nll.sum(), rtol=1e-12, atol=1e-12)
    for ours, theirs in (
        (found.nll.sum(), nll.sum()),
        ((found.nll * weights).sum(), (nll * weights).sum()),
        (found.total, nll.sum()),
        (
            3 * found.total + (found.nll.mT.contiguous().mT * weights).sum() + found.o.sum(),
            ((3 + weights) * nll).sum() + wanted.o.sum(),
        ),
    ):
        got = torch.autograd.grad(ours, list(net.parameters()), retain_graph=True)
        expected = torch.autograd.grad(theirs, list(net.parameters()), retain_graph=True)
        for one, other in zip(got, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-11)


def test_where_something_is_missing_the_head_itself_scores() -> None:
    head = make_head("Gaussian")
    net, y = network(head, "both"), truth(head)
    mask = torch.ones_like(y, dtype=torch.bool)
    mask[0, 2] = False
    assert net(torch.zeros(3, 7, 2).double(), y, mask=mask, score=True).nll is None


def test_a_class_that_is_none_is_refused_before_anything_is_read() -> None:
    head = make_head("Categorical")
    net, y = network(head, "hidden"), truth(head)
    y[1, 3] = head.size
    with pytest.raises(fr.ArgumentError, match="classes must lie from 0 to"):
        net(torch.zeros(3, 7, 2).double(), y, score=True)


def test_a_target_changed_in_place_is_refused() -> None:
    head = make_head("Point")
    net, y = network(head, "output"), truth(head)
    loss = net.loss(torch.zeros(3, 7, 2).double(), y, fr.FreeRunning())
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8])
def test_classes_may_be_of_any_whole_type(dtype: torch.dtype) -> None:
    head = make_head("Categorical")
    net, y = network(head, "hidden"), truth(head)
    x = torch.randn(3, 7, 2).double()
    assert torch.equal(net.loss(x, y.to(dtype)), net.loss(x, y))


def test_no_target_is_refused() -> None:
    net = network(make_head("Point"), "hidden")
    with pytest.raises(fr.ArgumentError, match="y must be a tensor, got a NoneType"):
        net.loss(torch.zeros(3, 7, 2).double(), None)  # type: ignore[arg-type]
