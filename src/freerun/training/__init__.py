"""Training: the loop, what it carries, what it shows, and what it keeps."""

from freerun.training.history import History
from freerun.training.loop import fit
from freerun.training.optimizer import Optimizer
from freerun.training.validation import Validation

__all__ = ["History", "Optimizer", "Validation", "fit"]
