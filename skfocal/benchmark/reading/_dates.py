"""Dates and times in text cells, as numbers of days.

``31/12/2024`` has the day first and ``12/31/2024`` the month; ``05/03/2024`` does not tell, and
follows the other cells of its column, then the other columns of the table. A parser that decides
cell by cell (dateutil) would turn half of such a column round and say nothing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["DateCells", "find_order"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<name>(?i:{'|'.join(_MONTHS)})[a-z]{{0,6}})\.?"
_CLOCK = (
    r"(?P<hour>\d{1,3}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d(?:[.,]\d+)?))?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?\s?"
    r"(?:Z|UTC|GMT|(?P<ahead>[-+])(?P<zone_hour>\d{2}):?(?P<zone_minute>\d{2})?)?"
)
_WEEKDAY = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},?\s+)?"
_YEAR, _DAY = r"(?P<year>\d{4}|\d{2})", r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_FORMS = (
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
    rf"(?P<first>\d{{1,2}})(?P<sign>[-/.])(?P<other>\d{{1,2}})[-/.]{_YEAR}",
    rf"{_WEEKDAY}{_DAY}[-./\s]*{_MONTH}[-.,/\s]*{_YEAR}",
    rf"{_WEEKDAY}{_MONTH}\s*{_DAY},?\s+(?P<year>\d{{4}})",
    r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])",  # the first of the month is meant
)
# Cheap, on all cells of a column, before the forms are tried one by one.
_LIKELY = rf"\d[-/.:]\d|(?i)(?:{'|'.join(_MONTHS)})"


@dataclass(frozen=True)
class DateCells:
    """Distinct cells of a column, as days under either order of day and month.

    Attributes
    ----------
    days : dict of str to ndarray
        By what comes first, ``"day"`` or ``"month"``: days since 1970, NaN where a cell is no date.
    signs : tuple of str
        What separates the numbers of cells that may be read both ways.
    counts : ndarray of int
        How often a cell occurs.
    clock : bool
        Whether the cells are times without a date.
    """

    days: dict[str, np.ndarray]
    signs: tuple[str, ...]
    counts: np.ndarray
    clock: bool = False

    @classmethod
    def read(cls, cells: pa.StringArray, counts: np.ndarray) -> "DateCells | None":
        """Read trimmed cells; None where nothing looks like a date or a time."""
        if not pc.any(pc.match_substring_regex(cells, _LIKELY)).as_py():
            return None
        clock = _extract(cells, _CLOCK)
        if clock is not None and clock["found"].mean() > 0.5:
            time = np.where(clock["found"], _read_clock(clock, 999), np.nan)
            return cls({"day": time, "month": time}, (), counts, clock=True)
        days = {first: np.full(len(cells), np.nan) for first in ("day", "month")}
        signs: set[str] = set()
        for form in _FORMS:
            parts = _extract(cells, rf"{form}(?:(?:T|,?\s+){_CLOCK})?")
            if parts is None:
                continue
            time = np.where(np.isnan(_number(parts, "hour")), 0.0, _read_clock(parts, 24))
            for first, known in days.items():
                known[:] = np.where(np.isnan(known), _count_days(parts, first) + time, known)
            signs.update(parts["sign"][parts["found"]] if "sign" in parts else ())
        return cls(days, tuple(sorted(signs)), counts)

    @property
    def date(self) -> np.ndarray:
        """Where a cell is a date or a time."""
        return ~np.isnan(self.days["day"]) | ~np.isnan(self.days["month"])

    @property
    def ambiguous(self) -> np.ndarray:
        """Where the two orders give two dates."""
        gap = self.days["day"] - self.days["month"]
        return ~np.isnan(gap) & (gap != 0)

    def decisive(self, first) -> np.ndarray:
        """Where a cell is a date in this order alone."""
        other = "month" if first == "day" else "day"
        return ~np.isnan(self.days[first]) & np.isnan(self.days[other])

    def order(self) -> str | None:
        """Return what comes first in most of the cells that tell."""
        day, month = (self.counts[self.decisive(first)].sum() for first in ("day", "month"))
        if day == month:
            # Numbers with points between them have the day first wherever they are in use.
            return "day" if self.signs == (".",) else None
        return "day" if day > month else "month"

    def numbers(self, first) -> np.ndarray:
        """Return the days: cells that allow one order only by it, the others by `first`."""
        other = "month" if first == "day" else "day"
        chosen = self.days[first]
        return np.where(np.isnan(chosen), self.days[other], chosen)


def find_order(columns) -> str | None:
    """Return what comes first in more columns of a table, None for a draw."""
    orders = [cells.order() for cells in columns]
    day, month = orders.count("day"), orders.count("month")
    return None if day == month else "day" if day > month else "month"


def _extract(cells, pattern):
    """Return the named groups of a pattern as arrays of text, None where no cell fits it."""
    found = pc.extract_regex(cells, f"^{pattern}$")
    if found.null_count == len(found):
        return None
    names = [part.name for part in found.type]
    parts = {name: pc.struct_field(found, name).fill_null("") for name in names}
    texts = {name: part.to_numpy(zero_copy_only=False) for name, part in parts.items()}
    return {"found": found.is_valid().to_numpy(zero_copy_only=False), **texts}


def _number(parts, name):
    """Return a group as numbers, NaN where it is empty or the pattern has none of that name."""
    texts = parts.get(name)
    if texts is None:
        return np.full(len(parts["found"]), np.nan)
    cells = pc.replace_substring(pa.array(texts, pa.string()), ",", ".")
    cells = pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
    return pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)


def _read_clock(parts, hours):
    """Return times as fractions of a day, NaN where the hour does not exist."""
    hour, minute = _number(parts, "hour"), _number(parts, "minute")
    afternoon, halved = np.isin(parts["half"], ["p", "P"]), parts["half"] != ""
    valid = np.where(halved, (hour >= 1) & (hour <= 12), hour < hours)
    hour = np.where(halved, hour % 12 + 12 * afternoon, hour)
    zone = np.nan_to_num(_number(parts, "zone_hour"))
    zone = zone + np.nan_to_num(_number(parts, "zone_minute")) / 60
    hour = hour - np.where(parts["ahead"] == "-", -zone, zone)
    time = hour / 24 + minute / 1440 + np.nan_to_num(_number(parts, "second")) / 86_400
    return np.where(valid, time, np.nan)


def _count_days(parts, first):
    """Return days since 1970, NaN where a month or a day does not exist."""
    year = _number(parts, "year")
    short = pc.utf8_length(pa.array(parts["year"], pa.string())).to_numpy() == 2
    year = year + np.where(short, np.where(year < 69, 2000, 1900), 0)
    if "first" in parts:
        day, month = (_number(parts, name) for name in ("first", "other"))
        if first == "month":
            day, month = month, day
    else:
        day, month = _number(parts, "day"), _read_month(parts)
    if "day" not in parts and "first" not in parts:
        day = np.ones(len(year))
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    date = months.astype("datetime64[D]") + np.where(valid, day - 1, 0).astype("timedelta64[D]")
    valid &= date.astype("datetime64[M]") == months  # no 31st of April
    return np.where(valid, date.astype(np.int64), np.nan)


def _read_month(parts):
    if "name" not in parts:
        return _number(parts, "month")
    names = pd.Series(parts["name"]).str[:3].str.lower()
    return names.map({name: 1.0 + k for k, name in enumerate(_MONTHS)}).to_numpy(np.float64)
