"""A file in parts of some thousand rows, for tables that are larger than memory."""

import bz2
import codecs
import gzip
import io
import lzma
from collections.abc import Iterator
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from skfocal.benchmark.reading._file import NEITHER, find_encoding, unpack
from skfocal.benchmark.reading._layout import HEAD, find_layout, iterate_records
from skfocal.benchmark.reading._raw import N_ROWS_AT_ONCE, Gatherer, RawTable, lacks_header
from skfocal.benchmark.reading._source import read_source
from skfocal.benchmark.reading._words import BLANKS

__all__ = ["iterate_tables"]

_OPENERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_ZSTANDARD, _ZIP, _PARQUET = b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PAR1"


def iterate_tables(source, name) -> Iterator[RawTable]:
    """Yield the rows of a table in parts.

    Parameters
    ----------
    source : str, path-like, DataFrame or table
        A frame comes whole, a file in parts of 20,000 rows.
    name : str
        A column that the table has, by which its header is found.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file cannot be read.
    """
    if not isinstance(source, str | PathLike):
        yield read_source(source, name)[0]
        return
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    with open(path, "rb") as file:
        magic = file.read(8)
    try:
        yield from (
            _iterate_parquet(path)
            if magic.startswith(_PARQUET)
            else _iterate_text(path, magic, name)
        )
    except (ValueError, OSError, EOFError, lzma.LZMAError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise ValueError(f"{str(path)!r} cannot be read as a table: {reason}.") from error


def _iterate_parquet(path):
    file = pq.ParquetFile(path)
    for batch in file.iter_batches(N_ROWS_AT_ONCE, use_threads=False):
        yield RawTable("", list(batch.schema.names), list(batch.columns))


def _iterate_text(path, magic, name):
    with _open(path, magic) as binary:
        encoding = _choose_encoding(binary)
    with _open(path, magic) as binary:
        file = io.TextIOWrapper(binary, encoding, newline="")
        head = file.read(HEAD)
        if "\0" in head:
            raise ValueError(NEITHER)
        text, layout = find_layout(head, name)
        lines = _join_lines(text, file)
        records = iterate_records(lines, layout)
        header = list(islice(records, layout.header + 1))
        if not header:
            raise ValueError("the file is empty")
        names, start = [cell.strip(BLANKS) for cell in header[-1]], 0
        if lacks_header(names, name):
            records = chain([header[-1]], records)
            names = [str(place) for place in range(len(names))]
        names = [cell or f"Unnamed: {place}" for place, cell in enumerate(names)]
        while rows := list(islice(records, N_ROWS_AT_ONCE)):
            gatherer = Gatherer(len(names), start)
            gatherer.add(rows)
            start += len(rows)
            if gatherer.n_rows:
                columns = gatherer.finish("")
                if len(columns[0]):
                    yield RawTable("", names, columns)


def _open(path, magic):
    """Return the file as a stream of bytes, without its compression."""
    for start, opener in _OPENERS.items():
        if magic.startswith(start):
            return opener(path)
    if magic.startswith(_ZSTANDARD):
        return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    if magic.startswith(_ZIP):
        return io.BytesIO(unpack(path.read_bytes()))
    return open(path, "rb")


def _choose_encoding(binary):
    """Return the encoding that all bytes are valid in."""
    head = binary.read(HEAD)
    encoding = find_encoding(head)
    if encoding != "utf-8":
        return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    block = head
    try:
        while block:
            decoder.decode(block)
            block = binary.read(HEAD)
    except UnicodeDecodeError:
        return "cp1252" if _is_windows(head) else "latin-1"

    return "utf-8"


def _is_windows(head):
    return not set(head) & {0x81, 0x8D, 0x8F, 0x90, 0x9D}


def _join_lines(head, file):
    """Yield the lines of a text that has been begun, and of the rest of its file."""
    start = io.StringIO(head, newline="")
    last = ""
    for line in start:
        if last:
            yield last
        last = line
    if not last.endswith(("\n", "\r")):
        last += file.readline()
    yield last
    yield from file
