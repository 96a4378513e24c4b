"""Kernels in forked and spawned processes, in distributed training, and under compilers."""

import multiprocessing
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import freerun as fr
from freerun.kernels.threads import workers


def network(seed: int = 0) -> fr.RecurrentNetwork:
    torch.manual_seed(seed)
    return fr.RecurrentNetwork(2, 24, fr.heads.Gaussian(1), cell="gru", recurrence="both")


def data(seed: int = 0, batch: int = 6) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, 30, 2, generator=generator)
    return x, torch.randn(batch, 30, 1, generator=generator)


def gradients(net: fr.RecurrentNetwork, x: Tensor, y: Tensor) -> list[Tensor]:
    loss = net.loss(x, y, fr.FreeRunning())
    return list(torch.autograd.grad(loss, list(net.parameters())))


def gradients_of(seed: int) -> list[Tensor]:
    return gradients(network(seed), *data(seed))


def numbers_of(seed: int) -> list[Any]:
    torch.set_num_threads(1)
    return [one.tolist() for one in gradients_of(seed)]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own(several_threads: None) -> None:
    """Kernels alone: PyTorch's own threads, which losses take, do not survive a fork."""
    net, (x, y) = network(1), data(1)

    def find() -> list[Tensor]:
        o = net(x, y, fr.FreeRunning()).o
        return list(torch.autograd.grad(o, list(net.parameters()), torch.ones_like(o)))

    wanted = find()
    assert workers._idle, "the parent's workers run by now"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            same = not workers._idle and all(map(torch.equal, find(), wanted))
            os.write(write, b"same" if same else b"other")
        finally:
            os._exit(0)
    os.close(write)
    try:
        answered, _, _ = select.select([read], [], [], 30)
        assert answered, "the child waits for ever"
        assert os.read(read, 10) == b"same"
    finally:
        os.close(read)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert all(map(torch.equal, find(), wanted))


def test_a_spawned_process_finds_the_same() -> None:
    threads = torch.get_num_threads()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(numbers_of, (2,))
    wanted = numbers_of(2)
    torch.set_num_threads(threads)
    assert found == wanted


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, of what it compiles with
def test_a_compiled_network_finds_the_same() -> None:
    net, (x, y) = network(), data()
    compiled = torch.compile(net, backend="eager")
    torch.testing.assert_close(compiled(x, y).o, net(x, y).o)

    @torch.compile(backend="eager")
    def loss(x: Tensor, y: Tensor) -> Tensor:
        return net.loss(2 * x, y, fr.FreeRunning()) * 3

    torch.testing.assert_close(loss(x, y), 3 * net.loss(2 * x, y, fr.FreeRunning()))


PARALLEL = """
import os, sys, torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from tests.kernels.test_other_processes import data, network
import freerun as fr

class Loss(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
    def forward(self, x, y):
        return self.net.loss(x, y, fr.FreeRunning())

rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
torch.set_num_threads(1)
net = network()
parallel = DistributedDataParallel(Loss(net))  # which must live until the way back
parallel(*(part[3 * rank : 3 * rank + 3] for part in data())).backward()
found = [one.grad.clone() for one in net.parameters()]
net.zero_grad()
Loss(net)(*data()).backward()
for one, parameter in zip(found, net.parameters()):
    torch.testing.assert_close(one, parameter.grad)
print("averaged")
dist.destroy_process_group()
"""


def test_distributed_training_averages_the_gradients(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root), "GLOO_SOCKET_IFNAME": "lo"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PARALLEL, str(rank), str(tmp_path / "meeting")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=root,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        said = [process.communicate(timeout=60) for process in running]
    finally:
        for process in running:
            process.kill()
            process.communicate()
    for process, (out, error) in zip(running, said, strict=True):
        assert process.returncode == 0, error
        assert "averaged" in out
