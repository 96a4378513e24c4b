"""freerun: recurrent networks trained the way they will run.

Names are imported when they are first used, so that ``import freerun``, and with it the command
line's help, does not wait for PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freerun import bptt, cells, data, dynamics, estimators, forcing, heads, nn, state, training
    from freerun._checks import ArgumentError, DataError, FreerunError, NonFiniteError, RunError
    from freerun._measure import scaled_batch
    from freerun.bptt import CheckpointedBPTT, FullBPTT, TruncatedBPTT
    from freerun.checkpoint import load, save
    from freerun.closed_loop import run
    from freerun.comparison import Comparison, compare
    from freerun.data import Scaling, Schema, Sequences, Table, datasets, read
    from freerun.drawing import draw
    from freerun.estimators import (
        Forecaster,
        SequenceClassifier,
        SequenceLabeler,
        SequenceRegressor,
        TextModel,
    )
    from freerun.evaluation import evaluate
    from freerun.exposure import Gap, exposure_gap
    from freerun.forcing import (
        Curriculum,
        DataAsDemonstrator,
        FreeRunning,
        GeneralizedTeacherForcing,
        HorizonCurriculum,
        NoisyTeacherForcing,
        ProfessorForcing,
        ScheduledSampling,
        SparseTeacherForcing,
        TeacherForcing,
    )
    from freerun.heads import Sampling
    from freerun.network import RecurrentNetwork
    from freerun.path import Path
    from freerun.plan import Plan
    from freerun.prediction import predict
    from freerun.session import Session
    from freerun.state import Noise, State
    from freerun.training import History, Optimizer, Validation, fit
    from freerun.unroll import Unrolled

    __version__: str

__all__ = [
    "ArgumentError",
    "CheckpointedBPTT",
    "Comparison",
    "Curriculum",
    "DataAsDemonstrator",
    "DataError",
    "Forecaster",
    "FreeRunning",
    "FreerunError",
    "FullBPTT",
    "Gap",
    "GeneralizedTeacherForcing",
    "History",
    "HorizonCurriculum",
    "Noise",
    "NoisyTeacherForcing",
    "NonFiniteError",
    "Optimizer",
    "Path",
    "Plan",
    "ProfessorForcing",
    "RecurrentNetwork",
    "RunError",
    "Sampling",
    "Scaling",
    "ScheduledSampling",
    "Schema",
    "SequenceClassifier",
    "SequenceLabeler",
    "SequenceRegressor",
    "Sequences",
    "Session",
    "SparseTeacherForcing",
    "State",
    "Table",
    "TeacherForcing",
    "TextModel",
    "TruncatedBPTT",
    "Unrolled",
    "Validation",
    "__version__",
    "bptt",
    "cells",
    "compare",
    "data",
    "datasets",
    "draw",
    "dynamics",
    "estimators",
    "evaluate",
    "exposure_gap",
    "fit",
    "forcing",
    "heads",
    "load",
    "nn",
    "predict",
    "read",
    "run",
    "save",
    "scaled_batch",
    "state",
    "training",
]

_HOMES = {
    "_measure": ("scaled_batch",),
    "_checks": ("ArgumentError", "DataError", "FreerunError", "NonFiniteError", "RunError"),
    "bptt": ("CheckpointedBPTT", "FullBPTT", "TruncatedBPTT"),
    "checkpoint": ("load", "save"),
    "closed_loop": ("run",),
    "comparison": ("Comparison", "compare"),
    "data": ("Scaling", "Schema", "Sequences", "Table", "datasets", "read"),
    "drawing": ("draw",),
    "estimators": (
        "Forecaster",
        "SequenceClassifier",
        "SequenceLabeler",
        "SequenceRegressor",
        "TextModel",
    ),
    "evaluation": ("evaluate",),
    "exposure": ("Gap", "exposure_gap"),
    "forcing": (
        "Curriculum",
        "DataAsDemonstrator",
        "FreeRunning",
        "GeneralizedTeacherForcing",
        "HorizonCurriculum",
        "NoisyTeacherForcing",
        "ProfessorForcing",
        "ScheduledSampling",
        "SparseTeacherForcing",
        "TeacherForcing",
    ),
    "heads": ("Sampling",),
    "network": ("RecurrentNetwork",),
    "path": ("Path",),
    "plan": ("Plan",),
    "prediction": ("predict",),
    "session": ("Session",),
    "state": ("Noise", "State"),
    "training": ("History", "Optimizer", "Validation", "fit"),
    "unroll": ("Unrolled",),
}
_MODULES = (
    "bptt",
    "cells",
    "data",
    "dynamics",
    "estimators",
    "forcing",
    "heads",
    "kernels",
    "nn",
    "state",
    "training",
)
"""What has more in it than most need: registries, what one's own policy uses, drop-in layers."""

_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for (PEP 562); it is then an attribute like any other."""
    value: Any
    if name == "__version__":
        from importlib.metadata import version

        value = version("freerun")
    elif name in _HOME:
        value = getattr(import_module(f"freerun.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"freerun.{name}")
    else:
        raise AttributeError(f"module 'freerun' has no attribute {name!r}", name=name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
