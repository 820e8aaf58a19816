"""Features that can only mislead: dropped, or pointed out."""

import re

import numpy as np
import pandas as pd

from skfocal.benchmark.reading._words import join, quote

__all__ = ["drop_useless", "find_suspects", "remove_extremes"]

# Networks and boosters hold numbers in single precision, whose largest is 3.4e38. Nothing that is
# measured comes near; programs write their largest number where there is none.
LARGEST = 3e38
FEW_ROWS = 10
_ID = re.compile(r"(?:^|[\W_])[iI][dD]$|[a-z]I[dD]$")
FEW_LABELS = 5
INDEX_NAMES = {"index", "row", "rownum", "row_number", "rowid", "row_id", "rownames", "level_0"}


def remove_extremes(X: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Take infinite and absurdly large numbers as missing, and say so."""
    infinite: list[str] = []
    huge: list[str] = []
    X = X.copy(deep=False)
    for name in X.select_dtypes("number"):
        size = X[name].abs()
        if (size >= LARGEST).any():
            (infinite if np.isinf(size.max()) else huge).append(name)
            X[name] = X[name].where(~(size >= LARGEST))
    if infinite:
        notes.append(f"Infinite values in {join(infinite)} were taken as missing.")
    if huge:
        notes.append(f"Values beyond {LARGEST:g} in {join(huge)} were taken as missing.")
    return X


def drop_useless(X: pd.DataFrame, dates, unreadable, notes: list[str]) -> pd.DataFrame:
    """Drop columns from which nothing can be learnt, and say which.

    Parameters
    ----------
    X : DataFrame
        Numbers and categories.
    dates : collection of str
        Columns of dates, which may differ in every row.
    unreadable : collection of str
        Columns of lists and the like.
    notes : list of str
        Extended.

    Raises
    ------
    ValueError
        If no column is left.
    """
    reasons = {
        "they hold neither numbers, dates nor names": list(unreadable),
        "constant": [
            name for name in X if name not in unreadable and X[name].nunique(dropna=False) <= 1
        ],
        "different in every row, as a name is": [
            name for name in X if name not in dates and _names_rows(name, X[name])
        ],
    }
    for reason, names in reasons.items():
        if names:
            notes.append(f"Dropped because {reason}: {join(names)}.")
            X = X.drop(columns=[name for name in names if name in X])
    if X.columns.empty:
        raise ValueError("The table has no usable column besides the target.")
    return X


def _names_rows(name, column):
    """Whether every row has its own text, or the rows are numbered."""
    if len(column) < FEW_ROWS or column.isna().any() or not column.is_unique:
        return False
    if not pd.api.types.is_numeric_dtype(column):
        return True
    if not (column % 1 == 0).all():
        return False
    dense = column.max() - column.min() == len(column) - 1
    left_over = name.startswith("Unnamed: ") or name.casefold() in INDEX_NAMES
    return bool(dense or left_over)


def find_suspects(X: pd.DataFrame, y: np.ndarray, dates, label=None) -> list[str]:
    """Return notes about columns that look like a row number or hold the answer.

    `label` names the target where there are several.
    """
    notes = []
    leaks = [name for name in X if _predicts(X[name], y)]
    if leaks:
        verb = "predicts" if len(leaks) == 1 else "predict, each alone,"
        notes.append(
            f"{join(leaks)} {verb} the target{f' {label!r}' if label else ''} without an error: is "
            "it known before the target is, or is this a leak?"
        )
    notes += [
        f"{quote(name)} holds another whole number in every row, as a row number or a customer's "
        "does; drop the column if it is one."
        for name in X
        if name not in dates and _numbers_rows(name, X[name])
    ]
    return notes


def _numbers_rows(name, column):
    """Whether whole numbers grow from row to row, or differ under a name that ends in id."""
    if not pd.api.types.is_numeric_dtype(column) or len(column) < FEW_ROWS:
        return False
    values = column.to_numpy()
    if not np.isfinite(values).all() or (values % 1 != 0).any():
        return False
    grows = (np.diff(values) > 0).all()
    return bool(grows or (_ID.search(name) and column.is_unique))


def _predicts(column, y):
    """Whether a threshold, or the value where there are few, tells the class of every row."""
    if min(y.sum(), len(y) - y.sum()) < FEW_LABELS:
        return False  # it would happen by chance
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy()
        if any(_is_cut(np.nan_to_num(values, nan=gap), y) for gap in (-np.inf, np.inf)):
            return True
    codes = pd.factorize(column, use_na_sentinel=False)[0]
    rows = np.bincount(codes)
    positives = np.bincount(codes, weights=y)
    pure = ((positives == 0) | (positives == rows)).all()
    return bool(pure and len(rows) <= len(y) / FEW_LABELS)


def _is_cut(values, y):
    ones, zeros = values[y == 1], values[y == 0]
    return bool(ones.min() > zeros.max() or ones.max() < zeros.min())
