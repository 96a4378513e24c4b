"""What is done with all parameters at once in a step of training."""

import math
from typing import Any

import pytest
import torch
from torch import nn

import freerun as fr
from freerun.kernels.loop.clipping import clip
from freerun.training import trained as module
from freerun.training.trained import Trained


def of(*parameters: nn.Parameter) -> Trained:
    """What is trained of some parameters."""
    return Trained(torch.optim.SGD(parameters, lr=0.1))


def with_gradients(dtype: torch.dtype = torch.float32) -> list[nn.Parameter]:
    """A matrix, a matrix read by columns, a vector, one without a gradient, an empty one."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((5, 3), (4, 6), (7,), (2,), (3, 0))
    found = [nn.Parameter(torch.zeros(shape, dtype=dtype)) for shape in shapes]
    for one in found:
        one.grad = torch.randn(one.shape, generator=generator, dtype=dtype)
    found[1].grad = torch.randn(6, 4, generator=generator, dtype=dtype).t()
    found[3].grad = None
    return found


@pytest.mark.parametrize("worth", [2**17, 0], ids=["few", "many"])
@pytest.mark.parametrize("limit", [0.5, 1e3, math.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_clipping_is_that_of_pytorch(
    monkeypatch: pytest.MonkeyPatch, worth: int, limit: float, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(module, "WORTH_THREADS", worth)
    ours, theirs = with_gradients(dtype), with_gradients(dtype)
    norm = of(*ours).clip(limit)
    wanted = nn.utils.clip_grad_norm_(theirs, limit)
    # The sums are taken in another order: some roundings of 40 numbers.
    rtol = 10 * torch.finfo(dtype).eps
    torch.testing.assert_close(torch.tensor(norm, dtype=dtype), wanted, rtol=rtol, atol=0.0)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None:
            torch.testing.assert_close(one.grad, other.grad, rtol=rtol, atol=0.0)


@pytest.mark.parametrize("limit", [0.5, 1e3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_contiguous_gradients_are_clipped_as_pytorch_does(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, limit: float
) -> None:
    ours, theirs = with_gradients(dtype), with_gradients(dtype)
    for one in (ours[1], theirs[1]):
        assert one.grad is not None
        one.grad = one.grad.contiguous()
    own = nn.utils.clip_grad_norm_
    monkeypatch.setattr(nn.utils, "clip_grad_norm_", None)
    norm = of(*ours).clip(limit)
    rtol = 10 * torch.finfo(dtype).eps
    assert norm == pytest.approx(float(own(theirs, limit)), rel=rtol)
    for one, other in zip(ours, theirs, strict=True):
        if one.grad is not None:
            torch.testing.assert_close(one.grad, other.grad, rtol=rtol, atol=0.0)


@pytest.mark.parametrize("count", [1, 7, 16, 33, 1000])
def test_the_norm_is_summed_in_float64(count: int) -> None:
    one = nn.Parameter(torch.zeros(count))
    one.grad = torch.randn(count, generator=torch.Generator().manual_seed(count))
    before = one.grad.clone()
    norm, exact = of(one).clip(0.5), math.sqrt(math.fsum(float(g) ** 2 for g in before))
    assert norm == pytest.approx(exact, rel=1e-14)
    share = min(1.0, 0.5 / (exact + 1e-6))
    assert torch.equal(one.grad, before * share)


def test_a_whole_number_is_a_limit_too() -> None:
    compiled: Any = clip
    one = nn.Parameter(torch.zeros(2))
    for limit in (1.0, 1):
        one.grad = torch.tensor([3.0, 4.0])
        assert of(one).clip(limit) == 5
    assert len(compiled.overloads) <= 2  # nothing was compiled for it
    assert type(fr.Optimizer(clip=1).limit) is float


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.0])
def test_weights_are_sound_where_all_are_finite(value: float) -> None:
    parameters = [nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(40))]
    with torch.no_grad():
        parameters[1][33] = value
    before = [one.detach().clone() for one in parameters]
    assert of(*parameters).are_sound() == math.isfinite(value)
    for one, other in zip(parameters, before, strict=True):
        assert torch.equal(one.nan_to_num(7.0), other.nan_to_num(7.0))
    with fr.kernels.disabled():
        assert not of(*parameters).are_sound()


def test_without_kernels_pytorch_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    def seven(*_: object) -> float:
        return 7.0

    monkeypatch.setattr(nn.utils, "clip_grad_norm_", seven)
    parameters = with_gradients()
    parameters[1].grad = None
    assert of(*parameters).clip(1.0) != 7
    with fr.kernels.disabled():
        assert of(*parameters).clip(1.0) == 7


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("others", [0.0, 1.0])
def test_clipping_what_is_not_finite_warns_of_nothing(value: float, others: float) -> None:
    one = nn.Parameter(torch.zeros(40))
    one.grad = torch.full((40,), others)
    one.grad[7] = value
    norm = of(one).clip(1.0)
    assert math.isnan(norm) if math.isnan(value) else norm == math.inf
    assert not torch.isfinite(one.grad).all()


def test_a_gradient_whose_square_float32_does_not_have_is_clipped() -> None:
    one = nn.Parameter(torch.zeros(40))
    one.grad = torch.full((40,), 1e30)
    assert of(one).clip(1.0) == pytest.approx(math.sqrt(40) * 1e30)
    assert float(one.grad.norm()) == pytest.approx(1.0)


def test_gradients_of_bfloat16_are_clipped_too() -> None:
    one = nn.Parameter(torch.zeros(4, dtype=torch.bfloat16))
    one.grad = torch.ones(4, dtype=torch.bfloat16)
    assert of(one).clip(1.0) == 2
    torch.testing.assert_close(one.grad, torch.full((4,), 0.5, dtype=torch.bfloat16))


def test_numbers_that_share_their_memory_are_not_scaled_twice() -> None:
    one = nn.Parameter(torch.zeros(4))
    one.grad = torch.ones(1).expand(4)
    with pytest.raises(RuntimeError, match="single memory location"):
        of(one).clip(1.0)


def test_dtypes_may_differ() -> None:
    parameters = [*with_gradients(torch.float32), *with_gradients(torch.float64)]
    assert of(*parameters).clip(0.5) > 0.5
    squares = sum(
        float(one.grad.double().square().sum()) for one in parameters if one.grad is not None
    )
    assert math.sqrt(squares) == pytest.approx(0.5, rel=1e-5)


def test_without_any_gradient_the_norm_is_zero() -> None:
    assert of(nn.Parameter(torch.zeros(3))).clip(1.0) == 0


def test_a_norm_that_is_not_finite_is_told() -> None:
    parameter = nn.Parameter(torch.zeros(3))
    parameter.grad = torch.tensor([0.0, math.nan, 1.0])
    assert math.isnan(of(parameter).clip(1.0))


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd", "rmsprop"])
def test_every_step_is_counted_as_a_change(name: str) -> None:
    net = fr.RecurrentNetwork(2, 3, fr.heads.Point(1))
    trained = Trained(fr.Optimizer(name).build(net))
    for _ in range(3):
        before = [one._version for one in trained.parameters]
        for one in trained.parameters:
            one.grad = torch.ones_like(one)
        trained.step()
        after = [one._version for one in trained.parameters]
        assert all(now > then for now, then in zip(after, before, strict=True))


def test_gradients_are_forgotten() -> None:
    parameters = with_gradients()
    of(*parameters).forget()
    assert all(one.grad is None for one in parameters)


@pytest.mark.parametrize(("worth", "threads"), [(2**17, 1), (0, 2)], ids=["few", "many"])
def test_few_weights_are_gone_through_in_one_thread(
    monkeypatch: pytest.MonkeyPatch, worth: int, threads: int
) -> None:
    monkeypatch.setattr(module, "WORTH_THREADS", worth)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with of(nn.Parameter(torch.zeros(3))).in_few_threads():
            assert torch.get_num_threads() == threads
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
