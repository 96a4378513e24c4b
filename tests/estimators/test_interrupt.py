"""Ctrl-C while an estimator trains."""

from typing import Any

import numpy as np
import pytest

import freerun as fr
from freerun.training import loop
from freerun.training.interrupt import Interrupt
from tests.estimators.examples import KINDS, ragged, small


@pytest.fixture(autouse=True)
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every training is asked to end at its first step."""

    class Asked(Interrupt):
        asked = property(lambda self: True, lambda self, value: None)

    monkeypatch.setattr(loop, "Interrupt", Asked)


X = ragged()
DATA: dict[str, tuple[Any, Any]] = {
    "forecast": (np.sin(np.arange(40.0)), None),
    "classify": (X, [0, 1] * 6),
    "regress": (X, np.arange(12.0)),
    "label": (X, [np.arange(len(x)) % 2 for x in X]),
    "text": ("to and fro, " * 20, None),
}


@pytest.mark.parametrize("task", KINDS)
def test_it_is_passed_on_and_leaves_the_estimator_fitted(task: str) -> None:
    model = small(task)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*DATA[task])
    assert model.history_.stopped == "interrupted"
    if task == "text":
        assert len(model.generate(length=4)) == 4
    else:
        assert len(model.predict(3 if task == "forecast" else X)) in (3, 12)


def test_while_the_tail_decides_it_ends_it_all() -> None:
    model = fr.Forecaster(hidden_size=4)
    with pytest.raises(KeyboardInterrupt):
        model.fit(np.sin(np.arange(120.0)))
    assert not hasattr(model, "network_")
