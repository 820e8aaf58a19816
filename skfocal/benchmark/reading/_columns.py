"""Columns of any type: each becomes numbers, days or names."""

import datetime
import decimal
import fractions
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from skfocal.benchmark.reading._texts import Hints, TextColumn, Typed

__all__ = ["decide_columns", "read_as", "read_names"]

DAY_IN_MICROSECONDS = 86_400 * 10**6
_NUMBERS = (numbers.Real, decimal.Decimal, fractions.Fraction, np.number, np.bool_)
_DATES = (datetime.date, np.datetime64)
_TEXTS = (str, bytes, *_NUMBERS, *_DATES, datetime.time, datetime.timedelta, complex, pd.Interval)


def decide_columns(names, columns, separator="", categorical=()) -> list[Typed]:
    """Bring columns to numbers, days or names.

    Parameters
    ----------
    names : list of str
        One per column.
    columns : list of pyarrow.Array, pyarrow.ChunkedArray or pandas.Series
        As they came.
    separator : str, default=""
        Of a file of text, for what its numbers leave open.
    categorical : collection of str, default=()
        Columns of names, whatever they look like.

    Returns
    -------
    list of Typed
    """
    read = [
        Typed(read_names(name, column), "name") if name in categorical else _read(name, column)
        for name, column in zip(names, columns, strict=True)
    ]
    texts = [column for column in read if isinstance(column, TextColumn)]
    hints = Hints.gather(texts, separator)
    return [column.decide(hints) if isinstance(column, TextColumn) else column for column in read]


