r"""Numbers in text cells: which cells are numbers, and with which decimal mark.

A cell is read under both marks. ``1,234.56`` and ``0.5`` can only have a decimal point,
``1.234,56`` and ``0,5`` only a decimal comma, ``12`` and ``1 234`` mean the same under both, and
``1,234`` does not: such cells follow the others of their column, and where those say nothing, the
other columns of the table.
"""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["NumberCells", "find_mark"]

_SPACES = r" \x{a0}\x{2007}\x{2009}\x{202f}"
_APOSTROPHES = r"'\x{2019}"
_CODES = (
    "USD EUR GBP CHF JPY CNY RMB INR AUD CAD NZD SEK NOK DKK ISK PLN CZK HUF RON BRL ZAR MXN RUB "
    "TRY KRW SGD HKD THB IDR ILS SFr Fr kr Kč zł Ft Rs"
)
_UNIT = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|(?:{'|'.join(_CODES.split())})\.?|%)"
_GAP = rf"[{_SPACES}]*"
# Each pattern is replaced once, in this order, so that what remains is sign, digits and marks.
_ORNAMENTS = (
    (r"[\x{2212}\x{2013}\x{fe63}\x{ff0d}]", "-"),
    (rf"(?i)^([-+(]*){_GAP}{_UNIT}{_GAP}", r"\1"),
    (rf"(?i){_GAP}{_UNIT}{_GAP}([-)]*)$", r"\1"),
    (rf"^\({_GAP}([^-+].*?){_GAP}\)$", r"-\1"),
    (rf"^([^-+].*\d){_GAP}-$", r"-\1"),
    (rf"^([-+]){_GAP}", r"\1"),
)


def _pattern(mark, thousands):
    groups = "|".join(
        rf"(?:[{sign}]\d{{3}})+" for sign in (re.escape(thousands), _SPACES, _APOSTROPHES)
    )
    whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{groups}))"
    mark = re.escape(mark)
    return rf"^[-+]?(?:{whole}(?:{mark}\d*)?|{mark}\d+)(?:[eE][-+]?\d+)?$"


_PATTERNS = {".": _pattern(".", ","), ",": _pattern(",", ".")}
_PLAIN = r"^[-+]?[\d.,]*(?:[eE][-+]?\d+)?$"
_PAIR = r"^\d[.,]\d$"
_LIST = r"^\d{1,2}(?:[,.;/]\s?\d{1,2}){2,}$"


@dataclass(frozen=True)
class NumberCells:
    """Distinct cells of a column, as numbers under either decimal mark.

    Attributes
    ----------
    values : dict of str to ndarray
        By decimal mark, the numbers; NaN where a cell is none.
    readable : dict of str to ndarray of bool
        By decimal mark, where a cell is a number.
    pairs : ndarray of bool
        Cells of two digits around a mark: decimals, or codes of a questionnaire.
    lists : ndarray of bool
        Cells such as ``1,3,4``.
    units : tuple of str
        Signs beside the digits, an empty one for cells without.
    counts : ndarray of int
        How often a cell occurs.
    """

    values: dict[str, np.ndarray]
    readable: dict[str, np.ndarray]
    pairs: np.ndarray
    lists: np.ndarray
    units: tuple[str, ...]
    counts: np.ndarray

    @classmethod
    def read(cls, cells: pa.StringArray, counts: np.ndarray) -> "NumberCells":
        """Read trimmed cells."""
        bare, units = cells, ("",)
        if not _match(cells, _PLAIN)[counts > 0].all():  # else there is nothing to undo
            for pattern, replacement in _ORNAMENTS:
                bare = pc.replace_substring_regex(bare, pattern, replacement)
        readable = {mark: _match(bare, pattern) for mark, pattern in _PATTERNS.items()}
        values = {mark: _parse(bare, readable[mark], mark) for mark in _PATTERNS}
        either = readable["."] | readable[","]
        if bare is not cells:
            units = _find_units(cells.filter(pa.array(either & (counts > 0))))
        return cls(
            values=values,
            readable=readable,
            pairs=_match(bare, _PAIR),
            lists=_match(bare, _LIST) & ~either,
            units=units,
            counts=counts,
        )

    @property
    def number(self) -> np.ndarray:
        """Where a cell is a number."""
        return self.readable["."] | self.readable[","]

    @property
    def ambiguous(self) -> np.ndarray:
        """Where the two marks give two numbers."""
        both = self.readable["."] & self.readable[","]
        return both & (self.values["."] != self.values[","])

    @property
    def grouping(self) -> str | None:
        """The mark that stands for thousands, to go by the numbers below a thousand beside it.

        With decimals in other cells, `12.345` beside `7` and `999` would have more or fewer than
        three digits somewhere.
        """
        whole = self.number & ~self.ambiguous & (self.counts > 0)
        doubtful = self.ambiguous & (self.counts > 0)
        if not whole.any() or not doubtful.any() or (np.abs(self.values["."][whole]) >= 1000).any():
            return None
        return "," if (self.values["."] > self.values[","])[doubtful].all() else "."

    def decisive(self, mark) -> np.ndarray:
        """Where a cell is a number with this decimal mark alone."""
        other = "," if mark == "." else "."
        return self.readable[mark] & ~self.readable[other]

    def mark(self, strong=False) -> str | None:
        """Return the decimal mark of most cells that tell it; strong ones are no pairs."""
        weight = np.where(self.pairs, 0, self.counts) if strong else self.counts
        point, comma = (weight[self.decisive(mark)].sum() for mark in ".,")
        return None if point == comma else "." if point > comma else ","

    def numbers(self, mark) -> np.ndarray:
        """Return the numbers: cells that allow one mark only by it, the others by `mark`."""
        other = "," if mark == "." else "."
        return np.where(self.readable[mark], self.values[mark], self.values[other])


def find_mark(columns) -> str | None:
    """Return the decimal mark that more columns of a file use, None for a draw."""
    marks = [cells.mark(strong=True) for cells in columns]
    point, comma = marks.count("."), marks.count(",")
    return None if point == comma else "." if point > comma else ","


def _match(cells, pattern):
    return pc.match_substring_regex(cells, pattern).to_numpy(zero_copy_only=False)


def _parse(cells, readable, mark):
    """Return the readable cells as floats; beyond their range they are infinite."""
    cells = pc.if_else(pa.array(readable), cells, pa.scalar(None, pa.string()))
    thousands = "," if mark == "." else r"\."
    cells = pc.replace_substring_regex(cells, f"[{thousands}{_SPACES}{_APOSTROPHES}]", "")
    if mark == ",":
        cells = pc.replace_substring(cells, ",", ".")
    return pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)


def _find_units(cells):
    letters = pc.replace_substring_regex(cells, r"[eE][-+]?\d+|[^\p{L}\p{Sc}%]", "")
    return tuple(sorted(pc.unique(letters).to_pylist()))
