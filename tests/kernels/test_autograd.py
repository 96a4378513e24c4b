"""Kernels as a part of PyTorch's graph."""

import gc
import weakref

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.kernels import choose, disabled, explain
from freerun.kernels.binding import layout, script
from freerun.kernels.binding.autograd import TWICE


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
    with pytest.raises(RuntimeError) as caught:
        dx.square().sum().backward()
    assert str(caught.value) == TWICE
    with disabled():
        loss = net.loss(x, y, fr.FreeRunning())
    (again,) = torch.autograd.grad(loss, x, create_graph=True)
    torch.testing.assert_close(again, dx)
    again.square().sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
def test_gradients_equal_finite_differences(recurrence: str, cell: str) -> None:
    """Of everything that comes out, and for all that goes in."""
    net, (x, y) = network(recurrence=recurrence, cell=cell, residual=False), data(2, 4)
    forcing = None if recurrence == "hidden" else fr.FreeRunning()
    state = net.initial_state(2).map(lambda part: (part + 0.1).requires_grad_())
    assert choose(net, x, None if forcing is None else fr.Plan(y, 0.0)).kernel is not None

    def all_of_it(x: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
        found = net(x, y, forcing, state=state)
        assert found.state is not None
        return (found.o, found.h, *found.state.tensors().values())

    leaves = (x.requires_grad_(), *state.tensors().values(), *net.parameters())
    assert torch.autograd.gradcheck(all_of_it, leaves, fast_mode=True)


@pytest.mark.parametrize("steps", [7, 400], ids=["small", "large"])
@pytest.mark.parametrize("name", ["o", "h", "f"])
def test_an_output_changed_in_place_is_refused(name: str, steps: int) -> None:
    net, (x, y) = network(), data(3, steps)
    unrolled = net(x, y, fr.FreeRunning())
    loss = unrolled.o.square().sum() + unrolled.h.square().sum() + unrolled.f.square().sum()
    with torch.no_grad():
        getattr(unrolled, name).mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_target_changed_in_place_is_refused() -> None:
    net, (x, y) = network(), data()
    loss = net.loss(x, y, fr.FreeRunning())
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("how", ["plain", "lags", "state", "dropout", "noise", "sparse"])
@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
@pytest.mark.parametrize("forced", [False, True], ids=["free", "forced"])
def test_the_loss_is_the_same_whether_someone_watches_or_not(
    forced: bool, recurrence: str, cell: str, how: str
) -> None:
    """A hook sees all that is unrolled; without one there is nothing but the loss."""
    asked: dict[str, object] = {"recurrence": recurrence, "cell": cell, "residual": False}
    if how == "lags" and recurrence != "hidden":
        asked |= {"output_lags": 3, "residual": True, "num_layers": 2}
    net, (x, y) = network(**asked, dropout=0.3 * (how == "dropout")), data()
    leaves = [x.requires_grad_(), *net.parameters()]
    state = net.initial_state(3).map(lambda part: part + 0.1) if how == "state" else None
    forcing: object = fr.TeacherForcing() if forced else fr.FreeRunning()
    if how == "noise":
        forcing = fr.Plan(y, float(forced), feed="sample")
    elif how == "sparse":
        forcing = fr.Plan(y, torch.tensor([0.0, 1, 0, 0.5, 0, 0, 1], dtype=y.dtype))

    def found() -> list[Tensor]:
        draws = torch.Generator().manual_seed(3)
        loss = net.loss(x, y, forcing, state=state, generator=draws)  # type: ignore[arg-type]
        return [loss, *torch.autograd.grad(loss, leaves)]

    alone, seen = found(), []
    handle = net.register_forward_hook(lambda *called: seen.append(called[-1]))
    watched = found()
    handle.remove()
    assert len(seen) == 1
    assert isinstance(seen[0], fr.Unrolled)
    assert seen[0].o.shape == (3, 7, 2)
    assert all(map(torch.equal, alone, watched))
    with torch.no_grad():
        draws = torch.Generator().manual_seed(3)
        silent = net.loss(x, y, forcing, state=state, generator=draws)  # type: ignore[arg-type]
    assert torch.equal(silent, alone[0])
    assert not silent.requires_grad


def test_a_forward_of_ones_own_is_what_the_loss_is_of() -> None:
    class Doubled(fr.RecurrentNetwork):
        def forward(self, x: Tensor, *others: object, **named: object) -> fr.Unrolled:  # type: ignore[override]
            return super().forward(2 * x, *others, **named)  # type: ignore[arg-type]

    net, (x, y) = Doubled(2, 5, fr.heads.Point(1), recurrence="output").double(), data()
    wanted = net.loss(x, y)
    net.__class__ = fr.RecurrentNetwork  # type: ignore[assignment]
    assert torch.equal(net.loss(2 * x, y), wanted)


def test_a_parameter_changed_in_place_is_refused() -> None:
    net, (x, y) = network(), data()
    loss = net.loss(x, y, fr.FreeRunning())
    with torch.no_grad():
        net.layers[0].weight_ih.mul_(2)
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


def test_a_graph_gone_through_again_forgets_what_came_in_before() -> None:
    net, (x, y) = network(), data()
    x.requires_grad_()
    unrolled = net(x, y, fr.FreeRunning())
    d_o, d_h = torch.ones_like(unrolled.o), torch.ones_like(unrolled.h)

    def of_h() -> Tensor:
        return torch.autograd.grad(unrolled.h, x, d_h, retain_graph=True)[0]

    before = of_h()
    torch.autograd.grad(unrolled.o, x, d_o, retain_graph=True)
    assert torch.equal(of_h(), before)


def test_without_gradients_and_in_inference_mode() -> None:
    net, (x, y) = network(), data()
    wanted = net(x, y, fr.FreeRunning()).o
    with torch.no_grad():
        assert torch.equal(net(x, y, fr.FreeRunning()).o, wanted)
    with torch.inference_mode():
        assert torch.equal(net(x, y, fr.FreeRunning()).o, wanted)


@pytest.mark.parametrize("shape", [(4, 1, 2), (1, 6, 2), (1, 1, 1)], ids=str)
def test_what_is_expanded_gets_the_sum_of_its_gradients(shape: tuple[int, ...]) -> None:
    net, (x, y) = network(), data(4, 6)
    narrow = x[tuple(slice(size) for size in shape)].clone().requires_grad_()
    whole = narrow.expand(4, 6, 2).detach().clone().requires_grad_()
    (found,) = torch.autograd.grad(net.loss(narrow.expand(4, 6, 2), y, fr.FreeRunning()), narrow)
    (wanted,) = torch.autograd.grad(net.loss(whole, y, fr.FreeRunning()), whole)
    torch.testing.assert_close(found, wanted.sum_to_size(shape))


def test_gradients_may_come_in_at_any_strides() -> None:
    net, (x, y) = network(cell="lstm"), data(4, 6)
    x.requires_grad_()
    found = net(x, y, fr.FreeRunning())
    assert found.f is not None
    outputs, generator = (found.o, found.h, found.f), torch.Generator().manual_seed(2)
    plain = [torch.randn(one.shape, generator=generator).double() for one in outputs]
    turned = [one.transpose(0, 2).contiguous().transpose(0, 2) for one in plain]
    leaves = [x, *net.parameters()]
    both = [torch.autograd.grad(outputs, leaves, g, retain_graph=True) for g in (plain, turned)]
    for one, other in zip(*both, strict=True):
        assert torch.equal(one, other)


# --- torch.func -----------------------------------------------------------------------------------


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


class Loss(torch.nn.Module):
    """``functional_call`` calls ``forward``."""

    def __init__(self, net: fr.RecurrentNetwork) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.net.loss(x, y)


def test_a_gradient_for_every_sequence() -> None:
    """``vmap`` over ``grad`` of ``net.loss``: what differential privacy clips."""
    loss, (x, y) = Loss(network()), data()
    parameters: dict[str, Tensor] = dict(loss.named_parameters())

    def one(given: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return torch.func.functional_call(loss, given, (x[None], y[None]))

    found = torch.func.vmap(torch.func.grad(one), (None, 0, 0))(parameters, x, y)
    for row in range(len(x)):
        wanted = torch.autograd.grad(loss(x[row, None], y[row, None]), list(parameters.values()))
        for name, single in zip(parameters, wanted, strict=True):
            torch.testing.assert_close(found[name][row].detach(), single)


def test_another_networks_parameters_are_computed_with_on_kernels() -> None:
    loss, other, (x, y) = Loss(network()), Loss(network(residual=False)), data()
    given = {name: 2 * one.detach() for name, one in loss.named_parameters()}
    found = torch.func.functional_call(loss, given, (x, y))
    with torch.no_grad():
        for one in loss.parameters():
            one.mul_(2)
    assert torch.equal(found, loss(x, y))
    assert not torch.equal(found, other(x, y))


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


@pytest.mark.parametrize("way", ["back", "dropped"])
def test_memory_is_freed_without_the_garbage_collector(way: str) -> None:
    net, (x, y) = network(cell="lstm"), data()
    kept: list[weakref.ref[torch.UntypedStorage]] = []
    before = weakref.ref(x)

    def pack(tensor: Tensor) -> Tensor:
        twin = tensor.detach()  # what PyTorch keeps alone: that nobody else holds it shows
        kept.append(weakref.ref(twin))  # type: ignore[arg-type]
        return twin

    gc.collect()
    gc.disable()
    try:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = net(x, y, fr.FreeRunning()).o.square().sum()
        assert kept
        assert any(one() is not None for one in kept)
        if way == "back":
            loss.backward()
        else:
            del loss
        assert all(one() is None for one in kept)
        assert before() is x
    finally:
        gc.enable()


@pytest.mark.parametrize("steps", [7, 400], ids=["small", "large"])
def test_checkpoints_see_what_is_kept(steps: int) -> None:
    net, (x, y) = network(cell="gru"), data(3, steps)
    kept: list[int] = []

    def pack(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        net(x, y, fr.FreeRunning())
    # h before every step and after the last, and four numbers a unit for the gates.
    wanted = [(steps + 1) * 3 * 8, steps * 3 * 4 * 8]
    assert set(wanted) <= set(kept) if steps == 400 else max(kept) >= sum(wanted)


@pytest.mark.parametrize(("steps", "rows"), [(7, 7 * 5), (400, 401 * 8)], ids=["small", "large"])
def test_h_holds_nothing_but_itself(steps: int, rows: int) -> None:
    """Whoever keeps it does not keep the gates, nor the layers below."""
    net, (x, y) = network(cell="lstm", num_layers=2), data(3, steps)
    h = net(x, y, fr.FreeRunning()).h
    assert h.untyped_storage().nbytes() == 3 * rows * 8


@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_memory_together_or_apart_holds_the_same(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, (x, y) = network(cell=cell, num_layers=2), data()
    leaves = [x.requires_grad_(), *net.parameters()]

    def found() -> list[Tensor]:
        unrolled = net(x, y, fr.FreeRunning())
        assert unrolled.f is not None
        outputs = [unrolled.o, unrolled.h, unrolled.f]
        loss = sum((one * one.cos()).sum() for one in outputs)
        return [*outputs, *torch.autograd.grad(loss, leaves)]

    together = found()
    monkeypatch.setattr(script, "SMALL", 0)
    layout.layout_of.cache_clear()
    apart = found()
    layout.layout_of.cache_clear()
    assert together[1].is_contiguous()
    assert not apart[1].is_contiguous()
    assert all(map(torch.equal, together, apart))


def test_explain_names_the_path_and_the_reason() -> None:
    assert explain(network()) == (
        'teacher forced: kernel "layers" (the truth is fed: only W h is stepped)\n'
        'free running: kernel "closed" (the whole step is in the loop)\n'
        'on draws: kernel "closed" (the whole step is in the loop)'
    )
    net = fr.RecurrentNetwork(1, 3, fr.heads.Poisson(1), recurrence="output")
    assert "on draws: reference path (Poisson's draws" in explain(net)
    assert "bfloat16" in explain(net.bfloat16())
    with disabled():
        assert explain(network()).count("kernels are disabled") == 3


def test_a_gradient_flows_to_targets_that_ask_for_one() -> None:
    net, (x, y) = network(), data()
    y.requires_grad_()
    (found,) = torch.autograd.grad(net.loss(x, y), y)
    with disabled():
        (wanted,) = torch.autograd.grad(net.loss(x, y), y)
    torch.testing.assert_close(found, wanted)


def test_a_state_first_read_without_gradients_has_its_graph() -> None:
    net, (x, y) = network(), data()
    unrolled = net(x, y, fr.FreeRunning())
    with torch.no_grad():
        assert unrolled.state is not None
        state = unrolled.state
    assert all(part.requires_grad for part in state.tensors().values())


def test_a_head_with_its_own_loss_is_minimised_by_that() -> None:
    class Doubled(fr.heads.Point):
        def nll(
            self, o: Tensor, y: Tensor, observed: Tensor | None = None, scale: Tensor | None = None
        ) -> Tensor:
            return 2 * super().nll(o, y, observed, scale)

    torch.manual_seed(0)
    x, y = data()
    doubled = fr.RecurrentNetwork(2, 5, Doubled(1)).double()
    plain = fr.RecurrentNetwork(2, 5, fr.heads.Point(1)).double()
    plain.load_state_dict(doubled.state_dict())
    torch.testing.assert_close(doubled.loss(x, y), 2 * plain.loss(x, y))
