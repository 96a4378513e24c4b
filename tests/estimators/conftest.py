from typing import Any

import numpy as np
import pytest

from tests.estimators.examples import labelled, ragged, small, waves


@pytest.fixture(scope="session")
def fitted() -> dict[str, Any]:
    """An estimator of every task, trained, beside what it may be asked about: not to be changed."""
    X = ragged()
    totals = [float(x.sum()) for x in X]
    words = ["up" if total > 0 else "down" for total in totals]
    data: dict[str, tuple[Any, Any]] = {
        "forecast": (waves(), None),
        "classify": (X, words),
        "regress": (X, np.array(totals)),
        "label": (X, labelled(X)),
        "text": ("to and fro, " * 30, None),
    }
    return {task: (small(task).fit(*both), *both) for task, both in data.items()}
