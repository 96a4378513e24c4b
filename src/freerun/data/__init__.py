"""Sequences, their windows and batches, their units, and data sets to try things on."""

from . import datasets
from .batch import Batch
from .levels import Levels
from .scaling import Scaling
from .sequences import Sequences
from .tables import Schema, Table, read

__all__ = ["Batch", "Levels", "Scaling", "Schema", "Sequences", "Table", "datasets", "read"]
