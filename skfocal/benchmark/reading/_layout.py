"""How a text is laid out: its separator, its quoting, and the line that names the columns.

The target decides: the separator is the one by which a line has the target's name as a whole cell
and the rows after it have as many cells. Sniffers (csv, clevercsv, DuckDB) have to guess from the
look of the first lines instead, and take the first line, or a comment, for the header.
"""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NamedTuple

from skfocal.benchmark.reading._words import BLANKS

__all__ = ["Layout", "find_layout", "iterate_records", "looks_like_data", "prepare"]

SEPARATORS = ",;\t|"
BLANK = " "  # one or more, or tabs
N_RECORDS = 200
N_PREAMBLE = 40
STANDARD: dict[str, Any] = {}
BACKSLASH = {"escapechar": "\\"}
APOSTROPHE = {"quotechar": "'"}
HEAD = 1 << 20
END = "\ue000end"
DECLARED = re.compile(r'"?sep=(.|\\t)"?[ ,;\t]*(?:\r\n|\n|\r)', re.IGNORECASE)
QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True)
class Layout:
    """How the records of a text are found.

    Attributes
    ----------
    separator : str
        One character; a blank stands for any number of blanks and tabs.
    quoting : dict
        Further arguments of :func:`csv.reader`.
    header : int
        Position of the record that names the columns.
    """

    separator: str
    quoting: dict[str, Any] = field(default_factory=dict)
    header: int = 0


def prepare(text: str) -> tuple[str, str]:
    r"""Return the text with one kind of line end, and the stand-in for a carriage return in a cell.

    A file that ends its lines with ``\n`` may hold a lone ``\r`` in a cell; :mod:`csv` would refuse
    it, other readers would begin a new row. An old Mac ends lines with ``\r`` alone.
    """
    if "\r" not in text:
        return text, ""
    if "\n" not in QUOTED.sub("", text[: 1 << 16]):
        return text, ""
    text = re.sub(r"\r+(?=\r\n)", "", text)  # line ends that were converted twice
    stand_in = next(sign for sign in map(chr, range(0xE001, 0xF8FF)) if sign not in text)
    return re.sub(r"\r(?!\n)", stand_in, text), stand_in


def iterate_records(text: str | Iterable[str], layout: Layout) -> Iterator[list[str]]:
    """Yield the cells of each record of a text or its lines; lines without any are left out.

    Raises
    ------
    ValueError
        If a quotation is never closed.
    """
    separator = layout.separator
    lines = io.StringIO(text, newline="") if isinstance(text, str) else text
    if separator == BLANK:
        lines, separator = map(_blanks_to_tabs, lines), "\t"
    # One more record, which a quotation that is still open would swallow.
    lines = chain(lines, [END])
    options = {"delimiter": separator, "skipinitialspace": True, **layout.quoting}
    record = [""]
    try:
        for record in csv.reader(lines, **options):
            if record and not record[-1].endswith(END):
                yield record
    except csv.Error as error:  # a cell of over 128 KiB
        raise ValueError(f"{error}; is a quotation never closed?") from error
    if record != [END]:
        raise ValueError("a quotation is never closed")


def _blanks_to_tabs(text):
    lines = re.sub(r"(?m)^[ \t]+|[ \t]+$", "", text)
    return re.sub(r'("[^"\n]*")|[ \t]+', lambda match: match[1] or "\t", lines)


def find_layout(text: str, target: str) -> tuple[str, Layout]:
    """Return the text without a line that declares the separator, and its layout.

    Parameters
    ----------
    text : str
        As :func:`prepare` returns it.
    target : str
        Name of the target.
    """
    separators = SEPARATORS
    if declared := DECLARED.match(text):
        text = text[declared.end() :]
        separators = declared[1].replace("\\t", "\t")
    head = text[: text.find("\n", HEAD) + 1] or text
    # The standard reads \" as the end of a quotation. A tie goes to the first one.
    quotings = [BACKSLASH, STANDARD] if '\\"' in head else [STANDARD]
    score, layout = _find_best(head, target, separators, quotings)
    if not declared and (not score.has_target or score.fit < 0.5):
        separators += BLANK
        score, layout = _find_best(head, target, separators, quotings)
    if not score.has_target or score.fit < 1:
        quotings.append(APOSTROPHE)
        score, layout = _find_best(head, target, separators, quotings)
    return text, layout


def _find_best(head, target, separators, quotings):
    found = [
        _judge(head, target, Layout(separator, quoting))
        for quoting in quotings
        for separator in separators
    ]
    return max(found, key=itemgetter(0))


class _Score(NamedTuple):
    has_target: bool
    has_several: bool
    fit: float
    width: int


def _judge(head, target, layout):
    """Return how well a layout suits, with the header's place in it."""
    records = _read_first(head, layout)
    names = [[cell.strip(BLANKS) for cell in record] for record in records[:N_PREAMBLE]]
    places = [k for k, cells in enumerate(names) if target in cells and _may_lead(names, k)]
    if not places:  # the first record that is as wide as most
        usual = Counter(map(len, records)).most_common(1)[0][0] if records else 0
        places = [place for place, cells in enumerate(names) if len(cells) == usual][:1]
    best = _Score(False, False, 0.0, 0), layout
    for place in places:
        width, rows = len(names[place]), records[place + 1 :]
        fit = sum(_fits(row, width) for row in rows) / max(len(rows), 1)
        score = _Score(target in names[place], width > 1, fit, width)
        best = max(best, (score, replace(layout, header=place)), key=itemgetter(0))
    return best


def _may_lead(names, place):
    """Whether a record that has the target is a header and no row with such a cell."""
    if place == 0:
        return True
    before = names[place - 1]
    in_rows = len(before) == len(names[place]) and not before[0].startswith("#")
    return not in_rows and not looks_like_data(names[place])


def looks_like_data(names) -> bool:
    """Whether a header holds numbers other than the positions of its columns."""
    if names == [str(place) for place in range(len(names))]:
        return False
    return any(_is_number(name) for name in names)


def _is_number(text):
    try:
        return math.isfinite(float(text.replace(",", ".")))
    except ValueError:
        return False


def _read_first(head, layout):
    records: list[list[str]] = []
    # A quotation that is open where the head ends is no fault, and others are said later.
    with suppress(ValueError):
        records.extend(islice(iterate_records(head, layout), N_RECORDS))
    return records


def _fits(row, width):
    return len(row) == width or (len(row) > width and not any(map(str.strip, row[width:])))
