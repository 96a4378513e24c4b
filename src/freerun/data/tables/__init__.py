"""Files and frames: read, understood, and turned into sequences."""

from .clock import Clock
from .ordering import show_time
from .read import read
from .schema import Column, Schema
from .table import Table
from .write import FORMS, table_bytes

__all__ = ["FORMS", "Clock", "Column", "Schema", "Table", "read", "show_time", "table_bytes"]
