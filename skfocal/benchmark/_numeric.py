"""A data set as the judge and the arms see it: one float matrix, nothing learnt from it yet."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["NumericTable", "make_numeric"]


@dataclass(frozen=True)
class NumericTable:
    """A binary data set in numbers.

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
    y : ndarray of shape (n,), int64
        1 for the positive class, else 0.
    categorical : tuple of int
        Positions of the categorical columns.
    groups : ndarray of shape (n,), int64, or None
        Rows of one group never straddle a fold.
    """

    name: str
    family: str
    ranked: bool
    X: np.ndarray
    y: np.ndarray
    categorical: tuple[int, ...]
    groups: np.ndarray | None

    def describe(self) -> dict:
        """Return what a store notes about the data set, as JSON takes it."""
        return {
            "family": self.family,
            "ranked": self.ranked,
            "n_rows": len(self.X),
            "n_features": self.X.shape[1],
            "n_positives": int(self.y.sum()),
            "fingerprint": self.fingerprint(),
        }

    def fingerprint(self) -> str:
        """Return a SHA-256 of everything that decides a result."""
        digest = hashlib.sha256(repr((self.X.shape, self.categorical)).encode())
        for array in (self.X, self.y, self.groups):
            digest.update(b"none" if array is None else np.ascontiguousarray(array).data)
        return digest.hexdigest()


def make_numeric(dataset) -> NumericTable:
    """Check a data set and turn it into numbers.

    Parameters
    ----------
    dataset : Dataset
        Binary, with raw columns.

    Returns
    -------
    NumericTable

    Raises
    ------
    ValueError
        If the task is not binary, the target is not 0 and 1 with both present, the lengths differ,
        a name is unknown, or a numeric column holds text or infinite values.

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
        y=np.asarray(dataset.y).astype(np.int64),
        categorical=tuple(i for i, column in enumerate(X.columns) if column in categorical),
        groups=None if dataset.groups is None else pd.factorize(np.asarray(dataset.groups))[0],
    )


def _check(dataset):
    name, X, y = dataset.name, dataset.X, np.asarray(dataset.y)
    if dataset.task != "binary":
        raise ValueError(
            f"Data set {name!r} has task={dataset.task!r}; only binary tasks are compared."
        )
    if not len(X) or not len(X.columns):
        raise ValueError(f"Data set {name!r} is empty: its shape is {X.shape}.")
    if not X.columns.is_unique:
        raise ValueError(f"Data set {name!r} has two columns of one name.")
    unknown = sorted(set(dataset.categorical) - set(X.columns))
    if unknown:
        raise ValueError(f"Data set {name!r} has no columns {unknown}, listed as categorical.")
    if y.ndim != 1 or set(np.unique(y).tolist()) != {0, 1}:
        raise ValueError(
            f"Data set {name!r}: the target must hold 0 and 1 (the positive class), both of them; "
            f"got {np.unique(y).tolist()[:5]}."
        )
    for label, other in (("y", y), ("groups", dataset.groups)):
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
