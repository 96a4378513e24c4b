"""The drop-in layers against torch.nn's: whatever a program can see of one must be the other's."""

import copy
import itertools
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, rnn

from freerun import nn as drop_in

KINDS: dict[str, dict[str, Any]] = {
    "RNN tanh": {},
    "RNN relu": {"nonlinearity": "relu"},
    "GRU": {},
    "LSTM": {},
}
BATCH, STEPS, INPUTS, HIDDEN = 3, 5, 2, 4
LENGTHS = {"sorted": [5, 3, 2], "unsorted": [2, 5, 3]}
LAYOUTS = ("batched", "unbatched", *LENGTHS)

EXACT = 1e-10
"""Rounding of float64, in numbers of order 1 to 10 and sums of a few dozen."""


def pair(kind: str, *sizes: int, **options: Any) -> tuple[Any, Any]:
    """A drop-in layer and PyTorch's, with the same parameters and arguments; in float64."""
    name = kind.partition(" ")[0]
    arguments = {"dtype": torch.float64} | KINDS[kind] | options
    torch.manual_seed(0)
    ours = getattr(drop_in, name)(*(sizes or (INPUTS, HIDDEN)), **arguments)
    theirs = getattr(nn, name)(*(sizes or (INPUTS, HIDDEN)), **arguments)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def random(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, dtype=dtype, requires_grad=True)


def sequences(layer: Any, layout: str) -> tuple[Tensor, Any]:
    """What to read, as a leaf, and as ``layer`` takes it in this layout."""
    dtype = layer.weight_ih_l0.dtype
    if layout == "unbatched":
        x = random(STEPS, INPUTS, dtype=dtype)
        return x, x
    x = random(*((BATCH, STEPS) if layer.batch_first else (STEPS, BATCH)), INPUTS, dtype=dtype)
    if layout == "batched":
        return x, x
    packed = rnn.pack_padded_sequence(
        x,
        torch.tensor(LENGTHS[layout]),
        batch_first=layer.batch_first,
        enforce_sorted=layout == "sorted",
    )
    return x, packed


def initial(layer: Any, layout: str) -> Any:
    """An hx for ``layer``, of leaves."""
    stacked = layer.num_layers * (2 if layer.bidirectional else 1)
    batch = () if layout == "unbatched" else (BATCH,)
    h, c = (random(stacked, *batch, HIDDEN, dtype=layer.weight_ih_l0.dtype) for _ in range(2))
    return (h, c) if layer.mode == "LSTM" else h


def tensors(value: Any) -> list[Tensor | None]:
    """All tensors in what a layer takes or returns, a PackedSequence's four included."""
    if isinstance(value, (tuple, list)):
        return [each for part in value for each in tensors(part)]
    return [value]


def seen(layer: Any, input: Any, hx: Any, leaves: Sequence[Tensor]) -> dict[str, Any]:
    """Outputs, and the gradients of one fixed mixture of all their numbers."""
    found = tensors(layer(input, hx))
    generator = torch.Generator().manual_seed(1)
    loss = torch.zeros((), dtype=torch.float64)
    for value in found:
        if value is not None and value.is_floating_point():
            mix = torch.randn(value.shape, generator=generator, dtype=torch.float64)
            loss = loss + (mix * value).sum()
    wanted = dict(enumerate(leaves)) | dict(layer.named_parameters())
    gradients = torch.autograd.grad(
        loss,
        list(wanted.values()),
        materialize_grads=True,
        retain_graph=True,  # for packing x, which both layers read, is in it
    )
    return {
        "outputs": found,
        "gradients": {str(key): part for key, part in zip(wanted, gradients, strict=True)},
    }


