"""A user's table: read it, say what is wrong with it, and turn it into a data set."""

import csv
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from skfocal.benchmark.datasets import Dataset

__all__ = ["UserTable", "read_table"]

SEPARATORS = ",;\t|"
N_SHOWN = 10


@dataclass(frozen=True)
class UserTable:
    """A data set made from a user's table.

    Attributes
    ----------
    dataset : Dataset
        The table as the benchmark takes it; 1 is the positive class.
    positive, negative : object
        The two labels as they stand in the table.
    notes : tuple of str
        What was done to the table, one sentence each.
    """

    dataset: Dataset
    positive: Any
    negative: Any
    notes: tuple[str, ...]


def read_table(table, target, *, positive=None, max_rows=None, random_state=0) -> UserTable:
    """Read a table and prepare it for the comparison.

    Parameters
    ----------
    table : str, path-like or DataFrame
        A CSV file (comma, semicolon, tab or bar, found out from its first lines), a Parquet file,
        or a frame.
    target : str
        Column of the class; it holds two labels.
    positive : object, default=None
        The label that counts as positive; None takes the rarer one.
    max_rows : int >= 2, default=None
        Rows to keep at most, by a stratified sample.
    random_state : int, default=0
        Seed of the sample.

    Returns
    -------
    UserTable

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file cannot be read, the target is absent, incomplete or not binary, or no feature
        is left.
    """
    frame, name = (table, "table") if isinstance(table, pd.DataFrame) else _read_file(Path(table))
    notes: list[str] = []
    labels = _take_target(frame, target)
    positive, negative = _choose_positive(labels, target, positive, notes)
    X, y = frame.drop(columns=target), (labels == positive).to_numpy(np.int64)
    X.columns = X.columns.astype(str)
    if not X.columns.is_unique:
        raise ValueError("The table has two columns of the same name; rename one of them.")
    # A sample of numbered rows is numbered with gaps, so what is useless is dropped before.
    X, y = _sample(_clean(X, notes), y, max_rows, random_state, notes)
    categorical = tuple(X.select_dtypes(exclude="number").columns)
    dataset = Dataset(name, X, y, family=name, categorical=categorical)
    return UserTable(dataset, positive, negative, tuple(notes))


