"""Back-propagating in one call: the bits of ``loss(...).backward()``; nobody misses anything."""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.kernels.binding import direct
from freerun.kernels.binding.unfolding import Unfolding

B, T, INPUTS, H = 3, 7, 2, 5


def network(recurrence: str = "output", **options: Any) -> fr.RecurrentNetwork:
    torch.manual_seed(1)
    head = options.pop("head", fr.heads.Gaussian(2))
    return fr.RecurrentNetwork(INPUTS, H, head, recurrence=recurrence, **options)


def data(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    torch.manual_seed(2)
    return torch.randn(B, T, INPUTS, dtype=dtype), torch.randn(B, T, 2, dtype=dtype)


def gradients(net: torch.nn.Module) -> dict[str, Tensor | None]:
    return {name: one.grad for name, one in net.named_parameters()}


def is_same(net: fr.RecurrentNetwork, *given: Any, times: int = 1, **options: Any) -> bool:
    """Whether both ways give the same loss and gradients, to the bit."""
    there, losses = copy.deepcopy(net), []
    for _ in range(times):
        wanted = there.loss(*given, **options)
        wanted.backward()
        losses.append((wanted, net.backpropagate(*given, **options)))
    theirs, ours = gradients(there), gradients(net)
    assert any(one is not None for one in ours.values())
    return all(torch.equal(one, two) for one, two in losses) and all(
        (one is None) == (two is None) and (one is None or torch.equal(one, two))  # type: ignore[arg-type]
        for one, two in zip(theirs.values(), ours.values(), strict=True)
    )


@pytest.fixture
def directly(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was gone back through without a graph."""
    seen: list[Any] = []
    whole = direct.Scored.back_propagate

    def watched(self: Any, count: float) -> None:
        seen.append(self)
        whole(self, count)

    monkeypatch.setattr(direct.Scored, "back_propagate", watched)
    return seen


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("forcing", [fr.TeacherForcing(), fr.FreeRunning()], ids=["truth", "own"])
@pytest.mark.parametrize("recurrence", ["hidden", "output", "both"])
def test_the_same_bits_without_a_graph(
    directly: list[Any], recurrence: str, forcing: Any, reduction: str, dtype: torch.dtype
) -> None:
    x, y = data(dtype)
    net = network(recurrence).to(dtype)
    assert is_same(net, x, y, forcing, reduction=reduction)
    assert len(directly) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "gru"},
        {"cell": "lstm", "num_layers": 2},
        {"residual": True, "output_lags": 3},
        {"input_lags": 2},
        {"dropout": 0.5},
    ],
    ids=str,
)
def test_whatever_the_network_is(directly: list[Any], options: dict[str, Any]) -> None:
    x, y = data()
    net = network("both" if "output_lags" not in options else "output", **options)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    there = copy.deepcopy(net)
    there.loss(x, y, fr.FreeRunning()).backward()
    torch.set_rng_state(state)
    net.backpropagate(x, y, fr.FreeRunning())
    for name, one in gradients(there).items():
        assert one is not None
        assert torch.equal(one, gradients(net)[name])  # type: ignore[arg-type]
    assert len(directly) == 1


def test_gradients_add_up(directly: list[Any]) -> None:
    assert is_same(network(), *data(), times=3)
    assert len(directly) == 3


def test_classes(directly: list[Any]) -> None:
    net = fr.RecurrentNetwork(0, H, fr.heads.Categorical(4), recurrence="both")
    assert is_same(net, None, torch.randint(0, 4, (B, T)))
    assert len(directly) == 1


def test_what_does_not_fill_the_batch_has_a_graph(directly: list[Any]) -> None:
    x, y = data()
    assert is_same(network(), x, y, lengths=torch.tensor([7, 3, 5]))
    assert is_same(network(), x, y, mask=torch.rand(B, T) > 0.3)
    last = network("hidden", readout="last", head=fr.heads.Categorical(3))
    assert is_same(last, x, torch.tensor([0, 2, 1]))
    with fr.kernels.disabled():
        assert is_same(network(), x, y)
    assert not directly
    assert is_same(network(), x, y, lengths=torch.tensor([7, 7, 7]))
    assert len(directly) == 1


def test_x_and_a_state_get_their_gradients(directly: list[Any]) -> None:
    x, y = data()
    found = []
    for back in (
        lambda net, *given: net.loss(*given).backward(),
        fr.RecurrentNetwork.backpropagate,
    ):
        net, own = network("both"), x.clone().requires_grad_()
        state = net.initial_state(B).map(lambda part: part.clone().requires_grad_())
        back(net, own, y, fr.FreeRunning(), None, None, state)
        found.append([own.grad, *(part.grad for part in state.tensors().values())])
    for one, two in zip(*found, strict=True):
        assert one is not None
        assert torch.equal(one, two)


def test_what_stands_still_gets_none(directly: list[Any]) -> None:
    net = network()
    for frozen in (net.output.weight, net.layers[0].weight_fh):
        assert frozen is not None
        frozen.requires_grad_(False)
    assert is_same(net, *data())
    assert net.output.weight.grad is None
    assert len(directly) == 1


def hook(net: fr.RecurrentNetwork, seen: list[Any]) -> None:
    net.output.weight.register_hook(seen.append)


def hook_behind(net: fr.RecurrentNetwork, seen: list[Any]) -> None:
    net.output.weight.register_post_accumulate_grad_hook(seen.append)


def hook_before(net: fr.RecurrentNetwork, seen: list[Any]) -> None:
    net.register_forward_hook(lambda *given: seen.append(given))


@pytest.mark.parametrize("watch", [hook, hook_behind, hook_before])
def test_who_watches_sees_it(
    directly: list[Any], watch: Callable[[fr.RecurrentNetwork, list[Any]], None]
) -> None:
    seen: list[Any] = []
    net = network()
    watch(net, seen)
    net.backpropagate(*data())
    assert len(seen) == 1
    assert not directly


def test_a_gradient_goes_on_to_what_a_weight_is_made_of(directly: list[Any]) -> None:
    net = network()
    torch.nn.utils.parametrizations.weight_norm(net.output)
    net.backpropagate(*data())
    assert all(one is not None for one in gradients(net).values())
    assert not directly


def test_a_loss_and_a_forward_of_ones_own_are_asked(directly: list[Any]) -> None:
    class Weighed(fr.RecurrentNetwork):
        def loss(self, *given: Any, **options: Any) -> Tensor:
            return 3 * super().loss(*given, **options)

    class Seen(fr.RecurrentNetwork):
        def forward(self, *given: Any, **options: Any) -> Any:
            seen.append(self)
            return super().forward(*given, **options)

    seen: list[Any] = []

    for kind in (Weighed, Seen):
        torch.manual_seed(0)
        net = kind(INPUTS, H, fr.heads.Gaussian(2), recurrence="output")
        assert is_same(net, *data())
        assert not directly
    assert len(seen) == 2
    own, asked = network(), []

    def own_loss(*given: Any) -> Tensor:
        asked.append(given)
        return fr.RecurrentNetwork.loss(own, *given)

    own.loss = own_loss  # type: ignore[method-assign, assignment]
    own.backpropagate(*data())
    assert len(asked) == 1
    assert not directly


def test_anomalies_and_company_get_a_graph(
    directly: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        assert is_same(network(), *data())
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    assert is_same(network(), *data())
    assert not directly


def test_who_has_a_say_in_what_is_saved_has_one(directly: list[Any]) -> None:
    seen: list[Any] = []

    def pack(one: Tensor) -> Tensor:
        seen.append(one)
        return one

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda one: one):
        assert is_same(network(), *data())
    assert seen
    assert not directly


def test_tied_weights_are_summed_as_pytorch_sums_them(directly: list[Any]) -> None:
    net = network("hidden", num_layers=2)
    net.layers[1].weight_hh = net.layers[0].weight_hh
    net.layers[0].bias_hh = net.layers[0].bias_ih
    assert is_same(net, *data(), times=4)
    assert not directly


def sparse(net: fr.RecurrentNetwork) -> None:
    net.output.weight.grad = torch.eye(*net.output.weight.shape).to_sparse()


def of_another_type(net: fr.RecurrentNetwork) -> None:
    net.output.weight.grad = torch.ones_like(net.output.weight)
    net.double()
    net.output.weight.grad = None
    net.output.weight.data = net.output.weight.data.float()
    net.output.weight.grad = torch.ones_like(net.output.weight)
    net.output.weight.data = net.output.weight.data.double()


@pytest.mark.parametrize("leave", [sparse, of_another_type])
def test_a_gradient_of_another_kind_is_added_to_by_pytorch(
    directly: list[Any], leave: Callable[[fr.RecurrentNetwork], None]
) -> None:
    ours, theirs = network(), network()
    for net in (ours, theirs):
        leave(net)
    given = data(ours.dtype)
    ours.backpropagate(*given)
    theirs.loss(*given).backward()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.equal(one.grad.to_dense(), other.grad.to_dense())
    assert not directly


def test_inference_mode_is_refused_as_a_loss_is() -> None:
    net = network()
    with torch.inference_mode(), torch.enable_grad(), pytest.raises(RuntimeError, match="nference"):
        net.backpropagate(*data())
    assert all(one is None for one in gradients(net).values())


def test_where_there_is_no_gradient_pytorch_says_so() -> None:
    with torch.no_grad(), pytest.raises(RuntimeError, match="does not require grad"):
        network().backpropagate(*data())
    with pytest.raises(RuntimeError, match="does not require grad"):
        network().requires_grad_(False).backpropagate(*data())


def test_errors_name_the_call() -> None:
    x, y = data()
    with pytest.raises(fr.ArgumentError, match=r"RecurrentNetwork\.backpropagate: .*reduction"):
        network().backpropagate(x, y, reduction="none")
    with pytest.raises(fr.ArgumentError, match=r"RecurrentNetwork\.backpropagate: x must"):
        network().backpropagate(x[..., :1], y)
    with pytest.raises(fr.ArgumentError, match=r"RecurrentNetwork\.loss: .*reduction"):
        network().loss(x, y, reduction="none")
    with pytest.raises(fr.ArgumentError, match=r"RecurrentNetwork\.backpropagate: forcing must"):
        network().backpropagate(x, y, "teacher")  # type: ignore[arg-type]
    with pytest.raises(
        fr.ArgumentError, match=r"RecurrentNetwork\.loss: state must be a State, got"
    ):
        network().loss(x, y, state=3)  # type: ignore[arg-type]
    net = network(head=fr.heads.Point(2))
    with pytest.raises(fr.ArgumentError, match=r"RecurrentNetwork\.loss: feeding samples needs"):
        net.loss(x, y, fr.Plan(None, 0.0, "sample"))


def test_the_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    held = []
    whole = Unfolding.score

    def score(self: Unfolding, keep: bool) -> Tensor:
        held.append(self)
        return whole(self, keep)

    monkeypatch.setattr(Unfolding, "score", score)
    network().backpropagate(*data())
    (unfolding,) = held
    assert not unfolding.kept
    assert not unfolding.tensors


def test_it_trains_under_compile() -> None:
    net, (x, y) = network(), data()
    step = torch.compile(lambda: net.backpropagate(x, y), backend="eager")
    assert torch.equal(step(), net.loss(x, y))
    assert net.output.weight.grad is not None


def test_python_threads_at_once_add_everything_up(directly: list[Any]) -> None:
    net, (x, y) = network().double(), data(torch.float64)
    net.backpropagate(x, y)
    once = {name: one.clone() for name, one in gradients(net).items() if one is not None}
    net.zero_grad()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(50):
            list(pool.map(lambda _: net.backpropagate(x, y), range(4)))
    for name, one in once.items():
        torch.testing.assert_close(gradients(net)[name], 200 * one)
    assert len(directly) == 201
