"""Fixtures for tests of kernels."""

from collections.abc import Iterator

import pytest
import torch

from freerun.kernels.binding import layout
from freerun.kernels.threads import slices


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
