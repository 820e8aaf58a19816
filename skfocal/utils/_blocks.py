"""Functions of a table, computed in blocks of rows."""

from collections.abc import Callable
from typing import Any

import numpy as np


def row_slices(n_rows: int, step: int) -> list[slice]:
    """Return slices of `step` rows, the last of what is left.

    scikit-learn's ``gen_batches`` checks its parameters, which takes longer than to count the
    labels of a small table.
    """
    return [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]


def map_rows(function: Callable[[Any], np.ndarray], X: Any, n_rows: int) -> np.ndarray:
    """Return ``function(X)``, from blocks of rows.

    The function then allocates memory for one block only.

    Parameters
    ----------
    function : callable
        From rows to an array with as many rows.
    X : {ndarray, CSR} of shape (n, n_features)
        At least one row.
    n_rows : int
        Rows of a block.

    Returns
    -------
    ndarray of shape (n, ...)
        Of the dtype of the first block.
    """
    first = function(X[:n_rows])
    if X.shape[0] <= n_rows:
        return first
    result = np.empty((X.shape[0], *first.shape[1:]), dtype=first.dtype)
    result[:n_rows] = first
    for start in range(n_rows, X.shape[0], n_rows):
        result[start : start + n_rows] = function(X[start : start + n_rows])
    return result
