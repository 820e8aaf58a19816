"""A user's table, read and, where it is large, sampled."""

from dataclasses import replace

import numpy as np
from sklearn.model_selection import train_test_split

from skfocal.benchmark.reading import UserTable
from skfocal.benchmark.reading import read_table as read_whole_table

__all__ = ["UserTable", "read_table"]


def read_table(table, target, *, positive=None, max_rows=None, random_state=0) -> UserTable:
    """Read a table and keep a stratified sample of its rows.

    Parameters
    ----------
    table, target, positive
        As :func:`skfocal.benchmark.read_table` takes them.
    max_rows : int >= 2, default=None
        Rows to keep at most; None keeps all.
    random_state : int, default=0
        Seed of the sample.

    Returns
    -------
    UserTable

    Raises
    ------
    ValueError
        Besides what reading raises: if `max_rows` is too small, or a class has one row.
    """
    if max_rows is not None and max_rows < 2:
        raise ValueError(f"max_rows must be an integer >= 2; got {max_rows!r}.")
    # Read first: a sample of numbered rows has gaps, and would not be known as numbered.
    user = read_whole_table(table, target, positive=positive)
    if max_rows is None or len(user.y) <= max_rows:
        return user
    if np.bincount(user.y).min() < 2:
        raise ValueError("The smaller class has 1 row, too few for a stratified sample.")
    rows, _ = train_test_split(
        np.arange(len(user.y)), train_size=max_rows, stratify=user.y, random_state=random_state
    )
    rows.sort()
    note = (
        f"A stratified sample of {max_rows:,} of the {len(user.y):,} rows was used "
        f"(seed {random_state})."
    )
    X = user.X.iloc[rows].reset_index(drop=True)
    return replace(user, X=X, y=user.y[rows], notes=(*user.notes, note))