def assert_same(ours: Any, theirs: Any, atol: float = EXACT) -> None:
    torch.testing.assert_close(ours, theirs, atol=atol, rtol=0)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cell of each layer on the kernels: empty where PyTorch computed instead."""
    made: list[str] = []
    kernel = vars(drop_in)["over_time"]

    def spy(cell: str, x: Tensor, memory: Any, weights: Any, lengths: Any) -> Any:
        made.extend([cell] * len(weights))
        return kernel(cell, x, memory, weights, lengths)

    monkeypatch.setattr(drop_in, "over_time", spy)
    return made


# --- the same numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("both_ways", [False, True], ids=["forward", "both ways"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("batch_first", "bias", "given"),
    list(itertools.product([False, True], repeat=3)),
    ids=lambda value: "yes" if value else "no",
)
def test_outputs_states_and_gradients_are_torchs(
    kind: str,
    layers: int,
    both_ways: bool,
    layout: str,
    batch_first: bool,
    bias: bool,
    given: bool,
    calls: list[str],
) -> None:
    ours, theirs = pair(
        kind, INPUTS, HIDDEN, layers, bias=bias, batch_first=batch_first, bidirectional=both_ways
    )
    x, input = sequences(ours, layout)
    hx = initial(ours, layout) if given else None
    leaves = [x, *(part for part in tensors(hx) if part is not None)]

    found = seen(ours, input, hx, leaves)
    assert calls == [kind.rpartition(" ")[-1].lower()] * (layers * (1 + both_ways))
    wanted = seen(theirs, input, hx, leaves)
    assert len(calls) == layers * (1 + both_ways), "torch's layer is not ours"

    given_back = type(ours(input, hx)[0])
    assert given_back is (rnn.PackedSequence if layout in LENGTHS else Tensor)
    assert_same(found, wanted)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_float32_rounds_no_worse_than_torch(kind: str, layout: str, calls: list[str]) -> None:
    """Against float64, by norm: twice torch's own error, or 8 roundings where torch has none."""
    exact, _ = pair(kind, INPUTS, HIDDEN, 2, bidirectional=True)
    ours, theirs = pair(kind, INPUTS, HIDDEN, 2, bidirectional=True, dtype=torch.float32)
    ours.load_state_dict(exact.state_dict())
    theirs.load_state_dict(exact.state_dict())
    exact.load_state_dict(ours.state_dict())  # of numbers that float32 has
    x, input = sequences(ours, layout)
    x64, input64 = x.detach().double().requires_grad_(), input.to(torch.float64)
    if layout in ("batched", "unbatched"):
        input64 = x64
    else:
        x64 = input64.data.detach().requires_grad_()
        input64 = rnn.PackedSequence(x64, *input64[1:])
        x = input.data.detach().requires_grad_()
        input = rnn.PackedSequence(x, *input[1:])

    truth = flat(seen(exact, input64, None, [x64]))
    found = flat(seen(ours, input, None, [x]))
    assert calls
    reference = flat(seen(theirs, input, None, [x]))
    for name, true in truth.items():
        assert found[name].dtype == torch.float32, name
        least = 8 * torch.finfo(torch.float32).eps * true.norm()
        error, torchs = ((each[name].double() - true).norm() for each in (found, reference))
        assert error <= 2 * torchs + least, name


def flat(found: dict[str, Any]) -> dict[str, Tensor]:
    """Those of ``seen`` that are real numbers, by name."""
    outputs = {
        f"output {number}": value.detach()
        for number, value in enumerate(found["outputs"])
        if value is not None and value.is_floating_point()
    }
    return outputs | found["gradients"]


@pytest.mark.parametrize("kind", KINDS)
def test_strides_do_not_matter(kind: str, calls: list[str]) -> None:
    ours, theirs = pair(kind, INPUTS, HIDDEN, 2, bidirectional=True)
    for layer in (ours, theirs):
        weight = layer.weight_hh_l0
        layer.weight_hh_l0 = nn.Parameter(weight.detach().t().contiguous().t())
    wide, short = random(2 * STEPS, INPUTS, BATCH), random(BATCH, INPUTS)
    hx = initial(ours, "batched")
    strided = tuple(part.transpose(0, 2).contiguous().transpose(0, 2) for part in tensors(hx))  # type: ignore[union-attr]
    given = strided if kind == "LSTM" else strided[0]
    for leaf, x in (
        (wide, wide[::2].transpose(1, 2)),
        (short, short.expand(STEPS, BATCH, INPUTS)),
        (wide, wide.flip(0)[1 : STEPS + 1].mT),
    ):
        assert_same(seen(ours, x, given, [leaf]), seen(theirs, x, given, [leaf]))
    assert len(calls) == 3 * 4


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_one_step_of_one_sequence(kind: str, steps: int, calls: list[str]) -> None:
    ours, theirs = pair(kind, 1, 1)
    x = random(steps, 1, 1)
    assert_same(seen(ours, x, None, [x]), seen(theirs, x, None, [x]))
    assert len(calls) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_the_padding_before_packing_does_not_matter(kind: str) -> None:
    ours, theirs = pair(kind, bidirectional=True)
    x = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64)
    lengths = torch.tensor(LENGTHS["unsorted"])
    x[torch.arange(STEPS).unsqueeze(1) >= lengths] = torch.nan
    packed = rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    found = seen(ours, packed, None, [])
    assert_same(found, seen(theirs, packed, None, []))
    assert all(part.isfinite().all() for part in flat(found).values())


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_state_can_be_handed_on_and_detached_in_place(kind: str, layers: int) -> None:
    """The idiom of truncated BPTT; it does not work on a view."""
    ours, _ = pair(kind, INPUTS, HIDDEN, layers)
    x = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64)
    whole, _ = ours(x)
    first, state = ours(x[:2])
    for part in tensors(state):
        assert part is not None
        part.detach_()
    second, _ = ours(x[2:], state)
    assert_same(torch.cat([first, second]), whole)


