"""Files and frames: read, understood, and turned into sequences."""

from .ahead import read_ahead
from .clock import Clock
from .ordering import show_time
from .read import read
from .schema import Column, Schema
from .table import Table
from .text import UNITS, join, units_of
from .write import FORMS, columns_bytes, table_bytes

__all__ = [
    "FORMS",
    "UNITS",
    "Clock",
    "Column",
    "Schema",
    "Table",
    "columns_bytes",
    "join",
    "read",
    "read_ahead",
    "show_time",
    "table_bytes",
    "units_of",
]
