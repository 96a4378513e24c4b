"""Kernels beside other threads, and in installations that cannot be written to."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import Tensor

import freerun as fr


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


def assert_same(found: list[Tensor], wanted: list[Tensor]) -> None:
    """But for rounding: how many threads share a batch is a setting of the thread that asks."""
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_python_threads_do_not_disturb_each_other(several_threads: None) -> None:
    nets = [network(seed) for seed in range(4)]

    def find(seed: int) -> list[Tensor]:
        return gradients(nets[seed], *data(seed))

    wanted = [find(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for found, one in zip(pool.map(find, [0, 1, 2, 3] * 5), wanted * 5, strict=True):
            assert_same(found, one)


COMPILED = """
import freerun.kernels.threads.errand as errand
kernel = errand.errand_float32
kernel.compile(kernel.signatures_asked[0])
print(len(kernel.overloads), getattr(kernel._cache, "cache_path", None))
"""


@pytest.mark.parametrize("home", ["writable", "not writable"])
def test_an_installation_that_cannot_be_written_to_still_has_kernels(
    home: str, tmp_path: Path
) -> None:
    """A file is where a directory would be made, as permissions do not stop everyone."""
    installed, place = tmp_path / "site" / "freerun", tmp_path / "home"
    source = Path(fr.__file__).parent
    shutil.copytree(source, installed, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("loop", "threads"):
        (installed / "kernels" / folder / "__pycache__").write_text("")
    if home == "writable":
        place.mkdir()
    else:
        place.write_text("")
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment |= {
        "PYTHONPATH": str(installed.parent), "HOME": str(place), "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_CACHE_HOME": str(place / "cache"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", COMPILED], capture_output=True, text=True, env=environment,
        timeout=100, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    count, where = done.stdout.split(maxsplit=1)
    assert count == "1"
    if home == "writable":
        assert Path(where.strip()).is_relative_to(place)
        assert list(place.rglob("*errand_float32*.nbc"))
        assert "once on this machine" in done.stderr
    else:
        assert where.strip() == "None"
        assert "for this process; set NUMBA_CACHE_DIR" in done.stderr
