"""A table written again: a row per step, or arrays."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from freerun._checks import fail

from .table import Table

__all__ = ["FORMS", "columns_bytes", "table_bytes"]

FORMS = (".csv", ".tsv", ".parquet", ".npz")


def table_bytes(table: Table, suffix: str) -> bytes:
    """A table as the content of a file of the kind that ``suffix`` says.

    ``.csv``, ``.tsv`` and ``.parquet`` have columns for the time, the series, every channel of the
    inputs and every output, a row per step; ``.npz`` has x and y, padded with zeros, and lengths.

    Raises:
        ArgumentError: There is no such kind.
    """
    if suffix == ".npz":
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays_of(table))
        return buffer.getvalue()
    if suffix not in FORMS:
        fix = "Use out.csv, say."
        fail("write", f"a file's name must end with {', '.join(FORMS)}", repr(suffix), fix)
    return _frame_bytes(frame_of(table), suffix)


def columns_bytes(columns: Mapping[str, "np.ndarray[Any, Any]"], suffix: str) -> bytes:
    """Columns as the content of a ``.csv``, ``.tsv`` or ``.parquet``.

    Text has seven digits, as many as float32 knows.

    Args:
        columns: Numbers, times, or words as objects, by name, in order.
        suffix: Of the file.
    """
    import polars

    found: dict[str, Any] = {}
    for name, values in columns.items():
        if values.dtype.kind == "f" and suffix != ".parquet":
            found[name] = [float(f"{value:.7g}") for value in values.tolist()]
        elif values.dtype.kind == "M":
            found[name] = _times(values)
        else:
            found[name] = values.tolist()
    return _frame_bytes(polars.DataFrame(found), suffix)


def _frame_bytes(frame: Any, suffix: str) -> bytes:
    buffer = io.BytesIO()
    if suffix == ".parquet":
        frame.write_parquet(buffer)
    else:
        separator = "\t" if suffix == ".tsv" else ","
        frame.write_csv(buffer, separator=separator, datetime_format=_format(frame))
    return buffer.getvalue()


def _format(frame: Any) -> str | None:
    """Times without the fractions of a second that none of them has."""
    import polars

    times = frame.select(polars.selectors.datetime())
    whole = all(bool((one.dt.microsecond().fill_null(0) == 0).all()) for one in times)
    return "%Y-%m-%dT%H:%M:%S" if whole else None


def frame_of(table: Table) -> Any:
    """A table as a frame of Polars, a row per step."""
    import polars

    data, schema = table.sequences, table.schema
    lengths = data.lengths.numpy()
    found: dict[str, Any] = {}
    if table.times is not None:
        found[schema.time or "time"] = _times(table.times)
    if len(table.keys) > 1 or schema.series is not None:
        found[schema.series or "series"] = np.repeat(np.array(table.keys, object), lengths).tolist()
    if data.x_flat is not None:
        found |= dict(zip(schema.inputs, data.x_flat.double().numpy().T, strict=True))
    y = data.y_flat
    values = None if y is None else y.numpy()
    if data.labels is not None:
        values = np.repeat(data.labels.numpy(), lengths, axis=0)
    assert values is not None
    if schema.is_of_classes:
        names = [*schema.targets[0].categories, None]
        found[schema.outputs[0]] = [names[code] for code in values.tolist()]
    else:
        found |= dict(zip(schema.outputs, values.astype(np.float64).T, strict=True))
    return polars.DataFrame(found).fill_nan(None)


def arrays_of(table: Table) -> dict[str, "np.ndarray[Any, Any]"]:
    """A table as arrays: x and y of all series side by side, padded with zeros, and lengths."""
    data = table.sequences
    found: dict[str, np.ndarray[Any, Any]] = {"lengths": data.lengths.numpy()}
    if data.x_flat is not None:
        found["x"] = _side_by_side(data.x_flat.numpy(), found["lengths"])
    if data.labels is not None:
        return {**found, "y": data.labels.numpy()}
    assert data.y_flat is not None
    return {**found, "y": _side_by_side(data.y_flat.numpy(), found["lengths"])}


def _side_by_side(
    flat: "np.ndarray[Any, Any]", lengths: "np.ndarray[Any, Any]"
) -> "np.ndarray[Any, Any]":
    padded = np.zeros((len(lengths), lengths.max(), *flat.shape[1:]), flat.dtype)
    padded[np.arange(lengths.max()) < lengths[:, None]] = flat
    return padded


def _times(times: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any] | list[str]":
    """Dates where no time has an hour; else as they are."""
    if times.dtype.kind == "M":
        days = times.astype("datetime64[D]")
        return days if bool((days.astype(times.dtype) == times).all()) else times
    whole = bool((times == np.round(times)).all())
    return times.astype(np.int64) if whole else times
