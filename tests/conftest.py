from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

from freerun.kernels.binding import layout
from freerun.kernels.threads import slices

# The same examples on every machine, and no deadline: a slow machine is not a wrong result.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("ci")

# The tests run side by side in several processes, whose threads would only fight for the cores.
torch.set_num_threads(1)


@pytest.fixture
def generator() -> torch.Generator:
    """A generator that starts from the same seed in every test."""
    return torch.Generator().manual_seed(0)


@pytest.fixture
def several_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three threads, of which small cases already use every one."""
    threads = torch.get_num_threads()
    monkeypatch.setattr(slices, "WORTH_A_THREAD", 1)
    torch.set_num_threads(3)
    layout.layout_of.cache_clear()
    yield
    torch.set_num_threads(threads)
    layout.layout_of.cache_clear()
