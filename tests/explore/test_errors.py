"""From which step on a path is worse than a trivial forecast."""

import math

import pytest
import torch

from freerun.explore.answers.errors import listed, running_mean, worse_from

BEST = {"far": [9.0, 9.0, 9.0, 9.0], "near": [2.0, 2.0, 2.0, 2.0]}


@pytest.mark.parametrize(
    ("free", "step"),
    [
        ([1.0, 1.0, 3.0, 3.0], 3),
        ([3.0, 1.0, 1.0, 3.0], 4),  # it had caught up
        ([3.0, 3.0, 3.0, 3.0], 1),
        ([3.0, 3.0, 3.0, 1.0], None),
        ([1.0, 2.0, 2.0, 2.0], None),  # level is not worse
        ([1.0, 1.0, math.inf, math.inf], 3),
    ],
)
def test_from_which_step_on(free: list[float], step: int | None) -> None:
    trivial = {name: torch.tensor(errors) for name, errors in BEST.items()}
    assert worse_from(torch.tensor(free), trivial) == (step, "near")


def test_there_may_be_no_trivial_forecast() -> None:
    assert worse_from(torch.ones(2), {}) == (None, None)
    assert worse_from(torch.ones(2), {"season": torch.tensor([1.0, math.nan])}) == (None, None)


def test_what_does_not_count_and_what_json_cannot_hold() -> None:
    values = torch.tensor([1.0, 5.0, 3.0])
    assert running_mean(values, torch.tensor([True, False, True])).tolist() == [1.0, 1.0, 2.0]
    assert running_mean(torch.tensor([1.0, math.nan])).tolist() == [1.0, math.inf]
    assert listed(torch.tensor([[1.0, math.nan], [math.inf, 2.0]])) == [[1.0, None], [None, 2.0]]
