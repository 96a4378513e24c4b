"""Kernels as a part of PyTorch's graph."""

import gc
import weakref

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.kernels import choose, disabled, explain


def network(**asked: object) -> fr.RecurrentNetwork:
    torch.manual_seed(0)
    asked = {"recurrence": "both", "residual": True} | asked
    return fr.RecurrentNetwork(2, 5, fr.heads.Gaussian(1), **asked).double()  # type: ignore[arg-type]


def data(batch: int = 3, steps: int = 7) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(batch, steps, 2, generator=generator).double()
    return x, torch.randn(batch, steps, 1, generator=generator).double()


def test_the_gradient_of_a_gradient_is_refused_and_says_where_it_is_had() -> None:
    net, (x, y) = network(), data()
    x.requires_grad_()
    (dx,) = torch.autograd.grad(net.loss(x, y, fr.FreeRunning()), x, create_graph=True)
    with pytest.raises(RuntimeError, match=r"kernels\.disabled"):
        dx.square().sum().backward()
    with disabled():
        loss = net.loss(x, y, fr.FreeRunning())
    (again,) = torch.autograd.grad(loss, x, create_graph=True)
    torch.testing.assert_close(again, dx)
    again.square().sum().backward()
    assert x.grad is not None


def test_what_was_changed_in_place_is_refused() -> None:
    net, (x, y) = network(), data()
    unrolled = net(x, y)
    loss = unrolled.h.square().sum()
    unrolled.h.detach().mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("name", ["layers.0.weight_hh", "layers.0.weight_fh", "output.bias"])
def test_one_parameter_may_be_all_that_learns(name: str) -> None:
    net, (x, y) = network(), data()
    wanted = torch.autograd.grad(net.loss(x, y, fr.FreeRunning()), net.get_parameter(name))
    for other, one in net.named_parameters():
        one.requires_grad_(other == name)
    net.loss(x, y, fr.FreeRunning()).backward()
    torch.testing.assert_close(net.get_parameter(name).grad, wanted[0])
    assert sum(one.grad is not None for one in net.parameters()) == 1


def test_strides_do_not_matter() -> None:
    net, (x, y) = network(), data(4, 6)
    plain = net.loss(x, y, fr.FreeRunning())
    turned = net.loss(x.mT.contiguous().mT, y.transpose(0, 1).contiguous().transpose(0, 1),
                      fr.FreeRunning())  # fmt: skip
    torch.testing.assert_close(plain, turned, rtol=0, atol=1e-12)
    wide = x[:1].expand(4, 6, 2)
    torch.testing.assert_close(net(wide, y).o, net(wide.contiguous(), y).o)
    gradients = []
    for scale in (torch.ones(()).double(), torch.ones(4, 6, 5).double()):
        net.zero_grad()
        (net(x, y).h * scale).sum().backward()
        gradients.append([one.grad for one in net.parameters() if one.grad is not None])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_without_gradients_and_in_inference_mode() -> None:
    net, (x, y) = network(), data()
    wanted = net(x, y, fr.FreeRunning()).o
    with torch.no_grad():
        assert torch.equal(net(x, y, fr.FreeRunning()).o, wanted)
    with torch.inference_mode():
        assert torch.equal(net(x, y, fr.FreeRunning()).o, wanted)


def test_torch_func_takes_the_reference_path() -> None:
    net, (x, y) = network(), data()
    parameters: dict[str, Tensor] = dict(net.named_parameters())

    def loss(given: dict[str, Tensor], x: Tensor) -> Tensor:
        assert choose(net, x).kernel is None
        return torch.func.functional_call(net, given, (x, y)).o.square().sum()

    found = torch.func.grad(loss)(parameters, x)
    wanted = torch.autograd.grad(net(x, y).o.square().sum(), list(parameters.values()))
    for name, one in zip(parameters, wanted, strict=True):
        torch.testing.assert_close(found[name].detach(), one)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")  # PyTorch's own
def test_forward_mode_takes_the_reference_path() -> None:
    net, (x, y) = network(), data()

    def loss(x: Tensor) -> Tensor:
        assert choose(net, x).kernel is None
        return net(x, y).o.square().sum()

    along = torch.func.jvp(loss, (x,), (torch.ones_like(x),))[1]
    x.requires_grad_()
    (dx,) = torch.autograd.grad(net(x, y).o.square().sum(), x)
    torch.testing.assert_close(along.detach(), dx.sum())


def test_a_graph_may_be_gone_through_twice_and_leaves_nothing_behind() -> None:
    net, (x, y) = network(cell="lstm"), data()
    unrolled = net(x, y, fr.FreeRunning())
    loss = unrolled.o.square().sum()
    loss.backward(retain_graph=True)
    once = [one.grad.clone() for one in net.parameters() if one.grad is not None]
    loss.backward()
    for one, first in zip(net.parameters(), once, strict=True):
        torch.testing.assert_close(one.grad, 2 * first)
    gone = [weakref.ref(unrolled.o), weakref.ref(unrolled.h)]
    gc.disable()
    try:
        del unrolled, loss
        assert [one() for one in gone] == [None, None]
    finally:
        gc.enable()


def test_checkpoints_see_what_is_kept() -> None:
    net, (x, y) = network(cell="gru"), data()
    kept: list[int] = []

    def pack(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        net(x, y, fr.FreeRunning())
    # h before every step and after the last, and four numbers a unit for the gates.
    assert {(7 + 1) * 3 * 8, 7 * 3 * 4 * 8} <= set(kept)


def test_explain_names_the_path_and_the_reason() -> None:
    assert explain(network()) == (
        'teacher forced: kernel "layers" (the truth is fed: only W h is stepped)\n'
        'free running: kernel "closed" (the whole step is in the loop)\n'
        'on draws: kernel "closed" (the whole step is in the loop)'
    )
    net = fr.RecurrentNetwork(1, 3, fr.heads.StudentT(1), recurrence="output")
    assert "on draws: reference path (StudentT's draws" in explain(net)
    assert "bfloat16" in explain(net.bfloat16())
    with disabled():
        assert explain(network()).count("kernels are disabled") == 3
