"""Columns of text: each becomes numbers, days or names, and what is doubtful is said."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from skfocal.benchmark.reading._dates import DateCells, find_order
from skfocal.benchmark.reading._numbers import NumberCells, find_mark
from skfocal.benchmark.reading._words import BLANKS, MISSING, MISSING_NAMES, join

__all__ = ["Hints", "TextColumn", "Typed"]

N_EXAMPLES = 3
# A column is of numbers (or dates) if more than half of its cells are, and more than half of the
# different ones, so that "0" beside a thousand surnames makes no number; or if three quarters are.
MOST, NEARLY_ALL = 0.5, 0.75
MANY_LISTS = 0.1
TRUTHS = ("true", "false")


@dataclass
class Typed:
    """A column that is decided.

    Attributes
    ----------
    values : ndarray or Categorical
        Floats, NaN where missing, or names.
    kind : str
        ``"number"``, ``"date"``, ``"name"`` or ``"none"`` for what is neither.
    notes : list of str
        What was doubtful.
    mark : str
        Of numbers in text, the decimal mark of cells that have two readings.
    order : str
        Of dates in text, whether the day or the month comes first in cells that have two readings.
    origin : float
        Of dates, the first one in days since 1970; `values` count from it.
    """

    values: np.ndarray | pd.Categorical
    kind: str
    notes: list[str] = field(default_factory=list)
    mark: str = "."
    order: str = "day"
    origin: float = 0.0


@dataclass(frozen=True)
class Hints:
    """What the columns of a table say about each other.

    Attributes
    ----------
    mark : str or None
        The decimal mark of most columns.
    marks : frozenset of str
        Those of all columns that tell one.
    order : str or None
        Whether dates have the day or the month first.
    separator : str
        Of the file, else empty.
    """

    mark: str | None
    marks: frozenset[str]
    order: str | None
    separator: str

    @classmethod
    def gather(cls, columns, separator) -> "Hints":
        """Ask the text columns of a table."""
        numbers = [column.numbers for column in columns if column.is_number]
        dates = [column.dates for column in columns if column.is_date]
        marks = frozenset(mark for cells in numbers if (mark := cells.mark()))
        return cls(find_mark(numbers), marks, find_order(dates), separator)


class TextColumn:
    """The cells of a column without blanks around them, each different one once.

    Parameters
    ----------
    name : str
        Of the column.
    cells : pyarrow.Array or ChunkedArray of strings
        One for each row.
    """

    def __init__(self, name, cells):
        self.name = name
        encoded = pc.dictionary_encode(pc.utf8_trim(cells.cast(pa.string()), BLANKS))
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        self.cells = encoded.dictionary
        self.codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)

    @cached_property
    def texts(self):
        """The cells as Python texts."""
        return self.cells.to_numpy(zero_copy_only=False)

    @cached_property
    def counts(self):
        """How often each cell occurs, 0 for those that mean missing."""
        return np.where(self._are_in(MISSING, self.lower), 0, self.occurrences)

    @cached_property
    def occurrences(self):
        """How often each cell occurs."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.cells))

    @cached_property
    def lower(self):
        """The cells in lower case."""
        return pc.utf8_lower(self.cells)

    @staticmethod
    def _are_in(words, cells):
        return pc.is_in(cells, pa.array(sorted(words))).to_numpy(zero_copy_only=False)

    @cached_property
    def numbers(self):
        """The cells as numbers."""
        return NumberCells.read(self.cells, self.counts)

    @cached_property
    def dates(self):
        """The cells as dates, None if none looks like one."""
        return DateCells.read(self.cells, self.counts)

    @cached_property
    def is_number(self):
        """Whether most cells are numbers, and hardly any a list of them."""
        lists = self.counts[self.numbers.lists].sum()
        few = lists < MANY_LISTS * max(self.counts.sum(), 1)
        return bool(few) and self._are_most(self.numbers.number)

    @cached_property
    def is_date(self):
        """Whether most cells are dates and not numbers."""
        return not self.is_number and self.dates is not None and self._are_most(self.dates.date)

    def _are_most(self, which):
        present = self.counts > 0
        if not present.any():
            return True
        share = self.counts[which].sum() / self.counts.sum()
        return share > NEARLY_ALL or (share > MOST and which[present].mean() > MOST)

    def decide(self, hints: Hints) -> Typed:
        """Return the column as numbers, days or names."""
        if (truths := self._truths()) is not None:
            return Typed(truths, "number")
        if self.is_number:
            return self._decide_numbers(hints)
        if self.is_date:
            return self._decide_dates(hints)
        return Typed(self.names(), "name", self._name_numbers())

    def read_as(self, kind, mark, order) -> Typed:
        """Return the column as a kind that was decided before, from other cells."""
        if kind == "name":
            return Typed(self.names(), "name")
        if kind == "date":
            none = np.full(len(self.cells), np.nan)
            return Typed(self._spread(self.dates.numbers(order) if self.dates else none), "date")
        truths = self._truths()
        values = self._spread(self.numbers.numbers(mark)) if truths is None else truths
        return Typed(values, "number")

    def _truths(self):
        """Return 1 for true and 0 for false if the column holds nothing else, or None."""
        truths = [self._are_in({word}, self.lower) for word in TRUTHS]
        if self._occurs(truths[0] | truths[1]) and not self._occurs(~truths[0] & ~truths[1]):
            return self._spread(np.select(truths, [1.0, 0.0], np.nan))
        return None

    def _name_numbers(self):
        """Say it where half of the cells of a column of names are numbers, and of several."""
        numbers = self.numbers.number & (self.counts > 0)
        count, total = self.counts[numbers].sum(), self.counts.sum()
        if count <= MOST * total or numbers.sum() < 2:
            return []
        return [
            f"{count} of {total} cells of {self.name!r} are numbers; it was taken as names for the "
            f"others: {join(list(self.texts[~numbers & (self.counts > 0)]), N_EXAMPLES)}."
        ]

    def _decide_numbers(self, hints):
        cells = self.numbers
        if self._are_codes(hints):
            mark = "decimal comma" if hints.mark == "." else "decimal point"
            note = (
                f"{self.name!r} holds pairs such as {self._first(cells.pairs)!r}; they were taken "
                f"as names, since the numbers of other columns have no {mark}."
            )
            return Typed(self.names(), "name", [note])
        mark = cells.mark() or hints.mark or self._guess_mark(hints)
        notes = self._doubt_marks(mark, hints) + self._name_codes() + self._name_units()
        notes += self._name_unreadable(cells.number, "number")
        return Typed(self._spread(cells.numbers(mark)), "number", notes, mark=mark)

    def _doubt_marks(self, mark, hints):
        """Say it where the decimal mark is doubtful."""
        cells, name = self.numbers, self.name
        point, comma = (self._occurs(cells.decisive(sign)) for sign in ".,")
        if point and comma:
            return [
                f"{name!r} holds numbers with a decimal point ({self._first(cells.decisive('.'))}) "
                f"and with a decimal comma ({self._first(cells.decisive(','))}); each was read as "
                "it stands."
            ]
        if cells.mark() is hints.mark is None and self._occurs(cells.ambiguous):
            return [self._doubt_example(mark)]
        if comma and "." in hints.marks and cells.mark(strong=True) is None:
            return [
                f"{name!r} was read with a decimal comma ({self._first(cells.decisive(','))}), "
                "though other columns have decimal points; are these codes?"
            ]
        return []

    def _are_codes(self, hints):
        """Whether all that tells a mark are pairs of digits, against the mark of other columns."""
        cells = self.numbers
        return (
            hints.mark is not None
            and cells.mark(strong=True) is None
            and cells.mark() not in (None, hints.mark)
        )

    def _guess_mark(self, hints):
        if grouping := self.numbers.grouping:
            return "." if grouping == "," else ","
        # `12,345` in a file that avoids commas between its fields; `12.345` is a decimal anywhere.
        comma = self._occurs(self.numbers.ambiguous & self._contains(","))
        return "," if comma and hints.separator == ";" else "."

    def _doubt_example(self, mark):
        cells, example = self.numbers, self.numbers.ambiguous
        other = "," if mark == "." else "."
        values = [f"{cells.values[m][example & (self.counts > 0)][0]:.12g}" for m in (mark, other)]
        return (
            f"Numbers such as {self._first(example)} in {self.name!r} are ambiguous; this one was "
            f"read as {values[0]} and not as {values[1]}."
        )

    def _decide_dates(self, hints):
        cells, notes = self.dates, []
        order = cells.order() or hints.order or ("month" if "/" in cells.signs else "day")
        if self._occurs(cells.decisive("day")) and self._occurs(cells.decisive("month")):
            notes.append(
                f"{self.name!r} holds dates with the day first "
                f"({self._first(cells.decisive('day'))}) and with the month first "
                f"({self._first(cells.decisive('month'))}); those that allow both were read with "
                f"the {order} first."
            )
        elif cells.order() is hints.order is None and self._occurs(cells.ambiguous):
            notes.append(
                f"Dates such as {self._first(cells.ambiguous)} in {self.name!r} are ambiguous; "
                f"they were read with the {order} first."
            )
        days, origin = self._spread(cells.numbers(order)), 0.0
        if not cells.clock and not np.isnan(days).all():
            origin = float(np.nanmin(days))
        notes += self._name_unreadable(cells.date, "date")
        return Typed(days - origin, "date", notes, order=order, origin=origin)

    def _name_codes(self):
        zeros = pc.match_substring_regex(self.cells, r"^0\d+$").to_numpy(zero_copy_only=False)
        if not self._occurs(zeros):
            return []
        return [
            f"{self.name!r} holds numbers with leading zeros, as codes have ({self._first(zeros)});"
            " it was read as numbers."
        ]

    def _name_units(self):
        units = [unit for unit in self.numbers.units if unit not in {"", "e", "E"}]
        if not units:
            return []
        if len({*self.numbers.units} - {"e", "E"}) > 1:
            listed = join([*units, *(["no sign"] if "" in self.numbers.units else [])])
            return [f"{self.name!r} mixes {listed}; its numbers were read as they stand."]
        if units == ["%"]:
            return [f"Percentages in {self.name!r} were read as they stand: 5% is 5."]
        return []

    def _name_unreadable(self, readable, kind):
        usual = self._are_in(MISSING_NAMES, self.cells)
        odd = ~usual & np.where(self.counts > 0, ~readable, True)
        count = int(self.occurrences[odd].sum())
        if not count:
            return []
        verb = (
            "cell of {!r} is no {} and was" if count == 1 else "cells of {!r} are no {}s and were"
        )
        listed = join(list(self.texts[odd]), N_EXAMPLES)
        return [f"{count} {verb.format(self.name, kind)} taken as missing: {listed}."]

    def names(self):
        """Return the cells as categories, those that mean missing as none."""
        missing = self._are_in(MISSING_NAMES, self.cells)
        texts = np.array([*np.where(missing, None, self.texts), None], dtype=object)
        return pd.Categorical(texts[self.codes])

    def _spread(self, values):
        return np.append(values, np.nan)[self.codes]

    def _occurs(self, which):
        return bool(self.counts[which].sum())

    def _first(self, which):
        return self.texts[which & (self.counts > 0)][0]

    def _contains(self, sign):
        return pc.match_substring(self.cells, sign).to_numpy(zero_copy_only=False)