# --- dropout --------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("both_ways", [False, True], ids=["forward", "both ways"])
@pytest.mark.parametrize("p", [0.4, 1.0])
@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_drops_what_it_drops_in_torch(
    kind: str, p: float, both_ways: bool, layout: str, calls: list[str]
) -> None:
    ours, theirs = pair(
        kind, INPUTS, HIDDEN, 3, dropout=p, bidirectional=both_ways, batch_first=True
    )
    x, input = sequences(ours, layout)
    torch.manual_seed(1)
    found = seen(ours, input, None, [x])
    assert calls
    torch.manual_seed(1)
    assert_same(found, seen(theirs, input, None, [x]))
    assert_same(seen(ours.eval(), input, None, [x]), seen(theirs.eval(), input, None, [x]))


def test_dropout_is_between_layers_and_only_in_training() -> None:
    layer, _ = pair("RNN tanh", INPUTS, HIDDEN, 2, dropout=0.5)
    x = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    assert layer(x)[0].count_nonzero() == STEPS * BATCH * HIDDEN
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])


# --- the same object ------------------------------------------------------------------------------

CONSTRUCTED: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "RNN": ("RNN", (2, 3), {}),
    "RNN by position": ("RNN", (2, 3, 2, "relu", False, True, 0.1, True), {}),
    "RNN to the last": ("RNN", (2, 3, 1, "tanh", True, False, 0.0, False, 0), {}),
    "RNN by name": ("RNN", (), {"input_size": 2, "hidden_size": 3, "nonlinearity": "relu"}),
    "GRU": ("GRU", (2, 3), {"device": "cpu", "dtype": torch.float64}),
    "GRU by position": ("GRU", (2, 3, 2, False, True, 0.1, True), {}),
    "LSTM": ("LSTM", (2, 3), {"num_layers": 2, "bidirectional": True, "batch_first": True}),
    "LSTM by position": (
        "LSTM",
        (2, 3, 2, False, True, 0.1, True, 1, "cpu", torch.float64),
        {},
    ),
}


@pytest.mark.parametrize("case", CONSTRUCTED)
def test_a_layer_is_built_as_torchs_is(case: str) -> None:
    name, arguments, options = CONSTRUCTED[case]
    torch.manual_seed(0)
    ours = getattr(drop_in, name)(*arguments, **options)
    torch.manual_seed(0)
    theirs = getattr(nn, name)(*arguments, **options)

    assert isinstance(ours, getattr(nn, name))
    assert type(ours).__module__ == "freerun.nn"
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert_same(ours.state_dict(), theirs.state_dict(), atol=0)
    assert_same(ours.all_weights, theirs.all_weights, atol=0)
    assert ours.flatten_parameters() is None
    for layer, other in ((ours, theirs), (theirs, ours)):
        with torch.no_grad():
            layer.weight_hh_l0.add_(1)
        other.load_state_dict(layer.state_dict(), strict=True)
        assert torch.equal(other.weight_hh_l0, layer.weight_hh_l0)


