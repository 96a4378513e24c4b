import pytest
import torch
from hypothesis import settings

# The same examples on every machine, and no deadline: a slow machine is not a wrong result.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("ci")

# The tests run side by side in several processes, whose threads would only fight for the cores.
torch.set_num_threads(1)


@pytest.fixture
def generator() -> torch.Generator:
    """A generator that starts from the same seed in every test."""
    return torch.Generator().manual_seed(0)