def _read_file(path):
    """Return the frame in a file and the stem of the file's name."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    with open(path, "rb") as file:
        head = file.read(1 << 16)
    try:
        if head.startswith(b"PAR1"):
            frame = pd.read_parquet(path)
        else:
            frame = _read_csv(path, head)
    except (ValueError, OSError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise ValueError(f"{str(path)!r} cannot be read as a table: {reason}.") from error
    if frame.empty:
        raise ValueError(f"{str(path)!r} holds no rows of data.")
    return frame, path.name.partition(".")[0] or path.name


def _read_csv(path, head):
    if not head.strip():
        raise ValueError("the file is empty")
    options: dict[str, Any] = {"na_values": ["?"], "low_memory": False}
    if path.suffix not in {".gz", ".bz2", ".zip", ".xz", ".zst"}:
        if b"\0" in head:
            raise ValueError("it is neither CSV nor Parquet")
        options |= _find_dialect(head.decode("utf-8", errors="replace"))
    try:
        return pd.read_csv(path, **options)
    except UnicodeDecodeError:
        return pd.read_csv(path, encoding="cp1252", **options)


def _find_dialect(text):
    """Return the separator that cuts the first lines into most fields, equally many in each."""
    lines = text.splitlines()[:20]
    lines = lines[:-1] or lines  # the last one may be cut off

    def count_fields(separator):
        counts = {len(row) for row in csv.reader(lines, delimiter=separator) if row}
        return counts.pop() if len(counts) == 1 else 1

    separator = max(SEPARATORS, key=count_fields)
    has_comma = separator != "," and re.search(rf"[{separator}\n]-?\d+,\d+[{separator}\n]", text)
    return {"sep": separator, "decimal": "," if has_comma else "."}


def _take_target(frame, target):
    if list(frame.columns).count(target) > 1:
        raise ValueError(f"The table has several columns {target!r}; rename all but one.")
    if target not in frame.columns:
        names = [str(column) for column in frame.columns]
        near = get_close_matches(str(target), names, n=3)
        hint = (
            f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {_list(names)}."
        )
        raise ValueError(f"The table has no column {target!r}: {hint}")
    labels = frame[target]
    n_missing = int(labels.isna().sum())
    if n_missing:
        raise ValueError(
            f"The target {target!r} is missing in {n_missing} of {len(labels)} rows; "
            "drop or complete them."
        )
    return labels


def _choose_positive(labels, target, positive, notes):
    """Return the positive and the negative label."""
    counts = labels.value_counts()
    counts = counts[counts > 0]  # categories without rows
    if len(counts) == 1:
        raise ValueError(f"The target {target!r} has only one class, {_list(counts.index)}.")
    if len(counts) != 2:
        raise ValueError(
            f"The target {target!r} has {len(counts)} classes ({_list(counts.index)}); "
            "the comparison takes two for now, so join classes or choose another column."
        )
    counts = counts.sort_index(key=lambda index: index.astype(str), ascending=False)
    by_count = counts.sort_values(kind="stable").index.tolist()
    if positive is None:
        if counts.iloc[0] == counts.iloc[1]:
            notes.append(
                f"Both classes of {target!r} have {counts.iloc[0]:,} rows; {_list(by_count[:1])} "
                "was taken as the positive one."
            )
        return by_count[0], by_count[1]
    matches = [label for label in by_count if _same_label(label, positive)]
    if len(matches) != 1:
        raise ValueError(
            f"The target {target!r} has no label {positive!r}; its labels are {_list(by_count)}."
        )
    return matches[0], next(label for label in by_count if label != matches[0])


def _same_label(label, wanted):
    """Compare a label with what was asked for, which the command line gives as text."""
    if str(label) == str(wanted):
        return True
    try:
        return float(label) == float(wanted)
    except (TypeError, ValueError):
        return False


def _sample(X, y, max_rows, random_state, notes):
    if max_rows is not None and max_rows < 2:
        raise ValueError(f"max_rows must be an integer >= 2; got {max_rows!r}.")
    if max_rows is None or len(X) <= max_rows:
        return X.reset_index(drop=True), y
    smallest = min(y.sum(), len(y) - y.sum())
    if smallest < 2:
        raise ValueError("The smaller class has 1 row, too few for a stratified sample.")
    rows, _ = train_test_split(
        np.arange(len(X)), train_size=max_rows, stratify=y, random_state=random_state
    )
    rows.sort()
    notes.append(
        f"A stratified sample of {max_rows:,} of the {len(X):,} rows was used "
        f"(seed {random_state})."
    )
    return X.iloc[rows].reset_index(drop=True), y[rows]


def _clean(X, notes):
    """Bring every column to numbers or names, and drop those that can only mislead."""
    X = pd.DataFrame({name: _to_plain(X[name]) for name in X}, index=X.index)
    infinite = [name for name in X.select_dtypes("number") if np.isinf(X[name]).any()]
    if infinite:
        X[infinite] = X[infinite].replace([np.inf, -np.inf], np.nan)
        notes.append(f"Infinite values in {_list(infinite)} were taken as missing.")
    reasons = {
        "constant": [name for name in X if X[name].nunique(dropna=False) <= 1],
        "different in every row, as a name is": [name for name in X if _looks_like_id(X[name])],
    }
    for reason, names in reasons.items():
        if names:
            notes.append(f"Dropped because {reason}: {_list(names)}.")
            X = X.drop(columns=[name for name in names if name in X])
    if X.columns.empty:
        raise ValueError("The table has no usable column besides the target.")
    return X


def _to_plain(column):
    """Return a column as floats or as texts, missing where it was."""
    kinds = pd.api.types
    if kinds.is_datetime64_any_dtype(column):
        return (column - column.min()) / pd.Timedelta(days=1)
    if kinds.is_timedelta64_dtype(column):
        return column / pd.Timedelta(days=1)
    if kinds.is_numeric_dtype(column) and not kinds.is_complex_dtype(column):  # bool is numeric
        return column.astype("float64")
    return column.astype(object).map(str, na_action="ignore")


def _looks_like_id(column):
    """Whether every row has its own text, or the rows are numbered one by one."""
    if column.isna().any() or not column.is_unique or len(column) < N_SHOWN:
        return False
    if not pd.api.types.is_numeric_dtype(column):
        return True
    return bool(column.max() - column.min() == len(column) - 1 and (column % 1 == 0).all())


def _list(names):
    """Write up to ten names and the number of the rest."""
    texts = [repr(name) if isinstance(name, str) else str(name) for name in names[:N_SHOWN]]
    rest = len(names) - N_SHOWN
    return ", ".join(texts) + (f" and {rest} more" if rest > 0 else "")
