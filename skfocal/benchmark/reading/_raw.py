"""A table as it comes: named columns, of text cells where it is a file of text."""

from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from skfocal.benchmark.reading._layout import find_layout, iterate_records, looks_like_data, prepare
from skfocal.benchmark.reading._words import BLANKS, quote

__all__ = ["N_ROWS_AT_ONCE", "Gatherer", "RawTable", "lacks_header", "read_cells"]

N_ROWS_AT_ONCE = 20_000


@dataclass
class RawTable:
    """Columns before anything is decided about them.

    Attributes
    ----------
    name : str
        Of the table.
    names : list of str
        Of the columns; two may be the same.
    columns : list of pyarrow.Array or pandas.Series
        As long as each other.
    notes : list of str
        What was done so far.
    separator : str
        Of a file of text, else empty.
    """

    name: str
    names: list[str]
    columns: list[Any]
    notes: list[str] = field(default_factory=list)
    separator: str = ""


def read_cells(text: str, target: str) -> RawTable:
    """Cut a text into cells, all of them text.

    Parameters
    ----------
    text : str
        Content of a file.
    target : str
        Name of the target; of a file without a header its position, from 0.

    Returns
    -------
    RawTable

    Raises
    ------
    ValueError
        If there is no row of data, one has more cells than there are columns, or a quotation is
        never closed.
    """
    if not text.strip(BLANKS):
        raise ValueError("the file is empty")
    text, stand_in = prepare(text)
    text, layout = find_layout(text, target)
    records = iterate_records(text, layout)
    preamble = list(islice(records, layout.header))
    names = [cell.strip(BLANKS) for cell in next(records)]
    gatherer = Gatherer(len(names))
    notes = _describe_preamble(preamble)
    if lacks_header(names, target):
        gatherer.add([names])
        names = [str(place) for place in range(len(names))]
        notes.append("The file has no header: its columns are called by their position, from 0.")
    while rows := list(islice(records, N_ROWS_AT_ONCE)):
        gatherer.add(rows)
    columns = gatherer.finish(stand_in)
    if gatherer.n_rows == gatherer.n_blank:
        raise ValueError("it holds no rows of data")
    names, columns = _name_all(names, columns)
    return RawTable("", names, columns, notes + gatherer.notes(), layout.separator)


class Gatherer:
    """Records on their way to columns; rows are made as long as the header."""

    def __init__(self, width, start=0):
        self.width, self.start, self.batches = width, start, []
        self.n_rows = self.n_short = self.n_blank = self.n_comments = 0

    def add(self, rows):
        if set(map(len, rows)) != {self.width}:
            comments = [len(row) < self.width and row[0].startswith("#") for row in rows]
            self.n_comments += sum(comments)
            rows = [row for row, is_comment in zip(rows, comments, strict=True) if not is_comment]
            rows = [
                self._fit(row, self.start + self.n_rows + place)
                for place, row in enumerate(rows, 1)
            ]
        if not rows:
            return
        self.n_rows += len(rows)
        self.batches.append([pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)])

    def _fit(self, row, number):
        surplus = [cell for cell in row[self.width :] if cell.strip(BLANKS)]
        if surplus:
            raise ValueError(
                f"row {number} has {len(row)} fields and the header {self.width}; "
                f"{quote(surplus[0])} belongs to no column"
            )
        self.n_short += len(row) < self.width and any(cell.strip(BLANKS) for cell in row)
        return row[: self.width] + [""] * (self.width - len(row))

    def finish(self, stand_in):
        columns = [pa.chunked_array(parts) for parts in zip(*self.batches, strict=True)]
        if stand_in:
            columns = [pc.replace_substring(column, stand_in, "\r") for column in columns]
        filled = reduce(pc.or_, map(_is_filled, columns)) if columns else pa.array([], pa.bool_())
        self.n_blank = self.n_rows - pc.sum(filled).as_py() if self.n_rows else 0
        return [column.filter(filled) for column in columns] if self.n_blank else columns

    def notes(self):
        notes = []
        if self.n_short:
            verb = "row is" if self.n_short == 1 else "rows are"
            notes.append(
                f"{self.n_short} {verb} shorter than the header; the cells that are not there "
                "were taken as missing."
            )
        if self.n_blank:
            verb = "row without any value was" if self.n_blank == 1 else "rows without values were"
            notes.append(f"{self.n_blank} {verb} left out.")
        if self.n_comments:
            verb = "comment among the rows was" if self.n_comments == 1 else "comments were"
            notes.append(f"{self.n_comments} {verb} left out.")
        return notes


def _is_filled(column):
    return pc.not_equal(pc.utf8_trim(column, BLANKS), "")


def _describe_preamble(preamble):
    if not preamble:
        return []
    first = " ".join(preamble[0]).strip()
    if len(preamble) == 1:
        return [f"1 line before the header was left out: {quote(first)}."]
    return [f"{len(preamble)} lines before the header were left out, the first {quote(first)}."]


def lacks_header(names, target):
    """Whether the first row has numbers for names and the target is asked for by its position."""
    if target in names or not target.isdecimal() or int(target) >= len(names):
        return False
    return looks_like_data(names)


def _name_all(names, columns):
    """Name the columns that have no name by their place, and leave out those without a value."""
    kept = [
        (name or f"Unnamed: {place}", column)
        for place, (name, column) in enumerate(zip(names, columns, strict=True))
        if name or pc.any(_is_filled(column)).as_py()
    ]
    return [name for name, _ in kept], [column for _, column in kept]