REFUSED: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "nonlinearity": ("RNN", (2, 3, 1, "sigmoid"), {}),
    "hidden_size 0": ("GRU", (2, 0), {}),
    "input_size of a float": ("LSTM", (2.0, 3), {}),
    "num_layers 0": ("LSTM", (2, 3, 0), {}),
    "dropout": ("GRU", (2, 3, 2), {"dropout": 1.5}),
    "bias": ("RNN", (2, 3), {"bias": 1}),
    "proj_size of a GRU": ("GRU", (2, 3), {"proj_size": 1}),
    "proj_size": ("LSTM", (2, 3), {"proj_size": 3}),
    "unknown": ("LSTM", (2, 3), {"layers": 3}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_constructor_refuses_what_torchs_refuses(case: str) -> None:
    name, arguments, options = REFUSED[case]
    assert_same_error(
        lambda: getattr(drop_in, name)(*arguments, **options),
        lambda: getattr(nn, name)(*arguments, **options),
    )


def assert_same_error(ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    errors = []
    for call in (ours, theirs):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever torch raises
            call()
        errors.append((caught.type, str(caught.value)))
    assert errors[0] == errors[1]


@pytest.mark.parametrize("kind", KINDS)
def test_copies_and_pickles(kind: str, calls: list[str]) -> None:
    ours, _ = pair(kind, INPUTS, HIDDEN, 2, bidirectional=True)
    x = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64)
    wanted = ours(x)
    for twin in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):  # noqa: S301 - our own
        assert type(twin) is type(ours)
        assert_same(twin(x), wanted, atol=0)
        assert len(calls) % 4 == 0
        with torch.no_grad():
            twin.weight_hh_l1_reverse.zero_()
        assert not torch.equal(twin(x)[0], wanted[0])
        assert torch.equal(ours(x)[0], wanted[0])
    assert len(calls) == 4 * 7


# --- the same errors ------------------------------------------------------------------------------