def read_names(name, column) -> pd.Categorical:
    """Return a column as categories, whatever it holds; 1 and 1.0 are the same one."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.Array):
        if pa.types.is_dictionary(column.type):
            column = pc.cast(column, column.type.value_type)
        if _is_text(column.type):
            return TextColumn(name, column).names()
        column = pd.Series(column.to_pylist(), dtype=object)
    texts = [None if pd.isna(value) else _to_name(value) for value in column.astype(object)]
    return TextColumn(name, pa.array(texts, pa.string())).names()


def _to_name(value):
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return _to_text(value)


def read_as(name, column, schema) -> tuple[Typed, int]:
    """Read a column as one of the same name was read before.

    Parameters
    ----------
    name : str
    column : pyarrow.Array, pyarrow.ChunkedArray or pandas.Series
        As it came.
    schema : object
        With ``kind``, ``mark`` and ``order`` of the column that was read before.

    Returns
    -------
    column : Typed
        Dates with an origin of their own.
    n_present : int
        Cells that are not missing, readable or not.
    """
    if schema.kind == "name":
        return Typed(read_names(name, column), "name"), len(column)
    read = _read(name, column)
    if isinstance(read, TextColumn):
        found = read.read_as(schema.kind, schema.mark, schema.order)
        return found, int(read.counts.sum())
    if read.kind in ("number", "date"):
        n_present = int(np.isfinite(read.values).sum())
        # A column without any value has no kind of its own.
        return (read if n_present else Typed(read.values, schema.kind)), n_present
    return read, len(column)


def _read(name, column) -> Typed | TextColumn:
    """Return a column decided where its type tells, else as text."""
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return _read_arrow(name, column)
    dtype, kinds = column.dtype, pd.api.types
    if isinstance(dtype, pd.CategoricalDtype):
        return _keep_categories(name, column)
    if isinstance(dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
        dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        column = column.sparse.to_dense()
        dtype = column.dtype
    if isinstance(dtype, pd.ArrowDtype | pd.StringDtype):
        return _read_arrow(name, pa.array(column, from_pandas=True))
    if kinds.is_datetime64_any_dtype(dtype):
        return _count_from_first(column)
    if kinds.is_timedelta64_dtype(dtype):
        return Typed((column / pd.Timedelta(days=1)).to_numpy(np.float64), "date")
    if kinds.is_numeric_dtype(dtype) and not kinds.is_complex_dtype(dtype):
        return Typed(column.to_numpy(np.float64, na_value=np.nan), "number")
    return _read_objects(name, column.astype(object))


def _count_from_first(stamps):
    """Return times as days since the first of them."""
    days = ((stamps - stamps.min()) / pd.Timedelta(days=1)).to_numpy(np.float64)
    first = pd.Timestamp(stamps.min())
    if first is pd.NaT:
        return Typed(days, "date")
    epoch = pd.Timestamp(0, tz=first.tz)
    return Typed(days, "date", origin=(first - epoch) / pd.Timedelta(days=1))


def _keep_categories(name, column):
    """Keep what is declared as categories, unless every row has one of its own."""
    if len(column) == column.nunique() > 2:  # perhaps numbers or dates; no category at least
        return _read(name, column.astype(column.cat.categories.dtype))
    texts = column.astype(object).map(_to_text, na_action="ignore")
    return Typed(pd.Categorical(texts.where(texts.notna(), None)), "name")


def _read_objects(name, column):
    """Return a column of Python objects by what they are."""
    values = column.dropna()
    kinds = set(map(type, values))
    if all(issubclass(kind, _NUMBERS) for kind in kinds):
        return Typed(_to_floats(column), "number")
    if all(issubclass(kind, _DATES) for kind in kinds):
        stamps = pd.to_datetime(column, utc=True, errors="coerce", format="mixed")
        return _count_from_first(stamps)
    if all(issubclass(kind, datetime.timedelta | np.timedelta64) for kind in kinds):
        return Typed((pd.to_timedelta(column) / pd.Timedelta(days=1)).to_numpy(float), "date")
    try:
        if all(issubclass(kind, _TEXTS) for kind in kinds):
            texts = [None if pd.isna(value) else _to_text(value) for value in column]
            return TextColumn(name, pa.array(texts, pa.string()))
    except UnicodeDecodeError:  # bytes that are no text
        pass
    return Typed(np.full(len(column), np.nan), "none")


def _to_floats(column):
    missing = column.isna().to_numpy()
    return np.array([np.nan if m else _to_float(v) for v, m in zip(column, missing, strict=True)])


def _to_float(value):
    try:
        return float(value)
    except OverflowError:  # an integer or a fraction beyond 1.8e308
        return float("inf") if value > 0 else float("-inf")


def _to_text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def _read_arrow(name, column) -> Typed | TextColumn:
    """Return an Arrow column decided where its type tells, else as text."""
    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    for is_type, reader in _ARROW_READERS:
        if is_type(column.type):
            return reader(name, column)
    return Typed(np.full(len(column), np.nan), "none")


def _read_arrow_numbers(name, column):
    return Typed(_to_numpy(pc.cast(column, pa.float64(), safe=False)), "number")


def _read_arrow_dates(name, column):
    zone = getattr(column.type, "tz", None)
    stamps = pc.cast(pc.cast(column, pa.timestamp("us", zone), safe=False), pa.int64())
    days = _to_numpy(pc.cast(stamps, pa.float64(), safe=False)) / DAY_IN_MICROSECONDS
    origin = 0.0 if np.isnan(days).all() else float(np.nanmin(days))
    return Typed(days - origin, "date", origin=origin)


def _read_arrow_times(name, column):
    unit = 86_400 * _PER_SECOND[column.type.unit if not _is_date(column.type) else "s"]
    integer = pa.int32() if pa.types.is_time32(column.type) else pa.int64()
    counts = pc.cast(pc.cast(column, integer), pa.float64(), safe=False)
    return Typed(_to_numpy(counts) / unit, "date")


def _read_arrow_bytes(name, column):
    try:
        return TextColumn(name, pc.cast(column, pa.string()))
    except pa.ArrowInvalid:  # no UTF-8
        return Typed(np.full(len(column), np.nan), "none")


def _read_dictionary(name, column):
    return _read_arrow(name, pc.cast(column, column.type.value_type))


def _read_storage(name, column):
    return _read_arrow(name, pa.chunked_array([chunk.storage for chunk in column.chunks]))


def _to_numpy(column):
    return column.to_numpy().astype(np.float64)


def _is_number(kind):
    types = pa.types
    return types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)


def _is_date(kind):
    return pa.types.is_date(kind) or pa.types.is_timestamp(kind)


def _is_text(kind):
    return (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_bytes(kind):
    types = pa.types
    return types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)


_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_ARROW_READERS: list[tuple[Callable[[Any], bool], Callable[[str, Any], Typed | TextColumn]]] = [
    (_is_text, TextColumn),
    (pa.types.is_boolean, _read_arrow_numbers),
    (_is_number, _read_arrow_numbers),
    (_is_date, _read_arrow_dates),
    (lambda kind: pa.types.is_time(kind) or pa.types.is_duration(kind), _read_arrow_times),
    (pa.types.is_null, _read_arrow_numbers),
    (pa.types.is_dictionary, _read_dictionary),
    (_is_bytes, _read_arrow_bytes),
    (lambda kind: isinstance(kind, pa.BaseExtensionType), _read_storage),
]
