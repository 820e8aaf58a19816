"""The whole way from a source to a table of features, target and notes."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from skfocal.benchmark.datasets import Dataset
from skfocal.benchmark.reading._columns import decide_columns
from skfocal.benchmark.reading._features import drop_useless, find_suspects, remove_extremes
from skfocal.benchmark.reading._layout import looks_like_data
from skfocal.benchmark.reading._roles import Roles, ask_for_header, read_groups, read_time
from skfocal.benchmark.reading._schema import ColumnSchema, list_schemas
from skfocal.benchmark.reading._source import clean_name, read_source
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
    y : ndarray of shape (n_rows,) or (n_rows, n_targets), int64
        1 for the positive class, else 0.
    classes : tuple
        The negative and the positive label as they stand in the table; of several targets, such a
        pair for each.
    notes : tuple of str
        What was left out, decided or doubtful, a sentence each.
    roles : Roles
        Which columns are targets, groups, time, or left out.
    groups : ndarray of shape (n_rows,), int64, or None
        Number of the group of each row.
    time : ndarray of shape (n_rows,), float64, or None
        When each row was: days since the first one, or the numbers of the column.
    schema : tuple of ColumnSchema
        How each feature was read.
    """

    name: str
    X: pd.DataFrame
    y: np.ndarray
    classes: tuple[Any, ...]
    notes: tuple[str, ...]
    roles: Roles
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    schema: tuple[ColumnSchema, ...] = ()

    @property
    def several(self) -> bool:
        """Whether there are several targets."""
        return self.y.ndim == 2

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
        return f"Read {self.name!r}: {len(self.y):,} rows, {self.events}; columns: {self.columns}."

    @property
    def events(self) -> str:
        """How many rows are positive, in words."""
        if self.several:
            counts = zip(self.roles.targets, self.y.sum(axis=0), strict=True)
            return "positive for " + ", ".join(f"{quote(name)} {n:,}" for name, n in counts)
        return (
            f"{self.y.sum():,} of them positive ({quote(self.positive)}, else "
            f"{quote(self.negative)})"
        )

    @property
    def dataset(self) -> Dataset:
        """The table as :func:`skfocal.benchmark.run` takes it."""
        categorical = tuple(self.X.select_dtypes(exclude="number").columns)
        return Dataset(
            self.name,
            self.X,
            self.y,
            family=self.name,
            task="multilabel" if self.several else "binary",
            categorical=categorical,
            groups=self.groups,
            time=self.time,
            label_names=self.roles.targets if self.several else (),
        )


def read_table(
    source, target, *, positive=None, groups=None, time=None, drop=(), categorical=()
) -> UserTable:
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
    target : str or list of str
        Column of the class; it holds two labels. Of a file without a header, its position from 0.
        A list names several such columns: the labels of a multilabel target.
    positive : object, default=None
        The label that counts as positive; None takes the rarer one, and of several targets first
        of all 1, true or yes.
    groups : str, default=None
        Column of what several rows belong to, such as a customer; no feature.
    time : str, default=None
        Column of dates or numbers that say when a row was; no feature.
    drop : list of str, default=()
        Columns to leave out.
    categorical : list of str, default=()
        Columns of names, whatever they look like.

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
        same name, a column is absent or has two roles, the target is incomplete or not binary,
        groups or times are missing, or no feature is left.

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
    several = isinstance(target, list | tuple) and not (
        isinstance(source, pd.DataFrame) and target in list(source.columns)  # a name of two levels
    )
    targets = list(target) if several else [target]
    if several and len(targets) < 2:
        raise ValueError(f"Several targets are two columns or more; got {targets!r}.")
    raw, first = read_source(source, targets[0])
    named = [first, *(clean_name(name) for name in targets[1:])]
    roles = Roles(
        tuple(named),
        None if groups is None else clean_name(groups),
        None if time is None else clean_name(time),
        tuple(map(clean_name, _as_list(drop))),
        tuple(map(clean_name, _as_list(categorical))),
    )
    place = roles.find(raw)
    found = [read_target(n, raw.columns[place[n]], positive, indicator=several) for n in named]
    labels = [str(label) for one in found for label in one.classes]
    if raw.separator and any(name in labels for name in named) and _is_row(raw):
        raise ValueError(ask_for_header(raw.names))
    extras, extra_notes = _read_extras(raw, roles, place)
    X, schema, notes = _read_features(raw, roles)
    y = np.column_stack([one.y for one in found]) if several else found[0].y
    return UserTable(
        raw.name,
        X,
        y,
        tuple(one.classes for one in found) if several else found[0].classes,
        (
            *raw.notes,
            *_name_twins(raw.names),
            *(note for one in found for note in one.notes),
            *extra_notes,
            *notes,
            *_find_all_suspects(X, y, roles, schema),
        ),
        roles,
        schema=schema,
        **extras,
    )


def _as_list(names):
    return [names] if isinstance(names, str) else list(names)


def _read_extras(raw, roles, place):
    """Return groups and time, where there are any, and notes on them."""
    found: dict[str, np.ndarray] = {}
    notes: list[str] = []
    if roles.groups is not None:
        found["groups"] = read_groups(roles.groups, raw.columns[place[roles.groups]])
    if roles.time is not None:
        column = raw.columns[place[roles.time]]
        found["time"], notes = read_time(roles.time, column, raw.separator)
    return found, notes


def _read_features(raw, roles):
    """Return the features, how each was read, and notes on them."""
    chosen = [k for k, name in enumerate(raw.names) if roles.is_feature(name)]
    names = [raw.names[k] for k in chosen]
    decided = decide_columns(
        names, [raw.columns[k] for k in chosen], raw.separator, roles.categorical
    )
    X = pd.DataFrame(
        {n: column.values for n, column in zip(names, decided, strict=True)},
        index=range(len(raw.columns[0])),
    )
    notes = [note for column in decided for note in column.notes]
    by_name = dict(zip(names, decided, strict=True))
    dates = {name for name, column in by_name.items() if column.kind == "date"}
    unreadable = [name for name, column in by_name.items() if column.kind == "none"]
    X = drop_useless(remove_extremes(X, notes), dates, unreadable, notes)
    return X, list_schemas(X, by_name), notes


def _find_all_suspects(X, y, roles, schema):
    dates = {column.name for column in schema if column.kind == "date"}
    if y.ndim == 1:
        return find_suspects(X, y, dates)
    found = [
        find_suspects(X, column, dates, name)
        for name, column in zip(roles.targets, y.T, strict=True)
    ]
    return list(dict.fromkeys(note for notes in found for note in notes))


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
