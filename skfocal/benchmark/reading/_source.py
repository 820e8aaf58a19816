"""Where a table comes from: a file, or a frame of pandas, polars or Arrow."""

from collections.abc import Hashable
from os import PathLike
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from skfocal.benchmark.reading._file import decode, unpack
from skfocal.benchmark.reading._raw import RawTable, read_cells
from skfocal.benchmark.reading._words import BLANKS

__all__ = ["clean_name", "name_table", "read_source"]


def name_table(path) -> str:
    """Return what a file is called without its endings; a hidden file loses its dot too.

    Examples
    --------
    >>> name_table("data/.churn.csv.gz")
    'churn'
    """
    return Path(path).name.strip(".").partition(".")[0] or "table"


def read_source(source, target) -> tuple[RawTable, str]:
    """Return the columns of a table, and the target's name among them.

    Parameters
    ----------
    source : str, path-like, DataFrame or table
        As :func:`skfocal.benchmark.read_table` takes it.
    target : object
        Name of the target.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If the source is no table.
    ValueError
        If the file cannot be read.
    """
    if isinstance(source, pd.DataFrame):
        names, columns = [_flatten(name) for name in source.columns], _take_columns(source)
        return RawTable("table", names, columns), clean_name(target)
    target = str(target).strip(BLANKS)
    if hasattr(source, "collect") and not hasattr(source, "__arrow_c_stream__"):
        source = source.collect()  # a lazy frame of polars
    if hasattr(source, "__arrow_c_stream__") and hasattr(source, "columns"):
        return _take_arrow(pa.table(source)), target
    if isinstance(source, str | PathLike):
        return _read_file(Path(source), target), target
    raise TypeError(
        "read_table: source must be a path or a table of pandas, polars or Arrow; got "
        f"{type(source).__name__}."
    )


def clean_name(name: Hashable) -> str:
    """Return the name of a column as it is looked for."""
    return _flatten(name).strip(BLANKS)


def _flatten(name: Hashable) -> str:
    """Return a column's name as text; of several levels those that are not empty."""
    if isinstance(name, tuple):
        return " ".join(str(level) for level in name if str(level))
    return str(name)


def _take_columns(frame):
    frame = frame.reset_index(drop=True)
    return [frame.iloc[:, place] for place in range(frame.shape[1])]


def _take_arrow(table):
    """Return the columns, without what was the index of a frame."""
    index = (table.schema.pandas_metadata or {}).get("index_columns", [])
    table = table.drop_columns([name for name in index if name in table.column_names])
    return RawTable("table", list(table.column_names), _declare(table))


def _declare(table):
    """Return the columns; a dictionary that its writer meant as categories becomes such."""
    pandas = {
        about["name"]: about for about in (table.schema.pandas_metadata or {}).get("columns", [])
    }
    columns = []
    for column, about in zip(table.columns, table.schema, strict=True):
        polars = any(key.startswith(b"_PL_") for key in about.metadata or {})
        declared = polars or pandas.get(about.name, {}).get("pandas_type") == "categorical"
        if declared and pa.types.is_dictionary(about.type):
            column = column.to_pandas()
        columns.append(column)
    return columns


def _read_file(path, target):
    if path.is_dir():
        raise FileNotFoundError(f"There is no file {str(path)!r}: it is a folder.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    try:
        raw = _read_content(path.read_bytes(), target)
        if not len(raw.columns) or not len(raw.columns[0]):
            raise ValueError("it holds no rows of data")
    except (ValueError, OSError, NotImplementedError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise ValueError(f"{str(path)!r} cannot be read as a table: {reason}.") from error
    raw.name = name_table(path)
    return raw


def _read_content(content, target):
    content = unpack(content)
    if content.startswith(b"PAR1"):
        # Not by pq.read_table, whose threads now and then abort a process that ends while they do.
        return _take_arrow(pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False))
    text, notes = decode(content)
    raw = read_cells(text, target)
    raw.notes[:0] = notes
    return raw