def zeros(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.zeros(shape, dtype=dtype)


def packed(features: int) -> rnn.PackedSequence:
    return rnn.pack_padded_sequence(zeros(STEPS, BATCH, features), torch.tensor([5, 3, 2]))


H = zeros(1, BATCH, HIDDEN)
X = zeros(STEPS, BATCH, INPUTS)
MISTAKES: dict[str, tuple[Any, Any]] = {
    "no axis": (zeros(), None),
    "one axis": (zeros(INPUTS), None),
    "four axes": (zeros(1, STEPS, BATCH, INPUTS), None),
    "features": (zeros(STEPS, BATCH, INPUTS + 1), None),
    "features of one sequence": (zeros(STEPS, INPUTS + 1), None),
    "features when packed": (packed(INPUTS + 1), None),
    "dtype": (X.float(), None),
    "integers": (X.long(), None),
    "a list": ([[0.0, 0.0]], None),
    "no steps": (zeros(0, BATCH, INPUTS), None),
    "no steps of one sequence": (zeros(0, INPUTS), None),
    "hx without batch": (X, H[:, 0]),
    "hx with batch": (X[:, 0], H),
    "hx of another batch": (X, zeros(1, BATCH + 1, HIDDEN)),
    "hx of another size": (X, zeros(1, BATCH, HIDDEN + 1)),
    "hx of more layers": (X, zeros(2, BATCH, HIDDEN)),
    "hx of another dtype": (X, H.float()),
    "hx of more layers when packed": (packed(INPUTS), zeros(2, BATCH, HIDDEN)),
}


@pytest.mark.parametrize("case", MISTAKES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_call_is_refused_as_torch_refuses_it(kind: str, case: str, calls: list[str]) -> None:
    ours, theirs = pair(kind)
    input, hx = MISTAKES[case]
    if kind == "LSTM" and hx is not None:
        hx = (hx, hx)
    assert_same_error(lambda: ours(input, hx), lambda: theirs(input, hx))
    assert calls == []


@pytest.mark.parametrize(
    "hx",
    [(H, zeros(1, BATCH, HIDDEN + 1)), (H,), (H, H, H), (), H, torch.stack((H, H)), (H, None), 1],
    ids=["size of c", "no c", "three", "none", "h", "both in one", "c is None", "a number"],
)
def test_an_lstm_refuses_a_state_that_is_no_pair_as_torch_does(hx: Any, calls: list[str]) -> None:
    ours, theirs = pair("LSTM")
    assert_same_error(lambda: ours(X, hx), lambda: theirs(X, hx))
    assert calls == []


@pytest.mark.parametrize("kind", ["RNN tanh", "RNN relu", "GRU"])
@pytest.mark.parametrize("hx", [(H,), (H, H), ()], ids=["one", "two", "none"])
def test_others_refuse_a_tuple_as_torch_does(kind: str, hx: Any) -> None:
    ours, theirs = pair(kind)
    assert_same_error(lambda: ours(X, hx), lambda: theirs(X, hx))


def test_a_state_may_be_a_list(calls: list[str]) -> None:
    ours, theirs = pair("LSTM")
    assert_same(ours(X, [H, H + 1]), theirs(X, [H, H + 1]))
    assert len(calls) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_sequences_give_no_outputs(kind: str) -> None:
    ours, theirs = pair(kind)
    assert_same(ours(X[:, :0]), theirs(X[:, :0]))


# --- what is handed to PyTorch --------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_projection_is_pytorchs(layout: str, calls: list[str]) -> None:
    ours, theirs = pair("LSTM", INPUTS, HIDDEN, 2, proj_size=3, bidirectional=True)
    x, input = sequences(ours, layout)
    assert_same(seen(ours, input, None, [x]), seen(theirs, input, None, [x]))
    assert calls == []


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", KINDS)
def test_other_dtypes_are_pytorchs(kind: str, dtype: torch.dtype, calls: list[str]) -> None:
    ours, theirs = pair(kind, dtype=dtype)
    x = torch.randn(STEPS, BATCH, INPUTS, dtype=dtype)
    assert_same(ours(x), theirs(x), atol=0)
    assert ours(x)[0].dtype == dtype
    assert calls == []


def outcome(layer: nn.RNNBase, x: Tensor) -> Any:
    """What a layer gives, or the words in which it refuses."""
    try:
        return layer(x)
    except RuntimeError as error:
        return str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_autocast_is_pytorchs(kind: str, calls: list[str]) -> None:
    ours, theirs = pair(kind, dtype=torch.float32)
    x = torch.randn(STEPS, BATCH, INPUTS)
    with torch.autocast("cpu", torch.bfloat16):
        wanted = outcome(theirs, x)  # refused where the processor has no bfloat16
        found = outcome(ours, x)
    if isinstance(wanted, str):
        assert found == wanted
    else:
        assert_same(found, wanted, atol=0)
    assert calls == []
    ours(x)
    assert len(calls) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_other_devices_are_pytorchs(kind: str, calls: list[str]) -> None:
    """The device without storage stands for all: nothing here looks at which one it is."""
    ours, _ = pair(kind)
    output, _ = ours.to("meta")(X.to("meta"))
    assert output.device.type == "meta"
    assert output.shape == (STEPS, BATCH, HIDDEN)
    assert calls == []


@pytest.mark.parametrize("which", ["input", "weight", "hx"])
def test_a_mixture_of_devices_is_refused_as_torch_refuses_it(which: str) -> None:
    ours, theirs = pair("GRU")
    if which == "weight":
        for layer in (ours, theirs):
            layer.weight_hh_l0 = nn.Parameter(layer.weight_hh_l0.to("meta"))
    x = X.to("meta") if which == "input" else X
    hx = H.to("meta") if which == "hx" else None
    assert_same_error(lambda: ours(x, hx), lambda: theirs(x, hx))


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning:torch.nn.modules.rnn")
@pytest.mark.parametrize("kind", KINDS)
def test_torchscript_records_pytorchs(kind: str, calls: list[str]) -> None:
    ours, theirs = pair(kind)
    x = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64)
    wanted = theirs(x)
    traced = torch.jit.trace(ours, x, check_trace=False)  # the check calls the layer itself
    assert_same(traced(x[:2]), theirs(x[:2]))
    scripted = torch.jit.script(nn.Sequential(ours))  # alone, torch's own cannot be scripted
    assert_same(scripted(x), wanted)
    assert calls == []


def test_scripting_leaves_the_layer_itself_and_the_users_subclasses_alone() -> None:
    class Mine(drop_in.LSTM):
        pass

    mine, ours = Mine(2, 3), drop_in.LSTM(2, 3)
    assert mine.__prepare_scriptable__() is mine
    twin = ours.__prepare_scriptable__()
    assert type(twin) is nn.LSTM
    assert type(ours) is drop_in.LSTM
    assert twin.weight_hh_l0 is ours.weight_hh_l0


@pytest.mark.filterwarnings("ignore:The tensor attributes self._flat_weights:UserWarning")
def test_an_export_records_pytorchs(calls: list[str]) -> None:
    ours, theirs = pair("GRU")
    x = torch.randn(2, BATCH, INPUTS, dtype=torch.float64)
    program = torch.export.export(ours, (x,))
    assert_same(program.module()(x), theirs(x))
    assert calls == []


# --- among the other parts of PyTorch -------------------------------------------------------------


class Halved(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight / 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_may_be_parametrized(kind: str, calls: list[str]) -> None:
    ours, theirs = pair(kind, INPUTS, HIDDEN, 2)
    for layer in (ours, theirs):
        parametrize.register_parametrization(layer, "weight_hh_l0", Halved())
    x = random(STEPS, BATCH, INPUTS)
    found, wanted = seen(ours, x, None, [x]), seen(theirs, x, None, [x])
    assert_same(found, wanted)
    assert "parametrizations.weight_hh_l0.original" in found["gradients"]
    assert len(calls) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_weights_may_be_tied(kind: str, calls: list[str]) -> None:
    ours, theirs = pair(kind, INPUTS, HIDDEN, 2)
    for layer in (ours, theirs):
        layer.weight_hh_l1 = layer.weight_hh_l0
    x = random(STEPS, BATCH, INPUTS)
    found = seen(ours, x, None, [x])
    assert_same(found, seen(theirs, x, None, [x]))
    assert "weight_hh_l1" not in found["gradients"]
    assert len(calls) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_may_be_given_for_one_call(kind: str, calls: list[str]) -> None:
    ours, theirs = pair(kind)
    others = {name: value + 0.1 for name, value in ours.named_parameters()}
    found, wanted = (torch.func.functional_call(layer, others, (X,)) for layer in (ours, theirs))
    assert_same(found, wanted)
    assert not torch.equal(found[0], ours(X)[0])
    assert len(calls) == 2


@pytest.mark.parametrize(
    "frozen",
    [("weight_ih_l0", "bias_ih_l0"), ("weight_hh_l0",), ("bias_ih_l0", "bias_hh_l0"), ("x", "hx")],
    ids=" ".join,
)
@pytest.mark.parametrize("kind", KINDS)
def test_only_some_gradients_may_be_wanted(kind: str, frozen: tuple[str, ...]) -> None:
    ours, theirs = pair(kind)
    x, h = random(STEPS, BATCH, INPUTS), random(1, BATCH, HIDDEN)
    hx = (h, h) if kind == "LSTM" else h
    gradients = []
    for layer in (ours, theirs):
        leaves = dict(layer.named_parameters()) | {"x": x, "hx": h}
        for name, leaf in leaves.items():
            leaf.requires_grad_(name not in frozen)
            leaf.grad = None
        layer(x, hx)[0].square().sum().backward()
        gradients.append({name: leaf.grad for name, leaf in leaves.items()})
    assert {name for name, found in gradients[0].items() if found is None} == set(frozen)
    wanted = {name: found for name, found in gradients[1].items() if found is not None}
    assert_same({name: gradients[0][name] for name in wanted}, wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_final_state_or_only_the_output_may_be_used(kind: str) -> None:
    ours, theirs = pair(kind, INPUTS, HIDDEN, 2)
    x = random(STEPS, BATCH, INPUTS)
    for number in range(3 if kind == "LSTM" else 2):
        found, wanted = (
            torch.autograd.grad(tensors(layer(x))[number].square().sum(), x)  # type: ignore[union-attr]
            for layer in (ours, theirs)
        )
        assert_same(found, wanted)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_without_gradients(kind: str, layout: str, calls: list[str]) -> None:
    ours, theirs = pair(kind, INPUTS, HIDDEN, 2, bidirectional=True)
    _, input = sequences(ours, layout)
    wanted = theirs(input)
    for context in (torch.no_grad, torch.inference_mode):
        with context():
            found = tensors(ours(input))
        assert found[0] is not None
        assert not found[0].requires_grad
        assert found[0].is_inference() == (context is torch.inference_mode)
        assert_same(found, tensors(wanted))
    assert len(calls) == 8


def test_a_network_with_a_layer_in_it_compiles() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = drop_in.GRU(INPUTS, HIDDEN)
            self.head = nn.Linear(HIDDEN, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.layer(x)[0]) * 2

    net = Net()
    x = torch.randn(2, BATCH, INPUTS)
    compiled = torch.compile(net, backend="eager")  # the graphs; what they become is not ours
    try:
        assert_same(compiled(x), net(x), atol=1e-6)  # rounding of float32
    finally:
        torch.compiler.reset()
