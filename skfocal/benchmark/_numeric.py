"""A data set as the protocol and the methods see it: one float matrix, nothing learnt yet."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skfocal.benchmark.scoring import get_scoring

__all__ = ["NumericTable", "make_numeric"]


@dataclass(frozen=True)
class NumericTable:
    """A data set in numbers.

    Categories are numbered in the order of their names. That is a renaming, so doing it before the
    folds are cut leaks nothing: a category without training rows stays unknown to the encoder.

    Attributes
    ----------
    name, family : str
        As in the data set.
    ranked : bool
        False for a control.
    X : ndarray of shape (n, d), float64
        Raw columns, unscaled; NaN where missing. Category numbers where categorical, -1 for a
        missing one.
    y : ndarray of shape (n,) or (n, n_labels), int64
        Binary: 1 for the positive class, else 0. Multiclass: positions in `names`. Multilabel: an
        indicator.
    categorical : tuple of int
        Positions of the categorical columns.
    groups : ndarray of shape (n,), int64, or None
        Rows of one group never straddle a fold.
    task : str, default="binary"
        Kind of target.
    names : tuple of str, default=()
        Classes or labels, where there are several.
    judged : tuple of int or None, default=None
        Multilabel: columns of `y` with enough positives to be scored.
    time : ndarray of shape (n,), float64, or None, default=None
        Folds train on the past and test on what follows.
    """

    name: str
    family: str
    ranked: bool
    X: np.ndarray
    y: np.ndarray
    categorical: tuple[int, ...]
    groups: np.ndarray | None
    task: str = "binary"
    names: tuple[str, ...] = ()
    judged: tuple[int, ...] | None = None
    time: np.ndarray | None = None

    @property
    def target(self) -> np.ndarray:
        """What is judged of `y`."""
        return self.judge(self.y)

    def judge(self, columns) -> np.ndarray:
        """Return the columns of the labels that are judged; without labels, all."""
        return columns if self.judged is None else columns[:, self.judged]

    def describe(self) -> dict:
        """Return what a store notes about the data set, as JSON takes it."""
        task = get_scoring(self.task)
        return {
            "family": self.family,
            "ranked": self.ranked,
            "n_rows": len(self.X),
            "n_features": self.X.shape[1],
            "n_positives": task.count_rarest(self.target),
            "fingerprint": self.fingerprint(),
            "in_groups": self.groups is not None,
            "in_time": self.time is not None,
            **task.describe(self),
        }

    def fingerprint(self) -> str:
        """Return a SHA-256 of everything that decides a result."""
        digest = hashlib.sha256(repr((self.X.shape, self.categorical)).encode())
        for array in (self.X, self.y, self.groups):
            digest.update(b"none" if array is None else np.ascontiguousarray(array).data)
        if self.time is not None:  # stores of tables without a time keep their fingerprint
            digest.update(np.ascontiguousarray(self.time).data)
        return digest.hexdigest()


def make_numeric(dataset) -> NumericTable:
    """Check a data set and turn it into numbers.

    Parameters
    ----------
    dataset : Dataset
        With raw columns.

    Returns
    -------
    NumericTable

    Raises
    ------
    ValueError
        If the target is not one of its task (binary: 0 and 1, both present), the lengths differ, a
        name is unknown, or a numeric column holds text or infinite values.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skfocal.benchmark import Dataset
    >>> X = pd.DataFrame({"size": [1.5, None, 3.0], "colour": ["red", "blue", None]})
    >>> table = make_numeric(Dataset("toy", X, np.array([0, 1, 0]), family="toy"))
    >>> table.X
    array([[ 1.5,  1. ],
           [ nan,  0. ],
           [ 3. , -1. ]])
    >>> table.categorical
    (1,)
    """
    _check(dataset)
    target = get_scoring(dataset.task).encode(dataset)
    X = dataset.X
    categorical = [
        column
        for column in X.columns
        if column in dataset.categorical or _holds_categories(X[column])
    ]
    columns = [
        _number_categories(X[column]) if column in categorical else _read_numbers(dataset, column)
        for column in X.columns
    ]
    return NumericTable(
        name=dataset.name,
        family=dataset.family,
        ranked=bool(dataset.ranked),
        X=np.column_stack(columns),
        categorical=tuple(i for i, column in enumerate(X.columns) if column in categorical),
        groups=None if dataset.groups is None else pd.factorize(np.asarray(dataset.groups))[0],
        task=dataset.task,
        time=None if dataset.time is None else np.asarray(dataset.time, dtype=np.float64),
        **target,
    )


def _check(dataset):
    name, X = dataset.name, dataset.X
    if not len(X) or not len(X.columns):
        raise ValueError(f"Data set {name!r} is empty: its shape is {X.shape}.")
    if not X.columns.is_unique:
        raise ValueError(f"Data set {name!r} has two columns of one name.")
    unknown = sorted(set(dataset.categorical) - set(X.columns))
    if unknown:
        raise ValueError(f"Data set {name!r} has no columns {unknown}, listed as categorical.")
    for label in ("y", "groups", "time"):
        other = getattr(dataset, label)
        if other is not None and len(other) != len(X):
            raise ValueError(
                f"Data set {name!r}: X has {len(X)} rows and {label} has {len(other)}."
            )


def _holds_categories(column):
    return (
        isinstance(column.dtype, pd.CategoricalDtype)
        or pd.api.types.is_object_dtype(column)
        or pd.api.types.is_string_dtype(column)
    )


def _number_categories(column):
    names = column.astype(object).map(str, na_action="ignore")
    return pd.factorize(names, sort=True)[0].astype(np.float64)


def _read_numbers(dataset, column):
    values = dataset.X[column]
    try:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Data set {dataset.name!r}: column {column!r} of type {values.dtype} holds neither "
            "numbers nor categories; turn it into one of them."
        ) from error
    if np.isinf(numbers).any():
        raise ValueError(
            f"Data set {dataset.name!r}: column {column!r} holds infinite values; "
            "mark them as missing or drop the column."
        )
    return numbers
