"""The whole way from a source to a table of features, target and notes."""

from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from skfocal.benchmark.datasets import Dataset
from skfocal.benchmark.reading._columns import decide_columns
from skfocal.benchmark.reading._features import drop_useless, find_suspects, remove_extremes
from skfocal.benchmark.reading._layout import looks_like_data
from skfocal.benchmark.reading._source import read_source
from skfocal.benchmark.reading._target import read_target
from skfocal.benchmark.reading._words import BLANKS, join, quote

__all__ = ["UserTable", "read_table"]


@dataclass(frozen=True)
class UserTable:
    """A table of one's own, as the benchmark takes it.

    Attributes
    ----------
    name : str
        The file's name without endings, ``"table"`` for a frame.
    X : pandas.DataFrame
        Features: numbers as float64, dates as float64 days since the first one, times as fractions
        of a day, names as ``category``.
    y : ndarray of shape (n_rows,), int64
        1 for the positive class, else 0.
    classes : tuple
        The negative and the positive label as they stand in the table.
    notes : tuple of str
        What was left out, decided or doubtful, a sentence each.
    """

    name: str
    X: pd.DataFrame
    y: np.ndarray
    classes: tuple[Any, Any]
    notes: tuple[str, ...]

    @property
    def positive(self) -> Any:
        """The label that counts as positive."""
        return self.classes[1]

    @property
    def negative(self) -> Any:
        """The other label."""
        return self.classes[0]

    @property
    def columns(self) -> str:
        """How many columns there are of each kind, in words."""
        n_names = len(self.X.select_dtypes("category").columns)
        return f"{self.X.shape[1] - n_names} of numbers, {n_names} of names"

    @property
    def summary(self) -> str:
        """What was read, in a sentence."""
        return (
            f"Read {self.name!r}: {len(self.y):,} rows, {self.y.sum():,} of them positive "
            f"({quote(self.positive)}, else {quote(self.negative)}); columns: {self.columns}."
        )

    @property
    def dataset(self) -> Dataset:
        """The table as :func:`skfocal.benchmark.run` takes it."""
        categorical = tuple(self.X.select_dtypes(exclude="number").columns)
        return Dataset(self.name, self.X, self.y, family=self.name, categorical=categorical)


def read_table(source, target, *, positive=None) -> UserTable:
    """Read a table for the comparison, and say what was doubtful.

    Of a file, compression (gzip, bzip2, xz, Zstandard, a zip of one file), encoding, separator
    (comma, semicolon, tab, bar or blanks) and header are found out. Whether a column holds
    numbers, dates or names is decided from its cells: numbers may have a decimal comma, thousands
    separated in any usual way, a currency or percent sign. In a column that is mostly of numbers
    or dates, other cells become missing.

    Parameters
    ----------
    source : str, path-like, DataFrame or table
        A CSV or Parquet file, a frame of pandas or polars, or an Arrow table.
    target : str
        Column of the class; it holds two labels. Of a file without a header, its position from 0.
    positive : object, default=None
        The label that counts as positive; None takes the rarer one.

    Returns
    -------
    UserTable
        With ``X``, ``y``, ``classes``, ``positive`` and ``notes``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If the source is no table.
    ValueError
        If the file cannot be read, a row has more cells than the header, two columns have the
        same name, the target is absent, incomplete or not binary, or no feature is left.

    Examples
    --------
    >>> from skfocal.benchmark import read_table
    >>> frame = pd.DataFrame(
    ...     {"paid": ["1.234,50 €", "12,00 €", "", "7,25 €"], "late": ["no", "yes", "no", "yes"]}
    ... )
    >>> table = read_table(frame, "late", positive="yes")
    >>> table.X["paid"].tolist(), table.y.tolist()
    ([1234.5, 12.0, nan, 7.25], [0, 1, 0, 1])
    >>> table.notes
    ()
    """
    raw, target = read_source(source, target)
    place = _find_target(raw, target)
    names = [name for k, name in enumerate(raw.names) if k != place]
    columns = [column for k, column in enumerate(raw.columns) if k != place]
    found = read_target(target, raw.columns[place], positive)
    if raw.separator and target in map(str, found.classes) and _is_row(raw):
        raise ValueError(_ask_for_header(raw.names))
    decided = decide_columns(names, columns, raw.separator)
    X = pd.DataFrame({n: column.values for n, column in zip(names, decided, strict=True)})
    notes = raw.notes + _name_twins(names) + found.notes
    notes += [note for column in decided for note in column.notes]
    kinds = {name: column.kind for name, column in zip(names, decided, strict=True)}
    dates = {name for name, kind in kinds.items() if kind == "date"}
    unreadable = [name for name, kind in kinds.items() if kind == "none"]
    X = drop_useless(remove_extremes(X, notes), dates, unreadable, notes)
    notes += find_suspects(X, found.y, dates)
    return UserTable(raw.name, X, found.y, found.classes, tuple(notes))


def _find_target(raw, target):
    """Return the position of the target; refuse doubled names."""
    if not raw.columns or not len(raw.columns[0]):
        raise ValueError("The table holds no rows of data.")
    names = [name.strip(BLANKS) for name in raw.names]
    alike = [name for name in names if name.casefold() == target.casefold()]
    if len(alike) > 1 and target in alike:
        raise ValueError(f"The table has several columns {target!r}; rename all but one.")
    if target not in names:
        raise ValueError(_say_absent(names, target, alike))
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise ValueError(
            f"The table has two columns of the same name, {join(doubled)}; rename one of them."
        )
    raw.names = names
    return names.index(target)


def _name_twins(names):
    """Point out names that differ in capitals only."""
    counts = Counter(map(str.casefold, names))
    twins = [name for name in names if counts[name.casefold()] > 1]
    return [f"The names {join(twins)} differ in capitals only; both were kept."] if twins else []


def _is_row(raw):
    """Whether the header is like the rows: it holds numbers, or only what its columns hold too."""
    cells = zip(raw.names, raw.columns, strict=True)
    return looks_like_data(raw.names) or all(
        pc.any(pc.equal(pc.utf8_trim(column, BLANKS), name)).as_py() for name, column in cells
    )


def _say_absent(names, target, alike):
    near = alike or get_close_matches(target, names, n=3)
    if not near and looks_like_data(names):
        return _ask_for_header(names)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {join(names)}."
    return f"The table has no column {target!r}: {hint}"


def _ask_for_header(names):
    return (
        f"The first row ({join(names, 5)}) looks like data and not like a header; add a line of "
        f"names to the file, or give the target's position, 0 to {len(names) - 1}."
    )
