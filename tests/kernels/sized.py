"""A network of any size on kernels and on the reference path: the same numbers and gradients."""

from dataclasses import dataclass

import torch

import freerun as fr
from freerun.heads import Head
from freerun.kernels import choose, disabled

__all__ = ["GAUSSIAN", "HEADS", "Case", "check"]

GAUSSIAN = fr.heads.Gaussian(2)
HEADS = [GAUSSIAN, fr.heads.Point(1), fr.heads.Laplace(1), fr.heads.Categorical(20)]
"""Narrow ones and a wide one, located ones and one that is not; kernels score all of them."""


@dataclass(frozen=True)
class Case:
    """What is unfolded, besides its sizes."""

    cell: str
    recurrence: str
    free: bool
    head: Head = GAUSSIAN
    residual: bool = True
    warmup: int = 1
    dropout: float = 0.0
    has_state: bool = True


def check(
    case: Case, batch: int, steps: int, units: int, inputs: int, layers: int, lags: int,
    lengths: list[int] | None,
) -> None:  # fmt: skip
    torch.manual_seed(0)
    edge, head = case.recurrence != "hidden", case.head
    net = fr.RecurrentNetwork(
        inputs if edge else max(1, inputs), units, head, case.cell, case.recurrence,
        num_layers=layers, dropout=case.dropout, output_lags=lags if edge else 1,
        residual=edge and case.residual,
    ).double()  # fmt: skip
    x = torch.randn(batch, steps, net.input_size).double() if net.input_size else None
    if head.outputs is None:
        y = torch.randint(head.size, (batch, steps), dtype=torch.int32)
    else:
        y = torch.randn(steps, batch, head.outputs).double().transpose(0, 1)
    given = None if lengths is None else torch.tensor(lengths)
    forcing = fr.FreeRunning(case.warmup) if case.free else fr.TeacherForcing()
    before = None
    if case.has_state:
        before = net.initial_state(batch).map(lambda part: torch.randn_like(part).requires_grad_())
    leaves = [*(before.tensors().values() if before else ()), *net.parameters()]
    if x is not None:
        leaves.append(x.requires_grad_())
    plan = fr.Plan(y, 0.0 if case.free else 1.0) if edge else None
    assert choose(net, x, plan).kernel is not None
    found = []
    for on_kernels in (True, False):
        source = torch.Generator().manual_seed(1)
        if on_kernels:
            unrolled = net(x, y, forcing, given, None, before, generator=source, score=True)
            assert (unrolled.nll is None) == (head.kernel_score is None)
        else:
            with disabled():
                unrolled = net(x, y, forcing, given, None, before, generator=source)
        nll = unrolled.nll
        if nll is None:
            nll = net.score(unrolled.o, y, net.observed(y, given, None))
        assert unrolled.state is not None
        last = unrolled.state.tensors().values()
        total = unrolled.o.square().sum() + unrolled.h.sin().sum() + nll.square().sum()
        total = total + sum(part.cos().sum() for part in last)
        gradients = torch.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)
        found.append([unrolled.o, unrolled.h, nll, *last, *gradients])
    assert len(found[0]) == len(found[1])
    for ours, wanted in zip(*found, strict=True):
        atol = 1e-10 * max(1.0, float(wanted.detach().abs().max()) if wanted.numel() else 1.0)
        torch.testing.assert_close(ours, wanted, rtol=0, atol=atol)
