"""A user's table: every cell read as text first, then decided column by column.

A file goes through ``_file`` (unpacked, decoded), ``_layout`` (separator, quoting, header) and
``_raw`` (cells); frames and Parquet come with types and skip these. Then every column becomes
numbers, days or names (``_columns``; what is text in ``_texts``, by ``_numbers`` and ``_dates``),
the target becomes 0 and 1 (``_target``), and columns that can only mislead are dropped or pointed
out (``_features``). Whatever was doubtful is said in the notes.
"""

from skfocal.benchmark.reading._columns import read_as
from skfocal.benchmark.reading._raw import RawTable
from skfocal.benchmark.reading._schema import ColumnSchema, list_schemas
from skfocal.benchmark.reading._source import clean_name, name_table, read_source
from skfocal.benchmark.reading._stream import iterate_tables
from skfocal.benchmark.reading._table import UserTable, read_table
from skfocal.benchmark.reading._words import join

__all__ = [
    "ColumnSchema",
    "RawTable",
    "UserTable",
    "clean_name",
    "iterate_tables",
    "join",
    "list_schemas",
    "name_table",
    "read_as",
    "read_source",
    "read_table",
]
