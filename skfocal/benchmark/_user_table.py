"""A user's table, read and, where it is large, sampled."""

from dataclasses import replace

import numpy as np
from sklearn.model_selection import train_test_split

from skfocal.benchmark.reading import UserTable, list_schemas
from skfocal.benchmark.reading import read_table as read_whole_table
from skfocal.model_selection import label_split

__all__ = ["UserTable", "read_table"]


def read_table(table, target, *, max_rows=None, random_state=0, **roles) -> UserTable:
    """Read a table and keep a stratified sample of its rows.

    Parameters
    ----------
    table, target, **roles
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
    user = read_whole_table(table, target, **roles)
    if max_rows is None or len(user.y) <= max_rows:
        return user
    rows = _draw(user.y, max_rows, random_state)
    note = (
        f"A stratified sample of {max_rows:,} of the {len(user.y):,} rows was used "
        f"(seed {random_state})."
    )
    X = user.X.iloc[rows].reset_index(drop=True)
    return replace(
        user,
        X=X,
        y=user.y[rows],
        notes=(*user.notes, note),
        schema=list_schemas(X, {column.name: column for column in user.schema}),
        groups=None if user.groups is None else user.groups[rows],
        time=None if user.time is None else user.time[rows],
    )


def _draw(y, max_rows, random_state):
    if y.ndim == 2:
        fraction = max_rows / len(y)
        return label_split(y, fraction, np.random.default_rng(random_state))[1]
    if np.bincount(y).min() < 2:
        raise ValueError("The smaller class has 1 row, too few for a stratified sample.")
    rows, _ = train_test_split(
        np.arange(len(y)), train_size=max_rows, stratify=y, random_state=random_state
    )
    return np.sort(rows)
