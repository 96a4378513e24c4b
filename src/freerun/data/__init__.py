"""Sequences, their windows and batches, their units, and data sets to try things on."""

from . import datasets
from .batch import Batch
from .scaling import Scaling
from .sequences import Sequences

__all__ = ["Batch", "Scaling", "Sequences", "datasets"]
